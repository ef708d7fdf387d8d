// SPDX-License-Identifier: Apache-2.0

#include "naming/target.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/text.h"
#include "base/url.h"

namespace naming {
namespace {

// What may be a list of hosts may be long.
constexpr std::size_t kMaxListBytes = std::size_t{64} << 10;

// The names of the parameters.
constexpr std::string_view kSubset = "subset";
constexpr std::string_view kZone = "zone";
constexpr std::string_view kCluster = "cluster";
constexpr std::string_view kAddrScheme = "scheme";

absl::Status Invalid(std::string_view field, std::string_view cause) {
  return absl::InvalidArgumentError(
      absl::StrFormat("target.%s: %s", field, cause));
}

absl::Status CheckScheme(std::string_view field, std::string_view text) {
  if (base::IsScheme(text) && base::ToLower(text) == text)
    return absl::OkStatus();
  return Invalid(field,
                 absl::StrFormat("must be a URL scheme in lower case, is "
                                 "\"%s\"",
                                 base::Excerpt(text, 100)));
}

absl::Status SetOnce(std::string_view name, std::string value,
                     std::optional<std::string>& field) {
  if (field) return Invalid(name, "must be given once");
  field = std::move(value);
  return absl::OkStatus();
}

absl::Status SetParameter(std::string name, std::string value,
                          std::optional<std::string>& subset, Target& target) {
  if (name == kSubset) return SetOnce(name, std::move(value), subset);
  if (name == kZone) {
    // The first counts, as in Kratos: there a program's own zone comes last.
    if (!target.zone) target.zone = std::move(value);
    return absl::OkStatus();
  }
  if (name == kAddrScheme) {
    return SetOnce(name, base::ToLower(value), target.addr_scheme);
  }
  if (name == kCluster) {
    target.clusters.push_back(std::move(value));
    return absl::OkStatus();
  }
  target.parameters.emplace_back(std::move(name), std::move(value));
  return absl::OkStatus();
}

// Names the parameter, unless it is the name that is malformed.
absl::Status MalformedEscape(std::string_view parameter) {
  const std::size_t end = parameter.find('=');
  const auto name = base::PercentDecode(parameter.substr(0, end));
  const std::string excerpt = base::Excerpt(parameter, 100);
  if (end == std::string_view::npos || !name) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "target: parameter \"%s\" has a malformed escape", excerpt));
  }
  return Invalid(*name,
                 absl::StrFormat("has a malformed escape: \"%s\"", excerpt));
}

absl::Status SetParameters(std::string_view query, Target& target) {
  std::optional<std::string> subset;
  for (const std::string_view part : base::Split(query, '&')) {
    auto parameters = base::ParseQuery(part);
    if (!parameters) return MalformedEscape(part);
    for (auto& [name, value] : *parameters) {  // One, or none.
      absl::Status status =
          SetParameter(std::move(name), std::move(value), subset, target);
      if (!status.ok()) return status;
    }
  }
  if (!subset) return absl::OkStatus();
  const auto number = base::ParseInt64(*subset);
  if (!number || *number < 0 || *number > kMaxSubset) {
    return Invalid(kSubset,
                   absl::StrFormat("must be a number in [0, %d], is \"%s\"",
                                   kMaxSubset, base::Excerpt(*subset, 100)));
  }
  target.subset = static_cast<int>(*number);
  return absl::OkStatus();
}

// Percent-encodes what can't stand in the authority or path of a Target. The
// characters that are kept stand in lists of hosts and in app_ids.
std::string Encode(std::string_view text, std::string_view kept) {
  std::string encoded;
  for (const char c : text) {
    if (kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += base::PercentEncode(std::string_view(&c, 1));
    }
  }
  return encoded;
}

// Returns the list with its commas, each part without blanks at its ends.
std::string TrimParts(std::string_view list) {
  std::string trimmed;
  for (const std::string_view part : base::Split(list, ',')) {
    if (part.data() != list.data()) trimmed += ',';
    trimmed += base::Trim(part);
  }
  return trimmed;
}

absl::Status ValidateParameters(const Target& target) {
  constexpr std::array kOwn = {kSubset, kZone, kCluster, kAddrScheme};
  for (const auto& [name, value] : target.parameters) {
    absl::Status status = base::CheckNonEmptyText("target.parameters", name);
    if (status.ok()) {
      status = base::CheckText(absl::StrFormat("target.%s", name), value,
                               kMaxListBytes);
    }
    if (!status.ok()) return status;
    if (std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end()) {
      return Invalid("parameters",
                     absl::StrFormat("\"%s\" has a field of its own", name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Target> Target::Parse(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("target: must be \"scheme://authority/app_id\", is "
                        "\"%s\"",
                        base::Excerpt(text, 100)));
  }
  Target target;
  target.scheme = base::ToLower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  std::string_view query;
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const auto authority = base::PercentDecode(rest.substr(0, slash));
  if (!authority) return Invalid("authority", "has a malformed escape");
  target.authority = TrimParts(*authority);
  if (slash < rest.size()) {
    const auto app_id = base::PercentDecode(rest.substr(slash + 1));
    if (!app_id) return Invalid("app_id", "has a malformed escape");
    target.app_id = TrimParts(*app_id);
  }
  absl::Status status = SetParameters(query, target);
  if (status.ok()) status = Validate(target);
  if (!status.ok()) return status;
  return target;
}

std::string Target::ToString() const {
  std::string text =
      absl::StrFormat("%s://%s/%s", scheme, Encode(authority, ":,[]@"),
                      Encode(app_id, "/:,[]@"));
  std::string query;
  if (subset) {
    base::AppendParameter(query, kSubset, absl::StrFormat("%d", *subset));
  }
  if (zone) base::AppendParameter(query, kZone, *zone);
  for (const std::string& cluster : clusters) {
    base::AppendParameter(query, kCluster, cluster);
  }
  if (addr_scheme) base::AppendParameter(query, kAddrScheme, *addr_scheme);
  for (const auto& [name, value] : parameters) {
    base::AppendParameter(query, name, value);
  }
  if (!query.empty()) text += "?" + query;
  return text;
}

bool operator==(const Target& a, const Target& b) {
  const auto fields = [](const Target& target) {
    return std::tie(target.scheme, target.authority, target.app_id,
                    target.subset, target.zone, target.clusters,
                    target.addr_scheme, target.parameters);
  };
  return fields(a) == fields(b);
}

bool operator!=(const Target& a, const Target& b) { return !(a == b); }

absl::Status Validate(const Target& target) {
  absl::Status status = CheckScheme("scheme", target.scheme);
  if (status.ok()) {
    status =
        base::CheckText("target.authority", target.authority, kMaxListBytes);
  }
  if (status.ok()) {
    status = base::CheckName("target.app_id", target.app_id, kMaxListBytes);
  }
  if (status.ok() && target.subset &&
      (*target.subset < 0 || *target.subset > kMaxSubset)) {
    status =
        Invalid(kSubset, absl::StrFormat("must be in [0, %d]", kMaxSubset));
  }
  if (status.ok() && target.zone) {
    status = base::CheckNonEmptyText("target.zone", *target.zone);
  }
  for (const std::string& cluster : target.clusters) {
    if (!status.ok()) break;
    status = base::CheckNonEmptyText("target.cluster", cluster);
  }
  if (status.ok() && target.addr_scheme) {
    status = CheckScheme("scheme (of addresses)", *target.addr_scheme);
  }
  if (status.ok()) status = ValidateParameters(target);
  return status;
}

}  // namespace naming

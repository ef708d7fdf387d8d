// SPDX-License-Identifier: Apache-2.0
// Which part of a target is what.

#include "etcd/place.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/text.h"
#include "base/url.h"
#include "etcd/layout.h"

namespace naming::etcd {
namespace {

constexpr std::string_view kSchemePrefix = "etcd+";

std::optional<Layout> LayoutOf(std::string_view scheme) {
  for (const Layout layout :
       {Layout::kKratos, Layout::kGoZero, Layout::kKratos1, Layout::kGrpc}) {
    if (SchemeOf(layout) == scheme) return layout;
  }
  return std::nullopt;
}

bool HasPrefix(Layout layout) {
  return layout == Layout::kKratos || layout == Layout::kKratos1;
}

std::string_view DefaultPrefix(Layout layout) {
  switch (layout) {
    case Layout::kKratos:
      return kKratosPrefix;
    case Layout::kKratos1:
      return kKratos1Prefix;
    default:
      return "";
  }
}

absl::Status InvalidPlace(std::string_view text, std::string_view cause) {
  return absl::InvalidArgumentError(
      absl::StrFormat("etcd: \"%s\": %s", base::Excerpt(text, 100), cause));
}

void AddNodes(std::string_view list, std::vector<std::string>& nodes) {
  for (const std::string_view part : base::Split(list, ',')) {
    const std::string_view node = base::Trim(part);
    if (!node.empty()) nodes.emplace_back(node);
  }
}

// The parts of a URL, decoded.
struct Parts {
  std::string scheme;
  std::string authority;
  std::string path;  // Without its first slash.
  base::Parameters parameters;
};

absl::StatusOr<Parts> Split(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return InvalidPlace(text, "must be \"scheme://hosts/path\"");
  }
  Parts parts;
  parts.scheme = base::ToLower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  const std::size_t mark = rest.find('?');
  const auto parameters = base::ParseQuery(
      mark == std::string_view::npos ? "" : rest.substr(mark + 1));
  rest = rest.substr(0, mark);
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos &&
      rest.find('@', slash) != std::string_view::npos &&
      rest.substr(0, slash).find('@') == std::string_view::npos) {
    return absl::InvalidArgumentError(
        "etcd: before \"@\" a \"/\" must be written \"%2F\"");
  }
  const auto authority = base::PercentDecode(rest.substr(0, slash));
  const auto path = base::PercentDecode(
      slash == std::string_view::npos ? "" : rest.substr(slash + 1));
  if (!parameters || !authority || !path) {
    return InvalidPlace(text, "has a malformed escape");
  }
  parts.authority = *authority;
  parts.path = *path;
  parts.parameters = *parameters;
  return parts;
}

// Takes "user:password@" from the beginning of `authority`.
void TakeUser(std::string& authority, ClientOptions& options) {
  const std::size_t at = authority.rfind('@');
  if (at == std::string::npos) return;
  const std::string user = authority.substr(0, at);
  const std::size_t colon = std::min(user.find(':'), user.size());
  options.user = user.substr(0, colon);
  if (colon < user.size()) options.password = user.substr(colon + 1);
  authority.erase(0, at + 1);
}

// Returns an error that names the first parameter other than `allowed`.
absl::Status CheckParameters(const Parts& parts, std::string_view allowed) {
  for (const auto& [name, value] : parts.parameters) {
    if (name == allowed) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "etcd: there is no parameter \"%s\" here", base::Excerpt(name, 100)));
  }
  return absl::OkStatus();
}

// etcd+<layout>://hosts/path
void PlaceByLayout(const Parts& parts, Location& location) {
  ClientOptions& options = location.options;
  AddNodes(parts.authority, options.nodes);
  const std::size_t slash = parts.path.rfind('/');
  if (HasPrefix(options.layout) && slash != std::string::npos) {
    options.prefix = parts.path.substr(0, slash);
    location.app_id = parts.path.substr(slash + 1);
  } else {
    location.app_id = parts.path;
  }
}

// etcd://hosts/key or etcd:///hosts?key=key
absl::Status PlaceForGoZero(std::string_view text, const Parts& parts,
                            Location& location) {
  location.options.layout = Layout::kGoZero;
  if (!parts.authority.empty()) {
    AddNodes(parts.authority, location.options.nodes);
    location.app_id = parts.path;
    return absl::OkStatus();
  }
  AddNodes(parts.path, location.options.nodes);
  for (const auto& [name, value] : parts.parameters) {
    if (name == "key") location.app_id = value;
  }
  if (!location.app_id.empty()) return absl::OkStatus();
  return InvalidPlace(text,
                      "must name its hosts, and have a parameter \"key\"");
}

}  // namespace

std::string SchemeOf(Layout layout) {
  return absl::StrFormat("%s%s", kSchemePrefix, ToString(layout));
}

absl::StatusOr<std::string> AppIdOf(const Target& target,
                                    const ClientOptions& options) {
  std::string app_id = target.app_id;
  const std::string prefix =
      PrefixOr(options.prefix, DefaultPrefix(options.layout)) + "/";
  if (prefix.size() > 1 && app_id.compare(0, prefix.size(), prefix) == 0) {
    app_id.erase(0, prefix.size());
  }
  const absl::Status status = base::CheckName("target.app_id", app_id);
  if (!status.ok()) return status;
  return app_id;
}

absl::StatusOr<ClientOptions> ParseRegistry(std::string_view text) {
  auto parts = Split(text);
  if (!parts.ok()) return parts.status();
  const auto layout = LayoutOf(parts->scheme);
  if (!layout) {
    return InvalidPlace(
        text,
        "the scheme must be etcd+kratos, etcd+gozero, etcd+kratos1 "
        "or etcd+grpc");
  }
  absl::Status known = CheckParameters(*parts, "");
  if (!known.ok()) return known;
  ClientOptions options;
  options.layout = *layout;
  options.prefix = parts->path;
  TakeUser(parts->authority, options);
  AddNodes(parts->authority, options.nodes);
  absl::Status status = Validate(options);
  if (!status.ok()) return status;
  return options;
}

absl::StatusOr<Location> ParseLocation(std::string_view text) {
  auto parts = Split(text);
  if (!parts.ok()) return parts.status();
  Location location;
  TakeUser(parts->authority, location.options);
  absl::Status known =
      CheckParameters(*parts, parts->authority.empty() ? "key" : "");
  if (!known.ok()) return known;
  if (const auto layout = LayoutOf(parts->scheme)) {
    location.options.layout = *layout;
    PlaceByLayout(*parts, location);
  } else if (parts->scheme == "etcd" || parts->scheme == "discov") {
    absl::Status status = PlaceForGoZero(text, *parts, location);
    if (!status.ok()) return status;
  } else {
    return InvalidPlace(text,
                        "the scheme must be etcd+kratos, etcd+gozero, "
                        "etcd+kratos1, etcd+grpc, or go-zero's etcd or discov");
  }
  absl::Status status = Validate(location.options);
  if (!status.ok()) return status;
  return location;
}

}  // namespace naming::etcd

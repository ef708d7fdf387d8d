// SPDX-License-Identifier: Apache-2.0

#include "discovery/protocol.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/text.h"
#include "base/url.h"
#include "discovery/instance_text.h"
#include "net/json.h"

namespace naming::discovery {
namespace {

constexpr std::size_t kExcerptBytes = 200;

// Enough of a text for an excerpt of it, whose last character may be cut.
constexpr std::size_t kBeginningBytes = kExcerptBytes + 4;

// HTTP status codes that say more than "this node is of no use now".
std::optional<absl::Status> StatusOfHttp(int status_code) {
  if (status_code < 400) return std::nullopt;
  const std::string message = absl::StrFormat("HTTP status %d", status_code);
  switch (status_code) {
    case 401:
      return absl::UnauthenticatedError(message);
    case 403:
      return absl::PermissionDeniedError(message);
    case 429:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

std::string DescribeCode(const Answer& answer) {
  const std::string number = absl::StrFormat("%d", answer.code);
  // Most codes come with their own number as the message.
  if (answer.message.empty() || answer.message == number) {
    return absl::StrFormat("code %s", number);
  }
  return absl::StrFormat("code %s: %s", number,
                         base::Excerpt(answer.message, kExcerptBytes));
}

// Codes by which a node says that it can't serve now, whatever the request.
std::optional<absl::Status> StatusOfNode(const Answer& answer) {
  switch (answer.code) {
    case kCodeOk:
    case kCodeNotModified:
    case kCodeNotFound:
    case -400:
    case -409:
      return std::nullopt;
    case -401:
      return absl::UnauthenticatedError(DescribeCode(answer));
    case -403:
      return absl::PermissionDeniedError(DescribeCode(answer));
    case -509:
      return absl::ResourceExhaustedError(DescribeCode(answer));
    default:
      return absl::UnavailableError(DescribeCode(answer));
  }
}

absl::Status Malformed(std::string_view cause, std::string_view beginning) {
  return absl::InternalError(absl::StrFormat(
      "%s: %s", cause, base::Excerpt(beginning, kExcerptBytes)));
}

}  // namespace

std::string RegisterForm(const Instance& instance,
                         std::int64_t dirty_timestamp) {
  std::string form;
  base::AppendParameter(form, "region", instance.region);
  base::AppendParameter(form, "zone", instance.zone);
  base::AppendParameter(form, "env", instance.env);
  base::AppendParameter(form, "appid", instance.app_id);
  base::AppendParameter(form, "hostname", instance.hostname);
  base::AppendParameter(form, "status",
                        instance.status == Instance::Status::kUp ? "1" : "2");
  for (const std::string& addr : instance.addrs) {
    base::AppendParameter(form, "addrs", addr);
  }
  base::AppendParameter(form, "version", instance.version);
  base::AppendParameter(form, "metadata",
                        net::EncodeStringMap(instance.metadata));
  base::AppendParameter(form, "dirty_timestamp",
                        absl::StrFormat("%d", dirty_timestamp));
  return form;
}

std::string InstanceKeyForm(const Instance& instance) {
  std::string form;
  base::AppendParameter(form, "region", instance.region);
  base::AppendParameter(form, "zone", instance.zone);
  base::AppendParameter(form, "env", instance.env);
  base::AppendParameter(form, "appid", instance.app_id);
  base::AppendParameter(form, "hostname", instance.hostname);
  return form;
}

std::string FetchsQuery(std::string_view env,
                        const std::vector<std::string>& app_ids,
                        ListForm form) {
  std::string query;
  base::AppendParameter(query, "env", env);
  base::AppendParameter(query, "status", "1");
  if (form == ListForm::kCommas) {
    base::AppendParameter(query, "appid", absl::StrJoin(app_ids, ","));
    return query;
  }
  for (const std::string& app_id : app_ids) {
    base::AppendParameter(query, "appid", app_id);
  }
  return query;
}

std::string PollsQuery(std::string_view env, std::string_view poller,
                       const PollText& apps, ListForm form) {
  constexpr std::size_t kOtherBytes = 128;
  std::string query;
  query.reserve(kOtherBytes + apps.text().size());
  base::AppendParameter(query, "env", env);
  base::AppendParameter(query, "hostname", poller);
  if (form == ListForm::kCommas) {
    query += apps.WithCommas();
  } else {
    query += apps.text();
  }
  return query;
}

absl::StatusOr<Answer> DecodeAnswer(net::HttpResponse response,
                                    const ReadData& read_data) {
  if (auto failed = StatusOfHttp(response.status_code)) return *failed;
  if (response.body.empty()) return absl::InternalError("empty answer");
  // The reader works within the body, so what an error quotes is kept before.
  const std::string beginning = response.body.substr(0, kBeginningBytes);
  net::JsonReader reader(std::move(response.body));
  Answer answer;
  answer.connection = response.connection;
  answer.alive_at = response.alive_at;
  // Of members with one name the first counts.
  std::optional<std::optional<std::int64_t>> code;
  bool has_message = false;
  bool has_data = false;
  reader.ForEachMember([&](std::string_view name) {
    if (name == "code" && !code) {
      code = reader.ReadInt64();
    } else if (name == "message" && !std::exchange(has_message, true)) {
      answer.message = reader.ReadString().value_or("");
    } else if (name == "data" && !std::exchange(has_data, true)) {
      if (read_data) {
        read_data(reader);
      } else {
        answer.data = reader.Skip();
      }
    }
  });
  if (!reader.ok()) {
    return Malformed("answer is no JSON", beginning);
  }
  if (!code.value_or(std::nullopt)) {
    return Malformed("answer has no \"code\"", beginning);
  }
  answer.code = **code;
  if (auto failed = StatusOfNode(answer)) return *failed;
  return answer;
}

absl::Status StatusOf(const Answer& answer) {
  switch (answer.code) {
    case kCodeOk:
      return absl::OkStatus();
    case -400:
      return absl::InvalidArgumentError(DescribeCode(answer));
    case kCodeNotFound:
      return absl::NotFoundError(DescribeCode(answer));
    case -409:
      return absl::FailedPreconditionError(DescribeCode(answer));
    default:
      return absl::InternalError(DescribeCode(answer));
  }
}

AppAnswers DecodeApps(net::JsonReader& data, std::string_view env,
                      const PresentSnapshot& present) {
  AppAnswers answers;
  data.ForEachMember([&](std::string_view app_id) {
    auto snapshot = present(app_id);
    if (!snapshot) return;
    absl::StatusOr<AppAnswer> app =
        ReadApp(data, app_id, env, *std::move(snapshot), answers.dropped);
    if (app.ok()) {
      answers.apps.emplace(app_id, *std::move(app));
    } else {
      answers.malformed.emplace(app_id, app.status());
    }
  });
  return answers;
}

AppAnswers DecodeApps(const Answer& answer, std::string_view env) {
  net::JsonReader data(answer.data);
  return DecodeApps(data, env, [](std::string_view) { return nullptr; });
}

std::optional<StoredInstance> DecodeStored(const Answer& answer) {
  net::JsonReader data(answer.data);
  InstanceText text;
  Read(data, text);
  const auto dirty_timestamp = base::ParseInt64(text.dirty_timestamp);
  if (!dirty_timestamp) return std::nullopt;
  TidyAddrs(text);
  StoredInstance stored;
  stored.addrs = AddrsOf(text);
  std::sort(stored.addrs.begin(), stored.addrs.end());
  stored.version = text.version.value_or("");
  stored.metadata = MetadataOf(text);
  stored.status = StatusOf(text);
  stored.dirty_timestamp = *dirty_timestamp;
  return stored;
}

std::vector<std::string> NodeUrls(const core::List& nodes) {
  std::vector<std::string> urls;
  for (const auto& node : nodes.objects) {
    for (const std::string& addr : node->addrs) {
      const auto address = base::ParseAddress(addr);
      if (!address || address->scheme != "http") continue;
      urls.push_back(
          absl::StrFormat("http://%s", address->host_port.ToString()));
    }
  }
  return urls;
}

}  // namespace naming::discovery

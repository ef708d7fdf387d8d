// SPDX-License-Identifier: Apache-2.0

#include "etcd/protocol.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/base64.h"
#include "base/text.h"
#include "net/json_splitter.h"

namespace naming::etcd {
namespace {

using net::JsonDocument;
using net::JsonValue;
using net::JsonWriter;

constexpr std::size_t kExcerptBytes = 200;

// --- Writing ---

void WriteBytes(JsonWriter& json, std::string_view name,
                std::string_view bytes) {
  json.Key(name);
  json.String(base::Base64Encode(bytes));
}

void WriteInt64(JsonWriter& json, std::string_view name, std::int64_t value) {
  json.Key(name);
  json.String(std::to_string(value));
}

void WriteFlag(JsonWriter& json, std::string_view name) {
  json.Key(name);
  json.Bool(true);
}

void WriteRange(JsonWriter& json, std::string_view key,
                std::string_view range_end, Detail detail) {
  json.BeginObject();
  WriteBytes(json, "key", key);
  if (!range_end.empty()) WriteBytes(json, "range_end", range_end);
  if (detail == Detail::kKeysOnly) WriteFlag(json, "keys_only");
  if (detail == Detail::kCountOnly) WriteFlag(json, "count_only");
  json.EndObject();
}

void WritePut(JsonWriter& json, const Record& record, std::int64_t lease) {
  json.BeginObject();
  WriteBytes(json, "key", record.key);
  WriteBytes(json, "value", record.value);
  WriteInt64(json, "lease", lease);
  json.EndObject();
}

void WriteCompare(JsonWriter& json, std::string_view key,
                  std::string_view target, std::string_view field,
                  std::int64_t value) {
  json.BeginObject();
  WriteBytes(json, "key", key);
  json.Key("target");
  json.String(target);
  json.Key("result");
  json.String("EQUAL");
  WriteInt64(json, field, value);
  json.EndObject();
}

void WriteRangeOperation(JsonWriter& json, std::string_view key,
                         std::string_view range_end, Detail detail) {
  json.BeginObject();
  json.Key("request_range");
  WriteRange(json, key, range_end, detail);
  json.EndObject();
}

std::string LeaseRequest(std::string_view name, std::int64_t value) {
  JsonWriter json;
  json.BeginObject();
  WriteInt64(json, name, value);
  json.EndObject();
  return json.text();
}

// --- Reading ---

absl::Status Malformed(std::string_view what) {
  return absl::InternalError(
      absl::StrFormat("the answer is malformed: %s", what));
}

// Nothing stands for 0. nullopt: no number.
std::optional<std::int64_t> ReadInt64(JsonValue value) {
  if (!value.exists() || value.is_null()) return 0;
  if (const auto text = value.AsString()) return base::ParseInt64(*text);
  return value.AsInt64();
}

std::optional<std::string> ReadBytes(JsonValue value) {
  if (!value.exists() || value.is_null()) return std::string();
  const auto text = value.AsString();
  return text ? base::Base64Decode(*text) : std::nullopt;
}

std::string ReadText(JsonValue value) {
  return std::string(value.AsString().value_or(""));
}

std::optional<KeyValue> ReadKeyValue(JsonValue value) {
  auto key = ReadBytes(value["key"]);
  auto bytes = ReadBytes(value["value"]);
  const auto mod_revision = ReadInt64(value["mod_revision"]);
  const auto lease = ReadInt64(value["lease"]);
  if (!key || key->empty() || !bytes || !mod_revision || !lease) {
    return std::nullopt;
  }
  return KeyValue{*std::move(key), *std::move(bytes), *mod_revision, *lease};
}

absl::Status ReadKeyValues(JsonValue range, std::vector<KeyValue>& kvs) {
  bool is_good = true;
  range["kvs"].ForEachElement([&](JsonValue value) {
    auto kv = ReadKeyValue(value);
    if (kv) {
      kvs.push_back(*std::move(kv));
    } else {
      is_good = false;
    }
  });
  return is_good ? absl::OkStatus() : Malformed("a key");
}

// google.golang.org/grpc/codes, by number.
absl::Status StatusOfGrpc(std::int64_t code, const std::string& message) {
  // Which code comes with it depends on the version.
  for (const char* cause :
       {"invalid auth token", "user name is empty",
        "revision of auth store is old", "authentication failed"}) {
    if (message.find(cause) != std::string::npos) {
      return absl::UnauthenticatedError(message);
    }
  }
  switch (code) {
    case 3:
      return absl::InvalidArgumentError(message);
    case 5:
      return absl::NotFoundError(message);
    case 7:
      return absl::PermissionDeniedError(message);
    case 8:
      return absl::ResourceExhaustedError(message);
    case 9:
      return absl::FailedPreconditionError(message);
    case 16:
      return absl::UnauthenticatedError(message);
    // Cancelled, unknown (what a lost quorum is, when it isn't a 14), deadline,
    // aborted, out of range, unavailable: about this member, now.
    case 1:
    case 2:
    case 4:
    case 10:
    case 11:
    case 14:
      return absl::UnavailableError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status StatusOfHttp(const net::HttpResponse& response) {
  const std::string message =
      absl::StrFormat("HTTP status %d: %s", response.status_code,
                      base::Excerpt(response.body, kExcerptBytes));
  switch (response.status_code) {
    case 401:
      return absl::UnauthenticatedError(message);
    case 403:
      return absl::PermissionDeniedError(message);
    case 404:
      return absl::InternalError(absl::StrFormat(
          "%s: etcd's JSON gateway isn't there (enable-grpc-gateway)",
          message));
    case 429:
      return absl::UnavailableError(message);
    default:
      return response.status_code >= 500 ? absl::UnavailableError(message)
                                         : absl::InternalError(message);
  }
}

// Returns what `answer` complains about, in any of the forms that versions
// give it; OK: nothing.
absl::Status ErrorOf(JsonValue answer) {
  const JsonValue error = answer["error"];
  JsonValue from = answer;
  if (error.is_object()) {
    from = error;
  } else if (!error.exists() && !answer["code"].exists()) {
    return absl::OkStatus();
  }
  const JsonValue code =
      from["grpc_code"].exists() ? from["grpc_code"] : from["code"];
  std::string message = ReadText(from["message"]);
  if (message.empty()) message = ReadText(error);
  return StatusOfGrpc(code.AsInt64().value_or(2),
                      base::Excerpt(message, kExcerptBytes));
}

// "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
absl::Status StatusOfCancel(const std::string& reason) {
  if (reason.find("PermissionDenied") != std::string::npos ||
      reason.find("permission denied") != std::string::npos) {
    return absl::PermissionDeniedError(reason);
  }
  if (reason.find("Unauthenticated") != std::string::npos) {
    return absl::UnauthenticatedError(reason);
  }
  return StatusOfGrpc(14, reason);
}

absl::StatusOr<std::vector<Event>> ReadEvents(JsonValue result) {
  std::vector<Event> events;
  bool is_good = true;
  result["events"].ForEachElement([&](JsonValue value) {
    auto kv = ReadKeyValue(value["kv"]);
    if (kv) {
      events.push_back({*std::move(kv), value["type"].AsString() == "DELETE"});
    } else {
      is_good = false;
    }
  });
  if (!is_good) return Malformed("an event");
  return events;
}

}  // namespace

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (end.empty()) return std::string(1, '\0');
  ++end.back();
  return end;
}

std::string RangeBody(std::string_view key, std::string_view range_end,
                      Detail detail) {
  JsonWriter json;
  WriteRange(json, key, range_end, detail);
  return json.text();
}

std::string PutBody(std::string_view key, std::string_view value,
                    std::int64_t lease) {
  JsonWriter json;
  WritePut(json, {std::string(key), std::string(value)}, lease);
  return json.text();
}

std::string GrantBody(std::int64_t ttl_s) { return LeaseRequest("TTL", ttl_s); }

std::string LeaseBody(std::int64_t lease) { return LeaseRequest("ID", lease); }

std::string KeepAliveBody(const std::vector<std::int64_t>& leases) {
  std::string body;
  for (const std::int64_t lease : leases) body += LeaseBody(lease);
  return body;
}

std::string CheckBody(const std::vector<OwnedKey>& keys) {
  JsonWriter json;
  json.BeginObject();
  json.Key("compare");
  json.BeginArray();
  for (const OwnedKey& owned : keys) {
    if (owned.mod_revision > 0) {
      WriteCompare(json, owned.key, "MOD", "mod_revision", owned.mod_revision);
    } else {
      WriteCompare(json, owned.key, "LEASE", "lease", owned.lease);
    }
  }
  json.EndArray();
  json.Key("failure");
  json.BeginArray();
  for (const OwnedKey& owned : keys) {
    WriteRangeOperation(json, owned.key, "", Detail::kKeysOnly);
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

std::string PutAllBody(const std::vector<Record>& records, std::int64_t lease,
                       std::optional<std::int64_t> unless_changed) {
  JsonWriter json;
  json.BeginObject();
  if (unless_changed) {
    json.Key("compare");
    json.BeginArray();
    WriteCompare(json, records.front().key, "MOD", "mod_revision",
                 *unless_changed);
    json.EndArray();
  }
  json.Key("success");
  json.BeginArray();
  for (const Record& record : records) {
    json.BeginObject();
    json.Key("request_put");
    WritePut(json, record, lease);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

std::string RangeAllBody(const std::vector<std::string>& prefixes) {
  JsonWriter json;
  json.BeginObject();
  json.Key("success");
  json.BeginArray();
  for (const std::string& prefix : prefixes) {
    WriteRangeOperation(json, prefix, PrefixEnd(prefix), Detail::kValues);
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

std::string WatchBody(const std::vector<WatchRequest>& watches) {
  std::string body;
  for (const WatchRequest& watch : watches) {
    JsonWriter json;
    json.BeginObject();
    json.Key("create_request");
    json.BeginObject();
    WriteBytes(json, "key", watch.prefix);
    WriteBytes(json, "range_end", PrefixEnd(watch.prefix));
    WriteInt64(json, "start_revision", watch.start_revision);
    WriteFlag(json, "progress_notify");
    json.EndObject();
    json.EndObject();
    body += json.text();
  }
  return body;
}

std::string AuthenticateBody(std::string_view user, std::string_view password) {
  JsonWriter json;
  json.BeginObject();
  json.Key("name");
  json.String(user);
  json.Key("password");
  json.String(password);
  json.EndObject();
  return json.text();
}

absl::StatusOr<JsonDocument> DecodeAnswer(net::HttpResponse response) {
  const bool is_json = response.body.find('{') != std::string::npos;
  if (response.status_code != 200 && !is_json) return StatusOfHttp(response);
  auto document = JsonDocument::Parse(response.body);
  if (!document.ok() || !document->root().is_object()) {
    return response.status_code == 200
               ? Malformed(base::Excerpt(response.body, kExcerptBytes))
               : StatusOfHttp(response);
  }
  absl::Status error = ErrorOf(document->root());
  if (!error.ok()) return error;
  if (response.status_code != 200) return StatusOfHttp(response);
  return document;
}

absl::StatusOr<std::int64_t> DecodeRevision(JsonValue answer) {
  const auto revision = ReadInt64(answer["header"]["revision"]);
  if (!revision) return Malformed("header.revision");
  return *revision;
}

absl::StatusOr<RangeAnswer> DecodeRange(JsonValue answer) {
  RangeAnswer range;
  const auto revision = DecodeRevision(answer);
  if (!revision.ok()) return revision.status();
  range.revision = *revision;
  absl::Status status = ReadKeyValues(answer, range.kvs);
  if (!status.ok()) return status;
  return range;
}

absl::StatusOr<RangeAnswer> DecodeRangeAll(JsonValue answer) {
  auto txn = DecodeTxn(answer);
  if (!txn.ok()) return txn.status();
  return std::move(txn->range);
}

absl::StatusOr<TxnAnswer> DecodeTxn(JsonValue answer) {
  TxnAnswer txn;
  txn.has_succeeded = answer["succeeded"].AsBool().value_or(false);
  const auto revision = DecodeRevision(answer);
  if (!revision.ok()) return revision.status();
  txn.range.revision = *revision;
  absl::Status status;
  answer["responses"].ForEachElement([&](JsonValue response) {
    status.Update(ReadKeyValues(response["response_range"], txn.range.kvs));
  });
  if (!status.ok()) return status;
  return txn;
}

absl::StatusOr<Grant> DecodeGrant(JsonValue answer) {
  const auto lease = ReadInt64(answer["ID"]);
  const auto ttl_s = ReadInt64(answer["TTL"]);
  if (!lease || *lease == 0 || !ttl_s) return Malformed("a lease");
  return Grant{*lease, *ttl_s};
}

absl::StatusOr<std::vector<Grant>> DecodeKeepAlives(
    const net::HttpResponse& response) {
  if (response.status_code != 200) return DecodeAnswer(response).status();
  net::JsonSplitter splitter;
  splitter.Append(response.body);
  std::vector<Grant> grants;
  while (auto object = splitter.Next()) {
    const auto document = JsonDocument::Parse(*std::move(object));
    if (!document.ok()) return Malformed("not JSON");
    absl::Status error = ErrorOf(document->root());
    if (!error.ok()) return error;
    auto grant = DecodeGrant(document->root()["result"]);
    if (!grant.ok()) return grant.status();
    grants.push_back(*grant);
  }
  if (!splitter.status().ok()) return splitter.status();
  return grants;
}

absl::StatusOr<std::string> DecodeToken(JsonValue answer) {
  std::string token = ReadText(answer["token"]);
  if (token.empty()) return Malformed("no token");
  return token;
}

absl::StatusOr<WatchMessage> DecodeWatch(std::string object) {
  const auto document = JsonDocument::Parse(std::move(object));
  if (!document.ok()) return Malformed("not JSON");
  absl::Status error = ErrorOf(document->root());
  if (!error.ok()) return error;
  const JsonValue result = document->root()["result"];
  if (!result.is_object()) return Malformed("no result");
  WatchMessage message;
  message.is_created = result["created"].AsBool().value_or(false);
  message.is_canceled = result["canceled"].AsBool().value_or(false);
  const auto watch_id = ReadInt64(result["watch_id"]);
  const auto revision = ReadInt64(result["header"]["revision"]);
  const auto compact_revision = ReadInt64(result["compact_revision"]);
  if (!watch_id || !revision || !compact_revision) return Malformed("a number");
  message.watch_id = *watch_id;
  message.revision = *revision;
  message.compact_revision = *compact_revision;
  const std::string reason = ReadText(result["cancel_reason"]);
  if (message.is_canceled && message.compact_revision == 0) {
    return StatusOfCancel(reason.empty()
                              ? "etcd has cancelled the watch"
                              : base::Excerpt(reason, kExcerptBytes));
  }
  auto events = ReadEvents(result);
  if (!events.ok()) return events.status();
  message.events = *std::move(events);
  return message;
}

}  // namespace naming::etcd

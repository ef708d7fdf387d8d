// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_PROTOCOL_H_
#define NAMING_ETCD_PROTOCOL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/http_client.h"
#include "net/json.h"

// etcd's v3 API as its JSON gateway speaks it: values to bytes and back. Pure
// functions. Keys and values are bytes, on the wire in base64; 64-bit numbers
// are strings there, and whatever is zero is left out of answers.
namespace naming::etcd {

// --- Requests ---

// The keys that begin with `prefix` are those in [prefix, PrefixEnd(prefix)).
std::string PrefixEnd(std::string_view prefix);

enum class Detail { kValues, kKeysOnly, kCountOnly };

// An empty `range_end`: just `key`.
std::string RangeBody(std::string_view key, std::string_view range_end,
                      Detail detail);

std::string PutBody(std::string_view key, std::string_view value,
                    std::int64_t lease);

std::string GrantBody(std::int64_t ttl_s);
std::string LeaseBody(std::int64_t lease);  // Of revoke.

// All of them in one request, one answer each.
std::string KeepAliveBody(const std::vector<std::int64_t>& leases);

// A key and its value.
struct Record {
  std::string key;
  std::string value;
};

// A key, the lease that it is to have, and the revision that put it; 0: that
// isn't known.
struct OwnedKey {
  std::string key;
  std::int64_t lease = 0;
  std::int64_t mod_revision = 0;
};

// Asks whether every key is as it was put, or where that isn't known has its
// lease; if one isn't, for all keys.
std::string CheckBody(const std::vector<OwnedKey>& keys);

// Puts `records`; with `unless_changed`, only if the last change of the first
// one's key is that revision, 0: it isn't there.
std::string PutAllBody(const std::vector<Record>& records, std::int64_t lease,
                       std::optional<std::int64_t> unless_changed);

// Asks for the keys of every one of `prefixes`, at one revision.
std::string RangeAllBody(const std::vector<std::string>& prefixes);

// One watch of a stream. The server gives it an id: before etcd 3.4 nobody else
// could.
struct WatchRequest {
  std::string prefix;
  std::int64_t start_revision = 0;
};

std::string WatchBody(const std::vector<WatchRequest>& watches);

std::string AuthenticateBody(std::string_view user, std::string_view password);

// --- Answers ---

// A key as etcd holds it.
struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t mod_revision = 0;
  std::int64_t lease = 0;  // 0: none, it stays for ever.
};

struct RangeAnswer {
  std::int64_t revision = 0;  // Of the whole store.
  std::vector<KeyValue> kvs;
};

// Returns the JSON of a unary answer.
//
// Errors: what etcd says, by the gRPC code in the body; without JSON by the
// HTTP status. kUnauthenticated, no user or an invalid token: authenticate;
// kUnavailable, this member can't do it now; kNotFound, no such lease;
// kInternal, the answer isn't etcd's.
absl::StatusOr<net::JsonDocument> DecodeAnswer(net::HttpResponse response);

// Errors of all of these: kInternal, something has the wrong type.
absl::StatusOr<RangeAnswer> DecodeRange(net::JsonValue answer);

// Of RangeAllBody(): the keys of all ranges together.
absl::StatusOr<RangeAnswer> DecodeRangeAll(net::JsonValue answer);

struct TxnAnswer {
  bool has_succeeded = false;
  RangeAnswer range;  // Of a txn that has failed, all its ranges together.
};
absl::StatusOr<TxnAnswer> DecodeTxn(net::JsonValue answer);

// Returns the revision of the store that `answer` tells: after a put, that of
// the put.
absl::StatusOr<std::int64_t> DecodeRevision(net::JsonValue answer);

struct Grant {
  std::int64_t lease = 0;
  std::int64_t ttl_s = 0;
};
absl::StatusOr<Grant> DecodeGrant(net::JsonValue answer);

// Returns what the answers to KeepAliveBody() say, in their order: the TTL of
// each lease, 0 when it is gone. The body holds an object for each.
//
// Errors also: as DecodeAnswer().
absl::StatusOr<std::vector<Grant>> DecodeKeepAlives(
    const net::HttpResponse& response);

absl::StatusOr<std::string> DecodeToken(net::JsonValue answer);

// --- A watch's stream ---

struct Event {
  KeyValue kv;
  bool is_delete = false;
};

struct WatchMessage {
  std::int64_t watch_id = 0;
  std::int64_t revision = 0;  // Of the store when it was sent.
  bool is_created = false;
  bool is_canceled = false;
  std::int64_t compact_revision = 0;
  std::vector<Event> events;
};

// Returns what one object of a stream says.
//
// Errors: why the stream is over, as DecodeAnswer(). A watch that etcd refuses
// for want of a valid token, or of permission, is an error as well, though etcd
// writes it as a message.
absl::StatusOr<WatchMessage> DecodeWatch(std::string object);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_PROTOCOL_H_

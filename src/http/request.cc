// SPDX-License-Identifier: Apache-2.0

#include "http/request.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::http {
namespace {

using Fault = net::ExchangeResult::Fault;

constexpr std::size_t kMaxHostName = 253;
constexpr std::size_t kMaxDescribedPath = 200;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

// RFC 9110's token.
bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [=](char c) {
    return IsAlphanumeric(c) || kOthers.find(c) != std::string_view::npos;
  });
}

bool IsOurs(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOurs = {
      "host", "content-length", "transfer-encoding", "connection", "expect"};
  return std::find(kOurs.begin(), kOurs.end(), base::ToLower(name)) !=
         kOurs.end();
}

absl::Status BadRequest(std::string_view field, std::string_view cause) {
  return absl::InvalidArgumentError(
      absl::StrFormat("request.%s: %s", field, cause));
}

}  // namespace

bool IsHttpScheme(std::string_view scheme) {
  return scheme == "http" || scheme == "https";
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHostName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlphanumeric(c) || c == '.' || c == '-' || c == '_';
         });
}

bool IsTimeout(std::chrono::milliseconds timeout) {
  return timeout >= std::chrono::milliseconds(1) &&
         timeout <= std::chrono::hours(1);
}

bool IsPath(std::string_view path) {
  // A '#' would end what is sent.
  return !path.empty() && path.front() == '/' &&
         std::all_of(path.begin(), path.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

absl::Status Check(const Request& request) {
  if (!IsToken(request.method)) return BadRequest("method", "must be a token");
  // The answer to it isn't one but the start of a tunnel.
  if (request.method == "CONNECT")
    return BadRequest("method", "can't be CONNECT");
  if (!IsPath(request.path)) {
    return BadRequest("path", "must begin with '/' and be percent-encoded");
  }
  constexpr std::string_view kForbidden("\r\n\0", 3);
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) return BadRequest("headers", "a name must be a token");
    if (IsOurs(name)) {
      return BadRequest("headers", absl::StrFormat("%s can't be set", name));
    }
    if (value.find_first_of(kForbidden) != std::string::npos) {
      return BadRequest("headers", absl::StrFormat("%s has a line end", name));
    }
  }
  if (request.method == "HEAD" && !request.body.empty()) {
    return BadRequest("body", "a HEAD has none");
  }
  if (request.timeout && !IsTimeout(*request.timeout)) {
    return BadRequest("timeout", "must be in [1ms, 1h]");
  }
  return absl::OkStatus();
}

std::string Describe(const Request& request, std::string_view app_id) {
  const std::string_view path = request.path;
  return absl::StrFormat(
      "%s %s%s", request.method, app_id,
      path.substr(0, std::min(path.find('?'), kMaxDescribedPath)));
}

bool MayRepeat(const Request& request) {
  if (request.is_idempotent) return *request.is_idempotent;
  constexpr std::array<std::string_view, 6> kIdempotent = {
      "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kIdempotent.begin(), kIdempotent.end(), request.method) !=
         kIdempotent.end();
}

bool WantsRepetition(const net::ExchangeResult& result, bool may_repeat) {
  const int code = result.status_code;
  const bool has_failed = result.fault == Fault::kServer ||
                          result.fault == Fault::kTimeout ||
                          (result.fault == Fault::kNone && code >= 502 &&
                           code <= 504 && result.status.ok());
  return has_failed && (may_repeat || !result.was_sent);
}

Outcome OutcomeOf(Fault fault, long status_code) {
  Outcome outcome;
  switch (fault) {
    case Fault::kNone:
      if (status_code >= 500) outcome.result = Outcome::Result::kFailure;
      break;
    case Fault::kServer:
      outcome.result = Outcome::Result::kFailure;
      break;
    case Fault::kTimeout:
      outcome.result = Outcome::Result::kTimeout;
      break;
    case Fault::kOurs:
      outcome.result = Outcome::Result::kCancelled;
      break;
  }
  return outcome;
}

}  // namespace naming::http

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_REQUEST_H_
#define NAMING_HTTP_REQUEST_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "naming/balancer.h"
#include "naming/http/client.h"
#include "net/curl_exchange.h"

// What there is to know of requests and answers without sending any.
namespace naming::http {

bool IsHttpScheme(std::string_view scheme);

// Returns whether `text` can stand in a URL as a host: a name or an IPv4
// address.
bool IsHostName(std::string_view text);

bool IsTimeout(std::chrono::milliseconds timeout);

// Returns whether `path` can follow a host in a URL.
bool IsPath(std::string_view path);

// Returns OK, or kInvalidArgument with the name of the field.
absl::Status Check(const Request& request);

// Returns "GET demo.app/path", for messages: without the query, which may hold
// secrets, and cut.
std::string Describe(const Request& request, std::string_view app_id);

// Returns whether it may be sent again after it was sent once.
bool MayRepeat(const Request& request);

// Returns whether a request that ended so is worth sending again.
bool WantsRepetition(const net::ExchangeResult& result, bool may_repeat);

// Returns what the server's Pick is told.
Outcome OutcomeOf(net::ExchangeResult::Fault fault, long status_code);

}  // namespace naming::http

#endif  // NAMING_HTTP_REQUEST_H_

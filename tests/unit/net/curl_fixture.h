// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_NET_CURL_FIXTURE_H_
#define NAMING_TESTS_UNIT_NET_CURL_FIXTURE_H_

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "net/curl_http_client.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_server.h"

namespace naming::net {

using Result = absl::StatusOr<HttpResponse>;

inline HttpRequest Get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.timeout = std::chrono::seconds(20);
  return request;
}

// Lets `client` work until `condition` holds.
template <typename Condition>
bool WorkUntil(CurlHttpClient& client, const Condition& condition) {
  return testing::Eventually([&] {
    if (!condition()) client.Wait(std::chrono::milliseconds(5));
    return condition();
  });
}

// Sends `request` and waits for its result.
inline Result Fetch(CurlHttpClient& client, HttpRequest request) {
  std::optional<Result> result;
  client.Send(std::move(request), [&](Result r) { result = std::move(r); });
  REQUIRE(WorkUntil(client, [&] { return result.has_value(); }));
  return *std::move(result);
}

// A handler that never answers.
inline void Hang(const testing::RawRequest&,
                 testing::RawConnection& connection) {
  connection.Hang();
}

}  // namespace naming::net

#endif  // NAMING_TESTS_UNIT_NET_CURL_FIXTURE_H_

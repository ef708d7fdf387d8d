// SPDX-License-Identifier: Apache-2.0

#include "naming/http/options.h"

#include <functional>
#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace naming::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("The default options of an HTTP client are valid", "[http]") {
  CHECK(Validate(ClientOptions()).ok());
}

TEST_CASE("A bad field of an HTTP client's options is named", "[http]") {
  struct Case {
    std::string field;
    std::function<void(ClientOptions&)> spoil;
  };
  using Options = ClientOptions;
  const Case bad = GENERATE(
      Case{"choice.filter.addr_scheme",
           [](Options& o) { o.choice.filter.addr_scheme = "grpc"; }},
      Case{"choice", [](Options& o) { o.choice.subset = -1; }},
      Case{"host_mode", [](Options& o) { o.host_mode = HostMode(7); }},
      Case{"host", [](Options& o) { o.host = "demo:80"; }},
      Case{"host", [](Options& o) { o.host = "a\r\nb"; }},
      Case{"host", [](Options& o) { o.host = std::string(254, 'a'); }},
      Case{"timeout", [](Options& o) { o.timeout = milliseconds(0); }},
      Case{"timeout", [](Options& o) { o.timeout = hours(2); }},
      Case{"max_attempts", [](Options& o) { o.max_attempts = 0; }},
      Case{"max_attempts", [](Options& o) { o.max_attempts = 11; }},
      Case{"max_redirects", [](Options& o) { o.max_redirects = -1; }},
      Case{"ca_file", [](Options& o) { o.ca_file = std::string("a\0", 2); }},
      Case{"key_file", [](Options& o) { o.cert_file = "a.pem"; }},
      Case{"cert_file", [](Options& o) { o.key_file = "a.pem"; }},
      Case{"max_response_bytes", [](Options& o) { o.max_response_bytes = 0; }},
      Case{"connect_timeout",
           [](Options& o) { o.connect_timeout = milliseconds(-1); }},
      Case{"attempt_timeout",
           [](Options& o) { o.attempt_timeout = milliseconds(0); }},
      Case{"retry_share", [](Options& o) { o.retry_share = 1.1; }},
      Case{"retry_share",
           [](Options& o) {
             o.retry_share = std::numeric_limits<double>::quiet_NaN();
           }},
      Case{"retry_burst", [](Options& o) { o.retry_burst = -1; }},
      Case{"retry_delay", [](Options& o) { o.retry_delay = milliseconds(0); }},
      Case{"max_idle_connections",
           [](Options& o) { o.max_idle_connections = -1; }},
      Case{"idle_timeout", [](Options& o) { o.idle_timeout = seconds(0); }},
      Case{"max_header_bytes", [](Options& o) { o.max_header_bytes = 1; }});
  CAPTURE(bad.field);
  ClientOptions options;
  bad.spoil(options);
  const absl::Status status = Validate(options);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  CHECK(message.find("http: options." + bad.field + ": ") == 0);
}

}  // namespace
}  // namespace naming::http

// SPDX-License-Identifier: Apache-2.0

#include "base/url.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/catch.h"

namespace naming::base {
namespace {

using std::string_view_literals::operator""sv;

TEST_CASE("PercentEncode leaves unreserved characters alone", "[url]") {
  const std::string unreserved = "azAZ09-._~";
  CHECK(PercentEncode(unreserved) == unreserved);
  CHECK(PercentEncode(" /+%&=\xFF\0"sv) == "%20%2F%2B%25%26%3D%FF%00");
}

TEST_CASE("PercentDecode undoes PercentEncode for every byte", "[url]") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(PercentDecode(PercentEncode(bytes)) == bytes);
}

TEST_CASE("PercentDecode takes hex digits of either case, and keeps '+'",
          "[url]") {
  CHECK(PercentDecode("") == "");
  CHECK(PercentDecode("a%2f%2Fb+c") == "a//b+c");
}

TEST_CASE("PercentDecode rejects '%' without two hex digits", "[url]") {
  const std::string_view text =
      GENERATE(as<std::string_view>{}, "%", "a%", "%2", "%2g", "%g2", "%%20",
               "% 2", "%+2", "%-1");
  CAPTURE(text);
  CHECK_FALSE(PercentDecode(text));
}

TEST_CASE("AppendParameter builds a form that ParseQuery reads", "[url]") {
  std::string form;
  AppendParameter(form, "a b", "1&2");
  AppendParameter(form, "a b", "");
  AppendParameter(form, "=", "+\xC3\xA4");
  CHECK(form == "a%20b=1%262&a%20b=&%3D=%2B%C3%A4");
  CHECK(ParseQuery(form) ==
        Parameters{{"a b", "1&2"}, {"a b", ""}, {"=", "+\xC3\xA4"}});
}

TEST_CASE("ParseQuery reads what forms hold", "[url]") {
  CHECK(ParseQuery("") == Parameters{});
  CHECK(ParseQuery("&&") == Parameters{});
  CHECK(ParseQuery("a") == Parameters{{"a", ""}});
  CHECK(ParseQuery("=v") == Parameters{{"", "v"}});
  CHECK(ParseQuery("&a=1&&b=x=y&") == Parameters{{"a", "1"}, {"b", "x=y"}});
  CHECK(ParseQuery("a+b=c+d%2B") == Parameters{{"a b", "c d+"}});
}

TEST_CASE("ParseQuery rejects bad escapes in keys and values", "[url]") {
  CHECK_FALSE(ParseQuery("a=1&b=%"));
  CHECK_FALSE(ParseQuery("%zz=1&b=2"));
}

TEST_CASE("ParseHostPort reads names, IPv4 and bracketed IPv6", "[url]") {
  struct Case {
    std::string_view text;
    std::string_view host;
    std::uint16_t port;
  };
  const Case c = GENERATE(
      Case{"localhost:80", "localhost", 80}, Case{"10.0.0.1:0", "10.0.0.1", 0},
      Case{"my_host-1.example:65535", "my_host-1.example", 65535},
      Case{"[::1]:7171", "::1", 7171},
      Case{"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
      Case{"[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", 1});
  CAPTURE(c.text);
  const std::optional<HostPort> parsed = ParseHostPort(c.text);
  REQUIRE(parsed);
  CHECK(parsed->host == c.host);
  CHECK(parsed->port == c.port);
  CHECK(parsed->ToString() == c.text);
}

TEST_CASE("ParseHostPort rejects everything else", "[url]") {
  const std::string_view text = GENERATE(
      as<std::string_view>{}, "", ":", "host", "host:", ":80", "host:65536",
      "host:123456", "host:-1", "host:+1", "host: 1", "host:1 ", "host:1x",
      "ho st:1", "host/:1", "user@host:1", "h\xC3\xB6st:1", "host\0:1"sv,
      "a:b:1", "::1:80", "[::1]", "[::1]80", "[]:80", "[:80", "]:80",
      "[host]:80", "[1.2.3.4]:80", "[::1%]:80", "[::1%e/0]:80", "[::g]:80",
      "[::1\0]:80"sv, "[[::1]]:80");
  CAPTURE(text);
  CHECK_FALSE(ParseHostPort(text));
}

TEST_CASE("A host name has letters, digits, '-', '.' and '_' only", "[url]") {
  constexpr std::string_view kHost =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    const std::string text = std::string("a") + static_cast<char>(c) + "b:1";
    CHECK(ParseHostPort(text).has_value() ==
          (kHost.find(static_cast<char>(c)) != std::string_view::npos));
  }
}

TEST_CASE("ParseAddress reads the scheme in lower case and drops the path",
          "[url]") {
  struct Case {
    std::string_view text;
    std::string_view scheme;
    std::string_view host_port;
  };
  const Case c = GENERATE(Case{"grpc://10.0.0.7:9000", "grpc", "10.0.0.7:9000"},
                          Case{"HTTP://Host:80/", "http", "Host:80"},
                          Case{"http://h:80?x=1&y=2", "http", "h:80"},
                          Case{"http://h:80/a:b/c://d?e", "http", "h:80"},
                          Case{"a+b-c.1://[::1]:1", "a+b-c.1", "[::1]:1"});
  CAPTURE(c.text);
  const std::optional<Address> parsed = ParseAddress(c.text);
  REQUIRE(parsed);
  CHECK(parsed->scheme == c.scheme);
  CHECK(parsed->host_port.ToString() == c.host_port);
}

TEST_CASE("ParseAddress rejects everything else", "[url]") {
  const std::string_view text =
      GENERATE(as<std::string_view>{}, "", "://", "grpc://", "://h:1", "h:1",
               "grpc:h:1", "grpc:/h:1", "1grpc://h:1", "gr_pc://h:1",
               "gr pc://h:1", "grpc://h", "grpc://h:", "grpc://h:0",
               "grpc://h:x", "grpc://:1", "grpc:///h:1", "grpc://u@h:1",
               "grpc://h:1#f", "grpc://::1:80", "http://a:80,grpc://a:90");
  CAPTURE(text);
  CHECK_FALSE(ParseAddress(text));
}

}  // namespace
}  // namespace naming::base

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_URL_H_
#define NAMING_BASE_URL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace naming::base {

// Returns whether `text` is the scheme of a URL, in whatever case (RFC 3986,
// 3.1).
bool IsScheme(std::string_view text);

// Returns `text` with all but RFC 3986's unreserved characters as %XX.
std::string PercentEncode(std::string_view text);

// Appends that to `encoded`, without a string of its own.
void AppendPercentEncoded(std::string& encoded, std::string_view text);

// Undoes percent-encoding; nullopt when a '%' isn't followed by two hex digits.
std::optional<std::string> PercentDecode(std::string_view text);

// Appends "key=value", percent-encoded, to a query or form, after a '&' when it
// isn't empty.
void AppendParameter(std::string& form, std::string_view key,
                     std::string_view value);

// The parameters of a query, in order, decoded ('+' is a blank, as in forms).
using Parameters = std::vector<std::pair<std::string, std::string>>;

// Splits `query` at '&'; nullopt when a part doesn't decode. Empty parts are
// skipped; a part without '=' has an empty value.
std::optional<Parameters> ParseQuery(std::string_view query);

struct HostPort {
  std::string host;  // Without brackets.
  std::uint16_t port = 0;

  // Returns "host:port", an IPv6 host in brackets.
  std::string ToString() const;
};

// Splits "host:port" or "[v6]:port". nullopt: no host, no port, a port that
// isn't in [0, 65535], a character that no host name has, an IPv6 address
// without brackets.
std::optional<HostPort> ParseHostPort(std::string_view text);

// "scheme://host:port" and nothing after the port but perhaps a path or query,
// which are dropped.
struct Address {
  std::string scheme;  // In lower case.
  HostPort host_port;
};

// Returns whether `text` is what ParseAddress() takes.
bool IsAddress(std::string_view text);

// nullopt as for ParseHostPort(), or when the scheme isn't RFC 3986's, or when
// the port is 0.
std::optional<Address> ParseAddress(std::string_view text);

}  // namespace naming::base

#endif  // NAMING_BASE_URL_H_

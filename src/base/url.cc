// SPDX-License-Identifier: Apache-2.0

#include "base/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::base {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsUnreserved(char c) {
  return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

// Letters, digits, '-' and '.' are RFC 1123's; container platforms and hosts
// files bring the '_'. A table, because there is nothing to foresee in a host's
// characters: each branch on one would be guessed wrongly now and then.
constexpr std::array<bool, 256> HostCharacters() {
  std::array<bool, 256> characters = {};
  for (int c = '0'; c <= '9'; ++c) characters[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) characters[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) characters[c] = true;
  for (const int c : {'-', '.', '_'}) characters[c] = true;
  return characters;
}
constexpr std::array<bool, 256> kHostCharacters = HostCharacters();

// Returns 0 to 15, or -1.
int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsHostName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kHostCharacters[static_cast<unsigned char>(c)];
  });
}

// "fe80::1%eth0" names the interface of a link-local address.
bool IsIpv6(std::string_view text) {
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos &&
      !IsHostName(text.substr(percent + 1))) {
    return false;
  }
  const std::string address(text.substr(0, percent));
  if (address.find('\0') != std::string::npos) return false;
  in6_addr parsed;
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  int port = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    port = port * 10 + (c - '0');
  }
  if (port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

struct HostPortView {
  std::string_view host;
  std::uint16_t port = 0;
};

std::optional<HostPortView> SplitHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint16_t> port = ParsePort(text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!IsIpv6(host)) return std::nullopt;
  } else if (!IsHostName(host)) {
    return std::nullopt;
  }
  return HostPortView{host, *port};
}

struct AddressView {
  std::string_view scheme;
  HostPortView host_port;
};

std::optional<AddressView> SplitAddress(std::string_view text) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t end = text.find(kSeparator);
  if (end == std::string_view::npos || !IsScheme(text.substr(0, end))) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(end + kSeparator.size());
  const auto* const host_end = std::find_if(
      rest.begin(), rest.end(), [](char c) { return c == '/' || c == '?'; });
  rest = rest.substr(0, static_cast<std::size_t>(host_end - rest.begin()));
  const std::optional<HostPortView> host_port = SplitHostPort(rest);
  if (!host_port || host_port->port == 0) return std::nullopt;
  return AddressView{text.substr(0, end), *host_port};
}

std::optional<std::string> DecodeFormPart(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return PercentDecode(blanks);
}

}  // namespace

bool IsScheme(std::string_view text) {
  if (text.empty() || !IsLetter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
  });
}

void AppendPercentEncoded(std::string& encoded, std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), IsUnreserved) -
        text.begin());
    encoded.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto byte = static_cast<unsigned char>(text.front());
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 0xF];
    text.remove_prefix(1);
  }
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  AppendPercentEncoded(encoded, text);
  return encoded;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

void AppendParameter(std::string& form, std::string_view key,
                     std::string_view value) {
  if (!form.empty()) form += '&';
  AppendPercentEncoded(form, key);
  form += '=';
  AppendPercentEncoded(form, value);
}

std::optional<Parameters> ParseQuery(std::string_view query) {
  Parameters parameters;
  for (const std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    std::optional<std::string> key = DecodeFormPart(part.substr(0, equals));
    std::optional<std::string> value = DecodeFormPart(
        equals == std::string_view::npos ? std::string_view()
                                         : part.substr(equals + 1));
    if (!key || !value) return std::nullopt;
    parameters.emplace_back(*std::move(key), *std::move(value));
  }
  return parameters;
}

std::string HostPort::ToString() const {
  if (host.find(':') == std::string::npos) {
    return absl::StrFormat("%s:%d", host, port);
  }
  return absl::StrFormat("[%s]:%d", host, port);
}

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const std::optional<HostPortView> parts = SplitHostPort(text);
  if (!parts) return std::nullopt;
  return HostPort{std::string(parts->host), parts->port};
}

bool IsAddress(std::string_view text) { return SplitAddress(text).has_value(); }

std::optional<Address> ParseAddress(std::string_view text) {
  const std::optional<AddressView> parts = SplitAddress(text);
  if (!parts) return std::nullopt;
  return Address{
      ToLower(parts->scheme),
      HostPort{std::string(parts->host_port.host), parts->host_port.port}};
}

}  // namespace naming::base

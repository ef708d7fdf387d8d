// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "base/url.h"
#include "tests/fuzz/property.h"

namespace naming::base {
namespace {

using testing::Require;

void CheckEscapes(std::string_view text) {
  Require(PercentDecode(PercentEncode(text)) == text,
          "decoding undoes encoding");
  const std::optional<std::string> decoded = PercentDecode(text);
  if (!decoded) return;
  Require(decoded->size() <= text.size(), "decoding never adds");
  Require(PercentDecode(PercentEncode(*decoded)) == *decoded,
          "what was decoded can be encoded");
}

void CheckQuery(std::string_view text) {
  const std::optional<Parameters> parameters = ParseQuery(text);
  if (!parameters) return;
  std::string form;
  for (const auto& [key, value] : *parameters) {
    AppendParameter(form, key, value);
  }
  Require(ParseQuery(form) == parameters, "a query can be written again");
}

void CheckAddresses(std::string_view text) {
  if (const std::optional<HostPort> host_port = ParseHostPort(text)) {
    const std::optional<HostPort> again = ParseHostPort(host_port->ToString());
    Require(again && again->host == host_port->host &&
                again->port == host_port->port,
            "a host and port can be written again");
  }
  if (const std::optional<Address> address = ParseAddress(text)) {
    Require(address->scheme == ToLower(address->scheme),
            "a scheme is in lower case");
    Require(address->host_port.port != 0, "an address has a port");
    const std::optional<Address> again =
        ParseAddress(address->scheme + "://" + address->host_port.ToString());
    Require(again && again->scheme == address->scheme &&
                again->host_port.host == address->host_port.host &&
                again->host_port.port == address->host_port.port,
            "an address can be written again");
  }
}

void CheckText(std::string_view text) {
  for (const std::size_t max_bytes :
       {std::size_t{0}, std::size_t{5}, text.size()}) {
    const std::string excerpt = Excerpt(text, max_bytes);
    Require(excerpt.size() <= max_bytes, "an excerpt keeps its limit");
    Require(IsValidUtf8(excerpt), "an excerpt is UTF-8");
  }
  if (const std::optional<std::int64_t> number = ParseInt64(text)) {
    Require(ParseInt64(std::to_string(*number)) == number,
            "a number can be written again");
  }
}

}  // namespace
}  // namespace naming::base

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  naming::base::CheckEscapes(text);
  naming::base::CheckQuery(text);
  naming::base::CheckAddresses(text);
  naming::base::CheckText(text);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// What a client of the xDS server may send: the input is a DiscoveryRequest,
// and another one behind each line "--".

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "naming/endpoint.h"
#include "tests/fuzz/property.h"
#include "xds/protocol.h"
#include "xds/session.h"
#include "xds/wire.h"

namespace naming::xds {
namespace {

using testing::Require;

void CheckIsMessage(std::string_view bytes) {
  MessageReader reader(bytes);
  while (reader.Next()) {
  }
  Require(reader.ok(), "a response is a message");
}

void Run(std::string_view input) {
  constexpr std::string_view kEnd = "\n--\n";
  SessionOptions options;
  options.max_names = 100;
  const auto endpoints = std::make_shared<std::vector<Endpoint>>(1);
  endpoints->front().address = "127.0.0.1:1";
  Session session(options, [&](const std::string& name) {
    return name.size() % 2 == 0 ? endpoints : nullptr;
  });
  while (!input.empty()) {
    const std::size_t end = input.find(kEnd);
    const auto request = DecodeRequest(input.substr(0, end));
    if (request.ok() && !session.OnRequest(*request).ok()) return;
    for (const std::string& name : session.names()) session.OnChange(name);
    for (int i = 0; i < kTypes; ++i) {
      if (const auto response = session.Next()) CheckIsMessage(*response);
    }
    Require(!session.Next(), "a response of each type is enough");
    if (end == std::string_view::npos) return;
    input.remove_prefix(end + kEnd.size());
  }
}

}  // namespace
}  // namespace naming::xds

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  naming::xds::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

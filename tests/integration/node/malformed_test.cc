// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

// Requests that no client of good sense sends.
namespace naming::node {
namespace {

using testing::Eventually;
using testing::RawClient;

constexpr int kRequests = 1000;

constexpr std::array<std::string_view, 6> kRequestTexts = {
    "GET /discovery/polls?env=dev&appid=demo.app&hostname=p&"
    "latest_timestamp=0 HTTP/1.1\r\nHost: node\r\nx1-bmspy-timeout: 1\r\n\r\n",
    "GET http://node/discovery/fetch/all?callback=f%3C HTTP/1.0\r\n\r\n",
    "POST /discovery/register HTTP/1.1\r\nHost: node\r\nContent-Type: "
    "application/x-www-form-urlencoded\r\nContent-Length: 66\r\n\r\n"
    "zone=z&env=dev&appid=demo.app&hostname=h&status=1&addrs=a%3A%2F%2Fb",
    "POST /discovery/set?zone=z&env=dev&appid=demo.app HTTP/1.1\r\nHost: "
    "node\r\nContent-Type: application/json\r\nTransfer-Encoding: "
    "chunked\r\n\r\n12\r\n{\"Hostname\":[\"h\"]}\r\n0\r\n\r\n",
    "CONNECT 127.0.0.1:1 HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nExpect: coffee\r\nContent-Length: 3\r\n\r\nabc"};

// Bits that parsers trip over.
constexpr std::array<std::string_view, 18> kSnippets = {
    "\r\n",
    "\n",
    std::string_view("\0", 1),
    " ",
    ":",
    "%",
    "%0",
    "%00",
    ";",
    "&&==",
    "99999999999999999999",
    "-1",
    "Content-Length: 18446744073709551615\r\n",
    "Transfer-Encoding: chunked\r\n",
    "\xff\xfe",
    "/../..//",
    "Expect: 100-continue\r\n",
    "\r\n\r\n"};

class Mangler {
 public:
  std::string Next() {
    std::string text(kRequestTexts[Below(kRequestTexts.size())]);
    for (std::size_t i = Below(4) + 1; i > 0; --i) Mangle(text);
    return text;
  }

 private:
  std::size_t Below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  void Mangle(std::string& text) {
    const std::size_t at = Below(text.size() + 1);
    switch (Below(5)) {
      case 0:
        text.insert(at, kSnippets[Below(kSnippets.size())]);
        break;
      case 1:
        text.erase(at, Below(20));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(Below(256));
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.insert(at, Below(20'000), 'x');
        break;
    }
  }

  std::mt19937 random_{20'240'817};
};

TEST_CASE("Malformed requests leave a node serving", "[node]") {
  const auto node = DiscoveryNode::Start({});
  REQUIRE(node.ok());
  const std::string address = (*node)->address();
  RawClient witness(address);
  Mangler mangler;
  for (int i = 0; i < kRequests; ++i) {
    const std::string text = mangler.Next();
    CAPTURE(i, text);
    {
      RawClient client(address);
      client.Send(text);
      if (i % 3 == 0) client.Reset();
    }
    if (i % 50 != 49) continue;
    REQUIRE(witness.Get("/discovery/nodes"));
    const auto answer = witness.ReadAnswer();
    REQUIRE(answer);
    CHECK(answer->body.find("{\"code\":0,") == 0);
  }
  // And none of them is held for ever.
  (*node)->AdvanceClock(std::chrono::seconds(31));
  CHECK(Eventually([&] {
    for (const ReceivedRequest& request : (*node)->requests()) {
      if (request.outcome == RequestOutcome::kPending) return false;
    }
    return true;
  }));
}

}  // namespace
}  // namespace naming::node

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_ETCD_FIXTURE_H_
#define NAMING_TESTS_UNIT_ETCD_FIXTURE_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/logger.h"
#include "core/nodes.h"
#include "etcd/requester.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_loop.h"

namespace naming::etcd {

using Pending = testing::FakeHttpClient::Pending;

inline constexpr char kRange[] = "/v3/kv/range";
inline constexpr char kTxn[] = "/v3/kv/txn";
inline constexpr char kKeepAlive[] = "/v3/lease/keepalive";

// What the workers of a Client stand on, with everything outside faked.
struct Fixture {
  explicit Fixture(const std::string& user = "",
                   std::vector<std::string> seeds = {"http://a:1"})
      : nodes(loop.clock(), std::make_shared<core::Logger>(LogSink()),
              {"etcd", std::move(seeds)}),
        requester(loop, http, nodes, {"naming/test", user, "secret"}) {}

  testing::FakeLoop loop;
  testing::FakeHttpClient http;
  core::Nodes nodes;
  Requester requester;
};

// An answer of a store at revision 10.
inline std::string AnswerJson(const std::string& rest = "") {
  return absl::StrFormat(R"({"header":{"revision":"10"}%s})", rest);
}

inline std::string ErrorJson(const std::string& message, int code) {
  return absl::StrFormat(R"({"error":"%s","message":"%s","code":%d})", message,
                         message, code);
}

}  // namespace naming::etcd

#endif  // NAMING_TESTS_UNIT_ETCD_FIXTURE_H_

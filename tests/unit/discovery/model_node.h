// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_DISCOVERY_MODEL_NODE_H_
#define NAMING_TESTS_UNIT_DISCOVERY_MODEL_NODE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status_mark.h"
#include "base/text.h"
#include "tests/support/fake_http_client.h"
#include "tests/unit/discovery/fixture.h"

namespace naming::discovery {

// The registry behind a FakeHttpClient: what discovery nodes with one store do
// with register, renew and cancel. By hostname alone.
class ModelNodes final {
 public:
  struct Record {
    std::string addr;
    std::int64_t dirty_timestamp = 0;
  };

  // Answers what waits. Requests to nodes in `dead` are refused; those to nodes
  // in `hung` wait for Resume(), and fail at their time-out, which the test
  // calls by TimeOut().
  void Serve(testing::FakeHttpClient& http) {
    const std::vector<testing::FakeHttpClient::Pending> pending =
        http.pending();
    for (const auto& request : pending) {
      if (last_seen_ < request.id) {
        last_seen_ = request.id;
        ++attempts[request.node];
      }
      if (dead.count(request.node) != 0) {
        http.Fail(request,
                  base::kUnsent.PutOn(absl::UnavailableError("refused")));
      } else if (hung.count(request.node) != 0) {
        const bool is_known =
            std::any_of(received_.begin(), received_.end(),
                        [&](const auto& one) { return one.id == request.id; });
        if (!is_known) received_.push_back(request);
      } else {
        http.Answer(request, Execute(request));
      }
    }
  }

  // What hung requests end with at their clients, who gave up.
  void TimeOut(testing::FakeHttpClient& http) {
    const std::vector<testing::FakeHttpClient::Pending> pending =
        http.pending();
    for (const auto& request : pending) {
      if (hung.count(request.node) == 0) continue;
      http.Fail(request, absl::DeadlineExceededError("timed out"));
    }
  }

  // As TimeOut(), for those that have waited for as long as they may. To be
  // called often.
  void TimeOutDue(testing::FakeHttpClient& http, base::Clock::TimePoint now) {
    const std::vector<testing::FakeHttpClient::Pending> pending =
        http.pending();
    for (const auto& request : pending) {
      const auto began = began_.emplace(request.id, now).first->second;
      if (now - began < request.request.timeout) continue;
      http.Fail(request, absl::DeadlineExceededError("timed out"));
    }
  }

  // The hung nodes go on, and execute what they were sent, in its order,
  // although nobody waits for their answers any more.
  void Resume() {
    hung.clear();
    for (const auto& request : received_) Execute(request);
    received_.clear();
  }

  bool Serves(const std::string& node) const {
    return dead.count(node) == 0 && hung.count(node) == 0;
  }

  std::map<std::string, Record> records;
  std::set<std::string> dead;
  std::set<std::string> hung;
  std::map<std::string, std::size_t> attempts;  // By node.

 private:
  using Pending = testing::FakeHttpClient::Pending;

  std::string Execute(const Pending& request) {
    if (request.path == "/discovery/nodes") return CodeJson(0);
    const std::string hostname = request.Values("hostname").at(0);
    if (request.path == "/discovery/register") return Register(request);
    const auto it = records.find(hostname);
    if (it == records.end()) return CodeJson(-404);
    if (request.path == "/discovery/cancel") {
      records.erase(it);
      return CodeJson(0);
    }
    return absl::StrFormat(
        R"({"code":0,"message":"0","ttl":1,"data":{"addrs":["%s"],)"
        R"("version":"v1","metadata":{"weight":"20"},"status":1,)"
        R"("dirty_timestamp":%d}})",
        it->second.addr, it->second.dirty_timestamp);
  }

  // What is older than the stored data is ignored, with code 0 (C-09).
  std::string Register(const Pending& request) {
    Record& record = records[request.Values("hostname").at(0)];
    const std::int64_t dirty_timestamp =
        base::ParseInt64(request.Values("dirty_timestamp").at(0)).value();
    if (dirty_timestamp >= record.dirty_timestamp) {
      record = {request.Values("addrs").at(0), dirty_timestamp};
    }
    return CodeJson(0);
  }

  std::vector<Pending> received_;
  testing::FakeHttpClient::RequestId last_seen_ = 0;
  std::map<testing::FakeHttpClient::RequestId, base::Clock::TimePoint> began_;
};

}  // namespace naming::discovery

#endif  // NAMING_TESTS_UNIT_DISCOVERY_MODEL_NODE_H_

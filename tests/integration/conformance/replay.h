// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_CONFORMANCE_REPLAY_H_
#define NAMING_TESTS_INTEGRATION_CONFORMANCE_REPLAY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "naming/node/discovery_node.h"
#include "tests/integration/conformance/transcript.h"
#include "tests/integration/node/http.h"

namespace naming::testing {

// Sends the requests of the transcript to a node, in their order, with the
// requests between them that the transcript doesn't show (its tool registers
// what is polled for, and makes the changes that polls wait for). Held polls
// are sent side by side as they were; their time passes on the node's clock.
class Replay final {
 public:
  // `is_meant`: returns whether the node is meant to answer otherwise than the
  // transcript, and perhaps at another time.
  Replay(node::DiscoveryNode& node, const std::vector<TranscriptCase>& cases,
         std::function<bool(const TranscriptCase&)> is_meant);

  // Sends all; done once.
  void Run();

  // Returns the answer to each case, "" where the client went away.
  const std::vector<std::string>& answers() const { return answers_; }

  // Returns what was answered at the wrong time.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  using RealClock = std::chrono::steady_clock;

  struct Held {
    std::size_t index;
    std::unique_ptr<TcpConnection> connection;
    RealClock::time_point sent_at;
    std::chrono::milliseconds advanced;  // When it was sent.
  };

  void Prepare(int section);
  void Hold(std::size_t index, std::string_view request);
  void Change();
  void CollectPushed();
  void CollectExpired();
  void CheckNoneIsEarly();

  // Posts a form, which must be answered 0.
  void Post(const std::string& target, const std::string& form);

  // Returns when the node has read all that was sent before.
  void Sync();

  // Returns the case's request with our node's revisions in place of the real
  // server's.
  std::string Translate(const std::string& request);
  std::string Translate(const std::string& app_id, const std::string& revision);
  std::int64_t Revision(const std::string& app_id);

  // Notes which of our revisions stand for the real server's.
  void Learn(const std::string& expected, const std::string& actual);

  // Returns how long after it was sent a held request is to be answered.
  std::chrono::milliseconds Due(const Held& held) const;

  // Returns how old a held request is on the node's clock, or a little more.
  std::chrono::milliseconds MaxAge(const Held& held) const;
  void Advance(std::chrono::milliseconds by);

  node::DiscoveryNode& node_;
  const std::vector<TranscriptCase>& cases_;
  const std::function<bool(const TranscriptCase&)> is_meant_;
  TcpConnection connection_;
  std::chrono::milliseconds advanced_{0};
  std::map<std::int64_t, std::int64_t> revisions_;  // Real → ours.
  std::vector<Held> held_;
  std::vector<std::string> answers_;
  std::vector<std::string> complaints_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_INTEGRATION_CONFORMANCE_REPLAY_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_PEERS_H_
#define NAMING_NODE_PEERS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/backoff.h"
#include "base/loop.h"
#include "naming/log.h"
#include "net/http_client.h"
#include "node/answers.h"
#include "node/peer_list.h"
#include "node/peer_protocol.h"

namespace naming::node {

// The other nodes, which of them answer, and the talk with them.
//
// A peer whose last exchange failed is lost: no write waits for it any more. It
// is asked for fetch/all again and again, rarely, until it answers. One that
// refuses a write isn't lost.
//
// Used on the loop's thread only, or before that loop runs and after it ended.
class Peers final {
 public:
  using Done = std::function<void(const absl::StatusOr<PeerAnswer>&)>;

  // Called with what a peer of any zone answers to fetch/all: after Follow()
  // names one of the own zone for the first time, and when it answers again.
  using OnAll = std::function<void(const std::string& address,
                                   std::vector<StoredInstance> instances)>;

  // `loop` and `http` outlive the Peers. `seed` makes its random choices.
  Peers(base::Loop& loop, net::HttpClient& http, std::string own_zone,
        std::uint32_t seed, LogSink log_sink, OnAll on_all);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  // Makes `list` the peers. Those that were and stay keep what is known of
  // them, and those that are lost are tried at once.
  void Follow(const PeerList& list);

  // Asks for fetch/all: one peer, or all of other zones.
  void Ask(const std::string& address);
  void AskOtherZones();

  // By quirk, writes go to lost peers too.
  void TellLost() { tells_lost_ = true; }

  // Returns the peers of the own zone that are told of writes.
  std::vector<std::string> OwnZone() const;

  // Returns, for each other zone, the peers that are told, in random order.
  std::vector<std::vector<std::string>> OtherZones();

  // Sends a write; `done` gets the answer, or why there is none:
  // kFailedPrecondition says that the peer refuses it.
  void Post(const std::string& address, std::string_view path, std::string form,
            std::chrono::milliseconds timeout, Done done);

  // Returns all peers of the own zone, for /nodes.
  std::vector<NodeEntry> Entries() const;

  bool IsOwnZone(const std::string& address) const;
  bool IsLost(const std::string& address) const;

 private:
  struct Peer {
    std::string zone;
    bool is_lost = false;
    bool is_asked = false;  // A fetch/all is under way.
    base::Loop::TimerId timer = 0;
    std::unique_ptr<base::Backoff> backoff;
  };

  bool IsTold(const Peer& peer) const { return tells_lost_ || !peer.is_lost; }
  void Send(net::HttpRequest request, const std::string& address, Done done);
  void OnAnswer(const std::string& address, const absl::Status& status);
  void OnAllAnswer(const std::string& address,
                   absl::StatusOr<PeerAnswer> answer);
  void TryLater(const std::string& address, Peer& peer);
  void Log(LogLevel level, std::string message);

  base::Loop& loop_;
  net::HttpClient& http_;
  const std::string own_zone_;
  const LogSink log_sink_;
  const OnAll on_all_;
  std::minstd_rand random_;
  bool tells_lost_ = false;
  std::map<std::string, Peer> peers_;  // By address.
  std::set<net::HttpClient::RequestId> under_way_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_PEERS_H_

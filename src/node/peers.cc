// SPDX-License-Identifier: Apache-2.0

#include "node/peers.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a lost peer is left alone: at most a fraction of the interval of
// renewals, so that it is up to date again within one.
constexpr milliseconds kFirstPause{500};
constexpr milliseconds kMaxPause{5000};

// What a large write gets on top of its time, so that a slow peer isn't lost
// each time that it is told.
constexpr seconds kTimePerMiB{1};

// A node may hold many instances, and nobody waits for them.
constexpr seconds kAskTimeout{5};

}  // namespace

Peers::Peers(base::Loop& loop, net::HttpClient& http, std::string own_zone,
             std::uint32_t seed, LogSink log_sink, OnAll on_all)
    : loop_(loop),
      http_(http),
      own_zone_(std::move(own_zone)),
      log_sink_(std::move(log_sink)),
      on_all_(std::move(on_all)),
      random_(base::SeededRandom(seed)) {}

Peers::~Peers() {
  for (const auto& [address, peer] : peers_) loop_.CancelTimer(peer.timer);
  for (const net::HttpClient::RequestId id : under_way_) http_.Abort(id);
}

void Peers::Follow(const PeerList& list) {
  for (auto it = peers_.begin(); it != peers_.end();) {
    const auto listed = list.find(it->first);
    if (listed != list.end() && listed->second == it->second.zone) {
      ++it;
      continue;
    }
    loop_.CancelTimer(it->second.timer);
    it = peers_.erase(it);
  }
  for (const auto& [address, zone] : list) {
    Peer& peer = peers_[address];
    const bool is_new = peer.backoff == nullptr;
    if (is_new) {
      peer.zone = zone;
      peer.backoff =
          std::make_unique<base::Backoff>(kFirstPause, kMaxPause, random_());
    }
    if (peer.is_lost || (is_new && zone == own_zone_)) Ask(address);
  }
}

void Peers::Ask(const std::string& address) {
  const auto it = peers_.find(address);
  if (it == peers_.end() || it->second.is_asked) return;
  it->second.is_asked = true;
  loop_.CancelTimer(std::exchange(it->second.timer, 0));
  net::HttpRequest request;
  request.url = absl::StrFormat("http://%s/discovery/fetch/all", address);
  request.timeout = kAskTimeout;
  Send(std::move(request), address,
       [this, address](const absl::StatusOr<PeerAnswer>& answer) {
         OnAllAnswer(address, answer);
       });
}

void Peers::AskOtherZones() {
  for (const auto& [address, peer] : peers_) {
    if (peer.zone != own_zone_) Ask(address);
  }
}

std::vector<std::string> Peers::OwnZone() const {
  std::vector<std::string> addresses;
  for (const auto& [address, peer] : peers_) {
    if (peer.zone == own_zone_ && IsTold(peer)) addresses.push_back(address);
  }
  return addresses;
}

std::vector<std::vector<std::string>> Peers::OtherZones() {
  std::map<std::string_view, std::vector<std::string>> told;
  for (const auto& [address, peer] : peers_) {
    if (peer.zone != own_zone_ && IsTold(peer)) {
      told[peer.zone].push_back(address);
    }
  }
  std::vector<std::vector<std::string>> zones;
  for (auto& [zone, addresses] : told) {
    std::shuffle(addresses.begin(), addresses.end(), random_);
    zones.push_back(std::move(addresses));
  }
  return zones;
}

void Peers::Post(const std::string& address, std::string_view path,
                 std::string form, milliseconds timeout, Done done) {
  net::HttpRequest request;
  request.method = net::HttpRequest::Method::kPost;
  request.url = absl::StrFormat("http://%s%s", address, path);
  request.headers.emplace_back("Content-Type",
                               "application/x-www-form-urlencoded");
  // A peer that waits for others itself must not look lost because they are.
  request.headers.emplace_back("x1-bmspy-timeout",
                               absl::StrFormat("%d", timeout.count() * 3 / 4));
  request.body = std::move(form);
  request.timeout =
      timeout + kTimePerMiB * static_cast<int>(request.body.size() >> 20);
  Send(std::move(request), address, std::move(done));
}

void Peers::Send(net::HttpRequest request, const std::string& address,
                 Done done) {
  const bool is_write = request.method == net::HttpRequest::Method::kPost;
  const auto id = std::make_shared<net::HttpClient::RequestId>(0);
  *id = http_.Send(
      std::move(request), [this, id, address, is_write, done = std::move(done)](
                              const absl::StatusOr<net::HttpResponse>& answer) {
        under_way_.erase(*id);
        const absl::StatusOr<PeerAnswer> decoded = DecodePeerAnswer(answer);
        const bool is_refused =
            is_write && absl::IsFailedPrecondition(decoded.status());
        OnAnswer(address, is_refused ? absl::OkStatus() : decoded.status());
        done(decoded);
      });
  under_way_.insert(*id);
}

void Peers::OnAnswer(const std::string& address, const absl::Status& status) {
  const auto it = peers_.find(address);
  if (it == peers_.end()) return;
  Peer& peer = it->second;
  if (status.ok() != peer.is_lost) return;
  if (!status.ok()) {
    peer.is_lost = true;
    Log(LogLevel::kWarning, absl::StrFormat("node: peer %s: lost: %s", address,
                                            std::string(status.message())));
    if (!peer.is_asked) TryLater(address, peer);
    return;
  }
  peer.is_lost = false;
  peer.backoff->Reset();
  Log(LogLevel::kInfo,
      absl::StrFormat("node: peer %s: answers again", address));
  Ask(address);
}

void Peers::OnAllAnswer(const std::string& address,
                        absl::StatusOr<PeerAnswer> answer) {
  const auto it = peers_.find(address);
  if (it == peers_.end()) return;
  it->second.is_asked = false;
  if (it->second.is_lost) {
    TryLater(address, it->second);
  } else if (answer.ok() && answer->code == kCodeOk) {
    on_all_(address, std::move(answer->all));
  }
}

void Peers::TryLater(const std::string& address, Peer& peer) {
  loop_.CancelTimer(peer.timer);
  peer.timer = loop_.RunAfter(peer.backoff->Next(), [this, address] {
    const auto it = peers_.find(address);
    if (it == peers_.end()) return;
    it->second.timer = 0;
    Ask(address);
  });
}

std::vector<NodeEntry> Peers::Entries() const {
  std::vector<NodeEntry> entries;
  for (const auto& [address, peer] : peers_) {
    if (peer.zone != own_zone_) continue;
    entries.push_back({address, peer.is_lost ? 1 : 0, peer.zone});
  }
  return entries;
}

bool Peers::IsOwnZone(const std::string& address) const {
  const auto it = peers_.find(address);
  return it != peers_.end() && it->second.zone == own_zone_;
}

bool Peers::IsLost(const std::string& address) const {
  const auto it = peers_.find(address);
  return it == peers_.end() || it->second.is_lost;
}

void Peers::Log(LogLevel level, std::string message) {
  if (log_sink_) log_sink_({level, std::move(message)});
}

}  // namespace naming::node

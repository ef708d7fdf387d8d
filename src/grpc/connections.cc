// SPDX-License-Identifier: Apache-2.0

#include "grpc/connections.h"

#include <algorithm>
#include <utility>

#include "grpc/dialer.h"
#include "grpc/state_follower.h"

namespace naming::rpc {
namespace {

// An Instance that knows how it is reached. Balancers hand it on, with the
// Endpoint that it stands in, to whoever chose it.
struct Dialled final : Instance {
  Dialled(const Instance& instance, std::shared_ptr<Connection> made)
      : Instance(instance), connection(std::move(made)) {}

  const std::shared_ptr<Connection> connection;
};

// What the Balancer chose last on this thread. The Endpoint, which is only
// compared by where it is, tells whether that is the choice in hand: a Balanced
// may put an ejected Endpoint's probe in its place, and drop it.
thread_local Connection* chosen = nullptr;
thread_local const Endpoint* chosen_endpoint = nullptr;

constexpr int kWorst = 4;

// How soon one is called that is in `state`: the least comes first.
int RankOf(grpc_connectivity_state state, bool is_ejected) {
  switch (state) {
    case GRPC_CHANNEL_READY:
      return is_ejected ? 1 : 0;
    case GRPC_CHANNEL_IDLE:
    case GRPC_CHANNEL_CONNECTING:
      return is_ejected ? 3 : 2;
    default:
      return kWorst;
  }
}

// Returns the state of all together, whose best rank is `rank`.
grpc_connectivity_state StateOf(int rank) {
  if (rank <= 1) return GRPC_CHANNEL_READY;
  return rank <= 3 ? GRPC_CHANNEL_CONNECTING : GRPC_CHANNEL_TRANSIENT_FAILURE;
}

}  // namespace

// What the Balanced owns.
class Connections::WrappedBalancer final : public Balancer {
 public:
  explicit WrappedBalancer(std::shared_ptr<Connections> connections)
      : connections_(std::move(connections)) {}

  void UpdateCandidates(std::vector<Candidate> candidates) override {
    connections_->SetCandidates(std::move(candidates));
  }

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override {
    return connections_->Choose(options);
  }

  // The Balanced is a GrpcChannel's, which never peeks.
  PickRef::Source DoPeek(const PickOptions* /*options*/) override {
    return PickRef::Source{nullptr, 0};
  }

 private:
  const std::shared_ptr<Connections> connections_;
};

Connections::Connections(Dial dial, std::shared_ptr<Methods> methods)
    : dial_(std::move(dial)), methods_(std::move(methods)) {}

Connections::~Connections() {
  for (const Waiter& waiter : waiters_) waiter.channel->GetState(true);
}

std::unique_ptr<Balancer> Connections::Wrap(
    std::unique_ptr<Balancer> balancer) {
  balancer_ = std::move(balancer);
  return std::make_unique<WrappedBalancer>(shared_from_this());
}

Connection* Connections::ChosenFor(const Pick& pick) {
  return chosen_endpoint == &pick.endpoint() ? chosen : nullptr;
}

absl::StatusOr<Pick> Connections::Choose(const PickOptions* options) {
  absl::StatusOr<Pick> pick =
      options == nullptr ? balancer_->Choose() : balancer_->Choose(*options);
  if (pick.ok()) {
    chosen_endpoint = &pick->endpoint();
    chosen = static_cast<const Dialled&>(*pick->endpoint().instance)
                 .connection.get();
  }
  return pick;
}

std::shared_ptr<Connection> Connections::Find(
    const std::string& address) const {
  base::MutexLock lock(mutex_);
  const auto it = by_address_.find(address);
  return it == by_address_.end() ? nullptr : it->second;
}

// One call at a time: only here the list changes.
void Connections::SetCandidates(std::vector<Candidate> candidates) {
  ByAddress by_address = ConnectionsFor(candidates);
  {
    base::MutexLock lock(updating_);
    SetEntries(std::move(candidates), by_address);
    {
      base::MutexLock state_lock(mutex_);
      by_address_.swap(by_address);
      for (const auto& [address, connection] : by_address_) {
        by_address.erase(address);
      }
    }
    Publish(true);
  }
  std::vector<std::shared_ptr<Connection>> dropped;
  for (auto& [address, connection] : by_address) {
    dropped.push_back(std::move(connection));
  }
  StateFollower::Get().Release(std::move(dropped));
}

// Without the lock: to dial calls functions of the user.
Connections::ByAddress Connections::ConnectionsFor(
    const std::vector<Candidate>& candidates) {
  ByAddress by_address;
  for (const Candidate& candidate : candidates) {
    const std::string& address = candidate.endpoint.address;
    std::shared_ptr<Connection>& connection = by_address[address];
    if (connection == nullptr) connection = Find(address);
    if (connection != nullptr) continue;
    connection = std::make_shared<Connection>(address, dial_(address), methods_,
                                              weak_from_this());
    StateFollower::Get().Follow(connection);
  }
  return by_address;
}

void Connections::SetEntries(std::vector<Candidate> candidates,
                             const ByAddress& by_address) {
  std::map<std::pair<std::string_view, std::string_view>, const Entry*> known;
  for (const Entry& entry : entries_) {
    const Endpoint& endpoint = entry.candidate.endpoint;
    known.emplace(std::pair(std::string_view(endpoint.address),
                            std::string_view(endpoint.instance->hostname)),
                  &entry);
  }
  std::vector<Entry> entries;
  entries.reserve(candidates.size());
  for (Candidate& candidate : candidates) {
    Entry& entry = entries.emplace_back();
    entry.candidate = std::move(candidate);
    entry.is_ejected = entry.candidate.is_ejected;
    Endpoint& endpoint = entry.candidate.endpoint;
    entry.connection = by_address.find(endpoint.address)->second;
    entry.instance = endpoint.instance;
    const auto it = known.find({endpoint.address, endpoint.instance->hostname});
    if (it != known.end() && *it->second->instance == *entry.instance) {
      endpoint.instance = it->second->candidate.endpoint.instance;
      continue;
    }
    // Who registers anew has most likely been started anew.
    entry.connection->ResetBackoff();
    endpoint.instance =
        std::make_shared<const Dialled>(*entry.instance, entry.connection);
  }
  entries_.swap(entries);
  has_list_ = true;
}

void Connections::OnStateChange() {
  base::MutexLock lock(updating_);
  // The first Connections are dialled before their list is in force.
  if (has_list_) Publish(false);
}

bool Connections::LeaveOut() {
  std::map<std::string_view, int> best;
  std::vector<int> ranks;
  for (Entry& entry : entries_) {
    entry.state = entry.connection->state();
    const int rank = RankOf(entry.state, entry.is_ejected);
    ranks.push_back(rank);
    const auto [it, is_new] =
        best.emplace(entry.candidate.endpoint.color, rank);
    it->second = std::min(it->second, rank);
  }
  bool has_changed = false;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    const bool is_left_out = ranks[i] > best[entry.candidate.endpoint.color];
    has_changed = has_changed || entry.is_left_out != is_left_out;
    entry.is_left_out = is_left_out;
  }
  return has_changed;
}

void Connections::Publish(bool has_new_list) {
  if (LeaveOut() || has_new_list) {
    std::vector<Candidate> candidates;
    candidates.reserve(entries_.size());
    for (const Entry& entry : entries_) {
      candidates.push_back(entry.candidate);
      candidates.back().is_ejected = entry.is_left_out;
    }
    balancer_->UpdateCandidates(std::move(candidates));
  }
  int best = kWorst;
  for (const Entry& entry : entries_) {
    best = std::min(best, RankOf(entry.state, false));
  }
  SetState(StateOf(best));
}

void Connections::SetState(grpc_connectivity_state state) {
  std::vector<Waiter> woken;
  {
    base::MutexLock lock(mutex_);
    state_ = state;
    changed_.NotifyAll();
    const auto end = std::partition(
        waiters_.begin(), waiters_.end(),
        [state](const Waiter& waiter) { return waiter.seen == state; });
    woken.assign(std::make_move_iterator(end),
                 std::make_move_iterator(waiters_.end()));
    waiters_.erase(end, waiters_.end());
  }
  for (const Waiter& waiter : woken) waiter.channel->GetState(true);
}

grpc_connectivity_state Connections::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

std::vector<GrpcPeer> Connections::peers() const {
  std::vector<GrpcPeer> peers;
  base::MutexLock lock(updating_);
  peers.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    GrpcPeer& peer = peers.emplace_back();
    peer.endpoint = entry.candidate.endpoint;
    // A Dialled would keep the connection open as long as the peer is kept.
    peer.endpoint.instance = entry.instance;
    peer.state = entry.state;
    peer.is_chosen_from = !entry.is_left_out;
  }
  return peers;
}

bool Connections::WaitUntilIs(
    grpc_connectivity_state state,
    std::chrono::steady_clock::time_point deadline) const {
  base::MutexLock lock(mutex_);
  bool in_time = true;
  while (state_ != state && in_time) {
    in_time = changed_.WaitUntil(mutex_, deadline);
  }
  return state_ == state;
}

bool Connections::WaitUntilIsNot(
    grpc_connectivity_state state,
    std::chrono::steady_clock::time_point deadline) const {
  base::MutexLock lock(mutex_);
  bool in_time = true;
  while (state_ == state && in_time) {
    in_time = changed_.WaitUntil(mutex_, deadline);
  }
  return state_ != state;
}

void Connections::Notify(grpc_connectivity_state seen, gpr_timespec deadline,
                         grpc::CompletionQueue* queue, void* tag) {
  Waiter waiter{DialNobody(), seen, deadline};
  waiter.channel->NotifyOnStateChange(GRPC_CHANNEL_IDLE, deadline, queue, tag);
  const gpr_timespec now = gpr_now(deadline.clock_type);
  {
    base::MutexLock lock(mutex_);
    waiters_.erase(
        std::remove_if(waiters_.begin(), waiters_.end(),
                       [now](const Waiter& other) {
                         return other.deadline.clock_type == now.clock_type &&
                                gpr_time_cmp(other.deadline, now) < 0;
                       }),
        waiters_.end());
    if (state_ == seen) {
      waiters_.push_back(std::move(waiter));
      return;
    }
  }
  waiter.channel->GetState(true);
}

}  // namespace naming::rpc

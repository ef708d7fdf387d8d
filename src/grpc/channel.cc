// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "grpc/channel_rep.h"
#include "grpc/dialer.h"
#include "naming/balancer/p2c.h"

namespace naming {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How many probes in a row are not wasted a call on.
constexpr int kMaxChoices = 4;

rpc::Connections::Dial DialerFor(const GrpcOptions& options) {
  return [options](const std::string& address) {
    return rpc::Dial(options, address);
  };
}

}  // namespace

GrpcChannel::Rep::Rep(const GrpcOptions& options)
    : default_timeout(options.default_timeout),
      block_until_ready(options.block_until_ready),
      connections(
          std::make_shared<rpc::Connections>(DialerFor(options), methods)) {}

BalancedOptions GrpcChannel::Rep::WrappedOptions(
    BalancedOptions options) const {
  if (options.filter.addr_scheme.empty()) options.filter.addr_scheme = "grpc";
  options.make_balancer = [connections = connections,
                           make = std::move(options.make_balancer),
                           color = options.color]() {
    std::unique_ptr<Balancer> made;
    if (make) {
      made = make();
    } else {
      balancer::P2cOptions p2c;
      p2c.color = color;
      made = std::make_unique<balancer::P2c>(std::move(p2c));
    }
    return made == nullptr ? nullptr : connections->Wrap(std::move(made));
  };
  return options;
}

absl::StatusOr<GrpcChannel::Rep::Choice> GrpcChannel::Rep::Choose(
    const PickOptions* options) {
  for (int i = 1;; ++i) {
    absl::StatusOr<naming::Pick> pick =
        options == nullptr ? balanced->Pick() : balanced->Pick(*options);
    if (!pick.ok()) return pick.status();
    rpc::Connection* const chosen = rpc::Connections::ChosenFor(*pick);
    if (chosen != nullptr) return Choice{*std::move(pick), chosen, nullptr};
    // The one call that an ejected Endpoint gets to show that it is well.
    std::shared_ptr<rpc::Connection> probed =
        connections->Find(pick->endpoint().address);
    const bool is_worth_a_call =
        probed != nullptr && probed->state() == GRPC_CHANNEL_READY;
    if (is_worth_a_call || (probed != nullptr && i == kMaxChoices)) {
      rpc::Connection* const connection = probed.get();
      return Choice{*std::move(pick), connection, std::move(probed)};
    }
    if (i == kMaxChoices) {
      return absl::UnavailableError("naming: the endpoints are changing");
    }
    Outcome outcome;
    outcome.result = Outcome::Result::kFailure;
    pick->Done(outcome);
  }
}

absl::StatusOr<std::shared_ptr<GrpcChannel>> GrpcChannel::Create(
    const Builders& builders, std::string_view target, GrpcOptions options) {
  absl::Status status = Validate(options);
  if (!status.ok()) return status;
  auto rep = std::make_unique<Rep>(options);
  auto balanced = Balanced::Create(
      builders, target, rep->WrappedOptions(std::move(options.balanced)));
  return Finish(std::move(rep), std::move(balanced));
}

absl::StatusOr<std::shared_ptr<GrpcChannel>> GrpcChannel::Create(
    Builder& builder, std::string_view target, GrpcOptions options) {
  absl::Status status = Validate(options);
  if (!status.ok()) return status;
  auto rep = std::make_unique<Rep>(options);
  auto balanced = Balanced::Create(
      builder, target, rep->WrappedOptions(std::move(options.balanced)));
  return Finish(std::move(rep), std::move(balanced));
}

absl::StatusOr<std::shared_ptr<GrpcChannel>> GrpcChannel::Finish(
    std::unique_ptr<Rep> rep,
    absl::StatusOr<std::unique_ptr<Balanced>> balanced) {
  if (!balanced.ok()) return balanced.status();
  rep->balanced = *std::move(balanced);
  return std::shared_ptr<GrpcChannel>(new GrpcChannel(std::move(rep)));
}

GrpcChannel::GrpcChannel(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

GrpcChannel::~GrpcChannel() = default;

absl::Status GrpcChannel::WaitReady(milliseconds timeout) {
  timeout =
      std::clamp<milliseconds>(timeout, milliseconds(0), rpc::kLongestWait);
  const auto deadline = steady_clock::now() + timeout;
  absl::Status status = rep_->balanced->WaitReady(timeout);
  if (!status.ok()) return status;
  if (rep_->connections->WaitUntilIs(GRPC_CHANNEL_READY, deadline)) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrFormat(
      "grpc: wait for a connection: none of %d endpoints within %dms",
      rep_->balanced->stats().endpoints, timeout.count()));
}

absl::StatusOr<GrpcPick> GrpcChannel::Pick() { return Pick(PickOptions()); }

absl::StatusOr<GrpcPick> GrpcChannel::Pick(const PickOptions& options) {
  absl::StatusOr<Rep::Choice> choice = rep_->Choose(&options);
  if (!choice.ok()) return choice.status();
  return GrpcPick(std::move(choice->pick), choice->connection->channel());
}

std::vector<GrpcPeer> GrpcChannel::peers() const {
  return rep_->connections->peers();
}

BalancedStats GrpcChannel::stats() const { return rep_->balanced->stats(); }

grpc_connectivity_state GrpcChannel::GetState(bool /*try_to_connect*/) {
  return rep_->connections->state();
}

}  // namespace naming

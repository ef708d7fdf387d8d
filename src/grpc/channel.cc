// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/channel.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "grpc/access.h"
#include "grpc/channel_rep.h"
#include "grpc/dialer.h"
#include "grpc/outcome.h"
#include "naming/balancer/p2c.h"

namespace naming {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// To which a wait without a limit is bounded: it can be added to any time.
constexpr std::chrono::hours kYear{24 * 365};

// How many probes in a row are not wasted a call on.
constexpr int kMaxChoices = 4;

thread_local GrpcCallScope* current_scope = nullptr;

// Lent to calls that ask for a queue before it is known where they go. It lives
// as long as the process: a call may outlive its GrpcChannel.
grpc::Channel& Anchor() {
  static const auto& anchor =
      *new std::shared_ptr<grpc::Channel>(rpc::DialNobody());
  return *anchor;
}

steady_clock::time_point ToSteady(
    std::chrono::system_clock::time_point deadline) {
  const auto now = std::chrono::system_clock::now();
  if (deadline >= now + kYear) return steady_clock::now() + kYear;
  return steady_clock::now() +
         std::chrono::duration_cast<steady_clock::duration>(deadline - now);
}

steady_clock::time_point ToSteady(gpr_timespec deadline) {
  return ToSteady(grpc::Timespec2Timepoint(deadline));
}

bool HasDeadline(const grpc::ClientContext& context) {
  return gpr_time_cmp(context.raw_deadline(),
                      gpr_inf_future(GPR_CLOCK_REALTIME)) != 0;
}

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

std::shared_ptr<grpc::Channel> GrpcChannel::Rep::LameChannel(
    const absl::Status& status) {
  base::MutexLock lock(mutex);
  if (lame_channel == nullptr || lame_status != status) {
    lame_channel = rpc::DialLame(status);
    lame_status = status;
  }
  return lame_channel;
}

void GrpcChannel::Rep::WaitIfWanted(const grpc::ClientContext& context) const {
  if (!block_until_ready || !rpc::Access::IsWaitForReady(context)) return;
  connections->WaitUntilIs(GRPC_CHANNEL_READY, ToSteady(context.deadline()));
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
  timeout = std::clamp<milliseconds>(timeout, milliseconds(0), kYear);
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

grpc::internal::Call GrpcChannel::CreateCall(
    const grpc::internal::RpcMethod& method, grpc::ClientContext* context,
    grpc::CompletionQueue* queue) {
  if (rep_->default_timeout.count() > 0 && !HasDeadline(*context) &&
      method.method_type() == grpc::internal::RpcMethod::NORMAL_RPC) {
    context->set_deadline(std::chrono::system_clock::now() +
                          rep_->default_timeout);
  }
  rep_->WaitIfWanted(*context);
  GrpcCallScope* const scope =
      current_scope != nullptr && current_scope->channel_ == this
          ? current_scope
          : nullptr;
  absl::StatusOr<Rep::Choice> choice =
      rep_->Choose(scope == nullptr ? nullptr : &scope->options_);
  if (scope != nullptr) scope->picked_.clear();
  if (!choice.ok()) {
    // It has a tag of ours, which says nothing to a channel of gRPC's.
    const grpc::internal::RpcMethod plain(
        method.name(), method.suffix_for_stats(), method.method_type());
    return rpc::Access::CreateCall(*rep_->LameChannel(choice.status()), plain,
                                   context, queue);
  }
  rpc::Connection& connection = *choice->connection;
  if (scope != nullptr) scope->picked_ = connection.address();
  const rpc::HandOver hand_over(std::move(choice->pick),
                                std::move(choice->kept));
  return connection.CreateCall(method, context, queue);
}

// Calls are made by connections, and their operations go there directly.
void GrpcChannel::PerformOpsOnCall(grpc::internal::CallOpSetInterface* /*ops*/,
                                   grpc::internal::Call* /*call*/) {}

void* GrpcChannel::RegisterMethod(const char* method) {
  // A number in gRPC's place for a pointer; Connection takes it out again.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<void*>(rep_->methods->Register(method));
}

void GrpcChannel::NotifyOnStateChangeImpl(grpc_connectivity_state last_observed,
                                          gpr_timespec deadline,
                                          grpc::CompletionQueue* queue,
                                          void* tag) {
  rep_->connections->Notify(last_observed, deadline, queue, tag);
}

bool GrpcChannel::WaitForStateChangeImpl(grpc_connectivity_state last_observed,
                                         gpr_timespec deadline) {
  return rep_->connections->WaitUntilIsNot(last_observed, ToSteady(deadline));
}

grpc::CompletionQueue* GrpcChannel::CallbackCQ() {
  return rpc::Access::CallbackQueue(Anchor());
}

GrpcCallScope::GrpcCallScope(GrpcChannel& channel, PickOptions options)
    : channel_(&channel), options_(std::move(options)), outer_(current_scope) {
  current_scope = this;
}

GrpcCallScope::~GrpcCallScope() { current_scope = outer_; }

}  // namespace naming

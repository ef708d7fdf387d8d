// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/retry.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/backoff.h"
#include "grpc/channel_rep.h"

namespace naming {

// Lets a function use what a channel keeps for it.
class GrpcRetryAccess final {
 public:
  static rpc::RetryBudget& Budget(GrpcChannel& channel) {
    return channel.rep_->budget;
  }
};

namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int kMaxAttempts = 100;
constexpr milliseconds kMaxTime = std::chrono::hours(24 * 365);

milliseconds Bounded(milliseconds time) {
  return std::clamp<milliseconds>(time, milliseconds(0), kMaxTime);
}

// Returns another number each time.
std::uint64_t Seed() {
  static std::atomic<std::uint64_t> calls{0};
  const auto now = system_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(now) + ++calls;
}

bool IsTriedAgain(const GrpcRetryOptions& options, const grpc::Status& status) {
  return std::find(options.codes.begin(), options.codes.end(),
                   status.error_code()) != options.codes.end();
}

// One attempt: calls with a context, whoever `pick` leaves. Sets the address
// that was tried, when there was one.
using Attempt = std::function<grpc::Status(
    grpc::ClientContext& context, const PickOptions& pick, std::string& tried)>;

grpc::Status Repeat(rpc::RetryBudget& budget, const GrpcRetryOptions& options,
                    milliseconds timeout, const Attempt& call) {
  const bool has_deadline = timeout.count() > 0;
  const system_clock::time_point deadline =
      system_clock::now() + Bounded(timeout);
  const int attempts = std::clamp(options.attempts, 1, kMaxAttempts);
  std::optional<base::Backoff> backoff;
  PickOptions pick = options.pick;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    if (has_deadline) context.set_deadline(deadline);
    std::string tried;
    grpc::Status status = call(context, pick, tried);
    if (status.ok()) {
      budget.OnSuccess();
      return status;
    }
    if (attempt == attempts || !IsTriedAgain(options, status)) return status;
    if (!backoff) {
      backoff.emplace(Bounded(options.backoff), Bounded(options.max_backoff),
                      Seed());
    }
    const milliseconds delay = backoff->Next();
    if (has_deadline && system_clock::now() + delay >= deadline) return status;
    if (!budget.TakeRetry()) return status;
    if (!tried.empty()) pick.avoid.push_back(std::move(tried));
    std::this_thread::sleep_for(delay);
  }
}

grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()),
          std::string(status.message())};
}

}  // namespace

#if NAMING_GRPC_FACADE
grpc::Status CallWithRetry(
    GrpcChannel& channel, const GrpcRetryOptions& options, milliseconds timeout,
    const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  return Repeat(GrpcRetryAccess::Budget(channel), options, timeout,
                [&](grpc::ClientContext& context, const PickOptions& pick,
                    std::string& tried) {
                  GrpcCallScope scope(channel, pick);
                  grpc::Status status = call(context);
                  tried = scope.picked();
                  return status;
                });
}
#endif

grpc::Status CallWithRetry(
    GrpcChannel& channel, const GrpcRetryOptions& options, milliseconds timeout,
    const std::function<grpc::Status(
        grpc::ClientContext&, const std::shared_ptr<grpc::Channel>&)>& call) {
  return Repeat(GrpcRetryAccess::Budget(channel), options, timeout,
                [&](grpc::ClientContext& context, const PickOptions& asked,
                    std::string& tried) {
                  absl::StatusOr<GrpcPick> pick = channel.Pick(asked);
                  if (!pick.ok()) return ToGrpc(pick.status());
                  tried = pick->endpoint().address;
                  grpc::Status status = call(context, pick->channel());
                  pick->Done(status);
                  return status;
                });
}

}  // namespace naming

// SPDX-License-Identifier: Apache-2.0

#include "grpc/outcome.h"

#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "naming/grpc/channel.h"

namespace naming::rpc {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using Clock = std::chrono::steady_clock;
using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// The trailer in which Kratos' servers tell their load.
constexpr char kCpuUsage[] = "cpu_usage";
constexpr int kMaxCpu = 1000;  // Per mille.

thread_local HandOver* handed_over = nullptr;

int CpuOf(const Metadata& trailers) {
  const auto it = trailers.find(kCpuUsage);
  if (it == trailers.end()) return 0;
  int cpu = 0;
  const grpc::string_ref& text = it->second;
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), cpu);
  const bool is_number =
      parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return is_number && cpu >= 0 && cpu <= kMaxCpu ? cpu : 0;
}

// Hears of a call's status.
class OutcomeInterceptor final : public Interceptor {
 public:
  OutcomeInterceptor(Pick pick, std::shared_ptr<const void> kept,
                     bool is_stream)
      : kept_(std::move(kept)), pick_(std::move(pick)), is_stream_(is_stream) {
    if (is_stream_) start_ = Clock::now();
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (is_stream_ && !latency_ &&
        methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      latency_ = Clock::now() - start_;
    }
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::POST_RECV_STATUS)) {
      Tell(*methods);
    }
    methods->Proceed();
  }

 private:
  void Tell(InterceptorBatchMethods& methods) {
    Outcome outcome = OutcomeOf(*methods.GetRecvStatus());
    outcome.latency = latency_;
    const Metadata* const trailers = methods.GetRecvTrailingMetadata();
    if (trailers != nullptr && !trailers->empty()) {
      outcome.cpu = CpuOf(*trailers);
    }
    pick_.Done(outcome);
  }

  const std::shared_ptr<const void> kept_;
  Pick pick_;
  const bool is_stream_;
  Clock::time_point start_;
  std::optional<std::chrono::nanoseconds> latency_;
};

}  // namespace

class OutcomeInterceptors final : public ClientInterceptorFactoryInterface {
 public:
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    // Null where the channel was given out by GrpcChannel::Pick().
    HandOver* const given = std::exchange(handed_over, nullptr);
    if (given == nullptr) return nullptr;
    return new OutcomeInterceptor(std::move(given->pick_),
                                  std::move(given->kept_),
                                  info->type() != ClientRpcInfo::Type::UNARY);
  }
};

HandOver::HandOver(Pick pick, std::shared_ptr<const void> kept)
    : pick_(std::move(pick)), kept_(std::move(kept)) {
  handed_over = this;
}

HandOver::~HandOver() { handed_over = nullptr; }

std::unique_ptr<ClientInterceptorFactoryInterface> MakeOutcomeInterceptors() {
  return std::make_unique<OutcomeInterceptors>();
}

}  // namespace naming::rpc

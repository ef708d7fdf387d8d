// SPDX-License-Identifier: Apache-2.0

#include "naming/balanced.h"

#include <random>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "balanced/front.h"
#include "balanced/policies.h"
#include "base/text.h"
#include "base/url.h"
#include "naming/balancer/p2c.h"
#include "naming/target.h"

namespace naming {
namespace {

std::string RandomId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x", random(), random());
}

std::unique_ptr<Balancer> MakeBalancer(const BalancedOptions& options) {
  if (options.make_balancer) return options.make_balancer();
  balancer::P2cOptions p2c;
  p2c.color = options.color;
  return std::make_unique<balancer::P2c>(std::move(p2c));
}

}  // namespace

struct Balanced::Rep {
  std::shared_ptr<balanced::Front> front;
};

absl::Status Validate(const BalancedOptions& options) {
  if (options.subset < 0 || options.subset > kMaxSubset) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "balanced: options.subset: must be in [0, %d]", kMaxSubset));
  }
  if (options.subset_method != SubsetMethod::kRendezvous &&
      options.subset_method != SubsetMethod::kKratosRing) {
    return absl::InvalidArgumentError(
        "balanced: options.subset_method: must be one of the enumeration");
  }
  const std::string& addr_scheme = options.filter.addr_scheme;
  if (!addr_scheme.empty() && !base::IsScheme(addr_scheme)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "balanced: options.filter.addr_scheme: must be a URL scheme, is \"%s\"",
        base::Excerpt(addr_scheme, 100)));
  }
  absl::Status status = Validate(options.ejection);
  if (status.ok()) return status;
  return absl::InvalidArgumentError("balanced: options." +
                                    std::string(status.message()));
}

bool operator==(const BalancedStats& a, const BalancedStats& b) {
  const auto fields = [](const BalancedStats& stats) {
    return std::tie(stats.instances, stats.endpoints, stats.ejected,
                    stats.is_panicking, stats.updates, stats.ejections,
                    stats.returns, stats.panics, stats.probes);
  };
  return fields(a) == fields(b);
}

bool operator!=(const BalancedStats& a, const BalancedStats& b) {
  return !(a == b);
}

absl::StatusOr<std::unique_ptr<Balanced>> Balanced::Create(
    const Builders& builders, std::string_view target,
    BalancedOptions options) {
  return Create(
      [&builders](const Target& parsed) { return builders.Build(parsed); },
      target, std::move(options));
}

absl::StatusOr<std::unique_ptr<Balanced>> Balanced::Create(
    Builder& builder, std::string_view target, BalancedOptions options) {
  return Create(
      [&builder](const Target& parsed) { return builder.Build(parsed); },
      target, std::move(options));
}

absl::StatusOr<std::unique_ptr<Balanced>> Balanced::Create(
    const Build& build, std::string_view target, BalancedOptions options) {
  absl::Status status = Validate(options);
  if (!status.ok()) return status;
  const absl::StatusOr<Target> parsed = Target::Parse(target);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<std::unique_ptr<Resolver>> resolver = build(*parsed);
  if (!resolver.ok()) return resolver.status();
  std::unique_ptr<Balancer> balancer = MakeBalancer(options);
  if (*resolver == nullptr || balancer == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "balanced: %s returned null",
        balancer == nullptr ? "options.make_balancer" : "the builder"));
  }
  balanced::Front::Setting setting;
  setting.app_id = parsed->app_id;
  setting.policies = balanced::PoliciesFor(*parsed, options, RandomId());
  setting.ejection = options.ejection;
  setting.on_event = std::move(options.on_event);
  auto rep = std::make_unique<Rep>();
  rep->front = std::make_shared<balanced::Front>(
      std::move(setting), *std::move(resolver), std::move(balancer));
  rep->front->Begin();
  return std::unique_ptr<Balanced>(new Balanced(std::move(rep)));
}

Balanced::Balanced(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Balanced::~Balanced() { rep_->front->Close(); }

absl::StatusOr<naming::Pick> Balanced::Pick() {
  return rep_->front->Choose(nullptr);
}

absl::StatusOr<naming::Pick> Balanced::Pick(const PickOptions& options) {
  return rep_->front->Choose(&options);
}

PickRef Balanced::Peek() { return rep_->front->Peek(nullptr); }

PickRef Balanced::Peek(const PickOptions& options) {
  return rep_->front->Peek(&options);
}

absl::Status Balanced::WaitReady(std::chrono::milliseconds timeout) {
  return rep_->front->WaitReady(timeout);
}

std::vector<Endpoint> Balanced::endpoints() const {
  return rep_->front->endpoints();
}

BalancedStats Balanced::stats() const { return rep_->front->stats(); }

}  // namespace naming

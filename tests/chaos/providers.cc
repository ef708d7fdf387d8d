// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/providers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What Update() may cost; what it has begun goes on after that.
constexpr milliseconds kPatience{50};

}  // namespace

Providers::Providers(std::vector<std::string> nodes, Truth& truth)
    : truth_(truth) {
  for (std::size_t i = 0; i < kClients; ++i) {
    discovery::ClientOptions options;
    options.nodes = nodes;
    options.renew_interval = seconds(1);
    clients_.push_back(discovery::Client::Create(std::move(options)).value());
  }
}

Providers::~Providers() { Settle(); }

void Providers::Come(const std::string& app_id) {
  Instance instance;
  instance.app_id = app_id;
  instance.hostname = absl::StrFormat("h%d", ++count_);
  instance.addrs = {absl::StrFormat("grpc://10.0.0.%d:9000", count_ % 250)};
  instance.version = "v1";
  RegisterOptions options;
  options.mode = RegisterMode::kKeepTrying;
  options.timeout = kPatience;
  truth_.Set(app_id, instance.hostname, instance.version);
  present_[app_id].push_back(std::make_shared<Registration>(
      clients_[count_ % kClients]->Register(instance, options).value()));
}

void Providers::Go(const std::string& app_id) {
  auto& registrations = present_[app_id];
  const std::shared_ptr<Registration> leaving = registrations.front();
  registrations.erase(registrations.begin());
  truth_.Erase(app_id, leaving->instance().hostname);
  // Whether a node confirmed it is of no concern: its lease ends at the latest.
  Background(std::async(std::launch::async,
                        [leaving] { leaving->Cancel().IgnoreError(); }));
}

void Providers::Change(const std::string& app_id) {
  auto& registrations = present_[app_id];
  const std::shared_ptr<Registration> changed = registrations.back();
  Instance instance = changed->instance();
  instance.version = absl::StrFormat("v%d", ++count_);
  truth_.Set(app_id, instance.hostname, instance.version);
  // One that fails goes on behind the scenes.
  changed->Update(instance).IgnoreError();
}

std::size_t Providers::CountOf(const std::string& app_id) const {
  const auto it = present_.find(app_id);
  return it == present_.end() ? 0 : it->second.size();
}

Instance Providers::OneOf(const std::string& app_id) const {
  return present_.at(app_id).back()->instance();
}

void Providers::Settle() {
  for (std::future<void>& action : background_) action.wait();
  background_.clear();
}

void Providers::Background(std::future<void> action) {
  background_.erase(std::remove_if(background_.begin(), background_.end(),
                                   [](const std::future<void>& one) {
                                     return one.wait_for(milliseconds(0)) ==
                                            std::future_status::ready;
                                   }),
                    background_.end());
  background_.push_back(std::move(action));
}

}  // namespace naming::chaos

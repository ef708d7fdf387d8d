// SPDX-License-Identifier: Apache-2.0

#include "naming/service_life.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace naming {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMax = std::chrono::hours(1);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

std::string_view SchemeOf(std::string_view address) {
  return address.substr(0, address.find("://"));
}

// Puts `started` into `addrs`, in place of those of their schemes.
void Replace(std::vector<std::string>& addrs,
             const std::vector<std::string>& started) {
  const auto is_replaced = [&started](const std::string& addr) {
    return std::any_of(started.begin(), started.end(),
                       [&addr](const std::string& other) {
                         return SchemeOf(addr) == SchemeOf(other);
                       });
  };
  addrs.erase(std::remove_if(addrs.begin(), addrs.end(), is_replaced),
              addrs.end());
  addrs.insert(addrs.end(), started.begin(), started.end());
}

}  // namespace

struct ServiceLife::Rep {
  absl::Status Leave();
  absl::Status DoStop();

  ServiceCallbacks callbacks;
  ServiceLifeOptions options;
  Registration registration;
  const int stop_event = eventfd(0, EFD_CLOEXEC);

  mutable base::Mutex mutex;
  base::CondVar changed;
  bool is_stopping ABSL_GUARDED_BY(mutex) = false;
  std::optional<absl::Status> stopped ABSL_GUARDED_BY(mutex);
};

absl::Status Validate(const ServiceLifeOptions& options) {
  const auto is_bad = [](milliseconds time) {
    return time < milliseconds(0) || time > kMax;
  };
  if (is_bad(options.propagation)) {
    return absl::InvalidArgumentError(
        "service life: options.propagation: must be in [0ms, 1h]");
  }
  if (is_bad(options.grace)) {
    return absl::InvalidArgumentError(
        "service life: options.grace: must be in [0ms, 1h]");
  }
  return absl::OkStatus();
}

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

absl::StatusOr<std::unique_ptr<ServiceLife>> ServiceLife::Start(
    Registry& registry, Instance instance, ServiceCallbacks callbacks,
    ServiceLifeOptions options) {
  absl::Status status = Validate(options);
  if (!status.ok()) return status;
  if (callbacks.start) {
    const absl::StatusOr<std::vector<std::string>> addrs = callbacks.start();
    if (!addrs.ok()) return addrs.status();
    Replace(instance.addrs, *addrs);
    callbacks.start = nullptr;
  }
  absl::StatusOr<Registration> registration =
      registry.Register(std::move(instance), options.registration);
  if (!registration.ok()) {
    if (callbacks.shut_down) callbacks.shut_down(milliseconds(0));
    return registration.status();
  }
  auto rep = std::make_unique<Rep>();
  rep->callbacks = std::move(callbacks);
  rep->options = std::move(options);
  rep->registration = *std::move(registration);
  return std::unique_ptr<ServiceLife>(new ServiceLife(std::move(rep)));
}

ServiceLife::ServiceLife(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

ServiceLife::~ServiceLife() {
  Stop().IgnoreError();
  close(rep_->stop_event);
}

absl::Status ServiceLife::Run() {
  BlockStopSignals();
  const sigset_t signals = StopSignals();
  const int signal_event = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  std::array<pollfd, 2> events = {pollfd{signal_event, POLLIN, 0},
                                  pollfd{rep_->stop_event, POLLIN, 0}};
  while (poll(events.data(), events.size(), -1) < 0) {
  }
  // Taken: what is left pending would end the program if it were unblocked.
  signalfd_siginfo info;
  while (read(signal_event, &info, sizeof(info)) > 0) {
  }
  close(signal_event);
  return Stop();
}

absl::Status ServiceLife::Stop() {
  {
    base::MutexLock lock(rep_->mutex);
    if (rep_->is_stopping) {
      while (!rep_->stopped) rep_->changed.Wait(rep_->mutex);
      return *rep_->stopped;
    }
    rep_->is_stopping = true;
  }
  eventfd_write(rep_->stop_event, 1);
  absl::Status status = rep_->DoStop();
  base::MutexLock lock(rep_->mutex);
  rep_->stopped = status;
  rep_->changed.NotifyAll();
  return status;
}

Instance ServiceLife::instance() const { return rep_->registration.instance(); }

RegistrationState ServiceLife::state() const {
  return rep_->registration.state();
}

absl::Status ServiceLife::Rep::DoStop() {
  absl::Status status = Leave();
  if (callbacks.drain) callbacks.drain();
  std::this_thread::sleep_for(options.propagation);
  // When it was marked.
  if (status.ok()) status = registration.Cancel();
  if (callbacks.shut_down) callbacks.shut_down(options.grace);
  return status;
}

// Nobody is sent here any more when this returns, but those who don't know yet.
absl::Status ServiceLife::Rep::Leave() {
  if (options.leave == ServiceLifeOptions::Leave::kMarkWaiting) {
    Instance waiting = registration.instance();
    waiting.status = Instance::Status::kWaiting;
    if (registration.Update(std::move(waiting)).ok()) return absl::OkStatus();
  }
  return registration.Cancel();
}

}  // namespace naming

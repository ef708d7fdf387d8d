// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_FAKE_LEASE_H_
#define NAMING_TESTS_SUPPORT_FAKE_LEASE_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "core/keeper.h"
#include "naming/instance.h"

namespace naming::testing {

// Makes core::Leases that note what they are told, as "put a 2" (hostname and
// version), "refresh a", "remove a" or "abort a", and answer what the test
// says.
//
// Answer() and the Leases are used on the loop's thread; the rest on any.
class FakeLeases final {
 public:
  using Script =
      std::function<std::optional<absl::Status>(const std::string& operation)>;

  explicit FakeLeases(base::Loop* loop) : loop_(loop) {}

  core::LeaseFactory factory() {
    return [this](const Instance&) { return std::make_unique<Lease>(this); };
  }

  // What operations are answered, soon after they began; nothing: they stay
  // under way until Answer().
  void SetScript(Script script) {
    base::MutexLock lock(mutex_);
    script_ = std::move(script);
  }

  // Answers everything that begins from now on with `status`.
  void AnswerAll(const absl::Status& status) {
    SetScript([status](const std::string&) { return status; });
  }

  void AnswerNothing() { SetScript(nullptr); }

  // Answers the operation of `hostname` that is under way; false: none is.
  bool Answer(const std::string& hostname, const absl::Status& status) {
    for (Lease* lease : leases_) {
      if (lease->hostname() == hostname && lease->is_busy()) {
        lease->Finish(status);
        return true;
      }
    }
    return false;
  }

  // Returns what began, in order.
  std::vector<std::string> operations() const {
    base::MutexLock lock(mutex_);
    return operations_;
  }

  // Returns what began last, or "".
  std::string last() const {
    base::MutexLock lock(mutex_);
    return operations_.empty() ? "" : operations_.back();
  }

  std::size_t Count(const std::string& operation) const {
    base::MutexLock lock(mutex_);
    return static_cast<std::size_t>(
        std::count(operations_.begin(), operations_.end(), operation));
  }

  // Returns when each `operation` began.
  std::vector<base::Clock::TimePoint> TimesOf(
      const std::string& operation) const {
    base::MutexLock lock(mutex_);
    std::vector<base::Clock::TimePoint> times;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (operations_[i] == operation) times.push_back(times_[i]);
    }
    return times;
  }

  void ForgetOperations() {
    base::MutexLock lock(mutex_);
    operations_.clear();
    times_.clear();
  }

  // Returns how many Leases there are.
  std::size_t size() const { return leases_.size(); }

  // Returns how often an operation began while another was under way, which a
  // Keeper must not do.
  int overlaps() const {
    base::MutexLock lock(mutex_);
    return overlaps_;
  }

 private:
  class Lease final : public core::Lease {
   public:
    explicit Lease(FakeLeases* leases) : leases_(*leases) {
      leases_.leases_.push_back(this);
    }
    ~Lease() override {
      auto& all = leases_.leases_;
      all.erase(std::find(all.begin(), all.end(), this));
    }

    void Put(const Instance& instance, Done done) override {
      hostname_ = instance.hostname;
      Begin("put " + hostname_ + " " + instance.version, std::move(done));
    }
    void Refresh(Done done) override {
      Begin("refresh " + hostname_, std::move(done));
    }
    void Remove(Done done) override {
      Begin("remove " + hostname_, std::move(done));
    }
    void Abort() override {
      leases_.Note("abort " + hostname_);
      done_ = nullptr;
    }
    std::string node() const override { return "node-of-" + hostname_; }

    const std::string& hostname() const { return hostname_; }
    bool is_busy() const { return done_ != nullptr; }

    void Finish(const absl::Status& status) {
      const Done done = std::exchange(done_, nullptr);
      done(status);
    }

   private:
    void Begin(const std::string& operation, Done done) {
      if (is_busy()) leases_.NoteOverlap();
      done_ = std::move(done);
      const int number = ++begun_;
      const std::optional<absl::Status> answer = leases_.Note(operation);
      if (!answer) return;
      leases_.loop_->Post(
          [this, alive = std::weak_ptr<int>(alive_), number, status = *answer] {
            if (!alive.expired() && number == begun_ && is_busy())
              Finish(status);
          });
    }

    FakeLeases& leases_;
    std::string hostname_;
    Done done_;
    int begun_ = 0;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  };

  std::optional<absl::Status> Note(const std::string& operation) {
    Script script;
    {
      base::MutexLock lock(mutex_);
      operations_.push_back(operation);
      times_.push_back(loop_->clock().Now());
      script = script_;
    }
    return script ? script(operation) : std::nullopt;
  }

  void NoteOverlap() {
    base::MutexLock lock(mutex_);
    ++overlaps_;
  }

  base::Loop* const loop_;
  std::vector<Lease*> leases_;
  mutable base::Mutex mutex_;
  std::vector<std::string> operations_ ABSL_GUARDED_BY(mutex_);
  std::vector<base::Clock::TimePoint> times_ ABSL_GUARDED_BY(mutex_);
  Script script_ ABSL_GUARDED_BY(mutex_);
  int overlaps_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_FAKE_LEASE_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_H_
#define NAMING_BALANCER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/endpoint.h"
#include "naming/export.h"

namespace naming {

// How the call that a Pick was for has ended.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Outcome {
  enum class Result {
    kSuccess,    // The server answered, if only with an error of the caller's.
    kFailure,    // It couldn't be reached, or failed as servers do.
    kTimeout,    // No answer came in time; counts as a failure.
    kCancelled,  // The caller lost interest: says nothing about the server.
  };

  Result result = Result::kSuccess;

  // How long the call took. Empty: the time from Choose() to Done(), where the
  // Balancer measures it. More than a day counts as one.
  std::optional<std::chrono::nanoseconds> latency = std::nullopt;

  // The server's CPU load in per mille, when the answer told it (warden's
  // trailer "cpu_usage"); zero: unknown.
  int cpu = 0;

  // Returns whether the server is to blame: kFailure or kTimeout.
  bool is_failure() const {
    return result == Result::kFailure || result == Result::kTimeout;
  }
};

// What one call asks of a Balancer.
//
// Thread-compatible. A value.
struct NAMING_EXPORT PickOptions {
  // For consistent hashing: calls of one key go to one Endpoint; see HashKey().
  // Empty: a random one. Other Balancers ignore it.
  std::optional<std::uint64_t> hash_key = std::nullopt;

  // Prefers Endpoints of this color. Empty: the color that the Balancer was
  // made with. When no Endpoint has it, those without a color are chosen from,
  // and never those of another color.
  std::string color = {};

  // Endpoint::address of those that a retry should not go to again. The others
  // get the call as the Balancer would choose among them: by weight or load
  // where it goes by that, or whoever is next for `hash_key`. They are chosen
  // all the same when there is no other.
  std::vector<std::string> avoid = {};
};

// Returns the key of `text`: the same in every program and release.
NAMING_EXPORT std::uint64_t HashKey(std::string_view text);

// Is told how the calls to one Endpoint ended; what outlier ejection listens
// with.
//
// Thread-safe. Called on the threads that call Pick::Done(): it must be quick,
// and must not call the Balancer.
class NAMING_EXPORT OutcomeObserver {
 public:
  OutcomeObserver(const OutcomeObserver&) = delete;
  OutcomeObserver& operator=(const OutcomeObserver&) = delete;
  virtual ~OutcomeObserver();

  // `outcome.latency` is filled in where the Balancer measures it.
  virtual void OnOutcome(const Outcome& outcome) = 0;

 protected:
  OutcomeObserver() = default;
};

// An Endpoint as a Balancer is given it.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Candidate {
  Endpoint endpoint;

  // Told of the outcomes of the Picks of this Endpoint; may be null. Kept alive
  // by the Balancer and by the Picks.
  std::shared_ptr<OutcomeObserver> observer = nullptr;

  // Known, so that what the Balancer has learnt of it is kept, but not to be
  // chosen now. When all are ejected, none is.
  bool is_ejected = false;

  // What a Balancer that goes by weight takes for endpoint.weight; zero: that
  // one. Set for all Candidates of a list while one of them starts slowly, and
  // not in the unit of endpoint.weight.
  int weight = 0;
};

// One choice of a Balancer, and whom to tell the outcome. Owns its Endpoint: it
// may be kept across a blocking call, across updates of the list, and longer
// than the Balancer.
//
// Destroyed without Done() it counts as cancelled.
//
// Thread-compatible. Movable, between threads too; moved-from, it may be
// destroyed or assigned to.
class NAMING_EXPORT Pick {
 public:
  class Handle;

  // For implementers of Balancer. `handle` lives until it is told Release();
  // `hold` and `start` come back with the calls.
  explicit Pick(Handle& handle, std::uintptr_t hold = 0, std::int64_t start = 0)
      : handle_(&handle), hold_(hold), start_(start) {}
  Pick(Pick&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        hold_(other.hold_),
        start_(other.start_),
        is_done_(other.is_done_) {}
  Pick& operator=(Pick&& other) noexcept;
  Pick(const Pick&) = delete;
  Pick& operator=(const Pick&) = delete;
  ~Pick();

  const Endpoint& endpoint() const;

  // Tells how the call ended. Only the first call counts. Never waits.
  void Done(const Outcome& outcome);

 private:
  void Cancel();

  Handle* handle_;
  std::uintptr_t hold_;
  std::int64_t start_;
  bool is_done_ = false;
};

// The Balancer's half of a Pick.
//
// Thread-safe.
class NAMING_EXPORT Pick::Handle {
 public:
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Never changes.
  const Endpoint& endpoint() const { return endpoint_; }

  // The outcome of a Pick; comes exactly once for each, kCancelled when
  // nobody told another.
  virtual void Done(const Outcome& outcome, std::int64_t start) = 0;

  // A Pick is gone; the last of its calls.
  virtual void Release(std::uintptr_t hold) = 0;

 protected:
  explicit Handle(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
  virtual ~Handle();

 private:
  const Endpoint endpoint_;
};

inline const Endpoint& Pick::endpoint() const { return handle_->endpoint(); }

inline Pick::~Pick() {
  if (handle_ == nullptr) return;
  if (!is_done_) Cancel();
  handle_->Release(hold_);
}

inline void Pick::Done(const Outcome& outcome) {
  if (is_done_) return;
  is_done_ = true;
  handle_->Done(outcome, start_);
}

// A choice by reference, to be used at once: the cheapest there is. It counts
// nowhere and has no outcome.
//
// Only ever a local variable: not movable, destroyed on the thread that made it
// and in the reverse order, as locals are, and never kept across a blocking
// call, a co_await, or an update made by the same thread: what an update drops
// is released when the last reference made before it is gone.
class NAMING_EXPORT PickRef {
 public:
  // What a PickRef is made from; for implementers of Balancer. Two words, which
  // come back in registers.
  struct Source {
    const Endpoint* endpoint;  // Null: there is none.

    // Null, or what is told when the PickRef is destroyed: zero is stored
    // there; with the lowest bit set, one less than what is there.
    std::uintptr_t section;
  };

  explicit PickRef(Source source) : source_(source) {}
  PickRef(const PickRef&) = delete;
  PickRef& operator=(const PickRef&) = delete;
  ~PickRef() {
    if (source_.section != 0) Leave();
  }

  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  // Whether there is an Endpoint; where Choose() fails there is none.
  explicit operator bool() const { return source_.endpoint != nullptr; }
  const Endpoint& operator*() const { return *source_.endpoint; }
  const Endpoint* operator->() const { return source_.endpoint; }

 private:
  using Section = std::atomic<std::uint64_t>;

  void Leave() {
    const bool is_nested = (source_.section & 1) != 0;
    auto& section =
        *reinterpret_cast<Section*>(source_.section & ~std::uintptr_t{1});
    section.store(is_nested ? section.load(std::memory_order_relaxed) - 1 : 0,
                  std::memory_order_release);
  }

  const Source source_;
};

// Chooses among Endpoints.
//
// An Endpoint is the same one as before an update when its scheme and address,
// and the zone and hostname of its Instance, are: what was learnt of it stays.
// One that is equal as a whole stays the same object. Of several that are the
// same one in a list the first counts.
//
// Thread-safe: threads choose while another updates, and never wait for it. A
// choice that begins after an update has returned follows the new list.
// Destroying a Balancer ends no Pick; the caller sees to it that no call is
// under way, and no PickRef left.
class NAMING_EXPORT Balancer {
 public:
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;
  virtual ~Balancer();

  // Replaces the Endpoints to choose from. Builds the tables that choices are
  // made from, on this thread; releases what the former list kept alive, for
  // which it waits a few milliseconds when a PickRef is still in use.
  void Update(std::vector<Endpoint> endpoints);

  // The same, with what outlier ejection has to say.
  virtual void UpdateCandidates(std::vector<Candidate> candidates) = 0;

  // Returns the next choice. Never waits.
  //
  // Errors: kUnavailable, there is no Endpoint, or only such of other colors.
  absl::StatusOr<Pick> Choose() { return DoChoose(nullptr); }
  absl::StatusOr<Pick> Choose(const PickOptions& options) {
    return DoChoose(&options);
  }

  // Returns the next choice by reference, or nothing where Choose() fails.
  // Never waits.
  PickRef Peek() { return PickRef(DoPeek(nullptr)); }
  PickRef Peek(const PickOptions& options) { return PickRef(DoPeek(&options)); }

 protected:
  Balancer() = default;

  // For implementers: `options` may be null, which asks for nothing.
  virtual absl::StatusOr<Pick> DoChoose(const PickOptions* options) = 0;
  virtual PickRef::Source DoPeek(const PickOptions* options) = 0;
};

}  // namespace naming

#endif  // NAMING_BALANCER_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_RECORD_H_
#define NAMING_CORE_RECORD_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/answer.h"
#include "core/callback.h"
#include "core/dispatcher.h"
#include "naming/instance.h"
#include "naming/registry.h"

namespace naming::core {

// Returns whether `status` is a registry's final word: asking again won't help
// until a person changes something.
bool IsRefusal(const absl::Status& status);

// One registration as its callers see it: which Instance they desire, what is
// known of it, and who waits for what. Callers' threads meet the loop here.
//
// Thread-safe. Held by shared_ptr.
class Record final {
 public:
  // An Instance that was desired at some time; later ones have higher versions.
  struct Desired {
    Instance instance;
    std::int64_t version = 0;
  };

  // `backend` begins messages. `clock` outlives the object. `on_change`, unless
  // empty, is called after each change of is_registered, until Silence().
  Record(std::string backend, Instance instance, const base::Clock* clock,
         std::shared_ptr<Dispatcher> dispatcher,
         std::function<void(const RegistrationState&)> on_change);
  ~Record();

  // --- For callers ---

  Instance instance() const;
  RegistrationState state() const;

  // Makes `instance` the desired one. The Answer comes when the registry has
  // taken it or a later one: OK; or when it was refused for good: why.
  std::shared_ptr<Answer> Desire(Instance instance);

  // The same for the Instance that is desired now, without changing it.
  std::shared_ptr<Answer> AwaitTaken();

  // The Answer comes, and is OK, when the registry holds what is desired.
  std::shared_ptr<Answer> AwaitCurrent();

  // Drops what the functions above returned.
  void Forget(const std::shared_ptr<Answer>& answer);

  // Returns what a wait of `timeout` ends with when its Answer hasn't come.
  absl::Status TimeoutError(std::string_view verb,
                            std::chrono::milliseconds timeout) const;

  // The registration is being ended: from now on every Answer is
  // kFailedPrecondition. Returns whether it is the first call.
  bool BeginEnd();

  // Waits until Ended() and returns how it went.
  absl::Status AwaitEnd();

  // Ends on_change as Callback::End() says. To be called once, before the last
  // caller lets go.
  void Silence();

  // --- For Life, on the loop ---

  Desired desired() const;
  std::int64_t desired_version() const;

  // Returns whether the registry holds what is desired.
  bool is_current() const;

  // `node` is the one that is asked for it now.
  void SetNode(std::string node);

  // The registry has taken `put`.
  void Took(const Desired& put);

  // The registry holds what it took last.
  void Refreshed();

  // The registry couldn't be asked, or gave an error.
  void Failed(const absl::Status& error);

  // The registry doesn't hold it, or may have dropped it.
  void Gone(const absl::Status& why);

  // The registry refused `put`: see IsRefusal(). When it is malformed, or is
  // in conflict with what the registry holds, the Instance that was taken last
  // becomes the desired one again; returns whether it did.
  bool Refused(const Desired& put, const absl::Status& why);

  // The registration has ended. Only the first call counts.
  void Ended(absl::Status how);

 private:
  struct Awaited {
    std::shared_ptr<Answer> answer;
    // Which Desired has to be taken; none: whichever is desired.
    std::optional<std::int64_t> version;
  };

  std::shared_ptr<Answer> Await(std::optional<std::int64_t> version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsCurrent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveWhatIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetRegistered(bool is_registered, absl::Status last_error)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellNext(const std::function<void(const RegistrationState&)>& on_change);

  const std::string backend_;
  const std::string app_id_;
  const base::Clock& clock_;
  const std::shared_ptr<Answer> end_ = std::make_shared<Answer>();
  const std::shared_ptr<Callback> callback_;  // Null: nobody is told.

  // Answers' and Callback's locks come after this one.
  mutable base::Mutex mutex_;
  RegistrationState state_ ABSL_GUARDED_BY(mutex_);
  Desired desired_ ABSL_GUARDED_BY(mutex_);
  // What to go back to after a refusal: what was taken last, at first what was
  // desired first.
  Desired fallback_ ABSL_GUARDED_BY(mutex_);
  std::int64_t taken_version_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: none yet.
  std::int64_t last_version_ ABSL_GUARDED_BY(mutex_) = 1;
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Awaited> awaited_ ABSL_GUARDED_BY(mutex_);
  std::deque<RegistrationState> untold_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::core

#endif  // NAMING_CORE_RECORD_H_

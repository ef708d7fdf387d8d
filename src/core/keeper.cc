// SPDX-License-Identifier: Apache-2.0

#include "core/keeper.h"

#include <map>
#include <random>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "base/backoff.h"
#include "base/mutex.h"
#include "base/text.h"
#include "core/answer.h"
#include "core/life.h"
#include "core/record.h"
#include "core/timeout.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;

// What tells one Instance from another: app_id, env, zone, hostname.
using Key = std::tuple<std::string, std::string, std::string, std::string>;

Key KeyOf(const Instance& instance) {
  return {instance.app_id, instance.env, instance.zone, instance.hostname};
}

absl::Status Validate(const RegisterOptions& options) {
  if (options.mode != RegisterMode::kMustSucceed &&
      options.mode != RegisterMode::kKeepTrying) {
    return absl::InvalidArgumentError("options.mode: unknown");
  }
  if (options.timeout < milliseconds(1) ||
      options.timeout > std::chrono::minutes(10)) {
    return absl::InvalidArgumentError(
        "options.timeout: must be in [1ms, 10min]");
  }
  return absl::OkStatus();
}

// Makes `*field` what it must stay, `current`.
absl::Status Keep(std::string_view name, const std::string& current,
                  std::string* field) {
  if (!field->empty() && *field != current) {
    return absl::InvalidArgumentError(
        absl::StrFormat("instance.%s: must stay \"%s\"", name, current));
  }
  *field = current;
  return absl::OkStatus();
}

// Completes an update of `current`, and returns whether it can be one.
absl::Status CompleteUpdate(const Instance& current, Instance* instance) {
  if (instance->region.empty()) instance->region = current.region;
  absl::Status status = Keep("app_id", current.app_id, &instance->app_id);
  if (status.ok()) status = Keep("env", current.env, &instance->env);
  if (status.ok()) status = Keep("zone", current.zone, &instance->zone);
  if (status.ok()) {
    status = Keep("hostname", current.hostname, &instance->hostname);
  }
  return status.ok() ? naming::Validate(*instance) : status;
}

}  // namespace

struct Keeper::Rep : std::enable_shared_from_this<Keeper::Rep> {
  Rep(base::Loop* given_loop, std::shared_ptr<Dispatcher> given_dispatcher,
      std::shared_ptr<Logger> given_logger, LeaseFactory factory,
      const KeeperOptions& options)
      : clock(&given_loop->clock()),
        dispatcher(std::move(given_dispatcher)),
        logger(std::move(given_logger)),
        setting{given_loop,
                logger.get(),
                std::move(factory),
                options,
                base::SeededRandom(options.seed),
                [this](const Life& life) { OnEnd(life); }},
        loop(given_loop) {}

  // --- On callers' threads ---

  // Takes the key of `life` and has it begun.
  absl::Status Hold(const std::shared_ptr<Life>& life);

  // Frees the key of `life` and has it cancelled, without waiting.
  void BeginEnd(const std::shared_ptr<Life>& life);

  // Waits for `answer`, at most `timeout` by the loop's clock.
  absl::Status Await(const std::shared_ptr<Life>& life,
                     const std::shared_ptr<Answer>& answer,
                     std::string_view verb, milliseconds timeout);

  // Posts to the loop, until it is closed.
  void Post(std::function<void()> task);

  void Close();

  std::uint64_t NextSeed();

  // --- On the loop ---

  void Begin(const std::shared_ptr<Life>& life);
  void OnEnd(const Life& life);
  void EndAll();
  void DropAll();
  std::vector<std::shared_ptr<Life>> AllLives() const;

  std::string Message(std::string_view verb, std::string_view app_id,
                      std::string_view cause) const {
    // An app_id that is refused may be anything.
    return absl::StrFormat("%s: %s %s: %s", setting.options.backend, verb,
                           base::Excerpt(app_id, 200), cause);
  }

  const base::Clock* const clock;
  const std::shared_ptr<Dispatcher> dispatcher;
  const std::shared_ptr<Logger> logger;
  const std::shared_ptr<Answer> closed = std::make_shared<Answer>();

  // Options apart, used on the loop only, as are the fields that follow.
  Life::Setting setting;
  // Those that have begun and not ended. One that is still being removed holds
  // up the next one with its key, which waits in `queued`.
  std::map<Key, std::shared_ptr<Life>> active;
  std::map<Key, std::shared_ptr<Life>> queued;
  bool is_ending_all = false;
  base::Loop::TimerId drop_timer = 0;

  // Held while posting to the loop, so that what is done under the lock in one
  // order is done on the loop in the same. The loop's own lock comes after it.
  base::Mutex mutex;
  base::Loop* loop ABSL_GUARDED_BY(mutex);  // Null once closed.
  bool is_closing ABSL_GUARDED_BY(mutex) = false;
  std::set<Key> held ABSL_GUARDED_BY(mutex);  // Registered and not cancelled.
  std::uint64_t seeds ABSL_GUARDED_BY(mutex) = 0;
};

absl::Status Keeper::Rep::Hold(const std::shared_ptr<Life>& life) {
  const Instance instance = life->record().instance();
  base::MutexLock lock(mutex);
  if (is_closing) {
    return absl::FailedPreconditionError(
        Message("register", instance.app_id, "the client is being destroyed"));
  }
  if (!held.insert(KeyOf(instance)).second) {
    return absl::AlreadyExistsError(Message(
        "register", instance.app_id,
        absl::StrFormat("this client has registered %s in zone %s, env %s",
                        instance.hostname, instance.zone, instance.env)));
  }
  loop->Post([self = shared_from_this(), life] { self->Begin(life); });
  return absl::OkStatus();
}

void Keeper::Rep::BeginEnd(const std::shared_ptr<Life>& life) {
  if (!life->record().BeginEnd()) return;
  base::MutexLock lock(mutex);
  held.erase(KeyOf(life->record().instance()));
  if (loop != nullptr) loop->Post([life] { life->Cancel(); });
}

absl::Status Keeper::Rep::Await(const std::shared_ptr<Life>& life,
                                const std::shared_ptr<Answer>& answer,
                                std::string_view verb, milliseconds timeout) {
  timeout = Bounded(timeout);
  const auto time_out = [life, answer, verb = std::string(verb), timeout] {
    answer->Give(life->record().TimeoutError(verb, timeout));
  };
  const auto timer = std::make_shared<base::Loop::TimerId>(0);
  if (timeout.count() == 0) {
    time_out();
  } else {
    Post([self = shared_from_this(), timer, timeout, time_out] {
      *timer = self->setting.loop->RunAfter(timeout, time_out);
    });
  }
  absl::Status status = answer->Get();
  life->record().Forget(answer);
  if (timeout.count() > 0) {
    Post([self = shared_from_this(), timer] {
      self->setting.loop->CancelTimer(*timer);
    });
  }
  return status;
}

void Keeper::Rep::Post(std::function<void()> task) {
  base::MutexLock lock(mutex);
  if (loop != nullptr) loop->Post(std::move(task));
}

void Keeper::Rep::Close() {
  {
    base::MutexLock lock(mutex);
    if (!is_closing)
      loop->Post([self = shared_from_this()] { self->EndAll(); });
    is_closing = true;
  }
  const absl::Status status = closed->Get();
  base::MutexLock lock(mutex);
  loop = nullptr;
}

std::uint64_t Keeper::Rep::NextSeed() {
  base::MutexLock lock(mutex);
  return setting.options.seed + ++seeds;
}

void Keeper::Rep::Begin(const std::shared_ptr<Life>& life) {
  const Instance instance = life->record().instance();
  if (active.emplace(KeyOf(instance), life).second) return life->Begin();
  queued[KeyOf(instance)] = life;
  life->record().Failed(absl::DeadlineExceededError(
      Message("register", instance.app_id,
              "its earlier registration is still being removed")));
}

void Keeper::Rep::OnEnd(const Life& life) {
  const Key key = KeyOf(life.record().instance());
  const auto next = queued.find(key);
  if (next != queued.end() && next->second.get() == &life) {
    queued.erase(next);
  }
  const auto it = active.find(key);
  if (it != active.end() && it->second.get() == &life) {
    active.erase(it);
    if (const auto queued_life = queued.extract(key)) {
      active.emplace(key, queued_life.mapped());
      queued_life.mapped()->Begin();
    }
  }
  if (is_ending_all && active.empty() && queued.empty()) {
    setting.loop->CancelTimer(drop_timer);
    closed->Give(absl::OkStatus());
  }
}

void Keeper::Rep::EndAll() {
  is_ending_all = true;
  const auto lives = AllLives();
  if (lives.empty()) return closed->Give(absl::OkStatus());
  for (const auto& life : lives) {
    life->record().BeginEnd();
    // One whose caller was let go already has had all the time there is.
    if (life->is_out_of_time()) {
      life->Drop();
    } else {
      life->Cancel();
    }
  }
  if (closed->is_given()) return;
  drop_timer =
      setting.loop->RunAfter(setting.options.cancel_timeout,
                             [self = shared_from_this()] { self->DropAll(); });
}

void Keeper::Rep::DropAll() {
  for (const auto& life : AllLives()) life->Drop();
}

std::vector<std::shared_ptr<Life>> Keeper::Rep::AllLives() const {
  std::vector<std::shared_ptr<Life>> lives;
  for (const auto& [key, life] : active) lives.push_back(life);
  for (const auto& [key, life] : queued) lives.push_back(life);
  return lives;
}

class Keeper::KeptRegistration final : public Registration::Handle {
 public:
  KeptRegistration(std::shared_ptr<Rep> rep, std::shared_ptr<Life> life,
                   milliseconds timeout)
      : rep_(std::move(rep)), life_(std::move(life)), timeout_(timeout) {}

  ~KeptRegistration() override {
    record().Silence();
    rep_->BeginEnd(life_);
    // Nobody is left to tell; the log has it.
    record().AwaitEnd().IgnoreError();
  }

  Instance instance() const override { return record().instance(); }

  RegistrationState state() const override { return record().state(); }

  absl::Status Wait(milliseconds timeout) override {
    return rep_->Await(life_, record().AwaitCurrent(), "wait for", timeout);
  }

  absl::Status Update(Instance instance) override {
    const Instance current = record().instance();
    const absl::Status valid = CompleteUpdate(current, &instance);
    if (!valid.ok()) {
      return absl::InvalidArgumentError(rep_->Message(
          "update", current.app_id, std::string(valid.message())));
    }
    const auto answer = record().Desire(std::move(instance));
    rep_->Post([life = life_] { life->Update(); });
    return rep_->Await(life_, answer, "update", timeout_);
  }

  absl::Status Cancel() override {
    rep_->BeginEnd(life_);
    return record().AwaitEnd();
  }

 private:
  Record& record() const { return life_->record(); }

  const std::shared_ptr<Rep> rep_;
  const std::shared_ptr<Life> life_;
  const milliseconds timeout_;
};

Keeper::Keeper(base::Loop* loop, std::shared_ptr<Dispatcher> dispatcher,
               std::shared_ptr<Logger> logger, LeaseFactory factory,
               const KeeperOptions& options)
    : rep_(std::make_shared<Rep>(loop, std::move(dispatcher), std::move(logger),
                                 std::move(factory), options)) {}

Keeper::~Keeper() = default;

absl::StatusOr<Registration> Keeper::Register(Instance instance,
                                              const RegisterOptions& options) {
  absl::Status status = Validate(options);
  if (status.ok()) status = naming::Validate(instance);
  if (!status.ok()) {
    return absl::InvalidArgumentError(rep_->Message(
        "register", instance.app_id, std::string(status.message())));
  }
  const auto record = std::make_shared<Record>(
      rep_->setting.options.backend, std::move(instance), rep_->clock,
      rep_->dispatcher, options.on_change);
  const auto life =
      std::make_shared<Life>(&rep_->setting, record, rep_->NextSeed());
  const auto answer = record->AwaitTaken();
  status = rep_->Hold(life);
  if (!status.ok()) return status;
  if (options.mode == RegisterMode::kMustSucceed) {
    status = rep_->Await(life, answer, "register", options.timeout);
    if (!status.ok()) {
      record->Silence();
      rep_->BeginEnd(life);
      return status;
    }
  }
  record->Forget(answer);
  return Registration(
      std::make_unique<KeptRegistration>(rep_, life, options.timeout));
}

void Keeper::RefreshAll() {
  rep_->Post([rep = rep_] {
    for (const auto& life : rep->AllLives()) life->RefreshNow();
  });
}

void Keeper::Close() { rep_->Close(); }

}  // namespace naming::core

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_POLLER_H_
#define NAMING_DISCOVERY_POLLER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "core/topic.h"
#include "core/topics.h"
#include "discovery/poll_group.h"
#include "discovery/poll_groups.h"
#include "discovery/poll_text.h"
#include "discovery/protocol.h"
#include "discovery/requester.h"
#include "discovery/trials.h"

namespace naming::discovery {

struct PollerOptions {
  std::string env;

  // Begins the name of each poll; must be unique to this Client among all
  // clients of the nodes.
  std::string poller_prefix;

  std::chrono::milliseconds hold = std::chrono::seconds(25);

  // How often an application's whole list is fetched, whatever polls bring;
  // each interval is shortened by up to a half at random. Polls alone lose what
  // /set changes between two of them, the cancellation of the last Instance,
  // and what was removed while a node was down (C-02, C-04, C-10).
  std::chrono::milliseconds refresh_interval = std::chrono::minutes(1);

  // Applications that come into use within so long of each other begin
  // together.
  std::chrono::milliseconds gather = std::chrono::milliseconds(2);

  // A request line stays well below 8 KiB, which proxies enforce.
  PollGroupsOptions groups;

  std::uint64_t seed = 1;
};

// Follows applications by long polls, and feeds their Topics.
//
// Applications are polled in groups. One that comes into use is asked for at
// once with a request of its own, a fetchs, which tells what a poll can't: that
// there is no such application. Then it is polled in a small group, until a
// group whose poll has just ended takes it in. No poll is ever cancelled for a
// change of its group: nodes don't notice, and would answer the dead request
// (C-03).
//
// The public functions may be called on any thread; the rest lives on the
// polling loop.
class Poller final : public core::Source {
 public:
  // All of them outlive the Poller's loop.
  Poller(base::Loop& loop, Requester& requester, PollerOptions options);
  ~Poller() override;

  void Follow(std::shared_ptr<core::Topic> topic) override;
  void Unfollow(std::shared_ptr<core::Topic> topic) override;

  // Asks for what waits for a node that is well.
  void OnNodeWellAgain();

 private:
  using Clock = base::Clock;
  using milliseconds = std::chrono::milliseconds;
  using GroupId = PollGroupId;

  // What an answer brought, the most that any of its applications had.
  enum class News { kNone, kVersion, kList };

  // What a request was sent with; its group may have changed when it ends.
  struct Sent {
    GroupId group = 0;
    milliseconds hold{0};  // Of a poll; zero: a fetchs.
    std::string node;
    std::string what;
    bool is_hasty = false;  // See Call.
    std::shared_ptr<const PollText::AppIds> app_ids;
    ListForm form = ListForm::kRepeated;  // Of `app_ids`.
    Clock::TimePoint began{};
    std::uint64_t epoch = 0;
  };

  void Begin(std::shared_ptr<core::Topic> topic);
  void End(const std::shared_ptr<core::Topic>& topic);
  void Erase(GroupId id);

  void Ask(GroupId id);
  std::optional<std::string> ChooseFor(GroupId id);
  void EndTrial(GroupId id, bool has_failed);
  void ReportLastError(const PollGroup& group);
  Sent MakeSent(GroupId id, const std::string& node);
  void Send(Call call, Sent sent);
  void AskAfter(GroupId id, Clock::Duration delay);
  void AskWhenNodeIsWell(GroupId id);
  void AskWaiting();
  Call MakeFetch(const Sent& sent) const;
  Call MakePoll(const Sent& sent, const PollText& text);
  milliseconds HoldFor(const PollGroup& group) const;

  std::optional<std::shared_ptr<const Snapshot>> Present(
      std::string_view app_id);

  void OnAnswered(const Sent& sent, const absl::StatusOr<Answer>& answer,
                  AppAnswers apps);
  void OnNodeFailed(const Sent& sent, const absl::Status& status);
  void NoteAnswered(const Sent& sent);
  bool PassesOver(const Sent& sent);
  void OnRefusedByAll(const Sent& sent, bool are_polls_refused);
  void OnRefused(const Sent& sent, const Answer& answer);
  void OnFetched(const Sent& sent, const Answer& answer, AppAnswers apps);
  bool TellsAll(const Sent& sent, const AppAnswers& apps);
  bool IsSecondForm(const Sent& sent);
  News OnPolled(const Sent& sent, const Answer& answer, AppAnswers apps);
  News Apply(const Sent& sent, const Answer& answer, AppAnswers answers);
  bool IsLive(const Sent& sent, const Answer& answer,
              const PolledApp& app) const;
  void ForgetVersions(const Sent& sent);
  void ForgetOtherLives(const Sent& sent, const Answer& answer);
  void ReportMissing(const Sent& sent, const Answer& answer,
                     const std::string& app_id);
  void ConfirmAfter(const PolledApp& app, std::optional<Clock::Duration> delay);
  void Continue(const Sent& sent, News news);

  Clock::Duration TurnAfter(Clock::Duration delay);
  void Quarantine(PolledApp& app);

  base::Loop& loop_;
  Requester& requester_;
  const PollerOptions options_;

  PollGroups groups_;
  std::vector<std::string> gathered_;  // Waiting to begin.
  base::Loop::TimerId gather_timer_ = 0;
  std::set<GroupId> waiting_;  // For a node that may be asked.
  Trials trials_;
  std::uint64_t last_poll_ = 0;
  Clock::TimePoint next_turn_{};  // Of what nodes refuse.
  std::minstd_rand random_;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_POLLER_H_

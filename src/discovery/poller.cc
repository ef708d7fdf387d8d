// SPDX-License-Identifier: Apache-2.0

#include "discovery/poller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;

// Two requests of one group begin at least so far apart, whatever a node
// answers (C-05), but for a fetchs that completes another one.
constexpr milliseconds kMinGap{20};

// Between two halves of groups that nodes refuse.
constexpr milliseconds kTurn{10};

// How long what nodes refuse waits at least while none is known to be well.
constexpr std::chrono::seconds kGiveWayFor{5};

// A poll that lasted so long was held: what it brings is no hot loop.
constexpr milliseconds kHeldLongEnough{1000};

std::string DescribeApps(const PollText::AppIds& app_ids) {
  if (app_ids.size() == 1) return app_ids.front();
  return absl::StrFormat("%s and %d more", app_ids.front(), app_ids.size() - 1);
}

}  // namespace

Poller::Poller(base::Loop& loop, Requester& requester, PollerOptions options)
    : loop_(loop),
      requester_(requester),
      options_(std::move(options)),
      groups_(options_.groups, options_.seed),
      random_(base::SeededRandom(options_.seed)) {}

Poller::~Poller() = default;

void Poller::Follow(std::shared_ptr<core::Topic> topic) {
  loop_.Post([this, topic = std::move(topic)] { Begin(topic); });
}

void Poller::Unfollow(std::shared_ptr<core::Topic> topic) {
  loop_.Post([this, topic = std::move(topic)] { End(topic); });
}

void Poller::OnNodeWellAgain() {
  loop_.Post([this] { AskWaiting(); });
}

// --- Which applications, in which groups ---

void Poller::Begin(std::shared_ptr<core::Topic> topic) {
  gathered_.push_back(topic->app_id());
  groups_.Follow(std::move(topic));
  if (gather_timer_ != 0) return;
  gather_timer_ = loop_.RunAfter(options_.gather, [this] {
    gather_timer_ = 0;
    for (const GroupId id : groups_.Form(std::exchange(gathered_, {}))) Ask(id);
  });
}

void Poller::End(const std::shared_ptr<core::Topic>& topic) {
  PolledApp* const app = groups_.Find(topic->app_id());
  if (app == nullptr || app->topic != topic) return;
  const GroupId group = app->group;
  if (group == 0) {
    gathered_.erase(
        std::remove(gathered_.begin(), gathered_.end(), topic->app_id()),
        gathered_.end());
  }
  groups_.Unfollow(*app);
  if (group != 0 && groups_.at(group).apps.empty()) Erase(group);
}

void Poller::Erase(GroupId id) {
  PollGroup& group = groups_.at(id);
  requester_.Abort(group.request);
  loop_.CancelTimer(group.timer);
  waiting_.erase(id);
  trials_.Forget(id);
  EndTrial(id, false);
  groups_.Erase(id);
}

// --- Asking ---

void Poller::Ask(GroupId id) {
  PollGroup& group = groups_.at(id);
  group.timer = 0;
  waiting_.erase(id);
  trials_.Forget(id);
  const auto node = ChooseFor(id);
  if (!node) return;
  group.TellTo(*node, requester_.nodes().Epoch(*node));
  const bool is_trial = HoldFor(group) == milliseconds::zero() &&
                        requester_.nodes().IsUntried(*node);
  if (is_trial && !trials_.Begin(id, *node)) return;
  Sent sent = MakeSent(id, *node);
  const bool is_poll = sent.hold.count() > 0;
  (is_poll ? requester_.counters().polls : requester_.counters().refreshes)
      .Add();
  Call call = is_poll ? MakePoll(sent, group.text) : MakeFetch(sent);
  Send(std::move(call), std::move(sent));
}

// Returns the node to ask now. Nothing: none is well, nor is it the group's
// turn.
std::optional<std::string> Poller::ChooseFor(GroupId id) {
  PollGroup& group = groups_.at(id);
  core::NodesView& nodes = requester_.nodes();
  // That it is refused shows nobody that a node is well again.
  const bool gives_way =
      group.refused != Refused::kNothing && !nodes.FirstWell({});
  const auto node = gives_way ? std::nullopt
                              : group.choice.Choose(nodes, loop_.clock().Now());
  if (node) return node;
  ReportLastError(group);
  AskWhenNodeIsWell(id);
  if (gives_way) AskAfter(id, kGiveWayFor);
  return std::nullopt;
}

void Poller::EndTrial(GroupId id, bool has_failed) {
  for (const GroupId held_up : trials_.End(id)) {
    if (has_failed) ReportLastError(groups_.at(held_up));
    AskAfter(held_up, Clock::Duration::zero());
  }
}

// Other requests have found out what is wrong: whoever waits for a first list
// needn't, see Topic::ServeSaved().
void Poller::ReportLastError(const PollGroup& group) {
  for (const auto& [app_id, app] : group.apps) {
    app->topic->ReportError(
        requester_.NoNode(absl::StrFormat("fetch %s", app_id)));
  }
}

Poller::Sent Poller::MakeSent(GroupId id, const std::string& node) {
  PollGroup& group = groups_.at(id);
  Sent sent;
  sent.group = id;
  // Somebody may wait for the first list: the nodes are tried in haste, and
  // only when all have been is there as much time as ever.
  sent.is_hasty =
      !group.is_primed && ++group.asked < requester_.nodes().All().size();
  sent.node = node;
  sent.began = loop_.clock().Now();
  sent.epoch = group.told_epoch;
  sent.hold = HoldFor(group);
  sent.app_ids = group.text.app_ids();
  sent.form = group.forms.form();
  sent.what = absl::StrFormat("%s %s", sent.hold.count() > 0 ? "poll" : "fetch",
                              DescribeApps(*sent.app_ids));
  return sent;
}

void Poller::Send(Call call, Sent sent) {
  PollGroup& group = groups_.at(sent.group);
  const auto apps = std::make_shared<AppAnswers>();
  call.read_data = [this, apps](net::JsonReader& data) {
    *apps = DecodeApps(data, options_.env, [this](std::string_view app_id) {
      return Present(app_id);
    });
  };
  group.request = requester_.Send(std::move(call),
                                  [this, sent = std::move(sent),
                                   apps](const absl::StatusOr<Answer>& answer) {
                                    OnAnswered(sent, answer, std::move(*apps));
                                  });
}

// Nothing: nobody follows it.
std::optional<std::shared_ptr<const Snapshot>> Poller::Present(
    std::string_view app_id) {
  const PolledApp* const app = groups_.Find(app_id);
  if (app == nullptr) return std::nullopt;
  return app->topic->snapshot();
}

void Poller::AskAfter(GroupId id, Clock::Duration delay) {
  PollGroup& group = groups_.at(id);
  loop_.CancelTimer(group.timer);
  group.timer = loop_.RunAfter(delay, [this, id] { Ask(id); });
}

// Another group may be the one that finds a node well again, hence `waiting_`.
void Poller::AskWhenNodeIsWell(GroupId id) {
  const auto now = loop_.clock().Now();
  const auto at = std::max(requester_.nodes().NextChance(), now);
  AskAfter(id, at - now);
  waiting_.insert(id);
}

void Poller::AskWaiting() {
  for (const GroupId id : std::exchange(waiting_, {})) {
    AskAfter(id, Clock::Duration::zero());
  }
}

Call Poller::MakeFetch(const Sent& sent) const {
  Call call;
  call.what = sent.what;
  call.node = sent.node;
  call.path = "/discovery/fetchs";
  call.is_hasty = sent.is_hasty;
  call.parameters = FetchsQuery(options_.env, *sent.app_ids, sent.form);
  return call;
}

// A name of its own for each poll: polls of one name share a channel at the
// node and take each other's answers (C-03).
Call Poller::MakePoll(const Sent& sent, const PollText& text) {
  Call call;
  call.what = sent.what;
  call.node = sent.node;
  call.path = "/discovery/polls";
  call.parameters =
      PollsQuery(options_.env,
                 absl::StrFormat("%s/%d", options_.poller_prefix, ++last_poll_),
                 text, sent.form);
  call.hold = sent.hold;
  return call;
}

// A poll ends when the next fetchs is due, at the latest. Zero: it is due, as
// it is at another node than before, or one that has failed since: a poll may
// take much longer to show that this one hangs, or reads lists in another form.
milliseconds Poller::HoldFor(const PollGroup& group) const {
  const auto left = group.refresh_at - loop_.clock().Now();
  if (!group.is_primed || !group.is_read || group.IsFormDue() ||
      left <= Clock::Duration::zero()) {
    return milliseconds::zero();
  }
  return std::min(
      {options_.hold, group.max_hold, std::chrono::ceil<milliseconds>(left)});
}

// --- Answers ---

void Poller::OnAnswered(const Sent& sent, const absl::StatusOr<Answer>& answer,
                        AppAnswers apps) {
  PollGroup& group = groups_.at(sent.group);
  group.request = 0;
  const absl::Status& status = answer.status();
  EndTrial(sent.group, !status.ok() && !kRequestsFault.IsOn(status));
  if (!answer.ok()) {
    OnNodeFailed(sent, status);
    return;
  }
  AskWaiting();
  NoteAnswered(sent);
  ForgetOtherLives(sent, *answer);
  const bool is_refused =
      answer->code != kCodeOk && answer->code != kCodeNotModified;
  if (is_refused && !IsSecondForm(sent)) {
    OnRefused(sent, *answer);
    return;
  }
  News news = News::kNone;  // A fetchs leaves the pace of polls as it is.
  if (sent.hold.count() > 0) {
    news = OnPolled(sent, *answer, std::move(apps));
  } else {
    OnFetched(sent, *answer, std::move(apps));
  }
  Continue(sent, news);
}

// A fetchs says nothing of polls that are refused.
void Poller::NoteAnswered(const Sent& sent) {
  PollGroup& group = groups_.at(sent.group);
  const bool is_fetch = sent.hold.count() == 0;
  if (is_fetch && group.refused == Refused::kPolls) return;
  groups_.SetRefused(group, Refused::kNothing);
  group.fault_backoff.Reset();
}

// The versions are worth nothing after an error: the same address may be a node
// that has restarted since (C-10).
void Poller::OnNodeFailed(const Sent& sent, const absl::Status& status) {
  if (kRequestsFault.IsOn(status) && PassesOver(sent)) return;
  ForgetVersions(sent);
  PollGroup& group = groups_.at(sent.group);
  if (IsSecondForm(sent)) group.forms.FailSecond(false);
  for (const std::string& app_id : *sent.app_ids) {
    const PolledApp* const app = groups_.Find(app_id);
    if (app == nullptr) continue;
    app->topic->ReportError(
        kPollsFault.TakeOff(kRequestsFault.TakeOff(status)));
  }
  if (group.apps.empty()) {
    Erase(sent.group);
  } else if (group.choice.Note(requester_.nodes(), loop_.clock().Now(),
                               sent.node, status)) {
    OnRefusedByAll(sent, kPollsFault.IsOn(status));
  } else {
    AskWhenNodeIsWell(sent.group);
  }
}

// Whether what was refused says nothing of the applications: it was another
// form of the list, or a poll that was held for too long, and the group goes on
// without these.
bool Poller::PassesOver(const Sent& sent) {
  PollGroup& group = groups_.at(sent.group);
  const auto lasted =
      std::chrono::floor<milliseconds>(loop_.clock().Now() - sent.began);
  if (group.apps.empty()) return false;
  if (IsSecondForm(sent)) {
    // Then what the first form brings is all there is.
    group.forms.FailSecond(true);
    group.forms.Reset();
  } else if (lasted >= kHeldLongEnough && lasted < sent.hold) {
    ForgetVersions(sent);
    group.is_read = false;
    group.max_hold = std::max(kHeldLongEnough, lasted * 3 / 4);
  } else {
    return false;
  }
  AskAfter(sent.group, kMinGap);
  return true;
}

// The nodes are well, and refuse some of the group's applications; or all
// polls, in whose place there are fetchs then.
void Poller::OnRefusedByAll(const Sent& sent, bool are_polls_refused) {
  PollGroup& group = groups_.at(sent.group);
  group.is_read = false;
  groups_.SetRefused(
      group, sent.hold.count() > 0 ? Refused::kPolls : Refused::kFetches);
  if (group.apps.size() > 1 && !are_polls_refused) {
    const GroupId other = groups_.Split(sent.group);
    AskAfter(sent.group, TurnAfter(kMinGap));
    AskAfter(other, TurnAfter(kMinGap));
    return;
  }
  AskAfter(sent.group, std::max<Clock::Duration>(group.fault_backoff.Next(),
                                                 requester_.NextTurn()));
}

// The node is well, but won't answer this. Old nodes refuse a whole poll when
// they miss one of its applications (A.14), so the culprit is looked for.
void Poller::OnRefused(const Sent& sent, const Answer& answer) {
  PollGroup& group = groups_.at(sent.group);
  if (group.apps.size() > 1) {
    const GroupId other = groups_.Split(sent.group);
    AskAfter(sent.group, kMinGap);
    AskAfter(other, kMinGap);
    return;
  }
  if (group.apps.empty()) {
    Erase(sent.group);
    return;
  }
  const auto& [app_id, only] = *group.apps.begin();
  PolledApp& app = *only;
  groups_.SetQuarantined(app, true);
  groups_.SetVersion(app, 0);
  if (answer.code == kCodeNotFound) {
    ReportMissing(sent, answer, app_id);
  } else {
    app.topic->ReportError(Describe(sent.what, sent.node, StatusOf(answer)));
  }
  AskAfter(sent.group, group.backoff.Next());
}

void Poller::OnFetched(const Sent& sent, const Answer& answer,
                       AppAnswers apps) {
  constexpr double kJitter = 0.5;
  PollGroup& group = groups_.at(sent.group);
  if (!IsSecondForm(sent)) {
    group.is_in_doubt = false;
    group.forms_alive_at = answer.alive_at;
    group.refresh_at =
        loop_.clock().Now() +
        base::Jittered(options_.refresh_interval, kJitter, random_);
  }
  if (TellsAll(sent, apps)) {
    groups_.SetPrimed(group);
    group.is_read = true;
    for (const std::string& app_id : *sent.app_ids) {
      const bool is_known = apps.apps.count(app_id) != 0 ||
                            apps.malformed.count(app_id) != 0 ||
                            group.forms.HasBrought(app_id);
      if (!is_known) ReportMissing(sent, answer, app_id);
    }
  }
  Apply(sent, answer, std::move(apps));
}

// Whether what the answer lacks isn't there, rather than that the node may have
// read the list of applications in another way. If not, the next fetchs tells.
bool Poller::TellsAll(const Sent& sent, const AppAnswers& apps) {
  FormFinder& forms = groups_.at(sent.group).forms;
  forms.Learn(*sent.app_ids, apps);
  return sent.app_ids->size() == 1 || forms.is_settled();
}

// Whether a node was only tried with another form of the list: that it refuses
// this says nothing of the applications.
bool Poller::IsSecondForm(const Sent& sent) {
  return sent.hold.count() == 0 && sent.app_ids->size() > 1 &&
         groups_.at(sent.group).forms.is_second();
}

Poller::News Poller::OnPolled(const Sent& sent, const Answer& answer,
                              AppAnswers apps) {
  if (answer.code == kCodeOk) requester_.counters().pushes.Add();
  FormFinder& forms = groups_.at(sent.group).forms;
  if (forms.is_guess() && !apps.apps.empty()) forms.Reset();
  return Apply(sent, answer, std::move(apps));
}

void Poller::ForgetVersions(const Sent& sent) {
  for (const std::string& app_id : *sent.app_ids) {
    PolledApp* const app = groups_.Find(app_id);
    if (app != nullptr) groups_.SetVersion(*app, 0);
  }
}

// Whoever gave a version may have restarted between two requests, and then says
// "not modified" of a list that it has lost (C-10), or reads lists of
// applications otherwise: of what it said before, nothing counts for an answer
// over a connection that it need not have lived to see. A server that closes
// every connection still gets every other poll with versions, and holds it.
// What is of this life is known to hold on.
void Poller::ForgetOtherLives(const Sent& sent, const Answer& answer) {
  PollGroup& group = groups_.at(sent.group);
  for (const auto& [app_id, app] : group.apps) {
    if (app->node != sent.node || app->version == 0) continue;
    if (app->alive_at < answer.connection) {
      groups_.SetVersion(*app, 0);
    } else {
      app->alive_at = std::max(app->alive_at, answer.alive_at);
    }
  }
  if (group.forms_alive_at >= answer.connection) {
    group.forms_alive_at = std::max(group.forms_alive_at, answer.alive_at);
  } else if (sent.hold.count() > 0) {  // A fetchs shows how lists are read.
    group.forms.Reset();
  }
}

// Equal versions are applied too: a node changes an Instance's status without a
// new one (C-02).
Poller::News Poller::Apply(const Sent& sent, const Answer& answer,
                           AppAnswers answers) {
  core::Counters& counters = requester_.counters();
  counters.decode_errors.Add(answers.malformed.size());
  counters.dropped_addresses.Add(answers.dropped.addresses);
  counters.dropped_instances.Add(answers.dropped.instances);
  News news = News::kNone;
  for (auto& [app_id, app_answer] : answers.apps) {
    PolledApp* const found = groups_.Find(app_id);
    if (found == nullptr) continue;
    PolledApp& app = *found;
    app_answer.list.is_live = IsLive(sent, answer, app);
    const bool is_new =
        app.node != sent.node || app.version != app_answer.version;
    if (is_new) news = std::max(news, News::kVersion);
    app.node = sent.node;
    app.epoch = sent.epoch;
    app.alive_at = answer.alive_at;
    groups_.SetVersion(app, app_answer.version);
    groups_.SetQuarantined(app, false);
    const auto before = app.topic->snapshot();
    ConfirmAfter(app, app.topic->Publish(std::move(app_answer.list)));
    if (app.topic->snapshot() != before) news = News::kList;
  }
  for (const auto& [app_id, status] : answers.malformed) {
    PolledApp* const app = groups_.Find(app_id);
    if (app == nullptr) continue;
    app->topic->ReportError(
        Describe(absl::StrFormat("poll %s", app_id), sent.node, status));
    if (sent.hold.count() > 0) Quarantine(*app);
  }
  return news;
}

// The node that gave the last list has been there ever since: nobody has seen
// it fail, and it lived to see the connection made. What its answer lacks has
// left.
bool Poller::IsLive(const Sent& sent, const Answer& answer,
                    const PolledApp& app) const {
  return app.version != 0 && app.node == sent.node && app.epoch == sent.epoch &&
         app.alive_at >= answer.connection &&
         requester_.nodes().Epoch(sent.node) == sent.epoch;
}

void Poller::ReportMissing(const Sent& sent, const Answer& answer,
                           const std::string& app_id) {
  PolledApp* const found = groups_.Find(app_id);
  if (found == nullptr) return;
  PolledApp& app = *found;
  const auto confirm = app.topic->ReportMissing(
      absl::NotFoundError(absl::StrFormat(
          "discovery: fetch %s: %s: no such application", app_id, sent.node)),
      IsLive(sent, answer, app));
  // While it is in doubt, the next answer must be as live as this one.
  if (!confirm) groups_.SetVersion(app, 0);
  ConfirmAfter(app, confirm);
}

// Has the application's group fetched when an answer can confirm that it is
// empty.
void Poller::ConfirmAfter(const PolledApp& app,
                          std::optional<Clock::Duration> delay) {
  if (!delay || app.group == 0) return;
  PollGroup& group = groups_.at(app.group);
  group.is_in_doubt = true;
  group.refresh_at = std::min(group.refresh_at, loop_.clock().Now() + *delay);
}

void Poller::Continue(const Sent& sent, News news) {
  const GroupId id = sent.group;
  const auto lasted = loop_.clock().Now() - sent.began;
  // Or to its end, which is soon when a refresh is due.
  const bool was_held =
      lasted >= std::min<Clock::Duration>(kHeldLongEnough, sent.hold);
  PollGroup& group = groups_.at(id);
  if (group.apps.empty()) {
    Erase(id);
    return;
  }
  // Their polls go on until they end by themselves, so that their applications
  // are never without one.
  for (const GroupId other : groups_.TakeInOthers(id)) {
    if (groups_.at(other).request == 0) Erase(other);
  }
  if (sent.hold.count() == 0 && group.IsFormDue()) {
    AskAfter(id, Clock::Duration::zero());
  } else if (group.is_in_doubt) {
    AskAfter(id, std::max<Clock::Duration>(
                     kMinGap, group.refresh_at - loop_.clock().Now()));
  } else if (sent.hold.count() == 0) {
    // That it came at once says nothing of the polls, which it leaves as they
    // are: where one brings about a fetchs, the two would be a hot loop.
    AskAfter(id, std::max<Clock::Duration>(kMinGap - lasted, {}));
  } else if (news == News::kList || was_held) {
    group.backoff.Reset();
    group.quick_backoff.Reset();
    AskAfter(id, std::max<Clock::Duration>(kMinGap - lasted, {}));
  } else if (news == News::kVersion) {
    AskAfter(id, group.quick_backoff.Next());
  } else {
    AskAfter(id, group.backoff.Next());
  }
}

// Returns the delay until the next turn, at least `delay`, so that many groups
// that are halved are no flood.
Poller::Clock::Duration Poller::TurnAfter(Clock::Duration delay) {
  const auto now = loop_.clock().Now();
  const auto turn = std::max(now, next_turn_);
  next_turn_ = turn + kTurn;
  return std::max(delay, turn - now);
}

// Gives the application a group of its own, so that it can't hold up others
// (C-34).
void Poller::Quarantine(PolledApp& app) {
  groups_.SetVersion(app, 0);
  groups_.SetQuarantined(app, true);
  // It may have been followed anew since the poll was sent.
  if (app.group == 0 || groups_.at(app.group).apps.size() == 1) return;
  const GroupId id = groups_.SetApart(app);
  AskAfter(id, groups_.at(id).backoff.Next());
}

}  // namespace naming::discovery

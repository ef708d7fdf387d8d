// SPDX-License-Identifier: Apache-2.0

#include "etcd/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::etcd {
namespace {

using std::chrono::milliseconds;

// Between attempts at an application that can't be read or watched.
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kMaxPause{2000};

// What stays so for a while: a user's permissions are changed by people, and a
// list that is too large would be downloaded again and again.
constexpr std::chrono::seconds kLongPause{30};

// At most a half of the interval, so that clients that began together drift
// apart.
constexpr double kJitter = 0.5;

// Returns what `response` says to a request for the keys of `prefixes`.
absl::StatusOr<RangeAnswer> DecodeList(const net::HttpResponse& response,
                                       std::size_t prefixes) {
  const auto document = DecodeAnswer(response);
  if (!document.ok()) return document.status();
  return prefixes == 1 ? DecodeRange(document->root())
                       : DecodeRangeAll(document->root());
}

}  // namespace

Follower::Follower(base::Loop& loop, Requester& requester,
                   const LayoutCodec& layout,
                   std::shared_ptr<core::Logger> logger,
                   FollowerOptions options)
    : loop_(loop),
      requester_(requester),
      layout_(layout),
      logger_(std::move(logger)),
      options_(options),
      random_(base::SeededRandom(options_.seed)) {}

Follower::~Follower() = default;

void Follower::Follow(std::shared_ptr<core::Topic> topic) {
  loop_.Post([this, topic = std::move(topic)] { Begin(topic); });
}

void Follower::Unfollow(std::shared_ptr<core::Topic> topic) {
  loop_.Post([this, topic = std::move(topic)] { End(topic); });
}

void Follower::OnNodeFailed(const std::string& node) {
  std::vector<StreamId> dead;
  for (const auto& [id, stream] : streams_) {
    if (stream->node() == node) dead.push_back(id);
  }
  const absl::Status why = absl::UnavailableError(
      absl::StrFormat("etcd: watch: %s", requester_.nodes().last_error()));
  for (const StreamId id : dead) OnStreamOver(id, why);
}

// --- Which applications ---

void Follower::Begin(std::shared_ptr<core::Topic> topic) {
  const std::string app_id = topic->app_id();
  App& app = apps_
                 .try_emplace(app_id, layout_, app_id,
                              base::Backoff(kFirstPause, kMaxPause,
                                            options_.seed + ++seeds_))
                 .first->second;
  app.topic = std::move(topic);
  Read(app_id);
  if (probe_timer_ == 0) Probe();
}

void Follower::End(const std::shared_ptr<core::Topic>& topic) {
  const auto it = apps_.find(topic->app_id());
  if (it == apps_.end() || it->second.topic != topic) return;
  App& app = it->second;
  requester_.Abort(app.reading);
  loop_.CancelTimer(app.read_timer);
  loop_.CancelTimer(app.publish_timer);
  bad_values_ -= static_cast<std::int64_t>(app.bad_count);
  Detach(app, topic->app_id());
  apps_.erase(it);
}

// --- Reading ---

void Follower::ReadAfter(const std::string& app_id, Clock::Duration delay) {
  App& app = apps_.at(app_id);
  loop_.CancelTimer(app.read_timer);
  app.read_timer = loop_.RunAfter(delay, [this, app_id] {
    apps_.at(app_id).read_timer = 0;
    Read(app_id);
  });
}

// One that is watched is read from the member that streams it: that shows
// whether it is alive.
void Follower::Read(const std::string& app_id) {
  App& app = apps_.at(app_id);
  if (app.reading != 0) return;
  app.asked_revision = app.keys.revision();
  const std::vector<std::string> prefixes = layout_.Prefixes(app_id);
  Call call;
  call.what = absl::StrFormat("fetch %s", app_id);
  if (app.stream != 0) call.node = streams_.at(app.stream)->node();
  if (prefixes.size() == 1) {
    call.path = "/kv/range";
    call.body = RangeBody(prefixes.front(), PrefixEnd(prefixes.front()),
                          Detail::kValues);
  } else {
    call.path = "/kv/txn";
    call.body = RangeAllBody(prefixes);
  }
  app.reading = requester_.Send(
      std::move(call),
      [this, app_id](const absl::StatusOr<net::HttpResponse>& response) {
        OnRead(app_id, requester_.asked_node(), response);
      });
}

void Follower::OnRead(const std::string& app_id, const std::string& node,
                      const absl::StatusOr<net::HttpResponse>& response) {
  apps_.at(app_id).reading = 0;
  if (!response.ok()) return OnReadFailed(app_id, response.status());
  auto answer = DecodeList(*response, layout_.Prefixes(app_id).size());
  if (!answer.ok()) {
    return OnReadFailed(app_id, Describe(absl::StrFormat("fetch %s", app_id),
                                         node, answer.status()));
  }
  Take(app_id, node, *std::move(answer));
}

void Follower::OnReadFailed(const std::string& app_id,
                            const absl::Status& status) {
  App& app = apps_.at(app_id);
  app.topic->ReportError(status);
  if (absl::IsPermissionDenied(status) || absl::IsResourceExhausted(status)) {
    ReadAfter(app_id, kLongPause);
  } else {
    ReadAfter(app_id, app.backoff.Next());
  }
}

void Follower::Take(const std::string& app_id, const std::string& node,
                    RangeAnswer answer) {
  App& app = apps_.at(app_id);
  // Nothing but a loss of data makes a store younger than it was.
  const bool is_restored = answer.revision < app.asked_revision;
  if (!is_restored && answer.revision < app.keys.revision()) {
    // The stream was faster.
    return ReadAfter(app_id, options_.gather);
  }
  if (is_restored) {
    app.is_live = false;
    logger_->Warning(absl::StrFormat(
        "etcd: fetch %s: %s: the store has lost data: revision %d after %d",
        app_id, node, answer.revision, app.asked_revision));
  }
  const bool is_change = app.keys.Replace(std::move(answer));
  app.node = node;
  Publish(app_id);
  // The watch goes on from here without a gap.
  app.is_live = true;
  if (app.stream == 0) {
    Attach(app_id);
  } else if (is_change || is_restored) {
    // The stream should have brought it.
    streams_.at(app.stream)->Restart();
  }
  ReadAfter(app_id, base::Jittered(options_.resync_interval, kJitter, random_));
}

// --- Publishing ---

void Follower::Publish(const std::string& app_id) {
  App& app = apps_.at(app_id);
  loop_.CancelTimer(std::exchange(app.publish_timer, 0));
  app.published_at = loop_.clock().Now();
  NoteBadValues(app);
  core::List list;
  list.instances = app.keys.Instances();
  list.is_live = app.is_live;
  if (list.instances.empty()) {
    // One answer is enough: the store is linearizable.
    app.topic->ReportMissing(
        absl::NotFoundError(absl::StrFormat(
            "etcd: fetch %s: %s: no such application", app_id, app.node)),
        list.is_live);
  } else {
    app.topic->Publish(std::move(list));
  }
}

// At once, unless it was a moment ago. What belongs together but has several
// prefixes comes in several messages.
void Follower::PublishSoon(const std::string& app_id) {
  App& app = apps_.at(app_id);
  if (app.publish_timer != 0) return;
  const auto now = loop_.clock().Now();
  const bool is_in_parts = layout_.Prefixes(app_id).size() > 1;
  const auto since = is_in_parts ? now : app.published_at;
  const auto wait = since + options_.gather - now;
  if (wait <= Clock::Duration::zero()) return Publish(app_id);
  app.publish_timer = loop_.RunAfter(wait, [this, app_id] { Publish(app_id); });
}

void Follower::NoteBadValues(App& app) {
  for (const std::string& complaint : app.keys.TakeComplaints()) {
    logger_->Warning(complaint);
  }
  bad_values_ += static_cast<std::int64_t>(app.keys.bad_count()) -
                 static_cast<std::int64_t>(app.bad_count);
  app.bad_count = app.keys.bad_count();
}

// --- Watching ---

void Follower::Attach(const std::string& app_id) {
  App& app = apps_.at(app_id);
  app.stream = StreamToJoin();
  streams_.at(app.stream)
      ->Join(app_id,
             {layout_.Prefixes(app_id), [this, app_id](std::size_t prefix) {
                return apps_.at(app_id).keys.revision(prefix);
              }});
}

void Follower::Detach(App& app, const std::string& app_id) {
  const StreamId id = std::exchange(app.stream, 0);
  if (id == 0) return;
  streams_.at(id)->Leave(app_id);
  // Later: a stream isn't destroyed by what it tells.
  loop_.Post([this, id] { EraseIfEmpty(id); });
}

void Follower::EraseIfEmpty(StreamId id) {
  const auto it = streams_.find(id);
  if (it != streams_.end() && it->second->size() == 0) streams_.erase(it);
}

Follower::StreamId Follower::StreamToJoin() {
  if (streams_.size() >= options_.max_streams) {
    return std::min_element(streams_.begin(), streams_.end(),
                            [](const auto& a, const auto& b) {
                              return a.second->size() < b.second->size();
                            })
        ->first;
  }
  const StreamId id = ++last_stream_;
  streams_.emplace(
      id,
      std::make_unique<Stream>(
          loop_, requester_, options_.stream,
          [this, id](const Stream::Watch& watch, const WatchMessage& message) {
            OnMessage(id, watch, message);
          },
          [this, id](const absl::Status& why) { OnStreamOver(id, why); }));
  return id;
}

void Follower::OnMessage(StreamId id, const Stream::Watch& watch,
                         const WatchMessage& message) {
  const std::string& app_id = watch.app_id;
  App& app = apps_.at(app_id);
  if (message.is_canceled) {
    // Compacted. The stream stays open, and silent.
    Detach(app, app_id);
    return Read(app_id);
  }
  if (message.is_created) {
    app.backoff.Reset();
    // A member that is behind, or a store that has lost data: a read tells.
    if (message.revision < app.keys.revision(watch.prefix)) Read(app_id);
    return;
  }
  if (message.events.empty()) {
    return app.keys.Reached(watch.prefix, message.revision);
  }
  if (app.keys.Apply(watch.prefix, message.events)) {
    app.node = streams_.at(id)->node();
    PublishSoon(app_id);
  }
}

void Follower::OnStreamOver(StreamId id, const absl::Status& why) {
  const std::vector<std::string> app_ids = streams_.at(id)->app_ids();
  streams_.erase(id);
  for (const std::string& app_id : app_ids) {
    App& app = apps_.at(app_id);
    app.stream = 0;
    // What came before the end is live still.
    if (app.publish_timer != 0) Publish(app_id);
    app.is_live = false;
    app.topic->ReportError(why);
    // Of what isn't permitted its own read tells: the others go on.
    ReadAfter(app_id, app.backoff.Next());
  }
}

// A frozen member's connections stay up. What fails here is told to
// OnNodeFailed().
void Follower::Probe() {
  std::map<std::string, std::string> app_by_node;
  for (const auto& [id, stream] : streams_) {
    if (!stream->node().empty() && stream->size() > 0) {
      app_by_node.emplace(stream->node(), stream->app_ids().front());
    }
  }
  for (const auto& [node, app_id] : app_by_node) {
    const std::string prefix = layout_.Prefixes(app_id).front();
    Call call;
    call.what = absl::StrFormat("probe for %s", app_id);
    call.node = node;
    call.path = "/kv/range";
    call.body = RangeBody(prefix, PrefixEnd(prefix), Detail::kCountOnly);
    requester_.Send(std::move(call),
                    [](const absl::StatusOr<net::HttpResponse>&) {});
  }
  probe_timer_ = loop_.RunAfter(
      base::Jittered(options_.probe_interval, kJitter / 2, random_),
      [this] { Probe(); });
}

}  // namespace naming::etcd

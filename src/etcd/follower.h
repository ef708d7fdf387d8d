// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_FOLLOWER_H_
#define NAMING_ETCD_FOLLOWER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/backoff.h"
#include "base/loop.h"
#include "core/logger.h"
#include "core/topic.h"
#include "core/topics.h"
#include "etcd/keys.h"
#include "etcd/layout.h"
#include "etcd/protocol.h"
#include "etcd/requester.h"
#include "etcd/stream.h"

namespace naming::etcd {

struct FollowerOptions {
  // How often an application's whole list is read again; each interval is
  // shortened by up to a half at random.
  std::chrono::milliseconds resync_interval = std::chrono::minutes(1);

  // How often the members that have a stream are asked for something: a frozen
  // one keeps its streams open, and says nothing on them.
  std::chrono::milliseconds probe_interval = std::chrono::seconds(5);

  // Changes that follow each other within so long become one list.
  std::chrono::milliseconds gather = std::chrono::milliseconds(20);

  // Applications beyond so many share streams.
  std::size_t max_streams = 16;

  StreamOptions stream;
  std::uint64_t seed = 1;
};

// Follows applications by watches, and feeds their Topics.
//
// An application is read whole, at a revision R, and then watched from R + 1
// on, so that nothing is missed between the two. When its stream breaks, is
// compacted, or comes from a store that is older than what was read, it is read
// again. A list that was read after a break isn't live; see core::List.
//
// Follow() and Unfollow() may be called on any thread; the rest lives on the
// loop of its Requester.
class Follower final : public core::Source {
 public:
  // All of them outlive the Follower's loop.
  Follower(base::Loop& loop, Requester& requester, const LayoutCodec& layout,
           std::shared_ptr<core::Logger> logger, FollowerOptions options);
  ~Follower() override;

  void Follow(std::shared_ptr<core::Topic> topic) override;
  void Unfollow(std::shared_ptr<core::Topic> topic) override;

  // A request to `node` has failed: what it streams may be dead as well.
  void OnNodeFailed(const std::string& node);

  // Returns how many values can't be read now. Thread-safe.
  std::int64_t bad_values() const { return bad_values_; }

 private:
  using Clock = base::Clock;
  using milliseconds = std::chrono::milliseconds;
  using StreamId = std::uint64_t;

  struct App {
    App(const LayoutCodec& layout, const std::string& app_id,
        base::Backoff pauses)
        : keys(layout, app_id), backoff(std::move(pauses)) {}

    std::shared_ptr<core::Topic> topic;
    Keys keys;
    std::string node;     // Which told them last.
    StreamId stream = 0;  // 0 until it has been read.
    bool is_live = false;
    Requester::RequestId reading = 0;
    std::int64_t asked_revision = 0;  // Of the keys when `reading` began.
    base::Loop::TimerId read_timer = 0;
    base::Loop::TimerId publish_timer = 0;
    Clock::TimePoint published_at{};
    base::Backoff backoff;
    std::size_t bad_count = 0;  // As bad_values_ has it.
  };

  void Begin(std::shared_ptr<core::Topic> topic);
  void End(const std::shared_ptr<core::Topic>& topic);

  void ReadAfter(const std::string& app_id, Clock::Duration delay);
  void Read(const std::string& app_id);
  void OnRead(const std::string& app_id, const std::string& node,
              const absl::StatusOr<net::HttpResponse>& response);
  void OnReadFailed(const std::string& app_id, const absl::Status& status);
  void Take(const std::string& app_id, const std::string& node,
            RangeAnswer answer);

  void Publish(const std::string& app_id);
  void PublishSoon(const std::string& app_id);
  void NoteBadValues(App& app);

  void Attach(const std::string& app_id);
  void Detach(App& app, const std::string& app_id);
  StreamId StreamToJoin();
  void EraseIfEmpty(StreamId id);
  void OnMessage(StreamId id, const Stream::Watch& watch,
                 const WatchMessage& message);
  void OnStreamOver(StreamId id, const absl::Status& why);
  void Probe();

  base::Loop& loop_;
  Requester& requester_;
  const LayoutCodec& layout_;
  const std::shared_ptr<core::Logger> logger_;
  const FollowerOptions options_;

  std::map<std::string, App, std::less<>> apps_;
  std::map<StreamId, std::unique_ptr<Stream>> streams_;
  StreamId last_stream_ = 0;
  base::Loop::TimerId probe_timer_ = 0;
  std::uint64_t seeds_ = 0;
  std::minstd_rand random_;
  std::atomic<std::int64_t> bad_values_{0};
};

}  // namespace naming::etcd

#endif  // NAMING_ETCD_FOLLOWER_H_

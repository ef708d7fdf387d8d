// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_TOPICS_H_
#define NAMING_CORE_TOPICS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "core/dispatcher.h"
#include "core/topic.h"
#include "naming/resolver.h"

namespace naming::core {

// A backend's half of resolving: learns which applications are in use, and
// feeds their Topics.
//
// Calls come from users' threads, one at a time and in order, and must not
// wait; an implementation posts them to its worker.
class Source {
 public:
  virtual ~Source() = default;

  // `topic` came into use: follow its application and feed it.
  virtual void Follow(std::shared_ptr<Topic> topic) = 0;

  // The last Resolver of `topic` and its last Watcher are gone: drop it.
  virtual void Unfollow(std::shared_ptr<Topic> topic) = 0;
};

// The Topics of a Client, by application: one each, however many Resolvers.
//
// An application that nobody uses any more is forgotten with its Snapshot: who
// resolves it again waits for a fresh list instead of being served a stale one.
// Its revisions go on from there, so that they never repeat.
//
// Thread-safe. Held by shared_ptr, because Resolvers may outlive the Client.
class Topics final : public std::enable_shared_from_this<Topics> {
 public:
  // `source` lives until Close().
  Topics(Source* source, TopicSetting setting);
  ~Topics();

  // Returns a Resolver of `app_id`. The application is followed for as long as
  // a Resolver, or a Watcher from one, exists; then it is dropped. Once closed,
  // the Resolver follows nothing.
  std::unique_ptr<Resolver> Resolve(std::string_view app_id);

  // The Client is going away: closes every Topic; `source` isn't called again.
  void Close();

 private:
  class TopicResolver;
  class Use;  // Held by a Resolver and its Watchers.

  struct Followed {
    std::shared_ptr<Topic> topic;
    int uses = 0;
  };

  std::shared_ptr<Topic> Acquire(std::string_view app_id);
  void Release(const std::shared_ptr<Topic>& topic);

  const std::shared_ptr<const TopicSetting> setting_;

  // Held while `source_` is called, so that it sees Follow and Unfollow in
  // order; Topic's lock comes after it.
  base::Mutex mutex_;
  Source* source_ ABSL_GUARDED_BY(mutex_);  // Null once closed.
  std::map<std::string, Followed, std::less<>> followed_
      ABSL_GUARDED_BY(mutex_);
  // The highest revision of the Topics dropped so far: where new ones go on.
  std::int64_t dropped_revision_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace naming::core

#endif  // NAMING_CORE_TOPICS_H_

// SPDX-License-Identifier: Apache-2.0

#include "core/topics.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/snapshot_saver.h"

namespace naming::core {

// Keeps an application followed.
class Topics::Use final {
 public:
  Use(std::shared_ptr<Topics> topics, std::string_view app_id)
      : topics_(std::move(topics)), topic_(topics_->Acquire(app_id)) {}
  ~Use() { topics_->Release(topic_); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  Topic& topic() const { return *topic_; }

 private:
  const std::shared_ptr<Topics> topics_;
  const std::shared_ptr<Topic> topic_;
};

class Topics::TopicResolver final : public Resolver {
 public:
  explicit TopicResolver(std::shared_ptr<Use> use) : use_(std::move(use)) {}

  ~TopicResolver() override {
    is_going_ = true;
    use_->topic().Interrupt();
    base::MutexLock lock(mutex_);
    while (fetching_ > 0) fetch_ended_.Wait(mutex_);
  }

  absl::StatusOr<std::shared_ptr<const Snapshot>> Fetch(
      std::chrono::milliseconds timeout) override {
    {
      base::MutexLock lock(mutex_);
      ++fetching_;
    }
    auto fetched = use_->topic().Fetch(timeout, &is_going_);
    // Under the lock: without it, the destructor might end before the notice.
    base::MutexLock lock(mutex_);
    --fetching_;
    fetch_ended_.NotifyAll();
    return fetched;
  }

  Watcher Watch(
      std::function<void(std::shared_ptr<const Snapshot>)> on_change) override {
    auto watcher =
        std::make_shared<Watcher>(use_->topic().Watch(std::move(on_change)));
    return Watcher([watcher, use = use_] { *watcher = Watcher(); });
  }

 private:
  const std::shared_ptr<Use> use_;
  std::atomic<bool> is_going_{false};
  base::Mutex mutex_;
  base::CondVar fetch_ended_;
  int fetching_ ABSL_GUARDED_BY(mutex_) = 0;
};

Topics::Topics(Source* source, TopicSetting setting)
    : setting_(std::make_shared<const TopicSetting>(std::move(setting))),
      source_(source) {}

Topics::~Topics() = default;

std::unique_ptr<Resolver> Topics::Resolve(std::string_view app_id) {
  return std::make_unique<TopicResolver>(
      std::make_shared<Use>(shared_from_this(), app_id));
}

void Topics::Close() {
  base::MutexLock lock(mutex_);
  source_ = nullptr;
  for (const auto& [app_id, followed] : followed_) followed.topic->Close();
  followed_.clear();
}

std::shared_ptr<Topic> Topics::Acquire(std::string_view app_id) {
  base::MutexLock lock(mutex_);
  auto it = followed_.find(app_id);
  if (it != followed_.end()) {
    ++it->second.uses;
    return it->second.topic;
  }
  auto topic =
      std::make_shared<Topic>(setting_, std::string(app_id), dropped_revision_);
  if (source_ == nullptr) {
    topic->Close();
    return topic;
  }
  followed_.emplace(app_id, Followed{topic, 1});
  if (setting_->saver != nullptr) setting_->saver->Load(topic);
  source_->Follow(topic);
  return topic;
}

void Topics::Release(const std::shared_ptr<Topic>& topic) {
  base::MutexLock lock(mutex_);
  const auto it = followed_.find(topic->app_id());
  // After Close() nothing is followed.
  if (it == followed_.end() || --it->second.uses > 0) return;
  followed_.erase(it);
  dropped_revision_ = std::max(dropped_revision_, topic->revision());
  source_->Unfollow(topic);
}

}  // namespace naming::core

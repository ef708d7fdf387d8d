// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/watch.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::chaos {
namespace {

using std::chrono::milliseconds;

// Of a smaller list, a share means little.
constexpr std::size_t kLeastGuardedSize = 3;

milliseconds ToMs(Clock::duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration);
}

}  // namespace

std::string DescribeMembers(const Members& members) {
  std::string text;
  for (const auto& [name, version] : members) {
    text += absl::StrFormat(" %s=%s", name, version);
  }
  return text;
}

void Truth::Set(const std::string& app_id, const std::string& hostname,
                const std::string& version) {
  base::MutexLock lock(mutex_);
  members_[app_id][hostname] = version;
}

void Truth::Erase(const std::string& app_id, const std::string& hostname) {
  base::MutexLock lock(mutex_);
  members_[app_id].erase(hostname);
}

Members Truth::Of(const std::string& app_id) const {
  base::MutexLock lock(mutex_);
  const auto it = members_.find(app_id);
  return it == members_.end() ? Members() : it->second;
}

void Violations::Add(std::string what) {
  base::MutexLock lock(mutex_);
  all_.push_back(std::move(what));
}

std::vector<std::string> Violations::All() const {
  base::MutexLock lock(mutex_);
  return all_;
}

Watch::Watch(Builder& builder, std::string app_id, const Truth& truth,
             Violations& violations)
    : app_id_(std::move(app_id)),
      truth_(truth),
      violations_(violations),
      resolver_(builder.Build("discovery:///" + app_id_).value()),
      watcher_(resolver_->Watch(
          [this](const std::shared_ptr<const Snapshot>& snapshot) {
            Take(*snapshot);
          })) {}

Members Watch::seen() const {
  base::MutexLock lock(mutex_);
  return seen_;
}

Clock::duration Watch::longest_missing() const {
  base::MutexLock lock(mutex_);
  return longest_missing_;
}

void Watch::Take(const Snapshot& snapshot) {
  const Clock::time_point now = Clock::now();
  Members next;
  for (const auto& instance : snapshot.AllInstances()) {
    next[instance->hostname] = instance->version;
  }
  base::MutexLock lock(mutex_);
  const Members live = truth_.Of(app_id_);
  for (auto it = missing_.begin(); it != missing_.end();) {
    const bool is_back = next.count(it->first) != 0;
    if (is_back) {
      longest_missing_ = std::max(longest_missing_, now - it->second);
    }
    const bool is_over = is_back || live.count(it->first) == 0;
    it = is_over ? missing_.erase(it) : std::next(it);
  }
  std::size_t lost = 0;
  for (const auto& [hostname, version] : seen_) {
    if (next.count(hostname) != 0 || live.count(hostname) == 0) continue;
    ++lost;
    missing_[hostname] = now;
  }
  // A slow callback misses lists in between, each of which may have been
  // smaller.
  const bool is_next = snapshot.revision == revision_ + 1;
  revision_ = snapshot.revision;
  if (is_next && seen_.size() >= kLeastGuardedSize && 2 * lost > seen_.size()) {
    violations_.Add(absl::StrFormat(
        "a list of %s lost %d of %d that live: from%s to%s, while there are%s",
        app_id_, lost, seen_.size(), DescribeMembers(seen_),
        DescribeMembers(next), DescribeMembers(live)));
  }
  seen_ = std::move(next);
}

void Watch::CheckMissing(Clock::duration bound) {
  const Clock::time_point now = Clock::now();
  base::MutexLock lock(mutex_);
  const Members live = truth_.Of(app_id_);
  for (auto it = missing_.begin(); it != missing_.end();) {
    if (live.count(it->first) == 0) {
      it = missing_.erase(it);
      continue;
    }
    if (now - it->second > bound) {
      violations_.Add(absl::StrFormat("%s of %s lives and is missing for %dms",
                                      it->first, app_id_,
                                      ToMs(now - it->second).count()));
      it = missing_.erase(it);  // Told once.
      continue;
    }
    ++it;
  }
}

}  // namespace naming::chaos

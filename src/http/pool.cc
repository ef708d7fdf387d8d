// SPDX-License-Identifier: Apache-2.0

#include "http/pool.h"

#include <algorithm>
#include <utility>

namespace naming::http {

bool Pool::Enter() {
  base::MutexLock lock(mutex_);
  if (is_closed_) return false;
  ++calls_;
  return true;
}

void Pool::Leave() {
  base::MutexLock lock(mutex_);
  --calls_;
  if (is_closed_) changed_.NotifyAll();
}

std::unique_ptr<net::CurlExchange> Pool::Take(const std::string& address) {
  std::unique_ptr<net::CurlExchange> exchange;
  {
    base::MutexLock lock(mutex_);
    const auto it = idle_.find(address);
    if (it != idle_.end() && !it->second.empty()) {
      exchange = std::move(it->second.back().exchange);
      it->second.pop_back();
    }
  }
  if (exchange == nullptr) exchange = make_(address);
  base::MutexLock lock(mutex_);
  busy_.insert(exchange.get());
  if (is_closed_) exchange->Cancel();
  return exchange;
}

void Pool::Give(const std::string& address,
                std::unique_ptr<net::CurlExchange> exchange, bool is_usable) {
  std::vector<Idle> closed;  // Outside the lock: TLS has something to send.
  base::MutexLock lock(mutex_);
  busy_.erase(exchange.get());
  const Clock::time_point now = Clock::now();
  const bool is_kept = is_usable && !is_closed_ && kept_.count(address) > 0;
  closed.reserve(max_idle_ + 1);
  if (!is_kept) {
    closed.push_back({std::move(exchange), now});
    return;
  }
  std::vector<Idle>& idle = idle_[address];
  idle.push_back({std::move(exchange), now});
  // The oldest are in front.
  auto end = idle.begin();
  while (end != idle.end() &&
         (idle.end() - end > static_cast<std::ptrdiff_t>(max_idle_) ||
          now - end->since > idle_timeout_)) {
    closed.push_back(std::move(*end++));
  }
  idle.erase(idle.begin(), end);
}

bool Pool::Sleep(std::chrono::milliseconds time) {
  const Clock::time_point end = Clock::now() + time;
  base::MutexLock lock(mutex_);
  while (!is_closed_ && changed_.WaitUntil(mutex_, end)) {
  }
  return !is_closed_;
}

void Pool::Keep(std::set<std::string> addresses) {
  std::vector<std::vector<Idle>> closed;
  base::MutexLock lock(mutex_);
  kept_ = std::move(addresses);
  for (auto it = idle_.begin(); it != idle_.end();) {
    if (kept_.count(it->first) > 0) {
      ++it;
      continue;
    }
    closed.push_back(std::move(it->second));
    it = idle_.erase(it);
  }
}

void Pool::Close() {
  std::map<std::string, std::vector<Idle>> closed;
  base::MutexLock lock(mutex_);
  is_closed_ = true;
  closed.swap(idle_);
  for (net::CurlExchange* exchange : busy_) exchange->Cancel();
  changed_.NotifyAll();
  while (calls_ > 0) changed_.Wait(mutex_);
}

}  // namespace naming::http

// SPDX-License-Identifier: Apache-2.0

#include "node/pollers.h"

#include <utility>

namespace naming::node {

Pollers::Pollers(base::Loop& loop, Reply reply, Expire expire)
    : loop_(loop), reply_(std::move(reply)), expire_(std::move(expire)) {}

Pollers::~Pollers() {
  for (const auto& [id, held] : held_) loop_.CancelTimer(held->timer);
}

void Pollers::Add(Waiter waiter, base::Clock::Duration hold) {
  const RequestId id = waiter.id;
  auto held = std::make_unique<Held>();
  held->waiter = std::move(waiter);
  for (const std::string& app_id : held->waiter.app_ids) {
    by_app_[{held->waiter.env, app_id}][id] = held.get();
  }
  held->timer = loop_.RunAfter(hold, [this, id] {
    const std::unique_ptr<Held> expired = Take(id);
    reply_(id, expire_(expired->waiter));
  });
  held_.emplace(id, std::move(held));
}

void Pollers::Remove(RequestId id) { Take(id); }

void Pollers::Wake(const AppKey& app, const Answer& answer) {
  const auto found = by_app_.find(app);
  if (found == by_app_.end()) return;
  std::vector<std::pair<RequestId, Response>> answers;
  for (const auto& [id, held] : found->second) {
    std::optional<Response> response = answer(held->waiter);
    if (response) answers.emplace_back(id, *std::move(response));
  }
  for (auto& [id, response] : answers) {
    Take(id);
    reply_(id, std::move(response));
  }
}

std::unique_ptr<Pollers::Held> Pollers::Take(RequestId id) {
  const auto it = held_.find(id);
  if (it == held_.end()) return nullptr;
  std::unique_ptr<Held> held = std::move(it->second);
  held_.erase(it);
  loop_.CancelTimer(held->timer);
  for (const std::string& app_id : held->waiter.app_ids) {
    const auto found = by_app_.find(AppKey{held->waiter.env, app_id});
    if (found == by_app_.end()) continue;  // The app_id is repeated.
    found->second.erase(id);
    if (found->second.empty()) by_app_.erase(found);
  }
  return held;
}

}  // namespace naming::node

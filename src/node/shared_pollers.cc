// SPDX-License-Identifier: Apache-2.0

#include "node/shared_pollers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace naming::node {

SharedPollers::SharedPollers(base::Loop& loop, Pollers::Reply reply,
                             Pollers::Expire expire)
    : loop_(loop), reply_(std::move(reply)), expire_(std::move(expire)) {}

SharedPollers::~SharedPollers() {
  for (const auto& [id, held] : held_) loop_.CancelTimer(held.timer);
}

void SharedPollers::Add(Waiter waiter, base::Clock::Duration hold) {
  const RequestId id = waiter.id;
  std::shared_ptr<Channel> channel;
  for (const std::string& app_id : waiter.app_ids) {
    Slot& slot = slots_[{waiter.env, app_id}][waiter.hostname];
    if (slot.count++ == 0) {
      if (channel == nullptr) channel = std::make_shared<Channel>();
      slot.channel = channel;
      slot.zone = waiter.zone;
    }
    if (channel == nullptr) channel = slot.channel;
  }
  channel->push_back(id);
  const base::Loop::TimerId timer = loop_.RunAfter(
      hold, [this, id] { Finish(id, expire_(held_.at(id).waiter)); });
  held_.emplace(id, Held{std::move(waiter), std::move(channel), timer});
}

void SharedPollers::Wake(const AppKey& app, const Pollers::Answer& answer) {
  const auto found = slots_.find(app);
  if (found == slots_.end()) return;
  std::vector<std::pair<RequestId, Response>> answers;
  auto& slots = found->second;
  for (auto it = slots.begin(); it != slots.end();) {
    const Slot& slot = it->second;
    bool is_told = false;
    // What nobody waits for on the channel is lost.
    for (std::size_t i = 0; i < std::min(slot.count, slot.channel->size());
         ++i) {
      Waiter waiter = held_.at((*slot.channel)[i]).waiter;
      waiter.zone = slot.zone;
      std::optional<Response> response = answer(waiter);
      if (!response) break;
      is_told = true;
      answers.emplace_back(waiter.id, *std::move(response));
    }
    it = is_told ? slots.erase(it) : std::next(it);
  }
  if (slots.empty()) slots_.erase(found);
  for (auto& [id, response] : answers) Finish(id, std::move(response));
}

void SharedPollers::Finish(RequestId id, Response response) {
  const auto it = held_.find(id);
  const Held held = std::move(it->second);
  held_.erase(it);
  loop_.CancelTimer(held.timer);
  Channel& channel = *held.channel;
  channel.erase(std::find(channel.begin(), channel.end(), id));
  for (const std::string& app_id : held.waiter.app_ids) {
    const auto found = slots_.find(AppKey{held.waiter.env, app_id});
    if (found == slots_.end()) continue;
    const auto slot = found->second.find(held.waiter.hostname);
    if (slot == found->second.end()) continue;
    if (--slot->second.count == 0) found->second.erase(slot);
    if (found->second.empty()) slots_.erase(found);
  }
  reply_(id, std::move(response));
}

}  // namespace naming::node

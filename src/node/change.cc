// SPDX-License-Identifier: Apache-2.0

#include "node/change.h"

#include <algorithm>
#include <utility>

#include "node/answers.h"

namespace naming::node {

Change::Change(const Store& store, AppKey app, Quirks quirks)
    : store_(store), app_(std::move(app)), quirks_(quirks) {}

std::optional<Response> Change::AnswerTo(const Waiter& waiter) {
  const AppView& view = ViewOf(waiter.zone);
  const bool was_missing =
      std::find(waiter.missing.begin(), waiter.missing.end(), app_.app_id) !=
      waiter.missing.end();
  if (view.zones.empty() && (was_missing || quirks_.quiet_last_cancel())) {
    return std::nullopt;
  }
  if (waiter.is_protected)
    return BehindProtectedAnswer(Make(waiter, view), waiter.callback);
  if (!waiter.missing.empty() || !waiter.callback.empty()) {
    return WithCallback(Make(waiter, view), waiter.callback);
  }
  const Form form(waiter.zone, waiter.is_plural,
                  waiter.app_ids.front() == app_.app_id);
  auto it = answers_.find(form);
  if (it == answers_.end()) {
    it = answers_.emplace(form, Make(waiter, view)).first;
  }
  return it->second;
}

const AppView& Change::ViewOf(const std::string& zone) {
  auto it = views_.find(zone);
  if (it == views_.end()) {
    it = views_.emplace(zone, store_.View(app_, zone)).first;
  }
  return it->second;
}

Response Change::Make(const Waiter& waiter, const AppView& view) const {
  if (waiter.is_plural) {
    return PollsAnswer({{app_.app_id, view}}, waiter.missing, quirks_);
  }
  // poll answers for its first application alone.
  if (waiter.app_ids.front() != app_.app_id) return DataAnswer(kCodeOk, "null");
  return DataAnswer(kCodeOk, EncodeApp(view));
}

}  // namespace naming::node

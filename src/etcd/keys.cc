// SPDX-License-Identifier: Apache-2.0

#include "etcd/keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::etcd {
namespace {

constexpr std::size_t kExcerptOfKey = 200;

}  // namespace

Keys::Keys(const LayoutCodec& layout, std::string app_id)
    : layout_(layout),
      app_id_(std::move(app_id)),
      revisions_(layout.Prefixes(app_id_).size()) {}

std::int64_t Keys::revision() const {
  return *std::max_element(revisions_.begin(), revisions_.end());
}

bool Keys::Replace(RangeAnswer answer) {
  std::map<std::string, Entry> before = std::exchange(entries_, {});
  bad_count_ = 0;
  bool is_change = revision() == 0;
  for (const KeyValue& kv : answer.kvs) {
    // The revision alone doesn't tell: a store that was wiped counts anew.
    auto old = before.extract(kv.key);
    const bool is_known = old && old.mapped().mod_revision == kv.mod_revision &&
                          old.mapped().value == kv.value;
    is_change |= !is_known;
    Entry entry = is_known ? std::move(old.mapped())
                           : Decode(kv, old ? &old.mapped() : nullptr);
    bad_count_ += entry.is_bad ? 1 : 0;
    entries_.emplace(kv.key, std::move(entry));
  }
  is_change |= !before.empty();
  revisions_.assign(revisions_.size(), answer.revision);
  return is_change;
}

bool Keys::Apply(std::size_t prefix, const std::vector<Event>& events) {
  bool is_change = false;
  for (const Event& event : events) {
    if (event.kv.mod_revision <= revision(prefix)) continue;
    is_change = true;
    const auto before = entries_.find(event.kv.key);
    if (event.is_delete) {
      Drop(before);
      continue;
    }
    Entry entry =
        Decode(event.kv, before == entries_.end() ? nullptr : &before->second);
    Drop(before);
    bad_count_ += entry.is_bad ? 1 : 0;
    entries_.emplace(event.kv.key, std::move(entry));
  }
  if (!events.empty()) Reached(prefix, events.back().kv.mod_revision);
  return is_change;
}

void Keys::Reached(std::size_t prefix, std::int64_t revision) {
  revisions_.at(prefix) = std::max(revisions_.at(prefix), revision);
}

std::vector<Instance> Keys::Instances() const {
  std::map<std::string, const Instance*> by_key;
  for (const auto& [key, entry] : entries_) {
    if (entry.instance) by_key.emplace(key, &*entry.instance);
  }
  layout_.Join(app_id_, by_key);
  std::vector<Instance> instances;
  instances.reserve(by_key.size());
  std::map<std::pair<std::string_view, std::string_view>, const Instance*> seen;
  for (const auto& [key, instance] : by_key) {
    const auto [it, is_new] =
        seen.try_emplace({instance->zone, instance->hostname}, instance);
    if (!is_new && it->second->addrs == instance->addrs) continue;
    instances.push_back(*instance);
    // Go's clients see both, as they go by keys.
    if (!is_new) instances.back().hostname += "@" + key;
  }
  return instances;
}

std::vector<std::string> Keys::TakeComplaints() {
  return std::exchange(complaints_, {});
}

// A value that can't be read says nothing about the Instance whose key it is:
// that stays as it was.
Keys::Entry Keys::Decode(const KeyValue& kv, Entry* before) {
  Entry entry;
  entry.mod_revision = kv.mod_revision;
  entry.value = kv.value;
  auto instance =
      layout_.Decode(app_id_, {kv.key, base::IsValidUtf8(kv.value)
                                           ? kv.value
                                           : base::ToValidUtf8(kv.value)});
  if (instance.ok()) {
    entry.instance = *std::move(instance);
    return entry;
  }
  entry.is_bad = true;
  if (before != nullptr) entry.instance = std::move(before->instance);
  entry.complaint = absl::StrFormat(
      "etcd: %s: %s: %s", base::Excerpt(kv.key, kExcerptOfKey),
      entry.instance ? "stays as it was" : "left out",
      base::Excerpt(std::string(instance.status().message()), kExcerptOfKey));
  const bool is_new = before == nullptr || before->complaint != entry.complaint;
  if (is_new) complaints_.push_back(entry.complaint);
  return entry;
}

void Keys::Drop(std::map<std::string, Entry>::iterator it) {
  if (it == entries_.end()) return;
  bad_count_ -= it->second.is_bad ? 1 : 0;
  entries_.erase(it);
}

}  // namespace naming::etcd

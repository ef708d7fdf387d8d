// SPDX-License-Identifier: Apache-2.0

#include "balanced/offers.h"

#include <algorithm>
#include <utility>

#include "base/thread_record.h"

namespace naming::balanced {
namespace {

bool Avoids(const PickOptions* options, const std::string& address) {
  return options != nullptr &&
         std::find(options->avoid.begin(), options->avoid.end(), address) !=
             options->avoid.end();
}

}  // namespace

void Offers::Publish(std::vector<std::shared_ptr<Probe>> probes) {
  if (probes == published_) return;
  const std::uint64_t list = (colors_.load() >> kColors) + 1;
  std::uint64_t colors = list << kColors;
  for (const auto& probe : probes) colors |= BitOf(probe->endpoint().color);
  published_ = probes;
  probes_.Replace(std::make_unique<const Probes>(std::move(probes)));
  // After the list: who sees a bit sees the Probe that it stands for.
  colors_.store(colors);
}

std::shared_ptr<Probe> Offers::Claim(std::string_view color,
                                     const PickOptions* options) {
  std::uint64_t colors = colors_.load();
  const std::uint64_t bit = BitOf(color);
  std::shared_ptr<Probe> claimed;
  bool has_more = false;
  {
    const base::ReadSection section;
    const Probes* const probes = probes_.Get();
    if (probes == nullptr) return nullptr;
    for (const auto& probe : *probes) {
      const Endpoint& endpoint = probe->endpoint();
      if (!probe->is_offered() || BitOf(endpoint.color) != bit) continue;
      if (claimed == nullptr && endpoint.color == color &&
          !Avoids(options, endpoint.address) && probe->Claim()) {
        claimed = probe;
      } else {
        has_more = has_more || probe->is_offered();
      }
    }
  }
  if (!has_more) colors_.compare_exchange_strong(colors, colors & ~bit);
  if (claimed != nullptr) claimed_.fetch_add(1, std::memory_order_relaxed);
  return claimed;
}

}  // namespace naming::balanced

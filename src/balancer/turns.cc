// SPDX-License-Identifier: Apache-2.0

#include "balancer/turns.h"

#include <random>

namespace naming::balancer {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::uint64_t NextId() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Turns::Turns() : id(NextId()) {}

void ReserveTurns(base::ThreadRecord& record, std::uint64_t id) {
  using Record = base::ThreadRecord;
  if (record.further_turns.load(kRelaxed) != nullptr) return;
  const std::uint64_t owner =
      record.turns[id % Record::kTurns].owner.load(kRelaxed);
  if (owner == 0 || owner == id) return;
  record.further_turns.store(new Record::FurtherTurns, kRelaxed);
}

bool SwapTurn(base::ThreadRecord& record, std::uint64_t id,
              base::ThreadRecord::Turn& turn) {
  using Record = base::ThreadRecord;
  Record::FurtherTurns* const further = record.further_turns.load(kRelaxed);
  if (further == nullptr) return false;
  Record::Turn& own = (*further)[id % Record::kFurtherTurns];
  const bool is_known = own.owner.load(kRelaxed) == id;
  const std::uint64_t value = own.value.load(kRelaxed);
  const std::uint64_t owner = turn.owner.load(kRelaxed);
  if (owner != 0) {
    Record::Turn& kept = (*further)[owner % Record::kFurtherTurns];
    kept.value.store(turn.value.load(kRelaxed), kRelaxed);
    kept.owner.store(owner, kRelaxed);
  }
  if (!is_known) return false;
  turn.value.store(value, kRelaxed);
  turn.owner.store(id, kRelaxed);
  return true;
}

std::uint64_t SeedOf(const std::optional<std::uint64_t>& seed) {
  if (seed.has_value()) return *seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace naming::balancer

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_CONSISTENT_HASH_H_
#define NAMING_BALANCER_CONSISTENT_HASH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/export.h"

namespace naming::balancer {

// How a ConsistentHash behaves.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ConsistentHashOptions {
  // The color of this client; see PickOptions::color. Empty: none.
  std::string color = {};

  // Where chance comes from; see Options::seed.
  std::optional<std::uint64_t> seed = std::nullopt;

  // How many places the table has at least; rounded up to a power of two. The
  // more, the more even the shares, and the longer an update takes: with 16
  // places an Endpoint, shares differ by 6 %. Range: [64, 4194304]; what is
  // outside counts as the nearest bound.
  //
  // A table of 4 places for each Endpoint is made where that is more, as it is
  // by default beyond 1,024 Endpoints: enough for all to be chosen, with shares
  // that differ by 25 %, and little enough for a change of one of 1,000 to be
  // applied in less than 100 µs. Where a table grows for that, most keys move:
  // give a size for lists whose length is about a power of two from 1,024 on.
  std::size_t table_size = 4096;

  // The bound of an Endpoint's load, as a multiple of the mean for its weight.
  // Range: [1.01, 1000], as above; zero or less: no bound.
  double max_load = 1.25;
};

// Takes the Endpoint that PickOptions::hash_key belongs to: by a Maglev table,
// which gives each Endpoint its share of the keys, by weight, but one place of
// the table at least, and moves few keys but those of an Endpoint that leaves
// or comes. All programs that have the same list and options agree, whatever
// their lists were before.
//
// No Endpoint is given more than `max_load` times its share of the calls in
// flight to those of its color that can be chosen: what is beyond goes to the
// one that is next in the table, as does what avoids an Endpoint; keys of one
// Endpoint have different ones next. A thread knows the calls of others as of
// 100 µs ago at most (beyond 66 Endpoints, 1.5 µs for each, and 5 ms at most):
// by what others have begun since, an Endpoint may exceed its bound. On one
// thread the bound is exact.
//
// Thread-safe.
class NAMING_EXPORT ConsistentHash final : public Balancer {
 public:
  explicit ConsistentHash(ConsistentHashOptions options = {});
  ~ConsistentHash() override;

  void UpdateCandidates(std::vector<Candidate> candidates) override;

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override;
  PickRef::Source DoPeek(const PickOptions* options) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_CONSISTENT_HASH_H_

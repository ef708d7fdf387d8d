// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CONNECTION_NUMBERS_H_
#define NAMING_NET_CONNECTION_NUMBERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace naming::net {

// Numbers the connections of an HttpClient in the order in which they are made,
// for HttpResponse::connection and HttpResponse::alive_at.
//
// Thread-compatible.
class ConnectionNumbers final {
 public:
  // How many it knows at most; beyond that it forgets them all.
  static constexpr std::size_t kMost = 10'000;

  // Begins a round of the loop: it is to look next which sockets have news.
  void BeginRound() { alive_at_ = last_; }

  // Returns the number of a connection that has just been made, with `ends` for
  // the addresses and ports of both its ends.
  std::uint64_t Make(const std::string& ends) {
    if (numbers_.size() >= kMost) numbers_.clear();
    return numbers_[ends] = ++last_;
  }

  // Returns the number of a connection that was made before. One that isn't
  // known gets a new one, as if it had just been made.
  std::uint64_t Of(const std::string& ends) {
    const auto it = numbers_.find(ends);
    return it == numbers_.end() ? Make(ends) : it->second;
  }

  // Returns the last connection that was made before an answer came that begins
  // in this round: the last of earlier rounds, because the answer would have
  // been found by them. What comes while a round makes a connection is found
  // by the next one, so that this is wrong for a server that answers, ends, and
  // has a successor, all within the microseconds of one round. Without that
  // nothing said of connections made together would be known to last.
  std::uint64_t alive_at() const { return alive_at_; }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t alive_at_ = 0;
  std::unordered_map<std::string, std::uint64_t> numbers_;  // By ends.
};

}  // namespace naming::net

#endif  // NAMING_NET_CONNECTION_NUMBERS_H_

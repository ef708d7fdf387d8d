// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CONNECTION_NUMBERS_H_
#define NAMING_NET_CONNECTION_NUMBERS_H_

#include <cstdint>
#include <unordered_map>

namespace naming::net {

// Numbers the connections of an HttpClient in the order in which they are made,
// for HttpResponse::connection and HttpResponse::alive_at.
//
// Thread-compatible.
class ConnectionNumbers final {
 public:
  // Begins a round of the loop: it is to look next which sockets have news.
  void BeginRound() {
    alive_at_ = made_before_;
    made_before_ = last_;
  }

  // Returns the number of a connection that has just been made.
  std::uint64_t Make() { return ++last_; }

  // Returns the last connection that was made before an answer began that
  // begins in this round. What comes before a connection is made, a round that
  // begins later finds: so the answer began after all connections but those
  // made in this round and in the one before.
  std::uint64_t alive_at() const { return alive_at_; }

  // Keeps the number of a connection that is open, by its socket.
  void Keep(int socket, std::uint64_t number) { numbers_[socket] = number; }

  // Returns the number of an open connection; of one that was never kept, a new
  // number: nothing is known of it.
  std::uint64_t Of(int socket) {
    const auto it = numbers_.find(socket);
    return it == numbers_.end() ? Make() : it->second;
  }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t made_before_ = 0;  // This round.
  std::uint64_t alive_at_ = 0;
  std::unordered_map<int, std::uint64_t> numbers_;  // By socket.
};

}  // namespace naming::net

#endif  // NAMING_NET_CONNECTION_NUMBERS_H_

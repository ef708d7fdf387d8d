// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_LISTEN_SOCKET_H_
#define NAMING_NODE_LISTEN_SOCKET_H_

#include "absl/status/statusor.h"
#include "base/url.h"

namespace naming::node {

// A TCP socket that listens. Owns its file descriptor.
//
// Thread-compatible. Movable.
class ListenSocket final {
 public:
  // Listens on `address`; a name may be looked up, which takes its time. Port 0
  // takes a free one. A port on which an earlier socket has just been closed
  // can be taken at once.
  //
  // Errors: kUnavailable; the message is the system's reason.
  static absl::StatusOr<ListenSocket> Open(const base::HostPort& address);

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  ~ListenSocket();

  // Returns the host that was asked for, with the port that it really is.
  const base::HostPort& address() const { return address_; }

  // Gives the file descriptor away.
  int Release();

 private:
  ListenSocket(int fd, base::HostPort address);

  int fd_ = -1;
  base::HostPort address_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_LISTEN_SOCKET_H_

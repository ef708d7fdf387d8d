// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_ADDR_INFOS_H_
#define NAMING_NODE_ADDR_INFOS_H_

#include <netdb.h>

#include <memory>

namespace naming::node {

struct AddrInfoDeleter {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};

// What getaddrinfo() found.
using AddrInfos = std::unique_ptr<addrinfo, AddrInfoDeleter>;

}  // namespace naming::node

#endif  // NAMING_NODE_ADDR_INFOS_H_

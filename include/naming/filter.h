// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_FILTER_H_
#define NAMING_FILTER_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "naming/endpoint.h"
#include "naming/export.h"
#include "naming/instance.h"
#include "naming/snapshot.h"

namespace naming {

// Which Instances are fit to be called. What is left empty asks for nothing.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Filter {
  // Listens on an address of this scheme, such as "grpc", in whatever case.
  std::string addr_scheme;

  // Its metadata "cluster" is one of these.
  std::vector<std::string> clusters;

  // Its version is this one.
  std::string version;

  // Its metadata has each of these keys, with that value.
  std::map<std::string, std::string> metadata;

  // Returns true for it. Called when a Snapshot changes, on the thread that
  // applies the filter; it must not throw, and must not block.
  std::function<bool(const Instance&)> predicate;
};

// Returns an Endpoint for each Instance of `snapshot` that takes traffic and
// passes `filter`: its first address of the wanted scheme. Ordered by zone,
// then by hostname. Addresses that aren't "scheme://host:port" are skipped. An
// address that several Instances name is returned once, for the first of them:
// what has registered anew under another name would else get twice its share.
// A pure function.
NAMING_EXPORT std::vector<Endpoint> EndpointsOf(const Snapshot& snapshot,
                                                const Filter& filter);

}  // namespace naming

#endif  // NAMING_FILTER_H_

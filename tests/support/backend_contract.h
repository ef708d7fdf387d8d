// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_BACKEND_CONTRACT_H_
#define NAMING_TESTS_SUPPORT_BACKEND_CONTRACT_H_

#include <memory>
#include <string>
#include <vector>

#include "naming/builder.h"
#include "naming/instance.h"
#include "naming/registry.h"

namespace naming::testing {

// A client of some backend and the registry behind it, for the tests in
// backend_contract.cc, which every backend passes: a test program consists of
// that file and of one that defines MakeContractBackend().
//
// What the tests register has region "region01", zone "zone01" and env "dev",
// which are the client's own. Nothing here may take long to become true, but
// the tests wait for it with Eventually().
//
// Thread-safe, DestroyClient() and the destructor apart.
class ContractBackend {
 public:
  ContractBackend() = default;
  ContractBackend(const ContractBackend&) = delete;
  ContractBackend& operator=(const ContractBackend&) = delete;
  virtual ~ContractBackend() = default;

  // The client under test, until DestroyClient().
  virtual Registry& registry() = 0;
  virtual Builder& builder() = 0;
  virtual void DestroyClient() = 0;

  // Returns a Target of `app_id`.
  virtual std::string TargetOf(const std::string& app_id) = 0;

  // While the registry is unreachable, each request fails soon.
  virtual void SetReachable(bool is_reachable) = 0;

  // Has the registry drop what it holds, as one that restarts empty.
  virtual void Forget() = 0;

  // Has the registry drop `instance`, unknown to the client.
  virtual void RemoveBehind(const Instance& instance) = 0;

  // Sees to it that what is registered is refreshed soon. Nothing to do where
  // that happens every second anyway.
  virtual void LetRefresh() = 0;

  // Returns what the registry holds for `app_id`, in any order.
  virtual std::vector<Instance> Held(const std::string& app_id) = 0;
};

// Returns a new client with an empty, reachable registry of its own. Defined by
// the test program.
std::unique_ptr<ContractBackend> MakeContractBackend();

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_BACKEND_CONTRACT_H_

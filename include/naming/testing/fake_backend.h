// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTING_FAKE_BACKEND_H_
#define NAMING_TESTING_FAKE_BACKEND_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/export.h"
#include "naming/instance.h"
#include "naming/registry.h"

namespace naming::testing {

// A Registry and Builder in memory, for users' tests: what is registered here
// is resolved here, and a test may set lists and make the backend fail. It
// works like any backend, threads and timers included, but nothing in it takes
// long: what a call changes, every later Fetch() sees. Nothing expires.
//
// Its scheme is "fake": Targets look like "fake:///app_id". Register() fills in
// what is empty: the hostname with the first address's "host:port", region
// "region01", zone "zone01", env "dev".
//
// Thread-safe. Resolvers and Registrations may outlive it, as with any backend.
class NAMING_EXPORT FakeBackend final : public Registry, public Builder {
 public:
  static std::unique_ptr<FakeBackend> Create();
  ~FakeBackend() override;

  using Registry::Register;
  absl::StatusOr<Registration> Register(
      Instance instance, const RegisterOptions& options) override;

  std::string_view scheme() const override;
  using Builder::Build;
  absl::StatusOr<std::unique_ptr<Resolver>> Build(
      const Target& target) override;

  // Makes `instances` the whole list of `app_id`, which is filled in, beside
  // nothing that was registered or set before; empty: the application exists
  // and has none. What is registered comes back with its next refresh.
  void SetInstances(std::string_view app_id, std::vector<Instance> instances);

  // Forgets every application, as a registry that restarts empty; lists stay as
  // they are. What is registered comes back with its next refresh.
  void Forget();

  // Has every live registration refreshed now, without waiting for that, rather
  // than when it falls due, every 30 s.
  void Refresh();

  // While unavailable, nothing is answered: lists stay as they are, registering
  // fails with kUnavailable, and so does cancelling, after 2 s.
  void SetAvailable(bool available);

  // Returns what the backend holds for `app_id`, ordered by zone and hostname.
  std::vector<Instance> instances(std::string_view app_id) const;

 private:
  struct Rep;
  explicit FakeBackend(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTING_FAKE_BACKEND_H_

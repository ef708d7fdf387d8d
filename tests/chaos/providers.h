// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_CHAOS_PROVIDERS_H_
#define NAMING_TESTS_CHAOS_PROVIDERS_H_

#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "naming/discovery/client.h"
#include "tests/chaos/watch.h"

namespace naming::chaos {

// Programs that register themselves and leave again.
//
// For one thread.
class Providers final {
 public:
  // `truth` outlives it.
  Providers(std::vector<std::string> nodes, Truth& truth);
  ~Providers();

  // Registers one more Instance of `app_id`, behind the scenes.
  void Come(const std::string& app_id);

  // Cancels one of `app_id`, the oldest, behind the scenes.
  void Go(const std::string& app_id);

  // Gives one of `app_id` another version.
  void Change(const std::string& app_id);

  std::size_t CountOf(const std::string& app_id) const;

  // Returns some Instance of `app_id` that lives; there is one.
  Instance OneOf(const std::string& app_id) const;

  // Waits until what goes on behind the scenes has ended.
  void Settle();

 private:
  static constexpr std::size_t kClients = 5;

  void Background(std::future<void> action);

  Truth& truth_;
  std::vector<std::unique_ptr<discovery::Client>> clients_;
  std::size_t count_ = 0;  // Of all that ever came.
  std::map<std::string, std::vector<std::shared_ptr<Registration>>> present_;
  std::vector<std::future<void>> background_;
};

}  // namespace naming::chaos

#endif  // NAMING_TESTS_CHAOS_PROVIDERS_H_

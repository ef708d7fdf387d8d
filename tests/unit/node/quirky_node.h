// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_NODE_QUIRKY_NODE_H_
#define NAMING_TESTS_UNIT_NODE_QUIRKY_NODE_H_

#include <string>
#include <vector>

#include "node/quirks.h"
#include "tests/unit/node/fixture.h"

namespace naming::node {

// A node without a network, with the quirks of these names.
class QuirkyNode final : public NodeFixture {
 public:
  explicit QuirkyNode(const std::vector<std::string>& names = {})
      : NodeFixture(Parsed(names)) {}

  using NodeFixture::Cancel;
  using NodeFixture::directory;
  using NodeFixture::GetBody;
  using NodeFixture::handlers;
  using NodeFixture::Key;
  using NodeFixture::kOk;
  using NodeFixture::log;
  using NodeFixture::loop;
  using NodeFixture::PostBody;
  using NodeFixture::Register;
  using NodeFixture::Revision;

  // Polls for changes of applications from the revision that they have now on,
  // as "appid=a&appid=b"; must be held.
  RequestId Hold(const std::vector<std::string>& app_ids,
                 const std::string& hostname = "p") {
    std::string target = "/discovery/polls?env=dev&hostname=" + hostname;
    for (const std::string& app_id : app_ids) {
      target += "&appid=" + app_id + "&latest_timestamp=" + Revision(app_id);
    }
    CAPTURE(target);
    REQUIRE_FALSE(Get(target).has_value());
    return last_id;
  }

  // Returns whether a poll for a change since that revision is held.
  bool IsHeld(const std::string& app_id, const std::string& revision) {
    return !Get("/discovery/polls?env=dev&hostname=p&appid=" + app_id +
                "&latest_timestamp=" + revision)
                .has_value();
  }

  // Returns the answer that a held request has got.
  std::string Answer(RequestId id) {
    const auto it = replies.find(id);
    return it == replies.end() ? "none" : Masked(Body(it->second));
  }

 private:
  static Quirks Parsed(const std::vector<std::string>& names) {
    const absl::StatusOr<Quirks> quirks = Quirks::Parse(names);
    REQUIRE(quirks.ok());
    return *quirks;
  }
};

}  // namespace naming::node

#endif  // NAMING_TESTS_UNIT_NODE_QUIRKY_NODE_H_

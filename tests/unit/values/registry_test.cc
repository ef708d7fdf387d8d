// SPDX-License-Identifier: Apache-2.0

#include "naming/registry.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/catch.h"

namespace naming {
namespace {

using std::chrono::milliseconds;

// Notes what it is asked.
class NotingHandle final : public Registration::Handle {
 public:
  explicit NotingHandle(std::string& notes) : notes_(notes) {}
  ~NotingHandle() override { notes_ += "destroyed "; }

  Instance instance() const override {
    Instance instance;
    instance.app_id = "x";
    return instance;
  }
  RegistrationState state() const override {
    RegistrationState state;
    state.is_registered = true;
    return state;
  }
  absl::Status Wait(milliseconds timeout) override {
    notes_ += "wait " + std::to_string(timeout.count()) + " ";
    return absl::OkStatus();
  }
  absl::Status Update(Instance instance) override {
    notes_ += "update " + instance.app_id + " ";
    return absl::OkStatus();
  }
  absl::Status Cancel() override {
    notes_ += "cancel ";
    return absl::OkStatus();
  }

 private:
  std::string& notes_;
};

TEST_CASE("A registration passes its calls on", "[registry]") {
  std::string notes;
  {
    Registration registration(std::make_unique<NotingHandle>(notes));
    CHECK(registration.instance().app_id == "x");
    CHECK(registration.state().is_registered);
    CHECK(registration.Wait(milliseconds(5)).ok());
    CHECK(registration.Update(registration.instance()).ok());
    CHECK(registration.Cancel().ok());
    Registration other = std::move(registration);
  }
  CHECK(notes == "wait 5 update x cancel destroyed ");
}

TEST_CASE("An empty registration fails every call", "[registry]") {
  Registration empty;
  SECTION("made so") {}
  SECTION("moved from") {
    std::string notes;
    Registration full(std::make_unique<NotingHandle>(notes));
    const Registration other = std::move(full);
    empty = std::move(full);
  }
  CHECK(empty.instance() == Instance());
  CHECK_FALSE(empty.state().is_registered);
  CHECK(absl::IsFailedPrecondition(empty.state().last_error));
  CHECK(absl::IsFailedPrecondition(empty.Wait(milliseconds(5))));
  CHECK(absl::IsFailedPrecondition(empty.Update(Instance())));
  CHECK(absl::IsFailedPrecondition(empty.Cancel()));
}

}  // namespace
}  // namespace naming

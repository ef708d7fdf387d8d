// SPDX-License-Identifier: Apache-2.0

#include "naming/builder.h"

#include <memory>
#include <string>
#include <utility>

#include "tests/support/catch.h"

namespace naming {
namespace {

class NotingBuilder final : public Builder {
 public:
  explicit NotingBuilder(std::string scheme) : scheme_(std::move(scheme)) {}

  std::string_view scheme() const override { return scheme_; }

  using Builder::Build;
  absl::StatusOr<std::unique_ptr<Resolver>> Build(
      const Target& target) override {
    absl::Status status = CheckTarget(target, {"key", "wait"});
    if (!status.ok()) return status;
    built = target;
    return std::unique_ptr<Resolver>();
  }

  Target built;

 private:
  const std::string scheme_;
};

TEST_CASE("Builders pick a builder by the target's scheme", "[builder]") {
  const auto one = std::make_shared<NotingBuilder>("one");
  const auto two = std::make_shared<NotingBuilder>("two");
  Builders builders;
  REQUIRE(builders.Add(one).ok());
  REQUIRE(builders.Add(two).ok());
  CHECK(builders.Build("two:///x").ok());
  CHECK(two->built.app_id == "x");
  CHECK(one->built.app_id.empty());

  SECTION("copies share them") {
    const Builders copy = builders;
    CHECK(copy.Build("one:///y").ok());
    CHECK(one->built.app_id == "y");
  }
  SECTION("a scheme that nobody has is named, with those there are") {
    CHECK(builders.Build("etcd:///x").status() ==
          absl::InvalidArgumentError("target.scheme: no builder for \"etcd\"; "
                                     "there are: \"one\", \"two\""));
  }
  SECTION("a scheme is taken once") {
    CHECK(absl::IsAlreadyExists(
        builders.Add(std::make_shared<NotingBuilder>("one"))));
  }
  SECTION("null is refused") {
    CHECK(absl::IsInvalidArgument(builders.Add(nullptr)));
  }
  SECTION("a malformed target is refused") {
    CHECK(absl::IsInvalidArgument(builders.Build("x").status()));
  }
}

TEST_CASE("A builder refuses targets that aren't its own", "[builder]") {
  NotingBuilder builder("one");
  CHECK(builder.Build("one:///x").ok());
  CHECK(
      builder.Build("two:///x").status() ==
      absl::InvalidArgumentError("target.scheme: must be \"one\", is \"two\""));
  CHECK(builder.Build("one:///x?wait=1&key=2&key=3").ok());
  CHECK(builder.Build("one:///x?key=1&subest=50").status() ==
        absl::InvalidArgumentError("target: unknown parameter \"subest\""));
  Target malformed;
  malformed.scheme = "one";
  CHECK(absl::IsInvalidArgument(builder.Build(malformed).status()));
}

}  // namespace
}  // namespace naming

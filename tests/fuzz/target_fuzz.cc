// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/text.h"
#include "naming/target.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using naming::Target;
  using naming::testing::Require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Target> target = Target::Parse(text);
  if (!target.ok()) {
    Require(target.status().code() == absl::StatusCode::kInvalidArgument,
            "what isn't a Target is kInvalidArgument");
    Require(!target.status().message().empty(), "errors say why");
    return 0;
  }
  Require(!target->scheme.empty() && !target->app_id.empty(),
          "scheme and app_id are there");
  Require(naming::base::IsValidUtf8(target->app_id), "an app_id is UTF-8");
  Require(
      target->subset.value_or(0) >= 0 && target->subset.value_or(0) <= 100'000,
      "subset is in its range");
  const std::string written = target->ToString();
  const absl::StatusOr<Target> again = Target::Parse(written);
  Require(again.ok(), "ToString() can be parsed");
  Require(*again == *target, "Parse(ToString()) is equal");
  Require(again->ToString() == written, "ToString() is stable");
  return 0;
}

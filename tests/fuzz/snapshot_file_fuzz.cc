// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/snapshot_file.h"
#include "tests/fuzz/property.h"

namespace naming::core {
namespace {

using testing::Require;

void Check(std::string_view text) {
  const absl::StatusOr<SavedSnapshot> saved = DecodeSnapshot(text);
  if (!saved.ok()) {
    Require(absl::IsInternal(saved.status()),
            "what isn't a snapshot file is kInternal");
    Require(!saved.status().message().empty(), "errors say why");
    return;
  }
  const absl::StatusOr<std::string> written = EncodeSnapshot(*saved);
  Require(written.ok(), "what was decoded can be encoded");
  const absl::StatusOr<SavedSnapshot> again = DecodeSnapshot(*written);
  Require(again.ok(), "what was encoded can be decoded");
  Require(*again == *saved, "decoding, encoding and decoding changes nothing");
  Require(*EncodeSnapshot(*again) == *written, "encoding is stable");
}

}  // namespace
}  // namespace naming::core

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  naming::core::Check(text);
  // No chance would find a body's checksum.
  naming::core::Check(naming::core::SealSnapshot(text));
  return 0;
}

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_JSON_SPLITTER_H_
#define NAMING_NET_JSON_SPLITTER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace naming::net {

// Cuts a stream of JSON objects into objects, however its bytes arrive. What
// follows an object needs no white space before it, nor a line end.
//
// Finds where an object ends, and no more: whether it is JSON is up to who
// parses it.
//
// Thread-compatible.
class JsonSplitter final {
 public:
  // An object must not be larger than `max_bytes`.
  explicit JsonSplitter(std::size_t max_bytes = std::size_t{64} << 20)
      : max_bytes_(max_bytes) {}

  // Adds what has arrived; after an error, drops it.
  void Append(std::string_view bytes);

  // Takes out the next complete object; nullopt when there is none yet, or
  // never will be, as status() tells then.
  std::optional<std::string> Next();

  // Errors: kInternal, something else than an object begins;
  // kResourceExhausted, an object is too large.
  const absl::Status& status() const { return status_; }

 private:
  std::size_t max_bytes_;
  std::string buffer_;       // From the beginning of the next object on.
  std::size_t scanned_ = 0;  // Bytes of it that have been looked at.
  int depth_ = 0;
  bool is_in_string_ = false;
  bool is_escaped_ = false;
  absl::Status status_;
};

}  // namespace naming::net

#endif  // NAMING_NET_JSON_SPLITTER_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_STATE_FILE_H_
#define NAMING_NODE_STATE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/store.h"

// The file that a node keeps its instances in while it doesn't run: JSON, the
// instances as fetch/all gives them.
namespace naming::node {

std::string EncodeState(const Store& store);

// Errors: kInternal, `text` isn't what EncodeState() returns.
absl::StatusOr<std::vector<StoredInstance>> DecodeState(std::string text);

// Replaces the file `path`, or leaves it as it was. Waits for the disk.
//
// Errors: kUnavailable; the message says what the system refused.
absl::Status WriteState(const std::string& path, const std::string& text);

// Errors: kNotFound, there is no file; kUnavailable, it can't be read;
// kInternal, see DecodeState().
absl::StatusOr<std::vector<StoredInstance>> ReadState(const std::string& path);

// Returns whether files can be made where `path` is.
//
// Errors: kUnavailable.
absl::Status CheckWritable(const std::string& path);

}  // namespace naming::node

#endif  // NAMING_NODE_STATE_FILE_H_

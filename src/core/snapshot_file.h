// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_SNAPSHOT_FILE_H_
#define NAMING_CORE_SNAPSHOT_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "naming/snapshot.h"

// What a snapshot file holds: values to bytes and back. Pure functions.
//
// One line "naming-snapshot 1 <checksum>", then one JSON object. The checksum,
// 16 hex digits, is that of everything after the line.
namespace naming::core {

// A list and where it belongs.
struct SavedSnapshot {
  // Which registry it comes from, as far as the app_id doesn't tell: the
  // backend's name, and what tells its applications apart otherwise.
  std::string scope;

  // Without a revision; `stale_since` is when it was saved, in milliseconds.
  Snapshot snapshot;
};

bool operator==(const SavedSnapshot& a, const SavedSnapshot& b);

// Errors: kInternal, a text isn't valid UTF-8, which JSON can't hold, or
// `stale_since` isn't a time that can be read back.
absl::StatusOr<std::string> EncodeSnapshot(const SavedSnapshot& saved);

// Takes any bytes.
//
// Errors: kInternal, `text` isn't what EncodeSnapshot() returns: of another
// kind or version, damaged or cut short; says which.
absl::StatusOr<SavedSnapshot> DecodeSnapshot(std::string_view text);

// Returns a file with `body` in it, whatever that is.
std::string SealSnapshot(std::string_view body);

// Returns the name of the file for `app_id`, which may be any text: at most 120
// characters that every file system takes, different for each (scope, app_id).
std::string SnapshotFileName(std::string_view scope, std::string_view app_id);

}  // namespace naming::core

#endif  // NAMING_CORE_SNAPSHOT_FILE_H_

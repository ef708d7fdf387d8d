// SPDX-License-Identifier: Apache-2.0

#include "node/state_file.h"

#include <cstddef>
#include <cstdio>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "net/json.h"
#include "node/answers.h"
#include "node/peer_protocol.h"

namespace naming::node {
namespace {

constexpr int kFormat = 1;

}  // namespace

std::string EncodeState(const Store& store) {
  return absl::StrFormat("{\"naming_node_state\":%d,\"apps\":%s}\n", kFormat,
                         EncodeAll(store));
}

absl::StatusOr<std::vector<StoredInstance>> DecodeState(std::string text) {
  const absl::StatusOr<net::JsonDocument> document =
      net::JsonDocument::ParseWhole(std::move(text));
  if (!document.ok()) return document.status();
  if (document->root()["naming_node_state"].AsInt64() != kFormat ||
      !document->root()["apps"].is_object()) {
    return absl::InternalError("not a node's state");
  }
  return DecodeInstances(document->root()["apps"]);
}

absl::Status WriteState(const std::string& path, const std::string& text) {
  return base::ReplaceFile(path, text, base::Sync::kYes);
}

absl::StatusOr<std::vector<StoredInstance>> ReadState(const std::string& path) {
  absl::StatusOr<std::string> text =
      base::ReadFile(path, std::numeric_limits<std::size_t>::max());
  if (!text.ok()) return text.status();
  return DecodeState(*std::move(text));
}

absl::Status CheckWritable(const std::string& path) {
  const std::string probe = path + std::string(base::kTemporarySuffix);
  const absl::Status status = base::ReplaceFile(probe, "", base::Sync::kNo);
  std::remove(probe.c_str());
  return status;
}

}  // namespace naming::node

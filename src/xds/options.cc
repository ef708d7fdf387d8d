// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <string>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/url.h"
#include "naming/xds/server.h"
#include "xds/listen_address.h"

namespace naming::xds {
namespace {

absl::Status CheckNumber(const char* field, int value, int least, int most) {
  if (least <= value && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "xds: options.%s: must be in [%d, %d]", field, least, most));
}

absl::Status CheckScheme(const std::string& scheme) {
  if (base::ParseAddress(scheme + "://h:1")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "xds: options.addr_scheme: must be a URL's scheme");
}

}  // namespace

absl::Status Validate(const ServerOptions& options) {
  for (const absl::Status& status : {
           CheckListen(options.listen, options.is_public),
           CheckScheme(options.addr_scheme),
           base::CheckText("xds: options.zone", options.zone),
           CheckNumber("retries", options.retries, 0, 4),
           base::CheckDuration(
               "xds: options.max_stream_duration", options.max_stream_duration,
               std::chrono::milliseconds(0), std::chrono::hours(24)),
           CheckNumber("max_streams", options.max_streams, 1, 100'000),
           CheckNumber("max_names", options.max_names, 1, 100'000),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace naming::xds

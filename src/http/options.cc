// SPDX-License-Identifier: Apache-2.0

#include "naming/http/options.h"

#include "absl/strings/str_format.h"
#include "http/request.h"

namespace naming::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

absl::Status Bad(std::string_view field, std::string_view must) {
  return absl::InvalidArgumentError(
      absl::StrFormat("http: options.%s: %s", field, must));
}

template <typename T>
bool IsIn(T value, T least, T most) {
  return value >= least && value <= most;  // False for NaN.
}

absl::Status ValidateTuning(const ClientOptions& options) {
  if (!IsIn<milliseconds>(options.connect_timeout, milliseconds(1),
                          minutes(1))) {
    return Bad("connect_timeout", "must be in [1ms, 1min]");
  }
  if (!IsIn<milliseconds>(options.attempt_timeout, milliseconds(1), hours(1))) {
    return Bad("attempt_timeout", "must be in [1ms, 1h]");
  }
  if (!IsIn(options.retry_share, 0.0, 1.0)) {
    return Bad("retry_share", "must be in [0, 1]");
  }
  if (!IsIn(options.retry_burst, 0, 1000)) {
    return Bad("retry_burst", "must be in [0, 1000]");
  }
  if (!IsIn<milliseconds>(options.retry_delay, milliseconds(1), minutes(1))) {
    return Bad("retry_delay", "must be in [1ms, 1min]");
  }
  if (!IsIn(options.max_idle_connections, 0, 1000)) {
    return Bad("max_idle_connections", "must be in [0, 1000]");
  }
  if (!IsIn<seconds>(options.idle_timeout, seconds(1), hours(1))) {
    return Bad("idle_timeout", "must be in [1s, 1h]");
  }
  if (!IsIn(options.max_header_bytes, std::size_t{1} << 10,
            std::size_t{1} << 20)) {
    return Bad("max_header_bytes", "must be in [1024, 1048576]");
  }
  return absl::OkStatus();
}

bool HasNul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

absl::Status ValidateFiles(const ClientOptions& options) {
  if (HasNul(options.ca_file)) return Bad("ca_file", "has a NUL character");
  if (HasNul(options.cert_file)) return Bad("cert_file", "has a NUL character");
  if (HasNul(options.key_file)) return Bad("key_file", "has a NUL character");
  if (options.cert_file.empty() != options.key_file.empty()) {
    return options.cert_file.empty()
               ? Bad("cert_file", "must be set when key_file is")
               : Bad("key_file", "must be set when cert_file is");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const ClientOptions& options) {
  const std::string& scheme = options.choice.filter.addr_scheme;
  if (!scheme.empty() && !IsHttpScheme(scheme)) {
    return Bad("choice.filter.addr_scheme", "must be http or https");
  }
  const absl::Status choice = Validate(options.choice);
  if (!choice.ok()) {
    return Bad("choice", std::string_view(choice.message().data(),
                                          choice.message().size()));
  }
  if (options.host_mode != HostMode::kService &&
      options.host_mode != HostMode::kInstance) {
    return Bad("host_mode", "is none of the enumeration");
  }
  if (!options.host.empty() && !IsHostName(options.host)) {
    return Bad("host", "must be a host's name, without a port");
  }
  if (!IsTimeout(options.timeout)) {
    return Bad("timeout", "must be in [1ms, 1h]");
  }
  if (!IsIn(options.max_attempts, 1, 10)) {
    return Bad("max_attempts", "must be in [1, 10]");
  }
  if (!IsIn(options.max_redirects, 0, 20)) {
    return Bad("max_redirects", "must be in [0, 20]");
  }
  const absl::Status files = ValidateFiles(options);
  if (!files.ok()) return files;
  if (!IsIn(options.max_response_bytes, std::size_t{1},
            (std::size_t{1} << 31) - 1)) {
    return Bad("max_response_bytes", "must be in [1, 2147483647]");
  }
  return ValidateTuning(options);
}

}  // namespace naming::http

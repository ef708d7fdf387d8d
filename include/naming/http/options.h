// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_OPTIONS_H_
#define NAMING_HTTP_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "naming/balanced.h"
#include "naming/export.h"

namespace naming::http {

// Whose name is in the header Host, in the TLS server name, and in what a
// server's certificate is checked for.
enum class HostMode {
  kService,   // The application's: ClientOptions::host.
  kInstance,  // The address of the Instance that is called, as in Kratos.
};

// How an HTTP Client behaves. Copied by Client::Create().
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientOptions {
  // --- Behaviour ---

  // How an Instance is chosen for each attempt. Its `filter.addr_scheme`, which
  // a Target's "scheme" overrides, is "http" or "https"; empty: "http".
  BalancedOptions choice;

  HostMode host_mode = HostMode::kService;

  // The name of the application's servers, without a port; for kService. Empty:
  // the Target's app_id, where that can be a host's name.
  std::string host;

  // How long a request may take in all, with every attempt, where the Request
  // doesn't say. Range: [1ms, 1h].
  std::chrono::milliseconds timeout = std::chrono::seconds(2);

  // How many times at most a request is sent; 1: nothing is repeated. See
  // Client for what may be. Range: [1, 10].
  int max_attempts = 3;

  // How many redirects are followed; 0: they are answers like any other. One to
  // the application's own name stays on the Instance; others are resolved as
  // any URL is. Range: [0, 20].
  int max_redirects = 0;

  // For https: PEM files of the CA that the servers' certificates are checked
  // against (empty: the system's), and of the certificate and key that this
  // program shows (empty: none).
  std::string ca_file;
  std::string cert_file;
  std::string key_file;

  // Whether https servers need not prove who they are. For tests only.
  bool skips_server_check = false;

  // A larger body of an answer is an error. Range: [1, 2^31 - 1].
  std::size_t max_response_bytes = std::size_t{64} << 20;

  // --- Tuning ---

  // How long connecting to an Instance may take. Range: [1ms, 1min].
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);

  // How long an attempt may take that may be followed by another, so that one
  // Instance that hangs doesn't use up `timeout`. The last attempt, and a
  // request that may not be repeated, has all that is left. Range: [1ms, 1h].
  std::chrono::milliseconds attempt_timeout = std::chrono::seconds(1);

  // Repetitions are at most this share of a Client's requests, and
  // `retry_burst` more: when everything fails, repeating makes it worse. No
  // more than `retry_burst` are saved up, so 0 turns repetitions off. Ranges:
  // [0, 1]; [0, 1000].
  double retry_share = 0.1;
  int retry_burst = 10;

  // How long the first repetition waits that goes to an Instance that was tried
  // before, because there is no other; each further one twice as long, and up
  // to a half less at random. Range: [1ms, 1min].
  std::chrono::milliseconds retry_delay = std::chrono::milliseconds(25);

  // How many unused connections to one Instance are kept open. As many as
  // requests are under way may be in use. Range: [0, 1000].
  int max_idle_connections = 16;

  // A connection that was unused for longer isn't used again. Less than what
  // the servers close theirs after. Range: [1s, 1h].
  std::chrono::seconds idle_timeout = std::chrono::seconds(60);

  // A larger header of an answer is an error. Range: [1 KiB, 1 MiB].
  std::size_t max_header_bytes = std::size_t{256} << 10;
};

// Returns whether a Client can be made with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "http: options.max_attempts: must be in [1, 10]".
NAMING_EXPORT absl::Status Validate(const ClientOptions& options);

}  // namespace naming::http

#endif  // NAMING_HTTP_OPTIONS_H_

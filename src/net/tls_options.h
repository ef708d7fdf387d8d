// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_TLS_OPTIONS_H_
#define NAMING_NET_TLS_OPTIONS_H_

#include <string>

namespace naming::net {

// How https servers are checked, and how we show who we are. Files are PEM.
struct TlsOptions {
  std::string ca_file;     // Empty: the system's.
  std::string cert_file;   // Empty: we show no certificate.
  std::string key_file;    // Of cert_file.
  bool is_checked = true;  // Whether the server has to prove its name.
};

}  // namespace naming::net

#endif  // NAMING_NET_TLS_OPTIONS_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CURL_SETUP_H_
#define NAMING_NET_CURL_SETUP_H_

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

#include "net/tls_options.h"

namespace naming::net {

// Calls curl_global_init() the first time. Thread-safe.
void InitCurlOnce();

// Returns `timeout` as an option of libcurl's, to which 0 is no limit.
long AtLeastOne(std::chrono::milliseconds timeout);

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistDeleter>;

// Appends `line`; for want of memory, nothing.
void Append(Slist& list, const std::string& line);

// Sets what holds for every request of ours.
void SetPolicy(CURL* easy);

void SetTls(CURL* easy, const TlsOptions& tls);

}  // namespace naming::net

#endif  // NAMING_NET_CURL_SETUP_H_

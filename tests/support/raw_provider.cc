// SPDX-License-Identifier: Apache-2.0

#include "tests/support/raw_provider.h"

#include <curl/curl.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/strings/str_format.h"
#include "discovery/protocol.h"

namespace naming::testing {
namespace {

std::size_t Append(char* data, std::size_t size, std::size_t count,
                   void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

// `form` is sent as a POST; null: a GET.
std::string Perform(const std::string& url, const std::string* form) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      curl_easy_init(), &curl_easy_cleanup);
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  if (form != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, form->c_str());
  }
  if (curl_easy_perform(curl.get()) != CURLE_OK) return "";
  return body;
}

}  // namespace

std::string RawProvider::Register(const Instance& instance) const {
  // Later calls win: nanoseconds since the epoch would do, a counter is enough.
  static std::atomic<std::int64_t> dirty{0};
  return Post("/discovery/register",
              discovery::RegisterForm(instance, ++dirty));
}

std::string RawProvider::Renew(const Instance& instance) const {
  return Post("/discovery/renew", discovery::InstanceKeyForm(instance));
}

std::string RawProvider::Cancel(const Instance& instance) const {
  return Post("/discovery/cancel", discovery::InstanceKeyForm(instance));
}

std::string RawProvider::Get(std::string_view path_and_query) const {
  return Perform(absl::StrFormat("http://%s%s", node_, path_and_query),
                 nullptr);
}

std::string RawProvider::Post(std::string_view path,
                              const std::string& form) const {
  return Perform(absl::StrFormat("http://%s%s", node_, path), &form);
}

}  // namespace naming::testing

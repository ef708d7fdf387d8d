// SPDX-License-Identifier: Apache-2.0

#include "etcd/members.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/nodes.h"

namespace naming::etcd {
namespace {

constexpr int kDefaultPort = 2379;

}  // namespace

std::optional<std::string> MemberUrl(std::string_view text) {
  if (auto url = core::NodeUrl(text)) return url;
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return core::NodeUrl(absl::StrFormat("%s:%d", text, kDefaultPort));
}

std::vector<std::string> MemberUrls(const std::vector<std::string>& nodes) {
  std::vector<std::string> urls;
  for (const std::string& node : nodes) {
    auto url = MemberUrl(node);
    if (url && std::find(urls.begin(), urls.end(), *url) == urls.end()) {
      urls.push_back(*std::move(url));
    }
  }
  return urls;
}

}  // namespace naming::etcd

// SPDX-License-Identifier: Apache-2.0

#include "node/request_path.h"

#include <algorithm>
#include <cstddef>

#include "base/url.h"

namespace naming::node {

std::optional<std::string> PathOf(std::string_view target) {
  const std::size_t scheme_end = target.find("://");
  if (!target.empty() && target[0] != '/' &&
      scheme_end != std::string_view::npos) {
    target.remove_prefix(scheme_end + 3);
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  std::optional<std::string> path =
      base::PercentDecode(target.substr(0, target.find('?')));
  if (!path) return std::nullopt;
  const auto is_repeated = [](char a, char b) { return a == '/' && b == '/'; };
  path->erase(std::unique(path->begin(), path->end(), is_repeated),
              path->end());
  return path;
}

}  // namespace naming::node

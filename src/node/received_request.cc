// SPDX-License-Identifier: Apache-2.0

#include "naming/node/received_request.h"

#include <tuple>

namespace naming::node {
namespace {

auto Tie(const ReceivedRequest& request) {
  return std::tie(request.method, request.path, request.parameters,
                  request.outcome, request.status, request.code);
}

}  // namespace

std::string_view ReceivedRequest::Parameter(std::string_view name) const {
  const auto it = parameters.find(name);
  return it == parameters.end() || it->second.empty()
             ? std::string_view()
             : std::string_view(it->second.front());
}

bool operator==(const ReceivedRequest& a, const ReceivedRequest& b) {
  return Tie(a) == Tie(b);
}

}  // namespace naming::node

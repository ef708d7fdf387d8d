// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_MESSAGE_H_
#define NAMING_NODE_MESSAGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace naming::node {

// Names a request while it is held; never used twice by one server.
using RequestId = std::uint64_t;

// What the node reads of an HTTP request.
struct Request {
  std::string method;        // In capitals.
  std::string target;        // "/path?query", as sent.
  std::string content_type;  // Empty: none was given.
  std::string timeout;       // The header x1-bmspy-timeout; empty: none.
  std::string body;
};

// What the node answers; the server adds the headers that are always there.
//
// Thread-compatible. A cheap copy: many held polls get the same body.
struct Response {
  int status = 200;
  std::string_view content_type;  // A constant. Empty: no such header.
  std::optional<int> code;        // The header Kratos-Status-Code.
  std::shared_ptr<const std::string> body;  // Null: empty.
};

}  // namespace naming::node

#endif  // NAMING_NODE_MESSAGE_H_

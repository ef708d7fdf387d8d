// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_GO_JSON_H_
#define NAMING_NODE_GO_JSON_H_

#include <string>
#include <string_view>

#include "net/go_json.h"

namespace naming::node {

using net::GoJsonWriter;

// Returns `text` as Go's strconv.Quote gives it for text of printable
// characters, control characters and bytes that aren't UTF-8.
std::string GoQuote(std::string_view text);

// Returns `text` as Go's template.JSEscapeString gives it: safe within a
// JavaScript string, and so as the name of a JSONP function.
std::string GoJsEscape(std::string_view text);

// Returns `text` with each byte that isn't part of a UTF-8 character replaced
// by U+FFFD, as Go's JSON decoder reads strings.
std::string GoValidUtf8(std::string_view text);

}  // namespace naming::node

#endif  // NAMING_NODE_GO_JSON_H_

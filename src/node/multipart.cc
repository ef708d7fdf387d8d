// SPDX-License-Identifier: Apache-2.0

#include "node/multipart.h"

#include <optional>
#include <string>

#include "base/text.h"

namespace naming::node {
namespace {

// Returns the parameter `name`, in lower case, of a header's value such as
// `form-data; name="a"`; nullopt: it has none.
std::optional<std::string> ParameterOf(std::string_view value,
                                       std::string_view name) {
  for (std::string_view part : base::Split(value, ';')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    if (base::ToLower(base::Trim(part.substr(0, equals))) != name) continue;
    std::string_view text = base::Trim(part.substr(equals + 1));
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    return std::string(text);
  }
  return std::nullopt;
}

// Returns what the part's header says that it is; "": nothing.
std::string_view DispositionOf(std::string_view head) {
  for (const std::string_view line : base::Split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        base::ToLower(line.substr(0, colon)) == "content-disposition") {
      return line.substr(colon + 1);
    }
  }
  return {};
}

// Takes the text up to `end` out of `rest`, and `end` with it.
std::optional<std::string_view> TakeUntil(std::string_view& rest,
                                          std::string_view end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + end.size());
  return taken;
}

}  // namespace

base::Parameters ParseMultipart(std::string_view content_type,
                                std::string_view body) {
  base::Parameters fields;
  const auto boundary = ParameterOf(content_type, "boundary");
  if (!boundary || boundary->empty()) return fields;
  const std::string delimiter = "\r\n--" + *boundary;
  // The first may stand at the very beginning.
  std::string_view rest = body;
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (rest.substr(0, first.size()) == first) {
    rest.remove_prefix(first.size());
  } else if (!TakeUntil(rest, delimiter)) {
    return fields;
  }
  // "--" after it ends the last part.
  while (rest.substr(0, 2) != "--" && TakeUntil(rest, "\r\n")) {
    const auto head = TakeUntil(rest, "\r\n\r\n");
    const auto content = head ? TakeUntil(rest, delimiter) : std::nullopt;
    if (!content) break;
    const std::string_view disposition = DispositionOf(*head);
    const auto name = ParameterOf(disposition, "name");
    if (name && !ParameterOf(disposition, "filename")) {
      fields.emplace_back(*name, *content);
    }
  }
  return fields;
}

}  // namespace naming::node

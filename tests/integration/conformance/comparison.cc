// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/conformance/comparison.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "net/json.h"
#include "tests/integration/node/http.h"

namespace naming::testing {
namespace {

using net::JsonValue;

bool IsTimestamp(std::string_view key) {
  constexpr std::string_view kSuffix = "_timestamp";
  return key.size() > kSuffix.size() &&
         key.substr(key.size() - kSuffix.size()) == kSuffix;
}

void CollectTimestamps(JsonValue value, std::set<std::int64_t>& timestamps) {
  value.ForEachElement(
      [&](JsonValue element) { CollectTimestamps(element, timestamps); });
  value.ForEachMember([&](std::string_view key, JsonValue member) {
    const auto number = member.AsInt64();
    if (number && IsTimestamp(key)) timestamps.insert(*number);
    CollectTimestamps(member, timestamps);
  });
}

// The text of a value; `timestamps`: those of the whole document.
class Printer {
 public:
  explicit Printer(const std::set<std::int64_t>& timestamps)
      : timestamps_(timestamps) {}

  std::string Print(JsonValue value) const {
    if (value.is_object()) return PrintObject(value);
    if (value.is_array()) return PrintArray(value);
    if (const auto text = value.AsString()) {
      return '"' + std::string(*text) + '"';
    }
    if (const auto number = value.AsInt64()) return std::to_string(*number);
    if (const auto boolean = value.AsBool()) return *boolean ? "true" : "false";
    return value.is_null() ? "null" : "other";
  }

 private:
  std::string PrintObject(JsonValue value) const {
    std::multimap<std::string, std::string> members;
    value.ForEachMember([&](std::string_view key, JsonValue member) {
      const auto number = member.AsInt64();
      members.emplace(
          key, number && IsTimestamp(key) ? Rank(*number) : Print(member));
    });
    std::string text = "{";
    for (const auto& [key, printed] : members) {
      text += '"' + key + "\":" + printed + ",\n";
    }
    return text + "}";
  }

  std::string PrintArray(JsonValue value) const {
    std::vector<std::string> elements;
    bool is_of_objects = true;
    value.ForEachElement([&](JsonValue element) {
      elements.push_back(Print(element));
      is_of_objects &= element.is_object();
    });
    if (is_of_objects) std::sort(elements.begin(), elements.end());
    std::string text = "[";
    for (const std::string& element : elements) text += element + ",\n";
    return text + "]";
  }

  std::string Rank(std::int64_t timestamp) const {
    if (timestamp == 0) return "0";
    const auto at = timestamps_.upper_bound(timestamp);
    return "T" + std::to_string(std::distance(timestamps_.begin(), at));
  }

  const std::set<std::int64_t>& timestamps_;
};

std::string CanonicalBody(std::string body) {
  const auto document = net::JsonDocument::ParseWhole(body);
  if (!document.ok()) return body;
  std::set<std::int64_t> timestamps;
  CollectTimestamps(document->root(), timestamps);
  timestamps.erase(0);
  return Printer(timestamps).Print(document->root());
}

std::string CanonicalHead(std::string_view head, std::size_t body_size) {
  const std::string whole = "Content-Length: " + std::to_string(body_size);
  std::string text;
  for (std::string_view line : base::Split(head, '\n')) {
    line = base::Trim(line);
    if (line.rfind("Date: ", 0) == 0) line = "Date: D";
    if (line == whole) line = "Content-Length: that of the body";
    text += line;
    text += '\n';
  }
  return text;
}

}  // namespace

std::string Canonical(std::string_view response, std::string_view address) {
  std::string body = BodyOf(response);
  for (std::size_t at = body.find(address); at != std::string::npos;
       at = body.find(address, at)) {
    body.replace(at, address.size(), "NODE");
  }
  const std::size_t size = BodyOf(response).size();
  return CanonicalHead(response.substr(0, response.find("\r\n\r\n")), size) +
         "\n" + CanonicalBody(std::move(body));
}

}  // namespace naming::testing

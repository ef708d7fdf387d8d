// SPDX-License-Identifier: Apache-2.0

#include "node/form.h"

#include <charconv>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"
#include "node/go_json.h"
#include "node/multipart.h"

namespace naming::node {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipartType = "multipart/form-data";
constexpr std::string_view kJsonType = "application/json";

// "text/html; charset=utf-8" is "text/html".
std::string MediaType(std::string_view content_type) {
  return base::ToLower(
      base::Trim(content_type.substr(0, content_type.find(';'))));
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string NumberError(std::string_view function, std::string_view text,
                        std::string_view cause) {
  return absl::StrFormat("strconv.%s: parsing %s: %s", function, GoQuote(text),
                         cause);
}

// Reads a number as Go's strconv does; an empty one counts as 0. Returns what
// is wrong with it.
template <typename T>
std::optional<std::string> ParseNumber(std::string_view text, T& value) {
  constexpr bool kIsSigned = std::numeric_limits<T>::is_signed;
  constexpr std::string_view kFunction = kIsSigned ? "ParseInt" : "ParseUint";
  value = 0;
  if (text.empty()) return std::nullopt;
  std::string_view number = text;
  if (kIsSigned && number[0] == '+') number.remove_prefix(1);
  const bool is_negative = kIsSigned && number == text && text[0] == '-';
  if (!IsDigits(number.substr(is_negative ? 1 : 0))) {
    return NumberError(kFunction, text, "invalid syntax");
  }
  const auto end = number.data() + number.size();
  if (std::from_chars(number.data(), end, value).ec != std::errc()) {
    return NumberError(kFunction, text, "value out of range");
  }
  return std::nullopt;
}

// strconv.ParseBool, where what it refuses counts as false.
bool ParseBool(std::string_view text) {
  return text == "1" || text == "t" || text == "T" || text == "TRUE" ||
         text == "true" || text == "True";
}

std::string_view JsonTypeName(const net::JsonValue& value) {
  if (value.AsString()) return "string";
  if (value.AsBool()) return "bool";
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  return "number";
}

}  // namespace

Form::Form(const Request& request, Quirks quirks) {
  // Go parses the body of these methods alone.
  const bool has_form = request.method == "POST" || request.method == "PUT" ||
                        request.method == "PATCH";
  if (has_form && MediaType(request.content_type) == kFormType) {
    Add(request.body);
  }
  const std::string_view target = request.target;
  const std::size_t question_mark = target.find('?');
  if (question_mark != std::string_view::npos) {
    Add(target.substr(question_mark + 1));
  }
  if (has_form && MediaType(request.content_type) == kMultipartType) {
    for (auto& [key, value] :
         ParseMultipart(request.content_type, request.body)) {
      values_[std::move(key)].push_back(std::move(value));
    }
  }
  if (quirks.comma_lists()) SplitAtCommas();
}

void Form::SplitAtCommas() {
  for (auto& [key, values] : values_) {
    values.resize(1);
    if (key == "metadata") continue;  // JSON, which has commas of its own.
    const std::string& list = firsts_[key] = values.front();
    values.clear();
    for (const std::string_view part : base::Split(list, ',')) {
      values.emplace_back(part);
    }
  }
}

void Form::Add(std::string_view encoded) {
  for (const std::string_view part : base::Split(encoded, '&')) {
    if (part.find(';') != std::string_view::npos) continue;
    std::optional<base::Parameters> parameters = base::ParseQuery(part);
    if (!parameters) continue;
    for (auto& [key, value] : *parameters) {
      values_[std::move(key)].push_back(std::move(value));
    }
  }
}

const std::vector<std::string>& Form::Values(std::string_view key) const {
  static const std::vector<std::string>& none = *new std::vector<std::string>();
  const auto it = values_.find(key);
  return it == values_.end() ? none : it->second;
}

std::string_view Form::First(std::string_view key) const {
  const auto whole = firsts_.find(key);
  if (whole != firsts_.end()) return whole->second;
  const std::vector<std::string>& values = Values(key);
  return values.empty() ? std::string_view() : values.front();
}

Binder::Binder(const Request& request, const Form& form, std::string_view type)
    : form_(form), type_(type) {
  if (request.method == "GET" || MediaType(request.content_type) != kJsonType) {
    return;
  }
  absl::StatusOr<net::JsonDocument> document =
      net::JsonDocument::Parse(GoValidUtf8(request.body));
  if (!document.ok()) {
    // Go says more of what it met where; nobody acts on it.
    Fail(base::Trim(request.body).empty() ? "EOF" : "invalid JSON");
    return;
  }
  json_ = std::make_unique<net::JsonDocument>(*std::move(document));
  const net::JsonValue root = json_->root();
  if (!root.is_object() && !root.is_null()) {
    Fail(
        absl::StrFormat("json: cannot unmarshal %s into Go value of type "
                        "model.%s",
                        JsonTypeName(root), type_));
  }
}

Binder::~Binder() = default;

void Binder::String(std::string_view key, std::string_view field, Rule rule,
                    std::string& value) {
  if (!json_) {
    value = form_.First(key);
  } else if (const net::JsonValue member = Member(field); member.exists()) {
    if (const auto text = member.AsString()) {
      value = *text;
    } else {
      Unfit(field, member, "string");
    }
  }
  if (rule == Rule::kRequired && value.empty()) Violate(field, "required");
}

void Binder::Strings(std::string_view key, std::string_view field, Rule rule,
                     std::vector<std::string>& values) {
  if (!json_) {
    for (const std::string& value : form_.Values(key)) {
      if (!value.empty()) values.push_back(value);
    }
  } else if (const net::JsonValue member = Member(field); member.exists()) {
    if (!member.is_array()) Unfit(field, member, "[]string");
    member.ForEachElement([&](net::JsonValue element) {
      const auto text = element.AsString();
      if (!text) Unfit(field, element, "string");
      values.emplace_back(text.value_or(""));
    });
  }
  if (rule == Rule::kNotEmpty && values.empty()) Violate(field, "gt");
}

void Binder::Uint32(std::string_view key, std::string_view field, Rule rule,
                    std::uint32_t& value) {
  if (!json_) {
    if (auto error = ParseNumber(form_.First(key), value)) {
      Fail(*std::move(error));
    }
  } else if (const net::JsonValue member = Member(field); member.exists()) {
    const auto number = member.AsInt64();
    if (number && *number >= 0 &&
        *number <= std::numeric_limits<std::uint32_t>::max()) {
      value = static_cast<std::uint32_t>(*number);
    } else {
      Unfit(field, member, "uint32");
    }
  }
  if (rule == Rule::kRequired && value == 0) Violate(field, "required");
}

void Binder::Int64(std::string_view key, std::string_view field,
                   std::int64_t& value) {
  if (!json_) {
    if (auto error = ParseNumber(form_.First(key), value)) {
      Fail(*std::move(error));
    }
  } else if (const net::JsonValue member = Member(field); member.exists()) {
    if (!member.AsInt64()) Unfit(field, member, "int64");
    value = member.AsInt64().value_or(0);
  }
}

void Binder::Int64s(std::string_view key, std::string_view field,
                    std::vector<std::int64_t>& values) {
  if (!json_) {
    for (const std::string& text : form_.Values(key)) {
      if (text.empty()) continue;
      std::int64_t value = 0;
      if (auto error = ParseNumber(text, value)) Fail(*std::move(error));
      values.push_back(value);
    }
  } else if (const net::JsonValue member = Member(field); member.exists()) {
    if (!member.is_array()) Unfit(field, member, "[]int64");
    member.ForEachElement([&](net::JsonValue element) {
      if (!element.AsInt64()) Unfit(field, element, "int64");
      values.push_back(element.AsInt64().value_or(0));
    });
  }
}

void Binder::Bool(std::string_view key, std::string_view field, bool& value) {
  if (!json_) {
    value = ParseBool(form_.First(key));
  } else if (const net::JsonValue member = Member(field); member.exists()) {
    if (!member.AsBool()) Unfit(field, member, "bool");
    value = member.AsBool().value_or(false);
  }
}

std::optional<std::string> Binder::error() const {
  if (failure_) return failure_;
  if (!violations_.empty()) return violations_;
  return std::nullopt;
}

void Binder::Fail(std::string message) {
  if (!failure_) failure_ = std::move(message);
}

void Binder::Unfit(std::string_view field, const net::JsonValue& value,
                   std::string_view go_type) {
  Fail(
      absl::StrFormat("json: cannot unmarshal %s into Go struct field %s.%s "
                      "of type %s",
                      JsonTypeName(value), type_, field, go_type));
}

void Binder::Violate(std::string_view field, std::string_view tag) {
  if (!violations_.empty()) violations_ += '\n';
  absl::StrAppendFormat(&violations_,
                        "Key: '%s.%s' Error:Field validation for '%s' failed "
                        "on the '%s' tag",
                        type_, field, field, tag);
}

// Go's decoder doesn't mind the case of keys; null leaves a field as it is.
net::JsonValue Binder::Member(std::string_view field) const {
  net::JsonValue found;
  json_->root().ForEachMember([&](std::string_view name, net::JsonValue value) {
    if (base::ToLower(name) == base::ToLower(field)) found = value;
  });
  return found.is_null() ? net::JsonValue() : found;
}

}  // namespace naming::node

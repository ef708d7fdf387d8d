// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_FORM_H_
#define NAMING_NODE_FORM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/json.h"
#include "node/message.h"
#include "node/quirks.h"

namespace naming::node {

// The parameters of a request, as Go's net/http finds them: those of a form in
// the body, then those of the query, then those of a multipart body. A part
// that doesn't decode, or that holds a ';', is left out.
//
// Thread-compatible.
class Form final {
 public:
  explicit Form(const Request& request, Quirks quirks = {});

  using ValueMap = std::map<std::string, std::vector<std::string>, std::less<>>;

  // Returns them by their names.
  const ValueMap& values() const { return values_; }

  // Returns all values of `key` in order.
  const std::vector<std::string>& Values(std::string_view key) const;

  // Returns the first value of `key`; "" when there is none.
  std::string_view First(std::string_view key) const;

 private:
  void Add(std::string_view encoded);
  void SplitAtCommas();

  ValueMap values_;
  // Of those that were split.
  std::map<std::string, std::string, std::less<>> firsts_;
};

// Reads the arguments of an endpoint out of a request and validates them, with
// the messages of the real server (blademaster's binding and its validator).
//
// Each call binds one field: `key` is the parameter's name, `field` the name
// that the Go server's struct gives it, which messages show and which a JSON
// body uses as its key. The order of the calls is the order of the messages.
//
// Thread-compatible.
class Binder final {
 public:
  enum class Rule {
    kOptional,
    kRequired,  // Not empty, not zero.
    kNotEmpty,  // A list with at least one element.
  };

  // `type` names the arguments in messages, such as "ArgFetch". `form` outlives
  // the Binder.
  Binder(const Request& request, const Form& form, std::string_view type);
  ~Binder();

  void String(std::string_view key, std::string_view field, Rule rule,
              std::string& value);
  // Empty elements are left out.
  void Strings(std::string_view key, std::string_view field, Rule rule,
               std::vector<std::string>& values);
  void Uint32(std::string_view key, std::string_view field, Rule rule,
              std::uint32_t& value);
  void Int64(std::string_view key, std::string_view field, std::int64_t& value);
  void Int64s(std::string_view key, std::string_view field,
              std::vector<std::int64_t>& values);
  // What isn't a boolean is false.
  void Bool(std::string_view key, std::string_view field, bool& value);

  // Returns what is wrong with the arguments; nullopt: nothing.
  std::optional<std::string> error() const;

 private:
  // What is wrong with a value as such; the first of these is the only message.
  void Fail(std::string message);
  void Unfit(std::string_view field, const net::JsonValue& value,
             std::string_view go_type);
  void Violate(std::string_view field, std::string_view tag);
  net::JsonValue Member(std::string_view field) const;

  const Form& form_;
  const std::string type_;
  std::unique_ptr<net::JsonDocument> json_;  // Of a JSON body.
  std::optional<std::string> failure_;
  std::string violations_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_FORM_H_

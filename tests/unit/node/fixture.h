// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_NODE_FIXTURE_H_
#define NAMING_TESTS_UNIT_NODE_FIXTURE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "naming/log.h"
#include "node/directory.h"
#include "node/handlers.h"
#include "node/message.h"
#include "node/quirks.h"
#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"

namespace naming::node {

inline constexpr const char* kNotModified =
    R"({"code":-304,"message":"-304","ttl":1})";
inline constexpr const char* kBadRequest =
    R"({"code":-400,"message":"-400","ttl":1})";

// Returns `text` with each timestamp, which has 19 digits, as T.
inline std::string Masked(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    const std::size_t digits =
        std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 19) {
      masked += 'T';
    } else {
      masked += text.substr(0, digits);
    }
    text.remove_prefix(digits);
    if (text.empty()) break;
    masked += text.front();
    text.remove_prefix(1);
  }
  return masked;
}

inline std::string Body(const Response& response) {
  return response.body ? *response.body : "";
}

// A node without a network.
class NodeFixture {
 protected:
  explicit NodeFixture(Quirks chosen = {}) : quirks(chosen) {}

  // Hands in a request; nullopt: it is held, as `last_id`.
  std::optional<Response> Send(Request request) {
    return handlers.Handle(++last_id, request);
  }

  std::optional<Response> Get(std::string target) {
    Request request;
    request.method = "GET";
    request.target = std::move(target);
    return Send(std::move(request));
  }

  std::optional<Response> Post(std::string target, std::string form) {
    Request request;
    request.method = "POST";
    request.target = std::move(target);
    request.content_type = "application/x-www-form-urlencoded";
    request.body = std::move(form);
    return Send(std::move(request));
  }

  // Returns the body of an answer that must come at once, timestamps masked.
  std::string GetBody(std::string target) {
    CAPTURE(target);
    const std::optional<Response> response = Get(std::move(target));
    REQUIRE(response.has_value());
    return Masked(Body(*response));
  }

  std::string PostBody(std::string target, std::string form) {
    CAPTURE(target, form);
    const std::optional<Response> response =
        Post(std::move(target), std::move(form));
    REQUIRE(response.has_value());
    return Masked(Body(*response));
  }

  // Registers an instance as the recorded requests do; `more` is added.
  void Register(const std::string& app_id, const std::string& hostname,
                const std::string& more = "&zone=sh001&status=1") {
    REQUIRE(PostBody("/discovery/register",
                     "region=sh&env=dev&appid=" + app_id +
                         "&hostname=" + hostname +
                         "&addrs=http%3A%2F%2F127.0.0.1%3A8000" + more) == kOk);
  }

  void Cancel(const std::string& app_id, const std::string& hostname) {
    REQUIRE(PostBody("/discovery/cancel", Key(app_id, hostname)) == kOk);
  }

  static std::string Key(const std::string& app_id,
                         const std::string& hostname) {
    return "region=sh&zone=sh001&env=dev&appid=" + app_id +
           "&hostname=" + hostname;
  }

  // The revision of an application of env dev.
  std::string Revision(const std::string& app_id) const {
    return std::to_string(directory.store().View({"dev", app_id}, "").revision);
  }

  static constexpr const char* kOk = R"({"code":0,"message":"0","ttl":1})";

  const Quirks quirks;
  testing::FakeLoop loop;
  std::map<RequestId, Response> replies;  // To held requests.
  std::vector<LogRecord> log;
  Directory directory{
      loop,
      {"sh", "sh001", "dev", "node7171", "127.0.0.1:7171"},
      42,
      [this](const LogRecord& record) { log.push_back(record); },
      [this](RequestId id, Response response) {
        REQUIRE(replies.emplace(id, std::move(response)).second);
      },
      quirks};
  Handlers handlers{directory};
  RequestId last_id = 0;
};

}  // namespace naming::node

#endif  // NAMING_TESTS_UNIT_NODE_FIXTURE_H_

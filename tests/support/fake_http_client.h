// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_FAKE_HTTP_CLIENT_H_
#define NAMING_TESTS_SUPPORT_FAKE_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/url.h"
#include "net/http_client.h"
#include "tests/support/catch.h"

namespace naming::testing {

// An HttpClient whose answers the test gives. Requests wait in the order in
// which they were sent; the test takes them apart by node, path and parameters.
class FakeHttpClient final : public net::HttpClient {
 public:
  struct Pending {
    RequestId id = 0;
    net::HttpRequest request;
    std::string node;  // "http://host:port".
    std::string path;
    base::Parameters parameters;

    // Returns the values of a parameter, in order.
    std::vector<std::string> Values(std::string_view name) const {
      std::vector<std::string> values;
      for (const auto& [key, value] : parameters) {
        if (key == name) values.push_back(value);
      }
      return values;
    }

    std::string Header(std::string_view name) const {
      for (const auto& [key, value] : request.headers) {
        if (key == name) return value;
      }
      return "";
    }
  };

  RequestId Send(net::HttpRequest request, Done done) override {
    Pending pending;
    pending.id = ++last_id_;
    const std::size_t path = request.url.find('/', sizeof("https://"));
    const std::size_t query = request.url.find('?');
    pending.node = request.url.substr(0, path);
    pending.path = request.url.substr(path, query - path);
    const std::string form = query == std::string::npos
                                 ? request.body
                                 : request.url.substr(query + 1);
    pending.parameters = base::ParseQuery(form).value();
    pending.request = std::move(request);
    done_[pending.id] = std::move(done);
    on_body_[pending.id] = pending.request.on_body;
    pending_.push_back(std::move(pending));
    return last_id_;
  }

  void Abort(RequestId id) override {
    Forget(id);
    aborted_ += done_.erase(id);
  }

  bool MayBeSent(RequestId id) const override {
    return done_.count(id) != 0 && withheld_.count(id) == 0;
  }

  // Has a request wait as if something before it had to end first.
  void Withhold(const Pending& pending) { withheld_.insert(pending.id); }

  const std::vector<Pending>& pending() const { return pending_; }
  std::size_t sent() const { return last_id_; }
  std::size_t aborted() const { return aborted_; }

  // Returns the oldest request to `path` that waits; fails the test if none.
  Pending Waiting(std::string_view path) const {
    for (const Pending& pending : pending_) {
      if (pending.path == path) return pending;
    }
    FAIL("no request to " << path << " waits");
    return {};
  }

  std::size_t CountWaiting(std::string_view path) const {
    std::size_t count = 0;
    for (const Pending& pending : pending_) count += pending.path == path;
    return count;
  }

  // Over the connection that was made last, unless it is a new one.
  void Answer(const Pending& pending, std::string body, int status_code = 200,
              bool on_new_connection = false) {
    if (on_new_connection) ++last_connection_;
    AnswerOver(last_connection_, last_connection_, pending, std::move(body),
               status_code);
  }

  void AnswerOver(std::uint64_t connection, std::uint64_t alive_at,
                  const Pending& pending, std::string body,
                  int status_code = 200) {
    net::HttpResponse response;
    response.status_code = status_code;
    response.body = std::move(body);
    response.connection = connection;
    response.alive_at = alive_at;
    Finish(pending.id, std::move(response));
  }

  // Has a part of the body of an answer arrive, which goes on.
  void Stream(const Pending& pending, std::string_view piece) {
    const auto on_body = on_body_.at(pending.id);
    REQUIRE(on_body != nullptr);
    on_body(piece);
  }

  void Fail(const Pending& pending, absl::Status status) {
    Finish(pending.id, std::move(status));
  }

 private:
  void Finish(RequestId id, absl::StatusOr<net::HttpResponse> response) {
    Forget(id);
    const auto it = done_.find(id);
    REQUIRE(it != done_.end());
    const Done done = std::move(it->second);
    done_.erase(it);
    done(std::move(response));
  }

  void Forget(RequestId id) {
    for (auto it = pending_.begin(); it != pending_.end(); ++it) {
      if (it->id == id) {
        pending_.erase(it);
        return;
      }
    }
  }

  RequestId last_id_ = 0;
  std::uint64_t last_connection_ = 1;
  std::size_t aborted_ = 0;
  std::vector<Pending> pending_;
  std::map<RequestId, Done> done_;
  std::set<RequestId> withheld_;
  std::map<RequestId, std::function<void(std::string_view)>> on_body_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_FAKE_HTTP_CLIENT_H_

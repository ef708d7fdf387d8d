// SPDX-License-Identifier: Apache-2.0

#include "xds/session.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/xds/reader.h"

namespace naming::xds {
namespace {

using Texts = std::vector<std::string>;

struct SessionFixture {
  // Subscribes with `names`, as an answer to the response `answered`; "": the
  // first time.
  absl::Status Ask(Type type, const Texts& names,
                   const std::string& answered = "") {
    Request request;
    request.type_url = std::string(UrlOf(type));
    request.names = names;
    request.nonce = answered;
    return session.OnRequest(request);
  }

  void Know(const std::string& name, const Texts& addresses) {
    auto endpoints = std::make_shared<std::vector<Endpoint>>();
    for (const std::string& address : addresses) {
      endpoints->emplace_back();
      endpoints->back().address = address;
    }
    known[name] = std::move(endpoints);
    session.OnChange(name);
  }

  // Returns the type's short name and the resources' names of the next
  // response; "" when there is none.
  std::string Next() {
    const auto response = session.Next();
    if (!response) return "";
    nonce = Get(*response, "5").at(0);
    const std::string url = Get(*response, "4").at(0);
    std::string text = url.substr(url.rfind('.') + 1) + ":";
    for (const std::string& name : Get(*response, "2.2.1")) text += " " + name;
    return text;
  }

  std::map<std::string, std::shared_ptr<std::vector<Endpoint>>> known;
  std::string nonce;  // Of the last response.
  Session session{SessionOptions(), [this](const std::string& name) {
                    const auto it = known.find(name);
                    return it == known.end() ? nullptr : it->second;
                  }};
};

TEST_CASE_METHOD(SessionFixture, "What is asked for is answered once",
                 "[xds][session]") {
  CHECK(Ask(Type::kListener, {"a"}).ok());
  CHECK(Next() == "Listener: a");
  CHECK(Next() == "");
  CHECK(Ask(Type::kListener, {"a"}, nonce).ok());  // An ACK.
  CHECK(Next() == "");
  CHECK(Ask(Type::kRoute, {"a"}).ok());
  CHECK(Next() == "RouteConfiguration: a");
  CHECK(session.names() == std::set<std::string>{"a"});
}

TEST_CASE_METHOD(SessionFixture,
                 "Listeners and clusters are sent whole, the others by need",
                 "[xds][session]") {
  const Type type = GENERATE(Type::kListener, Type::kCluster);
  const std::string name = type == Type::kListener ? "Listener" : "Cluster";
  CHECK(Ask(type, {"a"}).ok());
  CHECK(Next() == name + ": a");
  CHECK(Ask(type, {"a", "b"}, nonce).ok());
  CHECK(Next() == name + ": a b");
  CHECK(Ask(type, {"b"}, nonce).ok());
  CHECK(Next() == name + ": b");

  Know("a", {"10.0.0.1:1"});
  Know("b", {});
  CHECK(Ask(Type::kEndpoints, {"a"}).ok());
  CHECK(Next() == "ClusterLoadAssignment: a");
  CHECK(Ask(Type::kEndpoints, {"a", "b"}, nonce).ok());
  CHECK(Next() == "ClusterLoadAssignment: b");
  Know("a", {"10.0.0.2:1"});
  CHECK(Next() == "ClusterLoadAssignment: a");
  CHECK(Ask(Type::kEndpoints, {"b"}, nonce).ok());
  CHECK(Next() == "");
  Know("a", {"10.0.0.3:1"});
  CHECK(Next() == "");
}

TEST_CASE_METHOD(SessionFixture, "Endpoints are sent as soon as they are known",
                 "[xds][session]") {
  CHECK(Ask(Type::kEndpoints, {"a", "b"}).ok());
  CHECK(Next() == "");
  Know("b", {});  // Known to be empty.
  CHECK(Next() == "ClusterLoadAssignment: b");
  Know("a", {"10.0.0.1:1"});
  Know("c", {"10.0.0.1:1"});
  CHECK(Next() == "ClusterLoadAssignment: a");
  CHECK(Next() == "");
}

TEST_CASE_METHOD(SessionFixture, "A slow reader gets the latest state alone",
                 "[xds][session]") {
  Know("a", {"10.0.0.1:1"});
  CHECK(Ask(Type::kEndpoints, {"a"}).ok());
  for (int i = 0; i < 100; ++i) Know("a", {"10.0.0.2:1"});
  const auto response = session.Next();
  REQUIRE(response);
  CHECK(Get(*response, "2.2.2.2.1.1.1.2") == Texts{"10.0.0.2"});
  CHECK(Next() == "");
}

TEST_CASE_METHOD(SessionFixture,
                 "What clients couldn't receive at once is sent in parts",
                 "[xds][session]") {
  constexpr std::size_t kReceived = std::size_t{4} << 20;  // By gRPC's clients.
  Texts instances;
  for (int i = 0; i < 1000; ++i) {
    instances.push_back("10.10.10.10:" + std::to_string(10'000 + i));
  }
  Texts names;
  for (int i = 100; i < 300; ++i) {
    names.push_back(std::to_string(i));
    Know(names.back(), instances);
  }
  CHECK(Ask(Type::kEndpoints, names).ok());
  Texts sent;
  for (int parts = 0; parts < 100; ++parts) {
    const auto response = session.Next();
    if (!response) break;
    CHECK(response->size() < kReceived / 2);
    for (const std::string& name : Get(*response, "2.2.1")) {
      sent.push_back(name);
    }
    nonce = Get(*response, "5").at(0);
    CHECK(Ask(Type::kEndpoints, names, nonce).ok());  // An ACK.
  }
  CHECK(sent == names);
}

TEST_CASE_METHOD(SessionFixture,
                 "Names whose response clients couldn't receive are refused",
                 "[xds][session]") {
  const Type type = GENERATE(Type::kListener, Type::kCluster);
  const std::string long_name(200, 'a');
  Texts names;
  for (int i = 0; i < 1000; ++i) {
    names.push_back(long_name + std::to_string(i));
  }
  CHECK(Ask(type, names).ok());
  const auto response = session.Next();
  REQUIRE(response);
  CHECK(response->size() < std::size_t{4} << 20);
  for (int i = 1000; i < 9000; ++i) {
    names.push_back(long_name + std::to_string(i));
  }
  CHECK(absl::IsResourceExhausted(Ask(type, names, Get(*response, "5").at(0))));
}

TEST_CASE_METHOD(SessionFixture, "An answer to an older response is ignored",
                 "[xds][session]") {
  CHECK(Ask(Type::kCluster, {"a"}).ok());
  CHECK(Next() == "Cluster: a");
  const std::string old = nonce;
  CHECK(Ask(Type::kCluster, {"a", "b"}, nonce).ok());
  CHECK(Next() == "Cluster: a b");
  CHECK(Ask(Type::kCluster, {"a"}, old).ok());
  CHECK(Ask(Type::kCluster, {"a"}, "nonsense").ok());
  CHECK(Next() == "");
  CHECK(session.names() == std::set<std::string>{"a", "b"});
}

TEST_CASE_METHOD(SessionFixture, "A refusal is counted, and not repeated",
                 "[xds][session]") {
  CHECK(Ask(Type::kCluster, {"a"}).ok());
  CHECK(Next() == "Cluster: a");
  Request refusal;
  refusal.type_url = std::string(UrlOf(Type::kCluster));
  refusal.names = {"a"};
  refusal.nonce = nonce;
  refusal.is_refusal = true;
  CHECK(session.OnRequest(refusal).ok());
  CHECK(Next() == "");
  CHECK(session.refusals() == 1);
}

TEST_CASE_METHOD(SessionFixture, "What asks for all listeners gets none",
                 "[xds][session]") {
  CHECK(Ask(Type::kListener, {}).ok());
  CHECK(Next() == "Listener:");
  CHECK(Next() == "");
}

TEST_CASE_METHOD(SessionFixture, "The node's zone counts from then on",
                 "[xds][session]") {
  Request request;
  request.type_url = std::string(UrlOf(Type::kEndpoints));
  request.names = {"a"};
  request.zone = "z";
  request.node_id = "me";
  CHECK(session.OnRequest(request).ok());
  CHECK(session.node_id() == "me");
  auto endpoints = std::make_shared<std::vector<Endpoint>>(2);
  (*endpoints)[0].address = "10.0.0.1:1";
  (*endpoints)[1].address = "10.0.0.2:1";
  (*endpoints)[1].zone = "z";
  known["a"] = endpoints;
  session.OnChange("a");
  const auto response = session.Next();
  REQUIRE(response);
  CHECK(Get(*response, "2.2.2.1.2") == Texts{"z", ""});
  CHECK(Get(*response, "2.2.2.5") == Texts{"0", "1"});
}

TEST_CASE_METHOD(SessionFixture,
                 "Envoy's types that aren't served are never answered",
                 "[xds][session]") {
  Request secrets;
  secrets.type_url =
      "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
  secrets.names = {"certificate"};
  CHECK(session.OnRequest(secrets).ok());
  CHECK(Next() == "");
  CHECK(session.names().empty());
  CHECK(Ask(Type::kCluster, {"a"}).ok());
  CHECK(Next() == "Cluster: a");
}

TEST_CASE_METHOD(SessionFixture, "A stream that asks for nonsense ends",
                 "[xds][session]") {
  for (const char* url : {"", "type.googleapis.com/some.Unknown",
                          "envoy.Unknown", "type.googleapis.com/envoy."}) {
    CAPTURE(url);
    Request request;
    request.type_url = url;
    const absl::Status unknown = session.OnRequest(request);
    CHECK(absl::IsInvalidArgument(unknown));
    CHECK_THAT(std::string(unknown.message()), Catch::Contains(url));
  }
  Texts names;
  for (int i = 0; i < 10'001; ++i) names.push_back(std::to_string(i));
  CHECK(absl::IsResourceExhausted(Ask(Type::kCluster, names)));
}

}  // namespace
}  // namespace naming::xds

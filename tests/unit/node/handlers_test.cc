// SPDX-License-Identifier: Apache-2.0
// The bodies are those that the real server sent, timestamps masked.

#include "node/handlers.h"

#include <chrono>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/node/fixture.h"

namespace naming::node {
namespace {

constexpr const char* kNotFound = R"({"code":-404,"message":"-404","ttl":1})";
constexpr const char* kNoData =
    R"({"code":-404,"message":"-404","ttl":1,"data":null})";

constexpr const char* kRegisterForm =
    "region=sh&zone=sh001&env=dev&appid=demo.app&hostname=h1&status=1"
    "&addrs=http%3A%2F%2F127.0.0.1%3A8000&addrs=grpc%3A%2F%2F127.0.0.1%3A9000"
    "&version=1.0.0&metadata=%7B%22weight%22%3A%2210%22%7D";

const std::string kInstance =
    R"({"region":"sh","zone":"sh001","env":"dev","appid":"demo.app",)"
    R"("hostname":"h1","addrs":["http://127.0.0.1:8000",)"
    R"("grpc://127.0.0.1:9000"],"version":"1.0.0","metadata":{"weight":"10"},)"
    R"("status":1,"reg_timestamp":T,"up_timestamp":T,"renew_timestamp":T,)"
    R"("dirty_timestamp":T,"latest_timestamp":T})";

std::string MissingField(const std::string& type, const std::string& field,
                         const std::string& tag = "required") {
  return R"({"code":-400,"message":"Key: ')" + type + "." + field +
         "' Error:Field validation for '" + field + "' failed on the '" + tag +
         R"(' tag","ttl":1})";
}

// Returns `form` without the parameter `key`.
std::string Without(std::string form, const std::string& key) {
  for (std::size_t at = form.find(key + "="); at != std::string::npos;
       at = form.find(key + "=")) {
    form.erase(at, form.find('&', at) - at + 1);
  }
  return form;
}

TEST_CASE_METHOD(NodeFixture, "A fresh node holds itself", "[handlers]") {
  CHECK(GetBody("/discovery/nodes") ==
        R"({"code":0,"message":"0","ttl":1,"data":[{"addr":"127.0.0.1:7171",)"
        R"("status":0,"zone":"sh001"}]})");
  CHECK(GetBody("/discovery/fetch/all") ==
        R"({"code":0,"message":"0","ttl":1,"data":{"infra.discovery":[)"
        R"({"region":"sh","zone":"sh001","env":"dev",)"
        R"("appid":"infra.discovery","hostname":"node7171",)"
        R"("addrs":["http://127.0.0.1:7171"],"version":"","metadata":null,)"
        R"("status":1,"reg_timestamp":T,"up_timestamp":T,"renew_timestamp":T,)"
        R"("dirty_timestamp":T,"latest_timestamp":T}]}})");
}

TEST_CASE_METHOD(NodeFixture, "What was registered is fetched", "[handlers]") {
  CHECK(PostBody("/discovery/register", kRegisterForm) == kOk);
  const std::string found =
      R"({"code":0,"message":"0","ttl":1,"data":{"instances":{"sh001":[)" +
      kInstance + R"(]},"latest_timestamp":T}})";
  CHECK(
      GetBody("/discovery/fetch?zone=sh001&env=dev&appid=demo.app&status=1") ==
      found);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=3") == found);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=2") ==
        R"({"code":0,"message":"0","ttl":1,"data":{"instances":{"sh001":[]},)"
        R"("latest_timestamp":T}})");
}

TEST_CASE_METHOD(NodeFixture, "Timestamps are sent exactly", "[handlers]") {
  PostBody("/discovery/register",
           std::string(kRegisterForm) + "&dirty_timestamp=1795224393131111624");
  const auto response = Get("/discovery/fetch?env=dev&appid=demo.app&status=1");
  CHECK(Body(*response).find(R"("dirty_timestamp":1795224393131111624,)") !=
        std::string::npos);
}

TEST_CASE_METHOD(NodeFixture, "fetch says what it doesn't find", "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=nope&status=1") == kNoData);
  CHECK(GetBody("/discovery/fetch?env=prod&appid=demo.app&status=1") ==
        kNoData);
  CHECK(GetBody("/discovery/fetch?zone=zz&env=dev&appid=demo.app&status=1") ==
        R"({"code":-404,"message":"-404","ttl":1,"data":{"instances":{},)"
        R"("latest_timestamp":T}})");
}

TEST_CASE_METHOD(NodeFixture, "fetch validates its arguments", "[handlers]") {
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app") ==
        MissingField("ArgFetch", "Status"));
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=0") ==
        MissingField("ArgFetch", "Status"));
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=abc") ==
        R"({"code":-400,"message":"strconv.ParseUint: parsing \"abc\": )"
        R"(invalid syntax","ttl":1})");
  CHECK(GetBody("/discovery/fetch?status=1") ==
        R"({"code":-400,"message":"Key: 'ArgFetch.Env' Error:Field )"
        R"(validation for 'Env' failed on the 'required' tag\nKey: )"
        R"('ArgFetch.AppID' Error:Field validation for 'AppID' failed on the )"
        R"('required' tag","ttl":1})");
}

TEST_CASE_METHOD(NodeFixture, "The code is a header too, unless binding fails",
                 "[handlers]") {
  const auto found = Get("/discovery/fetch/all");
  CHECK(found->status == 200);
  CHECK(found->content_type == "application/json; charset=utf-8");
  CHECK(found->code == 0);
  CHECK(Get("/discovery/fetch?env=dev&appid=nope&status=1")->code == -404);
  CHECK(Get("/discovery/poll?env=dev&appid=nope&hostname=p")->code == -404);
  const auto unbound = Get("/discovery/fetch");
  CHECK(unbound->status == 200);
  CHECK(unbound->content_type == "application/json; charset=utf-8");
  CHECK_FALSE(unbound->code.has_value());
}

TEST_CASE_METHOD(NodeFixture, "A callback gets the answer as its argument",
                 "[handlers]") {
  CHECK(GetBody("/discovery/fetch?env=dev&appid=nope&status=1&callback=cb") ==
        "cb(" + std::string(kNoData) + ")");
  CHECK(
      GetBody("/discovery/fetch?callback=%3Cx%3E").find("\\u003Cx\\u003E({") ==
      0);
  CHECK(Body(*Get("/discovery/unknown?callback=cb")) == "404 page not found");
  CHECK(PostBody("/discovery/register",
                 std::string(kRegisterForm) + "&callback=cb") ==
        "cb(" + std::string(kOk) + ")");
}

TEST_CASE_METHOD(NodeFixture, "renew answers with what is stored",
                 "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  CHECK(PostBody("/discovery/renew", Key("demo.app", "h1")) ==
        R"({"code":0,"message":"0","ttl":1,"data":)" + kInstance + "}");
}

TEST_CASE_METHOD(NodeFixture, "renew says what it doesn't know", "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  CHECK(PostBody("/discovery/renew", Key("demo.app", "ghost")) ==
        R"({"code":-404,"message":"-404","ttl":1,"data":{"region":"",)"
        R"("zone":"","env":"","appid":"","hostname":"","addrs":null,)"
        R"("version":"","metadata":null,"status":0,"reg_timestamp":0,)"
        R"("up_timestamp":0,"renew_timestamp":0,"dirty_timestamp":0,)"
        R"("latest_timestamp":0}})");
  CHECK(PostBody("/discovery/renew", Key("nope", "h1")) == kNoData);
  CHECK(PostBody("/discovery/renew",
                 "zone=zz&env=dev&appid=demo.app&hostname=h1") == kNoData);
  CHECK(PostBody("/discovery/renew", "region=sh&zone=sh001&env=dev&appid=a") ==
        MissingField("ArgRenew", "Hostname"));
}

TEST_CASE_METHOD(NodeFixture, "A replica's renew compares dirty_timestamps",
                 "[handlers]") {
  PostBody("/discovery/register",
           std::string(kRegisterForm) + "&dirty_timestamp=100");
  const auto renew = [this](const std::string& dirty) {
    const std::string body = PostBody(
        "/discovery/renew",
        Key("demo.app", "h1") + "&replication=true&dirty_timestamp=" + dirty);
    CHECK(body.find(R"("hostname":"h1")") != std::string::npos);
    return body.substr(0, body.find(','));
  };
  CHECK(renew("99") == R"({"code":-409)");
  CHECK(renew("100") == R"({"code":0)");
  CHECK(renew("101") == R"({"code":-404)");
  // Without the flag the dirty_timestamp means nothing.
  CHECK(
      PostBody("/discovery/renew", Key("demo.app", "h1") + "&dirty_timestamp=1")
          .find(R"({"code":0)") == 0);
}

TEST_CASE_METHOD(NodeFixture, "register names each field that is missing",
                 "[handlers]") {
  const auto missing = [this](const std::string& key) {
    return PostBody("/discovery/register", Without(kRegisterForm, key));
  };
  CHECK(missing("zone") == MissingField("ArgRegister", "Zone"));
  CHECK(missing("env") == MissingField("ArgRegister", "Env"));
  CHECK(missing("appid") == MissingField("ArgRegister", "AppID"));
  CHECK(missing("hostname") == MissingField("ArgRegister", "Hostname"));
  CHECK(missing("status") == MissingField("ArgRegister", "Status"));
  CHECK(missing("addrs") == MissingField("ArgRegister", "Addrs", "gt"));
  CHECK(missing("region") == kOk);
  CHECK(missing("version") == kOk);
  CHECK(directory.store().size() == 2);  // The node itself is one.
}

TEST_CASE_METHOD(NodeFixture, "register refuses bad numbers and metadata",
                 "[handlers]") {
  const std::string form = Without(kRegisterForm, "status");
  CHECK(PostBody("/discovery/register", form + "&status=0") ==
        MissingField("ArgRegister", "Status"));
  CHECK(
      PostBody("/discovery/register", form + "&status=1&latest_timestamp=x") ==
      R"({"code":-400,"message":"strconv.ParseInt: parsing \"x\": invalid )"
      R"(syntax","ttl":1})");
  CHECK(PostBody("/discovery/register",
                 "metadata=weight%3D10&" + form + "&status=1") == kBadRequest);
  CHECK(directory.store().size() == 1);
}

TEST_CASE_METHOD(NodeFixture, "register with an unknown status says nothing",
                 "[handlers]") {
  const auto response =
      Post("/discovery/register",
           Without(kRegisterForm, "status") + "&status=3&metadata=nonsense");
  REQUIRE(response.has_value());
  CHECK(response->status == 200);
  CHECK(response->content_type.empty());
  CHECK_FALSE(response->code.has_value());
  CHECK(Body(*response).empty());
  CHECK(directory.store().size() == 1);
}

TEST_CASE_METHOD(NodeFixture, "register takes its parameters from the query",
                 "[handlers]") {
  CHECK(PostBody("/discovery/register?" + std::string(kRegisterForm), "") ==
        kOk);
  CHECK(directory.store().size() == 2);
}

TEST_CASE_METHOD(NodeFixture, "register takes a JSON body", "[handlers]") {
  Request request;
  request.method = "POST";
  request.target = "/discovery/register";
  request.content_type = "application/json";
  request.body =
      R"({"region":"sh","zone":"sh001","env":"dev","appid":"demo.reg",)"
      R"("hostname":"json","status":1,"addrs":["http://127.0.0.1:1"]})";
  CHECK(Body(*Send(request)) == kOk);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.reg&status=1") ==
        R"({"code":0,"message":"0","ttl":1,"data":{"instances":{"sh001":[)"
        R"({"region":"sh","zone":"sh001","env":"dev","appid":"demo.reg",)"
        R"("hostname":"json","addrs":["http://127.0.0.1:1"],"version":"",)"
        R"("metadata":{},"status":1,"reg_timestamp":T,"up_timestamp":T,)"
        R"("renew_timestamp":T,"dirty_timestamp":T,"latest_timestamp":T}]},)"
        R"("latest_timestamp":T}})");
}

TEST_CASE_METHOD(NodeFixture, "Metadata read as null in fetch/all alone",
                 "[handlers]") {
  Register("a", "none");
  Register("b", "empty", "&zone=sh001&status=1&metadata=%7B%7D");
  const auto shows = [this](const std::string& target,
                            const std::string& metadata) {
    return GetBody(target).find(R"("metadata":)" + metadata + ",") !=
           std::string::npos;
  };
  CHECK(shows("/discovery/fetch?env=dev&appid=a&status=1", "{}"));
  CHECK(shows("/discovery/fetch/all", "null"));
  CHECK(shows("/discovery/fetch?env=dev&appid=b&status=1", "{}"));
  CHECK(shows("/discovery/fetch/all", "{}"));
}

TEST_CASE_METHOD(NodeFixture, "Zones come by name, and so do applications",
                 "[handlers]") {
  Register("b", "h1", "&zone=z2&status=1");
  Register("b", "h2", "&zone=z1&status=1");
  Register("a", "h1", "&zone=z1&status=1");
  const std::string body =
      GetBody("/discovery/fetchs?env=dev&appid=b&appid=a&status=1");
  const std::size_t a = body.find(R"("a":{)");
  const std::size_t b = body.find(R"("b":{)");
  REQUIRE(a != std::string::npos);
  REQUIRE(b != std::string::npos);
  CHECK(a < b);
  CHECK(body.find(R"("z1":[)", b) < body.find(R"("z2":[)", b));
}

TEST_CASE_METHOD(NodeFixture, "fetchs leaves out what there isn't",
                 "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  CHECK(
      GetBody("/discovery/fetchs?env=dev&appid=demo.app&appid=nope&status=1") ==
      R"({"code":0,"message":"0","ttl":1,"data":{"demo.app":{"instances":{)"
      R"("sh001":[)" +
          kInstance + R"(]},"latest_timestamp":T}}})");
  const std::string nothing = R"({"code":0,"message":"0","ttl":1,"data":{}})";
  CHECK(GetBody("/discovery/fetchs?env=dev&appid=nope&status=1") == nothing);
  CHECK(GetBody("/discovery/fetchs?zone=zz&env=dev&appid=demo.app&status=1") ==
        nothing);
  CHECK(GetBody("/discovery/fetchs?env=dev&appid=demo.app%2Ca&status=1") ==
        nothing);
  CHECK(GetBody("/discovery/fetchs?env=dev&status=1") ==
        MissingField("ArgFetchs", "AppID", "gt"));
}

TEST_CASE_METHOD(NodeFixture, "fetch/all mixes zones, envs and statuses",
                 "[handlers]") {
  Register("a", "h1", "&zone=z1&status=1");
  Register("a", "h2", "&zone=z2&status=2");
  PostBody(
      "/discovery/register",
      "zone=z1&env=prod&appid=a&hostname=h3&status=1&addrs=x%3A%2F%2Fh%3A1");
  const std::string body = GetBody("/discovery/fetch/all");
  const std::string of_a = body.substr(0, body.find("infra.discovery"));
  for (const char* hostname : {"h1", "h2", "h3"}) {
    CHECK(of_a.find(R"("hostname":")" + std::string(hostname)) !=
          std::string::npos);
  }
}

TEST_CASE_METHOD(NodeFixture, "cancel works once", "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  CHECK(PostBody("/discovery/cancel", Key("demo.app", "h1")) == kOk);
  CHECK(PostBody("/discovery/cancel", Key("demo.app", "h1")) == kNotFound);
  CHECK(PostBody("/discovery/cancel", Key("nope", "h1")) == kNotFound);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=1") == kNoData);
  CHECK(PostBody("/discovery/cancel", "zone=sh001&env=dev&appid=demo.app") ==
        MissingField("ArgCancel", "Hostname"));
}

TEST_CASE_METHOD(NodeFixture, "set changes statuses and metadata",
                 "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  const std::string key = Key("demo.app", "h1");
  CHECK(PostBody("/discovery/set", key + "&status=2") == kOk);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=1") ==
        R"({"code":0,"message":"0","ttl":1,"data":{"instances":{"sh001":[]},)"
        R"("latest_timestamp":T}})");
  CHECK(PostBody("/discovery/set",
                 key + "&metadata=%7B%22weight%22%3A%2299%22%2C%22x%22%3A%22y"
                       "%22%7D&status=1") == kOk);
  CHECK(GetBody("/discovery/fetch?env=dev&appid=demo.app&status=1")
            .find(R"("metadata":{"weight":"99","x":"y"},"status":1)") !=
        std::string::npos);
  CHECK(PostBody("/discovery/set", key) == kOk);
}

TEST_CASE_METHOD(NodeFixture, "set refuses what doesn't fit", "[handlers]") {
  PostBody("/discovery/register", kRegisterForm);
  const auto set = [this](const std::string& form) {
    return PostBody("/discovery/set", form);
  };
  const std::string key = Key("demo.app", "h1");
  CHECK(set(key + "&hostname=h2&status=1") == kBadRequest);
  CHECK(set(key + "&status=1&status=1") == kBadRequest);
  CHECK(set(key + "&metadata=%7B%7D&metadata=%7B%7D") == kBadRequest);
  CHECK(set(Key("demo.app", "ghost") + "&status=1") == kBadRequest);
  CHECK(set(Key("nope", "h1") + "&status=1") == kBadRequest);
  CHECK(set(key + "&status=3") == kBadRequest);
  CHECK(set(key + "&status=4294967297") == kBadRequest);
  CHECK(set(key + "&status=-4294967295") == kBadRequest);
  CHECK(set(key + "&metadata=weight%3D1") == kBadRequest);
  CHECK(set("zone=sh001&env=dev&appid=demo.app&status=1") == kBadRequest);
  CHECK(set("zone=sh001&appid=demo.app&hostname=h1&status=1") ==
        MissingField("ArgSet", "Env"));
}

TEST_CASE_METHOD(NodeFixture, "A wrong method isn't allowed", "[handlers]") {
  for (const char* target : {"/discovery/register", "/discovery/renew",
                             "/discovery/cancel", "/discovery/set"}) {
    const auto response = Get(target + std::string("?") + kRegisterForm);
    CHECK(response->status == 405);
    CHECK(response->content_type == "text/plain");
    CHECK_FALSE(response->code.has_value());
    CHECK(Body(*response) == "Method Not Allowed");
  }
  for (const char* target :
       {"/discovery/fetch", "/discovery/fetchs", "/discovery/fetch/all",
        "/discovery/poll", "/discovery/polls", "/discovery/nodes"}) {
    CHECK(Post(target, "")->status == 405);
  }
}

TEST_CASE_METHOD(NodeFixture, "Only the ten paths are known", "[handlers]") {
  for (const char* target : {"/discovery/unknown", "/discovery/nodes/", "/", "",
                             "/discovery", "/discovery/%zz"}) {
    CAPTURE(target);
    const auto response = Get(target);
    CHECK(response->status == 404);
    CHECK(response->content_type == "text/plain");
    CHECK(Body(*response) == "404 page not found");
  }
  for (const char* target :
       {"//discovery//nodes", "/discovery/n%6fdes",
        "http://127.0.0.1:7171/discovery/nodes", "/discovery/nodes?"}) {
    CAPTURE(target);
    CHECK(Get(target)->status == 200);
  }
}

TEST_CASE_METHOD(NodeFixture, "Addresses are shown as Go escapes them",
                 "[handlers]") {
  PostBody("/discovery/register",
           "zone=z&env=dev&appid=a&hostname=h&status=1"
           "&addrs=http%3A%2F%2Fh%3A80%3Fx%3D1%26y%3D2&version=%FF");
  CHECK(
      GetBody("/discovery/fetch?env=dev&appid=a&status=1")
          .find(R"("addrs":["http://h:80?x=1\u0026y=2"],"version":"\ufffd")") !=
      std::string::npos);
}

}  // namespace
}  // namespace naming::node

// SPDX-License-Identifier: Apache-2.0

#include "node/peer_protocol.h"

#include "absl/status/status.h"
#include "node/answers.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::node {
namespace {

using Strings = std::vector<std::string>;

StoredInstance MakeStored() {
  StoredInstance instance;
  instance.region = "sh";
  instance.zone = "sh001";
  instance.env = "dev";
  instance.app_id = "rep.app";
  instance.hostname = "h1";
  instance.addrs = {"http://127.0.0.1:8000", "grpc://127.0.0.1:9000"};
  instance.version = "1";
  instance.metadata = Metadata{{"weight", "10"}};
  instance.status = kStatusUp;
  instance.reg_timestamp = 1795224008542635714;
  instance.up_timestamp = 1795224008542635715;
  instance.renew_timestamp = 1795224008542635716;
  instance.dirty_timestamp = 1795224008542635717;
  instance.latest_timestamp = 1795224008542635718;
  return instance;
}

absl::StatusOr<PeerAnswer> Decode(std::string body, int status_code = 200) {
  net::HttpResponse response;
  response.status_code = status_code;
  response.body = std::move(body);
  return DecodePeerAnswer(response);
}

TEST_CASE("A registration is passed on with all that it has",
          "[peer_protocol]") {
  CHECK(RegisterForm(MakeStored(), false) ==
        "region=sh&zone=sh001&env=dev&appid=rep.app&hostname=h1"
        "&addrs=http%3A%2F%2F127.0.0.1%3A8000"
        "&addrs=grpc%3A%2F%2F127.0.0.1%3A9000&status=1&version=1"
        "&metadata=%7B%22weight%22%3A%2210%22%7D"
        "&reg_timestamp=1795224008542635714"
        "&dirty_timestamp=1795224008542635717"
        "&latest_timestamp=1795224008542635718");
}

TEST_CASE("On request addresses are joined as the real server does",
          "[peer_protocol]") {
  CHECK(RegisterForm(MakeStored(), true)
            .find("&addrs=http%3A%2F%2F127.0.0.1%3A8000%2C"
                  "grpc%3A%2F%2F127.0.0.1%3A9000&status") != std::string::npos);
}

TEST_CASE("Addresses are apart where a scheme follows a comma",
          "[peer_protocol]") {
  CHECK(SplitAddresses({"http://x:1,grpc://y:2,a+b-c.d1://z"}) ==
        Strings{"http://x:1", "grpc://y:2", "a+b-c.d1://z"});
  CHECK(SplitAddresses({"http://x:1", "grpc://y:2,grpc://z:3"}) ==
        Strings{"http://x:1", "grpc://y:2", "grpc://z:3"});
  const std::string whole = GENERATE(
      "http://x:1/?ids=1,2,3", "http://x:1/?ids=1,http", "http://x:1,://y",
      "http://x:1,/a://y", ",", "a,b", "http://x:1,", ",,x");
  CHECK(SplitAddresses({whole}) == Strings{whole});
  CHECK(SplitAddresses({whole + ",http://y:2"}) ==
        Strings{whole, "http://y:2"});
  CHECK(SplitAddresses({}).empty());
}

TEST_CASE("The other writes say what the real server's do", "[peer_protocol]") {
  CHECK(RenewForm(MakeStored()) ==
        "region=sh&zone=sh001&env=dev&appid=rep.app&hostname=h1"
        "&dirty_timestamp=1795224008542635717");
  CHECK(CancelForm(KeyOf(MakeStored()), 5) ==
        "zone=sh001&env=dev&appid=rep.app&hostname=h1&latest_timestamp=5");
  SetArguments arguments;
  arguments.zone = "sh001";
  arguments.app = {"dev", "rep.app"};
  arguments.hostnames = {"h1", "h2"};
  arguments.statuses = {1, 2};
  arguments.metadata = {"{}", R"({"a":"b"})"};
  arguments.set_timestamp = 9;
  CHECK(SetForm(arguments) ==
        "zone=sh001&env=dev&appid=rep.app&hostname=h1&hostname=h2"
        "&status=1&status=2&metadata=%7B%7D"
        "&metadata=%7B%22a%22%3A%22b%22%7D&set_timestamp=9");
  CHECK(WithOrigin("a=b", true) == "a=b&from_zone=true&replication=true");
  CHECK(WithOrigin("a=b", false) == "a=b&from_zone=true&replication=false");
}

TEST_CASE("An instance is read as it is written", "[peer_protocol]") {
  const StoredInstance instance = MakeStored();
  const auto answer = Decode(
      "{\"code\":-409,\"data\":" + EncodeInstance(instance, false) + "}");
  REQUIRE(answer.ok());
  CHECK(answer->code == -409);
  REQUIRE(answer->instance);
  CHECK(EncodeInstance(*answer->instance, true) ==
        EncodeInstance(instance, true));
}

TEST_CASE("fetch/all is read instance by instance", "[peer_protocol]") {
  const testing::FakeClock clock;
  Store store(clock);
  store.Adopt(MakeStored());
  StoredInstance other = MakeStored();
  other.env = "prod";
  other.metadata.reset();
  store.Adopt(other);
  const auto answer = Decode("{\"code\":0,\"data\":" + EncodeAll(store) + "}");
  REQUIRE(answer.ok());
  CHECK_FALSE(answer->instance);
  REQUIRE(answer->all.size() == 2);
  CHECK(EncodeInstance(answer->all[0], true) ==
        EncodeInstance(MakeStored(), true));
  CHECK(EncodeInstance(answer->all[1], true) == EncodeInstance(other, true));
}

TEST_CASE("What isn't an instance is left out", "[peer_protocol]") {
  const auto answer = Decode(
      R"({"code":0,"data":{"a":[1,null,{},{"zone":"z","env":"e","appid":"a",)"
      R"("hostname":"h","status":7}],"b":3,"c":null}})");
  REQUIRE(answer.ok());
  CHECK(answer->all.empty());
}

TEST_CASE("The answer to a renewal of what isn't there has no instance",
          "[peer_protocol]") {
  const auto answer = Decode("{\"code\":-404,\"data\":" +
                             EncodeInstance(StoredInstance(), true) + "}");
  REQUIRE(answer.ok());
  CHECK(answer->code == -404);
  CHECK_FALSE(answer->instance);
}

TEST_CASE("A peer that refuses a request says so", "[peer_protocol]") {
  const absl::Status status = Decode("404 page not found", 404).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(status.message() == "HTTP status 404");
}

TEST_CASE("A write from another node has a parameter that says so",
          "[peer_protocol]") {
  const auto is_passed_on = [](const std::string& form) {
    Request request;
    request.method = "POST";
    request.content_type = "application/x-www-form-urlencoded";
    request.body = form;
    return IsPassedOn(Form(request));
  };
  CHECK(is_passed_on(WithOrigin("a=b", true)));
  CHECK(is_passed_on(WithOrigin("a=b", false)));
  CHECK_FALSE(is_passed_on("a=b"));
  CHECK_FALSE(is_passed_on("a=b&replication=false&from_zone=false"));
}

TEST_CASE("What isn't the protocol's is an error", "[peer_protocol]") {
  CHECK(absl::IsInternal(Decode("", 503).status()));
  CHECK(absl::IsInternal(Decode("<html>").status()));
  CHECK(absl::IsInternal(Decode("").status()));
  CHECK(absl::IsInternal(Decode("{}").status()));
  CHECK(absl::IsInternal(Decode("{\"code\":99999999999}").status()));
  CHECK(absl::IsUnavailable(
      DecodePeerAnswer(absl::UnavailableError("x")).status()));
}

}  // namespace
}  // namespace naming::node

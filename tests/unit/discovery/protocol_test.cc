// SPDX-License-Identifier: Apache-2.0

#include "discovery/protocol.h"

#include <string>
#include <vector>

#include "base/text.h"
#include "base/url.h"
#include "tests/support/catch.h"

namespace naming::discovery {
namespace {

net::HttpResponse Response(std::string body, int status_code = 200) {
  net::HttpResponse response;
  response.status_code = status_code;
  response.body = std::move(body);
  return response;
}

AppAnswers Apps(const std::string& data) {
  auto answer = DecodeAnswer(
      Response(R"({"code":0,"message":"0","ttl":1,"data":)" + data + "}"));
  REQUIRE(answer.ok());
  return DecodeApps(*answer, "dev");
}

// One Instance of "a" in zone "z", with `fields` over the defaults.
std::string InstanceJson(const std::string& fields) {
  return R"({"region":"r","zone":"z","env":"dev","appid":"a",)"
         R"("hostname":"h","version":"1","status":1,)" +
         fields + "}";
}

core::List ListOf(const std::string& instance) {
  const AppAnswers answers = Apps(R"({"a":{"instances":{"z":[)" + instance +
                                  R"(]},"latest_timestamp":7}})");
  REQUIRE(answers.malformed.empty());
  REQUIRE(answers.apps.count("a") == 1);
  return answers.apps.at("a").list;
}

TEST_CASE("A register form holds everything, percent-encoded, lists repeated",
          "[discovery][protocol]") {
  Instance instance;
  instance.app_id = "main.account";
  instance.hostname = "h:1";
  instance.region = "sh";
  instance.zone = "sh001";
  instance.env = "dev";
  instance.addrs = {"grpc://10.0.0.1:9000", "http://10.0.0.1:80"};
  instance.version = "1;2&3";
  instance.metadata = {{"weight", "20"}, {"note", "a&b=c+d %41 \"é\""}};
  instance.status = Instance::Status::kWaiting;

  const std::string form = RegisterForm(instance, 1795224392663441753);
  CHECK(form.find(';') == std::string::npos);
  const auto parameters = base::ParseQuery(form);
  REQUIRE(parameters);
  const base::Parameters expected = {
      {"region", "sh"},
      {"zone", "sh001"},
      {"env", "dev"},
      {"appid", "main.account"},
      {"hostname", "h:1"},
      {"status", "2"},
      {"addrs", "grpc://10.0.0.1:9000"},
      {"addrs", "http://10.0.0.1:80"},
      {"version", "1;2&3"},
      {"metadata", R"({"note":"a&b=c+d %41 \"é\"","weight":"20"})"},
      {"dirty_timestamp", "1795224392663441753"}};
  CHECK(*parameters == expected);
}

TEST_CASE("A polls query names itself, then its applications",
          "[discovery][protocol]") {
  PollText apps;
  CHECK(PollsQuery("dev", "h/1", apps) == "env=dev&hostname=h%2F1");
  apps.Add("a", 5);
  apps.Add("b c", 0);
  CHECK(PollsQuery("dev", "h/1", apps) ==
        "env=dev&hostname=h%2F1&appid=a&latest_timestamp=5&"
        "appid=b%20c&latest_timestamp=0");
  CHECK(PollsQuery("dev", "h/1", apps, ListForm::kCommas) ==
        "env=dev&hostname=h%2F1&appid=a%2Cb%20c&latest_timestamp=5%2C0");
}

TEST_CASE("A fetchs query asks for instances that are up",
          "[discovery][protocol]") {
  CHECK(FetchsQuery("dev", {"a", "b"}) == "env=dev&status=1&appid=a&appid=b");
  CHECK(FetchsQuery("dev", {"a", "b/c"}, ListForm::kCommas) ==
        "env=dev&status=1&appid=a%2Cb%2Fc");
}

TEST_CASE("Answers carry their code, and only node failures are errors",
          "[discovery][protocol]") {
  SECTION("codes that are about the request") {
    const auto code = GENERATE(0, -304, -400, -404, -409);
    const auto answer = DecodeAnswer(Response(
        "{\"code\":" + std::to_string(code) + ",\"message\":\"m\",\"ttl\":1}"));
    REQUIRE(answer.ok());
    CHECK(answer->code == code);
    CHECK(answer->message == "m");
  }
  SECTION("a node that is starting up answers -500 with HTTP 200") {
    const auto answer =
        DecodeAnswer(Response(R"({"code":-500,"message":"-500","ttl":1})"));
    CHECK(answer.status() == absl::UnavailableError("code -500"));
  }
  SECTION("other codes speak against the node") {
    CHECK(absl::IsUnauthenticated(
        DecodeAnswer(Response(R"({"code":-401})")).status()));
    CHECK(absl::IsPermissionDenied(
        DecodeAnswer(Response(R"({"code":-403})")).status()));
    CHECK(absl::IsResourceExhausted(
        DecodeAnswer(Response(R"({"code":-509})")).status()));
    CHECK(absl::IsUnavailable(
        DecodeAnswer(Response(R"({"code":-504})")).status()));
    CHECK(
        absl::IsUnavailable(DecodeAnswer(Response(R"({"code":42})")).status()));
  }
  SECTION("HTTP statuses") {
    CHECK(absl::IsUnauthenticated(DecodeAnswer(Response("", 401)).status()));
    CHECK(absl::IsPermissionDenied(DecodeAnswer(Response("", 403)).status()));
    CHECK(absl::IsResourceExhausted(DecodeAnswer(Response("", 429)).status()));
    CHECK(DecodeAnswer(Response("404 page not found", 404)).status() ==
          absl::UnavailableError("HTTP status 404"));
    CHECK(absl::IsUnavailable(DecodeAnswer(Response("{}", 500)).status()));
  }
  SECTION("bodies that are no answers") {
    const std::string body =
        GENERATE("", "<html>busy</html>", "[]", "null", "{}", "\"0\"",
                 R"({"code":"0"})", R"({"code":0.5})", "{\"code\":0");
    CAPTURE(body);
    CHECK(absl::IsInternal(DecodeAnswer(Response(body)).status()));
  }
}

TEST_CASE("A body that can't be read is quoted as far as it fits",
          "[discovery][protocol]") {
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::string body = "[" + std::string(shift, 'x');
    for (int i = 0; i < 100; ++i) body += "\u20AC\t\xF0\x9F\x98\x80";
    const auto answer = DecodeAnswer(Response(body));
    CHECK(absl::IsInternal(answer.status()));
    CHECK(answer.status().message() ==
          "answer is no JSON: " + base::Excerpt(body, 200));
  }
  CHECK(DecodeAnswer(Response("{}")).status().message() ==
        "answer has no \"code\": {}");
}

TEST_CASE("What follows the first JSON value of a body is ignored",
          "[discovery][protocol]") {
  const auto answer = DecodeAnswer(
      Response(R"({"code":-304,"message":"-304"}{"code":0,"data":{}})"));
  REQUIRE(answer.ok());
  CHECK(answer->code == kCodeNotModified);
}

TEST_CASE("A code becomes the status of an operation",
          "[discovery][protocol]") {
  const auto status_of = [](const std::string& body) {
    return StatusOf(DecodeAnswer(Response(body)).value());
  };
  CHECK(status_of(R"({"code":0})").ok());
  CHECK(status_of(R"({"code":-400,"message":"Key: 'x' Error"})") ==
        absl::InvalidArgumentError("code -400: Key: 'x' Error"));
  CHECK(status_of(R"({"code":-404,"message":"-404"})") ==
        absl::NotFoundError("code -404"));
  CHECK(absl::IsFailedPrecondition(status_of(R"({"code":-409})")));
}

TEST_CASE("Apps are decoded whole", "[discovery][protocol]") {
  const AppAnswers answers = Apps(
      R"({"a":{"instances":{"z1":[{"region":"sh","zone":"z1","env":"dev",)"
      R"("appid":"a","hostname":"h1","addrs":["http://h:80?x=1\u0026y=2",)"
      R"("grpc://[::1]:9"],"version":"\ud83d\ude00","metadata":{"weight":"10"},)"
      R"("status":1,"reg_timestamp":1795224393131111624}],"z2":[]},)"
      R"("latest_timestamp":1795224393131111623}})");
  REQUIRE(answers.apps.size() == 1);
  const AppAnswer& app = answers.apps.at("a");
  CHECK(app.version == 1795224393131111623);  // No double holds it.
  Instance expected;
  expected.app_id = "a";
  expected.hostname = "h1";
  expected.region = "sh";
  expected.zone = "z1";
  expected.env = "dev";
  expected.addrs = {"http://h:80?x=1&y=2", "grpc://[::1]:9"};
  expected.version = "\xF0\x9F\x98\x80";
  expected.metadata = {{"weight", "10"}};
  REQUIRE(app.list.objects.size() == 1);
  CHECK(*app.list.objects[0] == expected);
}

TEST_CASE("Addresses are split at commas and junk is dropped",
          "[discovery][protocol]") {
  const core::List list = ListOf(InstanceJson(
      R"("addrs":["http://h:80, grpc://h:90","junk",7,"","http://h:0"])"));
  REQUIRE(list.objects.size() == 1);
  CHECK(list.objects[0]->addrs ==
        std::vector<std::string>{"http://h:80", "grpc://h:90"});
}

TEST_CASE("An instance without an address to call is dropped",
          "[discovery][protocol]") {
  CHECK(ListOf(InstanceJson(R"("addrs":null)")).objects.empty());
  CHECK(ListOf(InstanceJson(R"("addrs":["h"])")).objects.empty());
}

TEST_CASE("Instances of another app_id or env are dropped",
          "[discovery][protocol]") {
  // (`a`, env `b-dev`) and (`a-b`, env `dev`) share a key at the nodes.
  CHECK(ListOf(R"({"appid":"a","env":"b-dev","hostname":"h",)"
               R"("addrs":["http://h:1"]})")
            .objects.empty());
  CHECK(ListOf(R"({"appid":"a-b","env":"dev","hostname":"h",)"
               R"("addrs":["http://h:1"]})")
            .objects.empty());
}

TEST_CASE("Odd metadata and status do no harm", "[discovery][protocol]") {
  SECTION("metadata null") {
    CHECK(ListOf(InstanceJson(R"("addrs":["http://h:1"],"metadata":null)"))
              .objects[0]
              ->metadata.empty());
  }
  SECTION("metadata that isn't a string is left out") {
    const core::List list = ListOf(InstanceJson(
        R"("addrs":["http://h:1"],"metadata":{"n":10,"s":"x","o":{}})"));
    CHECK(list.objects[0]->metadata ==
          std::map<std::string, std::string>{{"s", "x"}});
  }
  SECTION("the status is a mask") {
    const core::List list = ListOf(
        R"({"appid":"a","env":"dev","addrs":["http://h:1"],"status":2})");
    CHECK(list.objects[0]->status == Instance::Status::kWaiting);
  }
}

TEST_CASE("Both shapes of instances are read", "[discovery][protocol]") {
  const std::string instance = InstanceJson(R"("addrs":["http://h:1"])");
  SECTION("a plain array") {
    const AppAnswers answers = Apps(R"({"a":{"instances":[)" + instance +
                                    R"(],"latest_timestamp":1}})");
    REQUIRE(answers.apps.count("a") == 1);
    CHECK(answers.apps.at("a").list.objects.size() == 1);
  }
  SECTION("a plain array with the zones beside it counts once") {
    const AppAnswers answers = Apps(R"({"a":{"instances":[)" + instance +
                                    R"(],"zone_instances":{"z":[)" + instance +
                                    R"(]},"latest_timestamp":1}})");
    REQUIRE(answers.apps.count("a") == 1);
    CHECK(answers.apps.at("a").list.objects.size() == 1);
  }
  SECTION("null") {
    const AppAnswers answers =
        Apps(R"({"a":{"instances":null,"latest_timestamp":1}})");
    REQUIRE(answers.apps.count("a") == 1);
    CHECK(answers.apps.at("a").list.objects.empty());
  }
}

TEST_CASE("Both shapes of a schedule are read", "[discovery][protocol]") {
  const std::string scheduler = GENERATE(
      R"({"clients":{"z1":{"zones":{"z1":{"weight":10},"z2":{"weight":20}}}},)"
      R"("remark":""})",
      R"([{"src":"z1","dst":{"z1":10,"z2":20}}])");
  const AppAnswers answers = Apps(R"({"a":{"instances":{},"scheduler":)" +
                                  scheduler + R"(,"latest_timestamp":1}})");
  REQUIRE(answers.apps.count("a") == 1);
  Schedule expected;
  expected.clients["z1"] = {{"z1", 10}, {"z2", 20}};
  CHECK(answers.apps.at("a").list.schedule == expected);
}

TEST_CASE("An application that can't be read doesn't affect the others",
          "[discovery][protocol]") {
  const AppAnswers answers =
      Apps(R"({"bad1":null,"bad2":{"instances":{}},)"
           R"("bad3":{"instances":"x","latest_timestamp":1},)"
           R"("a":{"instances":{},"latest_timestamp":1}})");
  CHECK(answers.apps.size() == 1);
  CHECK(answers.apps.count("a") == 1);
  CHECK(answers.malformed.size() == 3);
}

TEST_CASE("Data that is no object has no applications",
          "[discovery][protocol]") {
  const std::string data = GENERATE("null", "[]", "7", "\"x\"");
  const AppAnswers answers = Apps(data);
  CHECK(answers.apps.empty());
  CHECK(answers.malformed.empty());
}

TEST_CASE(
    "Instances that are as they are in the present Snapshot are its objects",
    "[discovery][protocol]") {
  const auto app = [](const std::string& instances) {
    return R"({"a":{"instances":{"z":[)" + instances +
           R"(]},"latest_timestamp":7}})";
  };
  const auto decode = [](const std::string& data,
                         const std::shared_ptr<const Snapshot>& present) {
    net::JsonReader reader(data);
    AppAnswers answers = DecodeApps(
        reader, "dev", [&present](std::string_view) { return present; });
    REQUIRE(answers.apps.count("a") == 1);
    return std::move(answers.apps.at("a").list.objects);
  };
  const std::string instance = InstanceJson(
      R"("addrs":["http://h:1,grpc://h:2"],"metadata":{"k":"v","l":"w"})");
  const auto present = std::make_shared<Snapshot>();
  present->zones["z"] = decode(app(instance), nullptr);
  REQUIRE(present->zones["z"].size() == 1);

  SECTION("written in another way") {
    const std::string other =
        R"({"metadata":{"l":"w","k":"v","k":"other","n":1},)"
        R"("addrs":["http://h:1","junk","grpc://h:2"],)"
        R"("hostname":"\u0068","zone":"z","region":"r",)"
        R"("version":"1","appid":"a","env":"dev"})";
    const bool is_other = GENERATE(false, true);
    const std::string same = is_other ? other : instance;
    CHECK(decode(app(same), present) == present->zones["z"]);
  }
  SECTION("changed in any member") {
    const std::string fields = GENERATE(
        R"("addrs":["http://h:1"],"metadata":{"k":"v","l":"w"})",
        R"("addrs":["grpc://h:2","http://h:1"],"metadata":{"k":"v","l":"w"})",
        R"("addrs":["http://h:1","grpc://h:2"],"metadata":{"k":"v"})",
        R"("addrs":["http://h:1","grpc://h:2"],"metadata":{"k":"v","l":"x"})");
    const auto objects = decode(app(InstanceJson(fields)), present);
    REQUIRE(objects.size() == 1);
    CHECK(*objects[0] != *present->zones["z"][0]);
    const std::string member =
        GENERATE(R"("region":"r")", R"("version":"1")", R"("status":1)");
    std::string changed = instance;
    changed.replace(changed.find(member), member.size(),
                    member.substr(0, member.find(':')) +
                        (member.back() == '1' ? ":2" : R"(:"2")"));
    const auto others = decode(app(changed), present);
    REQUIRE(others.size() == 1);
    CHECK(*others[0] != *present->zones["z"][0]);
  }
}

TEST_CASE("Of members with one name the first counts",
          "[discovery][protocol]") {
  const auto answer = DecodeAnswer(
      Response(R"({"code":0,"code":-404,"message":"m","message":"n",)"
               R"("data":{"a":{"latest_timestamp":1,"latest_timestamp":2,)"
               R"("instances":{"z":[)" +
               InstanceJson(R"("addrs":["http://h:1"],"addrs":["http://h:2"],)"
                            R"("hostname":"other")") +
               R"(]},"instances":null},"a":null},"data":null})"));
  REQUIRE(answer.ok());
  CHECK(answer->code == 0);
  CHECK(answer->message == "m");
  const AppAnswers answers = DecodeApps(*answer, "dev");
  REQUIRE(answers.apps.count("a") == 1);
  CHECK(answers.apps.at("a").version == 1);
  REQUIRE(answers.apps.at("a").list.objects.size() == 1);
  const Instance& instance = *answers.apps.at("a").list.objects[0];
  CHECK(instance.hostname == "h");
  CHECK(instance.addrs == std::vector<std::string>{"http://h:1"});
}

TEST_CASE("Data may be read while the answer is decoded, whatever comes after",
          "[discovery][protocol]") {
  std::size_t apps = 0;
  const auto read = [&apps](net::JsonReader& data) {
    apps = DecodeApps(data, "dev", [](std::string_view) {
             return nullptr;
           }).apps.size();
  };
  const std::string data =
      R"({"data":{"a":{"instances":{},"latest_timestamp":1}})";
  SECTION("the rest of an answer") {
    const auto answer = DecodeAnswer(Response(data + R"(,"code":0})"), read);
    REQUIRE(answer.ok());
    CHECK(answer->data.empty());
  }
  SECTION("nothing") {
    CHECK(absl::IsInternal(
        DecodeAnswer(Response(data + R"(,"code":0)"), read).status()));
  }
  CHECK(apps == 1);
}

TEST_CASE("Nodes are found at their http addresses", "[discovery][protocol]") {
  core::List nodes;
  for (const std::vector<std::string>& addrs :
       {std::vector<std::string>{"grpc://10.0.0.1:9", "http://10.0.0.1:7171"},
        std::vector<std::string>{"http://10.0.0.2:7171"}}) {
    Instance node;
    node.addrs = addrs;
    nodes.objects.push_back(std::make_shared<const Instance>(node));
  }
  CHECK(NodeUrls(nodes) == std::vector<std::string>{"http://10.0.0.1:7171",
                                                    "http://10.0.0.2:7171"});
}

}  // namespace
}  // namespace naming::discovery

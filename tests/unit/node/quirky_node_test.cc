// SPDX-License-Identifier: Apache-2.0
// What each quirk changes of writes and of reads that aren't held, and how it
// is without.

#include "tests/unit/node/quirky_node.h"

#include <chrono>
#include <string>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

using Catch::Contains;
using std::chrono::seconds;

constexpr const char* kFetch = "/discovery/fetch?env=dev&status=3&appid=a";

// Registers a version of an instance that says when it was made.
void RegisterAt(QuirkyNode& node, const std::string& dirty_timestamp,
                const std::string& version) {
  node.Register("a", "h1",
                "&zone=sh001&status=1&version=" + version +
                    "&dirty_timestamp=" + dirty_timestamp);
}

TEST_CASE("quiet-set: the revision stays when an instance is set", "[quirks]") {
  const auto revision_grows = [](QuirkyNode node) {
    node.Register("a", "h1");
    const std::string before = node.Revision("a");
    node.loop.Advance(seconds(1));
    CHECK(node.PostBody("/discovery/set", node.Key("a", "h1") + "&status=2") ==
          node.kOk);
    CHECK_THAT(node.GetBody(kFetch), Contains(R"("status":2)"));
    return node.Revision("a") != before;
  };
  CHECK(revision_grows(QuirkyNode()));
  CHECK_FALSE(revision_grows(QuirkyNode({"quiet-set"})));
}

TEST_CASE("ignored-dirty: an older registration is answered 0 and dropped",
          "[quirks]") {
  const auto version = [](QuirkyNode node) {
    RegisterAt(node, "200", "new");
    const std::string before = node.Revision("a");
    RegisterAt(node, "100", "old");
    CHECK(node.Revision("a") != before);
    const std::string body = node.GetBody(kFetch);
    const std::size_t at = body.find(R"("version":")") + 11;
    return body.substr(at, body.find('"', at) - at);
  };
  CHECK(version(QuirkyNode()) == "old");
  CHECK(version(QuirkyNode({"ignored-dirty"})) == "new");
}

TEST_CASE(
    "ignored-dirty: a dropped registration of a replica raises the "
    "revision",
    "[quirks]") {
  const auto revision_grows = [](QuirkyNode node) {
    RegisterAt(node, "200", "new");
    const std::string before = node.Revision("a");
    RegisterAt(node, "100&replication=true", "old");
    return node.Revision("a") != before;
  };
  CHECK_FALSE(revision_grows(QuirkyNode()));
  CHECK(revision_grows(QuirkyNode({"ignored-dirty"})));
}

TEST_CASE("restarting-version: a revision counts changes", "[quirks]") {
  QuirkyNode node({"restarting-version"});
  node.Register("a", "h1");
  CHECK(node.Revision("a") == "1");
  node.Register("a", "h2");
  node.Cancel("a", "h2");
  CHECK(node.Revision("a") == "3");
  CHECK_THAT(node.GetBody(kFetch),
             Contains(R"("dirty_timestamp":T,"latest_timestamp":0)"));

  QuirkyNode restarted({"restarting-version"});
  restarted.Register("a", "h1");
  CHECK(restarted.Revision("a") == "1");

  QuirkyNode correct;
  correct.Register("a", "h1");
  CHECK(correct.Revision("a").size() == 19);
  CHECK_THAT(correct.GetBody(kFetch),
             Contains(R"("dirty_timestamp":T,"latest_timestamp":T)"));
}

TEST_CASE("comma-lists: commas separate, and of repeated values one counts",
          "[quirks]") {
  const std::string fetch = "/discovery/fetchs?env=dev&status=1&appid=";
  QuirkyNode quirky({"comma-lists"});
  QuirkyNode correct;
  for (QuirkyNode* const node : {&quirky, &correct}) {
    node->Register("a", "h1", "&zone=z1&status=1&addrs=http%3A%2F%2Fh%3A1");
    node->Register("b", "h1");
  }
  CHECK_THAT(quirky.GetBody(fetch + "a,b"),
             Contains(R"("a":{)") && Contains(R"("b":{)"));
  CHECK_THAT(quirky.GetBody(fetch + "a&appid=b"),
             Contains(R"("a":{)") && !Contains(R"("b":{)"));
  CHECK_THAT(quirky.GetBody(kFetch),
             Contains(R"("addrs":["http://127.0.0.1:8000"])"));
  CHECK_THAT(correct.GetBody(fetch + "a,b"), Contains(R"("data":{})"));
  CHECK_THAT(correct.GetBody(fetch + "a&appid=b"),
             Contains(R"("a":{)") && Contains(R"("b":{)"));
  CHECK_THAT(correct.GetBody(kFetch),
             Contains(R"("addrs":["http://127.0.0.1:8000","http://h:1"])"));
}

TEST_CASE("comma-lists: metadata and what isn't a list keep their commas",
          "[quirks]") {
  QuirkyNode node({"comma-lists"});
  node.Register("a", "h,1", "&zone=sh001&status=1");
  CHECK_THAT(node.GetBody(kFetch), Contains(R"("hostname":"h,1")"));
  node.Register("b", "h1");
  CHECK(node.PostBody("/discovery/set",
                      node.Key("b", "h1") +
                          "&metadata=%7B%22x%22%3A%221%22%2C%22y%22%3A%222%22%"
                          "7D") == node.kOk);
  CHECK_THAT(node.GetBody("/discovery/fetch?env=dev&status=3&appid=b"),
             Contains(R"("metadata":{"x":"1","y":"2"})"));
}

TEST_CASE("zeroing-set: timestamps are 0 after an instance is set",
          "[quirks]") {
  const auto body = [](QuirkyNode node) {
    node.Register("a", "h1");
    CHECK(node.PostBody("/discovery/set", node.Key("a", "h1") + "&status=1") ==
          node.kOk);
    return node.GetBody(kFetch);
  };
  CHECK_THAT(body(QuirkyNode({"zeroing-set"})),
             Contains(R"("up_timestamp":0,"renew_timestamp":T,)"
                      R"("dirty_timestamp":0,"latest_timestamp":0)"));
  CHECK_THAT(body(QuirkyNode()),
             Contains(R"("up_timestamp":T,"renew_timestamp":T,)"
                      R"("dirty_timestamp":T,"latest_timestamp":T)"));
}

TEST_CASE("joined-addrs: addresses that a node passes on joined stay so",
          "[quirks]") {
  const std::string passed_on = GENERATE("replication", "from_zone");
  const auto body = [&](QuirkyNode node) {
    CHECK(node.PostBody("/discovery/register",
                        node.Key("a", "h1") +
                            "&status=1&addrs=http%3A%2F%2Fh%3A1%2Cgrpc%3A%2F%"
                            "2Fh%3A2&" +
                            passed_on + "=true") == node.kOk);
    return node.GetBody(kFetch);
  };
  CHECK_THAT(body(QuirkyNode()),
             Contains(R"("addrs":["http://h:1","grpc://h:2"])"));
  CHECK_THAT(body(QuirkyNode({"joined-addrs"})),
             Contains(R"("addrs":["http://h:1,grpc://h:2"])"));
}

}  // namespace
}  // namespace naming::node

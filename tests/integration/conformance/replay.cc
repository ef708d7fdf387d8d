// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/conformance/replay.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "base/url.h"
#include "net/json.h"
#include "tests/support/catch.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;

// How much earlier or later than the real server a hold may end.
constexpr milliseconds kMargin{100};

// How long a poll is held at most.
constexpr milliseconds kMaxHold = std::chrono::seconds(30);

constexpr const char* kOk = R"({"code":0,"message":"0","ttl":1})";

std::string Key(const std::string& app_id, const std::string& hostname) {
  return "region=sh&zone=sh001&env=dev&appid=" + app_id +
         "&hostname=" + hostname;
}

std::string Registration(const std::string& app_id,
                         const std::string& hostname) {
  return Key(app_id, hostname) +
         "&status=1&addrs=http%3A%2F%2F127.0.0.1%3A8000"
         "&addrs=grpc%3A%2F%2F127.0.0.1%3A9000&version=1.0.0"
         "&metadata=%7B%22weight%22%3A%2210%22%7D";
}

// The real server's timestamps in requests; what else is there, such as 0 and
// numbers of the far future, stays as it is.
bool IsRealTimestamp(std::string_view text) {
  return text.size() == 19 && text.substr(0, 2) == "17";
}

void LearnFrom(net::JsonValue expected, net::JsonValue actual,
               std::map<std::int64_t, std::int64_t>& revisions) {
  expected.ForEachMember([&](std::string_view key, net::JsonValue member) {
    const net::JsonValue same = actual[key];
    if (key == "latest_timestamp" && member.AsInt64() && same.AsInt64()) {
      revisions.emplace(*member.AsInt64(), *same.AsInt64());
    }
    LearnFrom(member, same, revisions);
  });
}

}  // namespace

Replay::Replay(node::DiscoveryNode& node,
               const std::vector<TranscriptCase>& cases,
               std::function<bool(const TranscriptCase&)> is_meant)
    : node_(node),
      cases_(cases),
      is_meant_(std::move(is_meant)),
      connection_(node.address()),
      answers_(cases.size()) {}

void Replay::Run() {
  int section = 0;
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    const TranscriptCase& now = cases_[i];
    if (now.section != section) Prepare(section = now.section);
    const std::string request = Translate(now.request);
    if (now.is_held()) {
      Hold(i, request);
    } else {
      TcpConnection connection(node_.address());
      connection.Send(request);
      answers_[i] = connection.ReadAnswer(request.rfind("HEAD", 0) == 0);
      Learn(now.response, answers_[i]);
    }
  }
  CollectExpired();
}

void Replay::Prepare(int section) {
  constexpr const char* kRegister = "/discovery/register";
  if (section == 6) {
    for (const char* const app_id :
         {"lp.idle", "lp.poll", "lp.a", "lp.b", "lp.dup", "lp.two", "lp.last",
          "lp.set", "lp.dup2a", "lp.dup2b", "lp.gone", "lp.wait", "lp.p2"}) {
      Post(kRegister, Registration(app_id, "i1"));
    }
    Post(kRegister, Registration("lp.two", "i2"));
    Post(kRegister, Registration("lp.set", "i2"));
  } else if (section == 7) {
    Change();
    CollectPushed();
  } else if (section == 8) {
    Post(kRegister, Registration("demo.cancel", "h1"));
  }
}

void Replay::Change() {
  Post("/discovery/register", Registration("lp.new", "i1"));
  for (const char* const app_id :
       {"lp.poll", "lp.b", "lp.dup", "lp.gone", "lp.dup2b"}) {
    Post("/discovery/register", Registration(app_id, "i2"));
  }
  Post("/discovery/cancel", Key("lp.two", "i1"));
  Post("/discovery/cancel", Key("lp.last", "i1"));
  Post("/discovery/set", Key("lp.set", "i1") + "&status=2");
  Post("/discovery/set", Key("lp.wait", "i1") + "&status=2");
}

void Replay::Hold(std::size_t index, std::string_view request) {
  auto connection = std::make_unique<TcpConnection>(node_.address());
  connection->Send(request);
  const RealClock::time_point now = RealClock::now();
  Sync();
  if (cases_[index].is_abandoned()) {
    connection->Close();
    Sync();
  } else {
    held_.push_back({index, std::move(connection), now, advanced_});
  }
}

// Those that the real server answered soon, because of a change.
void Replay::CollectPushed() {
  for (auto it = held_.begin(); it != held_.end();) {
    const TranscriptCase& held = cases_[it->index];
    if (held.is_expiry() || is_meant_(held)) {
      ++it;
    } else {
      answers_[it->index] = it->connection->ReadAnswer();
      it = held_.erase(it);
    }
  }
}

void Replay::CollectExpired() {
  std::stable_sort(
      held_.begin(), held_.end(),
      [this](const Held& a, const Held& b) { return Due(a) < Due(b); });
  for (; !held_.empty(); held_.erase(held_.begin())) {
    const Held& held = held_.front();
    Advance(Due(held) - kMargin - MaxAge(held));
    CheckNoneIsEarly();
    Advance(Due(held) + kMargin - MaxAge(held));
    answers_[held.index] = held.connection->ReadAnswer();
  }
}

void Replay::CheckNoneIsEarly() {
  Sync();
  for (const Held& held : held_) {
    const TranscriptCase& expected = cases_[held.index];
    const bool is_answered = held.connection->HasBytes();
    // Real time passes too, perhaps much of it on a loaded machine.
    if (is_answered && MaxAge(held) < Due(held) - kMargin / 2 &&
        !is_meant_(expected)) {
      complaints_.push_back("answered early: " + expected.title);
    }
  }
}

void Replay::Post(const std::string& target, const std::string& form) {
  CAPTURE(target, form);
  connection_.Send(HttpPost(target, form));
  REQUIRE(BodyOf(connection_.ReadAnswer()) == kOk);
}

// The node reads its connections in the order in which they became readable.
void Replay::Sync() {
  connection_.Send(HttpGet("/discovery/nodes"));
  connection_.ReadAnswer();
}

std::string Replay::Translate(const std::string& request) {
  const std::size_t query_begin = request.find('?') + 1;
  const std::size_t query_end = request.find(" HTTP/1.1\r\n");
  if (query_begin == 0 || query_begin > query_end) return request;
  const auto parameters = base::ParseQuery(
      std::string_view(request).substr(query_begin, query_end - query_begin));
  REQUIRE(parameters.has_value());
  std::vector<std::string> app_ids;
  for (const auto& [key, value] : *parameters) {
    if (key == "appid") app_ids.push_back(value);
  }
  std::string translated = request;
  std::size_t next = 0;
  for (const auto& [key, value] : *parameters) {
    if (key != "latest_timestamp") continue;
    const std::size_t at = next++;
    if (!IsRealTimestamp(value)) continue;
    const std::string ours = Translate(app_ids.at(at), value);
    translated.replace(translated.find("=" + value) + 1, value.size(), ours);
  }
  return translated;
}

std::string Replay::Translate(const std::string& app_id,
                              const std::string& revision) {
  const std::int64_t real = std::atoll(revision.c_str());
  const auto known = revisions_.find(real);
  if (known != revisions_.end()) return std::to_string(known->second);
  const auto next = revisions_.find(real + 1);
  if (next != revisions_.end()) return std::to_string(next->second - 1);
  // The tool that made the transcript asked for it just before.
  return std::to_string(Revision(app_id));
}

std::int64_t Replay::Revision(const std::string& app_id) {
  connection_.Send(
      HttpGet("/discovery/fetch?env=dev&status=3&appid=" + app_id));
  const auto document =
      net::JsonDocument::Parse(BodyOf(connection_.ReadAnswer()));
  REQUIRE(document.ok());
  const auto revision = document->root()["data"]["latest_timestamp"].AsInt64();
  REQUIRE(revision.has_value());
  return *revision;
}

void Replay::Learn(const std::string& expected, const std::string& actual) {
  const auto real = net::JsonDocument::Parse(BodyOf(expected));
  const auto ours = net::JsonDocument::Parse(BodyOf(actual));
  if (real.ok() && ours.ok()) LearnFrom(real->root(), ours->root(), revisions_);
}

// What differs may be answered at any time until the end of the longest hold.
milliseconds Replay::Due(const Held& held) const {
  const TranscriptCase& expected = cases_[held.index];
  return is_meant_(expected) ? kMaxHold : expected.elapsed;
}

milliseconds Replay::MaxAge(const Held& held) const {
  return std::chrono::duration_cast<milliseconds>(RealClock::now() -
                                                  held.sent_at) +
         advanced_ - held.advanced;
}

void Replay::Advance(milliseconds by) {
  if (by <= milliseconds(0)) return;
  node_.AdvanceClock(by);
  advanced_ += by;
}

}  // namespace naming::testing

// SPDX-License-Identifier: Apache-2.0
// Measures what an answer of a discovery node costs, from its bytes to the
// Snapshot that is published:
//
//   bench-decode [--quick]
//
// The floor is RapidJSON's parse of the same bytes, in place, into its tree.

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/dispatcher.h"
#include "core/topic.h"
#include "discovery/protocol.h"
#include "rapidjson/document.h"
#include "tests/benchmark/report.h"

namespace naming::benchmark {
namespace {

constexpr std::string_view kAppId = "main.account.profile";

// An answer to a polls as a node sends it: in two zones, as its Go code orders
// members.
std::string AnswerOf(int instances) {
  std::string body = "{\"code\":0,\"data\":{\"main.account.profile\":{";
  body += "\"instances\":{";
  for (int zone = 1; zone <= 2; ++zone) {
    body += absl::StrFormat("%s\"sh%03d\":[", zone == 1 ? "" : ",", zone);
    for (int i = 0; i < instances / 2; ++i) {
      const int host = zone * 20'000 + i;
      const std::int64_t time = 1795224393131111624 + 1'000'003LL * host;
      body += absl::StrFormat(
          "%s{\"region\":\"sh\",\"zone\":\"sh%03d\",\"env\":\"prod\",\"appid\":"
          "\"%s\",\"hostname\":\"account-profile-%05d\",\"addrs\":[\"grpc:"
          "//10.12.%d.%d:9000\",\"http://10.12.%d.%d:8000\"],\"version\":"
          "\"1.14.2\",\"metadata\":{\"cluster\":\"main\",\"color\":\"\","
          "\"weight\":\"10\"},\"status\":1,\"reg_timestamp\":%d,"
          "\"up_timestamp\":%d,\"renew_timestamp\":%d,\"dirty_timestamp\":%d,"
          "\"latest_timestamp\":%d}",
          i == 0 ? "" : ",", zone, kAppId, host, i / 250, i % 250, i / 250,
          i % 250, time, time, time + 30'000'000'000, time, time);
    }
    body += ']';
  }
  body +=
      "},\"latest_timestamp\":1795224393131111625}},\"error\":{\"-404\":[]},"
      "\"message\":\"0\"}";
  return body;
}

// The time that this thread runs, in seconds: that of others doesn't count.
double Now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) / 1e9;
}

double Time(const std::function<void()>& action) {
  const double begin = Now();
  action();
  return Now() - begin;
}

// With its own defaults, as most programs use it.
bool ParseWithRapidJson(std::string& body) {
  rapidjson::Document document;
  return !document.ParseInsitu(body.data()).HasParseError();
}

// An application as a Client keeps it.
class Application final {
 public:
  Application() : dispatcher_(std::make_shared<core::Dispatcher>()) {
    Forget();
  }
  ~Application() { dispatcher_->Stop(); }

  void Forget() {
    auto setting = std::make_shared<core::TopicSetting>();
    setting->backend = "discovery";
    setting->dispatcher = dispatcher_;
    topic_ =
        std::make_shared<core::Topic>(std::move(setting), std::string(kAppId));
  }

  void Take(std::string body) {
    net::HttpResponse response;
    response.status_code = 200;
    response.body = std::move(body);
    discovery::AppAnswers apps;
    const auto answer = discovery::DecodeAnswer(
        std::move(response), [&](net::JsonReader& data) {
          apps = discovery::DecodeApps(data, "prod", [this](std::string_view) {
            return topic_->snapshot();
          });
        });
    Require(answer.ok() && apps.apps.size() == 1, "an answer isn't read");
    topic_->Publish(std::move(apps.apps.begin()->second.list));
  }

  std::shared_ptr<const Snapshot> snapshot() const {
    return topic_->snapshot();
  }

 private:
  const std::shared_ptr<core::Dispatcher> dispatcher_;
  std::shared_ptr<core::Topic> topic_;
};

// The best of many rounds counts: other work only ever disturbs.
struct Best {
  double snapshot = std::numeric_limits<double>::max();
  double unchanged = snapshot;
  double floor = snapshot;
};

void Bench(int instances, int rounds) {
  const std::string body = AnswerOf(instances);
  // As long as a body that came from the network, which has grown.
  const auto copy = [&body] {
    std::string received;
    received.reserve(body.size() + 64);
    received = body;
    return received;
  };
  Application application;
  Best best;
  for (int i = 0; i < rounds; ++i) {
    std::string received = copy();
    best.floor = std::min(best.floor, Time([&] {
                            Require(ParseWithRapidJson(received),
                                    "RapidJSON can't read it");
                          }));
    application.Forget();
    received = copy();
    best.snapshot = std::min(
        best.snapshot, Time([&] { application.Take(std::move(received)); }));
    const auto before = application.snapshot();
    Require(before->size() == static_cast<std::size_t>(instances),
            "Instances are missing");
    received = copy();
    best.unchanged = std::min(
        best.unchanged, Time([&] { application.Take(std::move(received)); }));
    Require(application.snapshot() == before, "nothing has changed");
  }
  Print({"decode", "snapshot", instances, "us", best.snapshot * 1e6,
         best.floor * 1e6});
  Print({"decode", "unchanged", instances, "us", best.unchanged * 1e6,
         best.floor * 1e6});
}

int Main(int argc, char** argv) {
  int rounds = 300;
  if (argc == 2 && std::string_view(argv[1]) == "--quick") {
    rounds = 2;
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: bench-decode [--quick]\n");
    return 2;
  }
  // A program that runs for days has its memory: neither side gives it back
  // between rounds, nor gets it anew.
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  Bench(1000, rounds);
  Bench(10'000, std::max(rounds / 5, 2));
  return 0;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) { return naming::benchmark::Main(argc, argv); }

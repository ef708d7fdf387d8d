// SPDX-License-Identifier: Apache-2.0

#include "core/logger.h"

#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace naming::core {
namespace {

TEST_CASE("Logger hands the sink what it is told, with its level", "[logger]") {
  std::vector<LogRecord> records;
  Logger logger([&](const LogRecord& record) { records.push_back(record); });
  logger.Info("discovery: node a: answers");
  logger.Warning("discovery: node a: refused");
  REQUIRE(records.size() == 2);
  CHECK(records[0].level == LogLevel::kInfo);
  CHECK(records[0].message == "discovery: node a: answers");
  CHECK(records[1].level == LogLevel::kWarning);
  CHECK(records[1].message == "discovery: node a: refused");
}

TEST_CASE("Without a sink, a Logger is silent", "[logger]") {
  Logger logger(nullptr);
  logger.Info("nobody hears this");
}

TEST_CASE("The sink is called by one thread at a time", "[logger]") {
  // Not guarded by anything: a second thread within the sink would lose counts,
  // and ThreadSanitizer would say so.
  int count = 0;
  Logger logger([&](const LogRecord&) { ++count; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 250; ++j) logger.Info("x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 1000);
}

}  // namespace
}  // namespace naming::core

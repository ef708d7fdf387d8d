// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_BENCHMARK_REPORT_H_
#define NAMING_TESTS_BENCHMARK_REPORT_H_

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "absl/strings/str_format.h"

namespace naming::benchmark {

// What is measured: `floor` is what the simplest possible code needs, and
// `ratio` how many times better than us it is.
struct Result {
  std::string_view bench;
  std::string_view name;
  int n = 0;
  std::string_view unit;
  double value = 0;
  double floor = 0;
  bool is_rate = false;  // The more, the better.
  int threads = 1;
};

inline void Print(const Result& result) {
  const double ratio = result.is_rate ? result.floor / result.value
                                      : result.value / result.floor;
  absl::PrintF(
      "{\"bench\":\"%s\",\"case\":\"%s\",\"n\":%d,\"threads\":%d,"
      "\"unit\":\"%s\",\"value\":%.6g,\"floor\":%.6g,\"ratio\":%.3g}\n",
      result.bench, result.name, result.n, result.threads, result.unit,
      result.value, result.floor, ratio);
  std::fflush(stdout);
}

// Ends the program unless what is measured works.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::exit(1);
}

}  // namespace naming::benchmark

#endif  // NAMING_TESTS_BENCHMARK_REPORT_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_PROCESS_H_
#define NAMING_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace naming::testing {

// A program that runs beside the test. It sees the test's environment without
// the variables that our programs read, and those given.
//
// For one thread. Destroying it kills the program.
class Process final {
 public:
  // `arguments` begin with the path of the program; `environment` holds
  // "NAME=value" each.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Returns the next line that it prints on stdout, without its end; nullopt
  // when stdout ends, or when no line comes within a generous limit.
  std::optional<std::string> ReadLine();

  // Stops reading: it can't write to stdout any more.
  void CloseOutput();

  pid_t pid() const { return pid_; }

  void Signal(int signal);

  // Waits until it ends. Returns its exit status, 128 + n when signal n killed
  // it, or -1 when it doesn't end within a generous limit.
  int Wait();

  // Returns what it has printed on stderr.
  std::string error_text() const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;  // The end of its stdout that we read.
  int errors_ = -1;  // An unnamed file.
  std::string unread_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_PROCESS_H_

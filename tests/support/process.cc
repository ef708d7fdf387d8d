// SPDX-License-Identifier: Apache-2.0

#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/support/eventually.h"

namespace naming::testing {
namespace {

// A test that can't start its programs can't go on.
void Check(bool is_well, const char* what) {
  if (is_well) return;
  std::perror(what);
  std::abort();
}

bool IsReadByOurPrograms(std::string_view variable) {
  constexpr std::array<std::string_view, 7> kNames = {
      "DISCOVERY_NODES", "REGION", "ZONE",        "DEPLOY_ENV",
      "HOSTNAME",        "APP_ID", "DEPLOY_COLOR"};
  for (const std::string_view name : kNames) {
    if (variable.substr(0, variable.find('=')) == name) return true;
  }
  return false;
}

std::vector<char*> PointersTo(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
  std::vector<std::string> argv = arguments;
  std::vector<std::string> envp = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!IsReadByOurPrograms(*variable)) envp.emplace_back(*variable);
  }

  int ends[2];
  Check(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  output_ = ends[0];
  errors_ = memfd_create("stderr", MFD_CLOEXEC);
  Check(errors_ >= 0, "memfd_create");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors_, STDERR_FILENO);
  const int error =
      posix_spawn(&pid_, argv.front().c_str(), &actions, nullptr,
                  PointersTo(argv).data(), PointersTo(envp).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  Check(error == 0, argv.front().c_str());
}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  CloseOutput();
  if (errors_ >= 0) close(errors_);
}

std::optional<std::string> Process::ReadLine() {
  while (true) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    pollfd output = {output_, POLLIN, 0};
    if (poll(&output, 1, 30'000) <= 0) return std::nullopt;
    char buffer[4096];
    const ssize_t size = read(output_, buffer, sizeof(buffer));
    if (size <= 0) return std::nullopt;
    unread_.append(buffer, static_cast<std::size_t>(size));
  }
}

void Process::CloseOutput() {
  if (output_ >= 0) close(output_);
  output_ = -1;
}

void Process::Signal(int signal) { kill(pid_, signal); }

int Process::Wait() {
  int status = 0;
  if (!Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) {
    return -1;
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string Process::error_text() const {
  std::string text;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = pread(errors_, buffer, sizeof(buffer),
                       static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace naming::testing

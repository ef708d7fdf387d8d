// SPDX-License-Identifier: Apache-2.0

#include "tests/support/node_processes.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::testing {

NodeProcesses::NodeProcesses(std::string program,
                             std::vector<std::string> quirks,
                             std::vector<std::string> zones)
    : program_(std::move(program)) {
  for (std::string& names : quirks) {
    Place place;
    place.port = std::make_unique<RefusingPort>();
    place.quirks = std::move(names);
    if (!zones.empty()) place.zone = zones[places_.size()];
    places_.push_back(std::move(place));
  }
  Restore();
}

std::string NodeProcesses::address(std::size_t i) const {
  return absl::StrFormat("127.0.0.1:%d", places_[i].port->port());
}

std::vector<std::string> NodeProcesses::addresses() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < size(); ++i) all.push_back(address(i));
  return all;
}

void NodeProcesses::Kill(std::size_t i) {
  places_[i].process.reset();
  places_[i].is_stopped = false;
}

int NodeProcesses::End(std::size_t i) {
  places_[i].process->Signal(SIGTERM);
  const int status = places_[i].process->Wait();
  Kill(i);
  return status;
}

void NodeProcesses::Stop(std::size_t i) {
  places_[i].process->Signal(SIGSTOP);
  places_[i].is_stopped = true;
}

void NodeProcesses::Continue(std::size_t i) {
  places_[i].process->Signal(SIGCONT);
  places_[i].is_stopped = false;
}

void NodeProcesses::Start(std::size_t i) {
  const std::string& zone = places_[i].zone;
  std::vector<std::string> arguments = {program_, "--listen", address(i),
                                        "--zone", zone};
  // One alone keeps to itself.
  for (std::size_t j = 0; j < size() && size() > 1; ++j) {
    if (places_[j].zone == zone) {
      arguments.insert(arguments.end(), {"--nodes", address(j)});
    } else {
      arguments.insert(arguments.end(),
                       {"--zones", places_[j].zone + "=" + address(j)});
    }
  }
  if (!places_[i].quirks.empty()) {
    arguments.insert(arguments.end(), {"--quirks", places_[i].quirks});
  }
  places_[i].process = std::make_unique<Process>(arguments);
  if (places_[i].process->ReadLine()) return;
  std::fprintf(stderr, "%s: %s\n", program_.c_str(),
               places_[i].process->error_text().c_str());
  std::abort();
}

void NodeProcesses::Restore() {
  for (std::size_t i = 0; i < size(); ++i) {
    if (!is_up(i)) Start(i);
    if (is_stopped(i)) Continue(i);
  }
}

}  // namespace naming::testing

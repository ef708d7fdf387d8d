// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_NODE_PROCESSES_H_
#define NAMING_TESTS_SUPPORT_NODE_PROCESSES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/raw_server.h"

namespace naming::testing {

// A cluster of the program naming-node, whose members may be killed, stopped
// and started again at the same address, with nothing in memory.
//
// For one thread.
class NodeProcesses final {
 public:
  // Starts as many nodes as `quirks` has entries: names as --quirks takes them;
  // "" for none. `zones` has the zone of each; empty: one zone for all.
  NodeProcesses(std::string program, std::vector<std::string> quirks,
                std::vector<std::string> zones = {});

  std::size_t size() const { return places_.size(); }
  std::string address(std::size_t i) const;
  std::vector<std::string> addresses() const;

  bool is_up(std::size_t i) const { return places_[i].process != nullptr; }
  bool is_stopped(std::size_t i) const { return places_[i].is_stopped; }
  bool is_serving(std::size_t i) const { return is_up(i) && !is_stopped(i); }

  // SIGKILL; its connections are reset.
  void Kill(std::size_t i);

  // SIGTERM; returns its exit status when it has ended.
  int End(std::size_t i);

  // SIGSTOP: it accepts connections, and answers nothing until Continue().
  void Stop(std::size_t i);
  void Continue(std::size_t i);

  // Starts one that was killed, and waits until it listens.
  void Start(std::size_t i);

  // Continues and starts all that need it.
  void Restore();

 private:
  struct Place {
    std::unique_ptr<RefusingPort> port;  // Keeps the port for this cluster.
    std::string quirks;
    std::string zone = "zone01";
    std::unique_ptr<Process> process;
    bool is_stopped = false;
  };

  const std::string program_;
  std::vector<Place> places_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_NODE_PROCESSES_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_BENCHMARK_LOAD_CLIENT_H_
#define NAMING_TESTS_BENCHMARK_LOAD_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace naming::benchmark {

using Seconds = std::chrono::duration<double>;

// Many connections to one server, driven by one thread with epoll. Each carries
// one request at a time. What goes wrong ends the program: a benchmark has
// nothing to say then.
class LoadClient final {
 public:
  // Makes request number `i`.
  using MakeRequest = std::function<std::string(int i)>;

  LoadClient(std::uint16_t port, int connections);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  // Sends request number i on connection i, for each of them.
  void SendAll(const MakeRequest& make);

  // Waits until every request that was sent has its answer. Returns the size of
  // the last one's body.
  std::size_t AwaitAll();

  // Sends on each connection one request after another for `time`; returns how
  // many were answered in a second.
  double Saturate(const MakeRequest& make, Seconds time);

 private:
  struct Connection {
    int fd = -1;
    std::string answer;
    bool is_waiting = false;
  };

  void Connect(std::uint16_t port);
  void Send(Connection& connection, std::string_view request);
  // Reads; returns whether the answer is whole.
  bool Read(Connection& connection);
  // Waits for events, reads, and calls `on_answer` for each whole answer.
  void Step(const std::function<void(Connection&)>& on_answer);

  const int epoll_;
  std::vector<Connection> connections_;
  int waiting_ = 0;
  std::size_t body_size_ = 0;
};

// The bytes of requests.
std::string GetRequest(std::string_view target);
std::string PostRequest(std::string_view target, std::string_view form);

}  // namespace naming::benchmark

#endif  // NAMING_TESTS_BENCHMARK_LOAD_CLIENT_H_

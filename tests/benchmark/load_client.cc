// SPDX-License-Identifier: Apache-2.0

#include "tests/benchmark/load_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/strings/str_format.h"

namespace naming::benchmark {
namespace {

// Fewer than fit into a server's backlog at once.
constexpr int kConnectBatch = 256;

constexpr int kStepLimitMs = 30'000;

void RequireCall(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench: %s fails: errno %d\n", what, errno);
  std::exit(1);
}

// Returns the size of the body when the answer is whole.
std::optional<std::size_t> BodySize(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view head = answer.substr(0, end + 2);
  const std::size_t size = answer.size() - end - 4;
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  if (const std::size_t at = head.find(kLength); at != std::string_view::npos) {
    const std::size_t length =
        std::strtoul(head.data() + at + kLength.size(), nullptr, 10);
    if (size < length) return std::nullopt;
    return length;
  }
  constexpr std::string_view kLastChunk = "\r\n0\r\n\r\n";
  if (answer.size() < kLastChunk.size() ||
      answer.substr(answer.size() - kLastChunk.size()) != kLastChunk) {
    return std::nullopt;
  }
  return size;
}

}  // namespace

LoadClient::LoadClient(std::uint16_t port, int connections)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      connections_(static_cast<std::size_t>(connections)) {
  Connect(port);
}

LoadClient::~LoadClient() {
  for (const Connection& connection : connections_) close(connection.fd);
  close(epoll_);
}

// Each connection has an answer before the next batch is opened, so that the
// server has accepted it.
void LoadClient::Connect(std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(port);
  int in_batch = 0;
  for (Connection& connection : connections_) {
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    RequireCall(connect(connection.fd, reinterpret_cast<sockaddr*>(&name),
                        sizeof(name)) == 0,
                "connect");
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    RequireCall(epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) == 0,
                "epoll_ctl");
    Send(connection, GetRequest("/discovery/nodes"));
    if (++in_batch % kConnectBatch == 0) AwaitAll();
  }
  AwaitAll();
}

void LoadClient::Send(Connection& connection, std::string_view request) {
  const ssize_t sent =
      send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL);
  RequireCall(sent == static_cast<ssize_t>(request.size()), "send");
  connection.answer.clear();
  connection.is_waiting = true;
  ++waiting_;
}

void LoadClient::SendAll(const MakeRequest& make) {
  int i = 0;
  for (Connection& connection : connections_) Send(connection, make(i++));
}

bool LoadClient::Read(Connection& connection) {
  std::array<char, 65536> bytes;
  const ssize_t count = recv(connection.fd, bytes.data(), bytes.size(), 0);
  RequireCall(count > 0 && connection.is_waiting, "reading an answer");
  connection.answer.append(bytes.data(), static_cast<std::size_t>(count));
  const std::optional<std::size_t> size = BodySize(connection.answer);
  if (!size) return false;
  RequireCall(connection.answer.find("HTTP/1.1 200 ") == 0, "a request");
  body_size_ = *size;
  connection.is_waiting = false;
  --waiting_;
  return true;
}

void LoadClient::Step(const std::function<void(Connection&)>& on_answer) {
  std::array<epoll_event, 512> events{};
  const int count = epoll_wait(epoll_, events.data(),
                               static_cast<int>(events.size()), kStepLimitMs);
  RequireCall(count > 0, "waiting for answers");
  for (int i = 0; i < count; ++i) {
    auto& connection =
        *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (Read(connection)) on_answer(connection);
  }
}

std::size_t LoadClient::AwaitAll() {
  while (waiting_ > 0) Step([](Connection&) {});
  return body_size_;
}

double LoadClient::Saturate(const MakeRequest& make, Seconds time) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(time);
  int sent = 0;
  SendAll([&](int) { return make(sent++); });
  bool is_over = false;
  while (!is_over) {
    Step([&](Connection& connection) { Send(connection, make(sent++)); });
    is_over = Clock::now() >= end;
  }
  AwaitAll();
  return sent / Seconds(Clock::now() - begin).count();
}

std::string GetRequest(std::string_view target) {
  return absl::StrFormat("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target);
}

std::string PostRequest(std::string_view target, std::string_view form) {
  return absl::StrFormat(
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
      target, form.size(), form);
}

}  // namespace naming::benchmark

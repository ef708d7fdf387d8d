// SPDX-License-Identifier: Apache-2.0
// What may come in on a connection to a node: the input is all that a client
// sends.

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "node/directory.h"
#include "node/event_loop.h"
#include "node/handlers.h"
#include "node/http_server.h"
#include "node/listen_socket.h"
#include "tests/fuzz/property.h"

namespace naming::node {
namespace {

using testing::Require;

// A node on the thread of those who send to it.
class Node {
 public:
  Node() {
    auto socket = ListenSocket::Open({"127.0.0.1", 0});
    Require(socket.ok(), "a port is free");
    port_ = socket->address().port;
    server_ = HttpServer::Create(
        *loop_, *std::move(socket),
        [this](RequestId id, const Request& request) {
          Request hurried = request;
          hurried.timeout = "1";  // No poll is held for longer.
          return handlers_.Handle(id, hurried);
        },
        [this](RequestId id) { directory_.Drop(id); });
    Require(server_ != nullptr, "there is memory");
  }

  // Sends `input` on a connection; returns all that comes back.
  std::string Send(std::string_view input) {
    const int fd = Connect();
    std::string answers;
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    bool has_ended = false;
    while (!has_ended) {
      const ssize_t sent =
          send(fd, input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
      if (input.empty()) shutdown(fd, SHUT_WR);
      event_base_loop(loop_->base(), EVLOOP_NONBLOCK);
      has_ended = HasEnded(fd, answers);
      Require(std::chrono::steady_clock::now() < deadline,
              "a connection ends when its client has nothing more to say");
    }
    close(fd);
    return answers;
  }

 private:
  int Connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(port_);
    Require(connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0,
            "the node listens");
    return fd;
  }

  static bool HasEnded(int fd, std::string& answers) {
    std::array<char, 4096> bytes;
    const ssize_t count = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0)
      answers.append(bytes.data(), static_cast<std::size_t>(count));
    return count == 0 || (count == -1 && errno != EAGAIN);
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::Create();
  Directory directory_{*loop_,
                       {"region01", "zone01", "dev", "node", "127.0.0.1:7171"},
                       1,
                       nullptr,
                       [this](RequestId id, const Response& response) {
                         server_->Reply(id, response);
                       }};
  Handlers handlers_{directory_};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace
}  // namespace naming::node

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static auto* const node = new naming::node::Node();
  const std::string answers =
      node->Send({reinterpret_cast<const char*>(data), size});
  naming::testing::Require(answers.empty() || answers.find("HTTP/1.") == 0,
                           "what comes back is HTTP");
  const std::string served =
      node->Send("GET /discovery/nodes HTTP/1.1\r\nHost: node\r\n\r\n");
  naming::testing::Require(served.find("HTTP/1.1 200 OK\r\n") == 0,
                           "the node serves others");
  return 0;
}

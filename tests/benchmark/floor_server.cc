// SPDX-License-Identifier: Apache-2.0

#include "tests/benchmark/floor_server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

namespace naming::benchmark {
namespace {

struct Floor {
  std::string body;
  std::vector<evhttp_request*> held;
};

void Answer(const Floor& floor, evhttp_request* request) {
  evbuffer* const body = evbuffer_new();
  evbuffer_add_reference(body, floor.body.data(), floor.body.size(), nullptr,
                         nullptr);
  evhttp_send_reply(request, 200, nullptr, body);
  evbuffer_free(body);
}

void OnRequest(evhttp_request* request, void* context) {
  Floor& floor = *static_cast<Floor*>(context);
  const std::string_view target = evhttp_request_get_uri(request);
  if (target == "/hold") {
    floor.held.push_back(request);
    return;
  }
  if (target == "/release") {
    for (evhttp_request* const held : floor.held) Answer(floor, held);
    floor.held.clear();
  }
  Answer(floor, request);
}

std::uint16_t PortOf(evutil_socket_t fd) {
  sockaddr_in name{};
  socklen_t size = sizeof(name);
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

}  // namespace

bool RunFloorServer(std::size_t body_size,
                    const std::function<void(std::uint16_t)>& on_listening) {
  Floor floor{std::string(body_size, 'x'), {}};
  event_base* const base = event_base_new();
  evhttp* const http = evhttp_new(base);
  evhttp_set_gencb(http, OnRequest, &floor);
  evhttp_bound_socket* const bound =
      evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
  if (bound == nullptr) return false;
  // The node's backlog is as long; evhttp's own is shorter.
  listen(evhttp_bound_socket_get_fd(bound), SOMAXCONN);
  on_listening(PortOf(evhttp_bound_socket_get_fd(bound)));
  event_base_dispatch(base);
  return true;
}

}  // namespace naming::benchmark

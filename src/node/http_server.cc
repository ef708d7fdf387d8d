// SPDX-License-Identifier: Apache-2.0

#include "node/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

#include "node/form.h"
#include "node/peer_protocol.h"

namespace naming::node {
namespace {

// As much as Go's server takes of a request's line and header.
constexpr std::size_t kMaxHeaderBytes = (1 << 20) + 4096;

// What is larger than that is read still, so that the answer is Go's. Beyond
// this evhttp answers 400 by itself, and 2.1 lets nobody change that.
constexpr ev_ssize_t kMaxReadHeaderBytes = 2 * kMaxHeaderBytes;

// A registration has a few kilobytes.
constexpr std::size_t kMaxBodyBytes = 1 << 20;

// What a client may register in that, another node must be able to pass on: a
// byte that isn't UTF-8 becomes three, and each of these three in a form.
constexpr ev_ssize_t kMaxReadBodyBytes = 16 << 20;

// Go's server sends a larger body in chunks.
constexpr std::size_t kMaxWholeBody = 2048;

// Every one, those that evhttp doesn't know among them: otherwise it would
// answer 501 by itself.
constexpr ev_uint16_t kMethods = 0xffff;

const char* MethodName(evhttp_cmd_type type) {
  switch (type) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_PUT:
      return "PUT";
    case EVHTTP_REQ_PATCH:
      return "PATCH";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_DELETE:
      return "DELETE";
    case EVHTTP_REQ_OPTIONS:
      return "OPTIONS";
    case EVHTTP_REQ_TRACE:
      return "TRACE";
    case EVHTTP_REQ_CONNECT:
      return "CONNECT";
    default:
      return "";
  }
}

bufferevent* ConnectionOf(evhttp_request* request) {
  return evhttp_connection_get_bufferevent(
      evhttp_request_get_connection(request));
}

std::string HeaderOf(evhttp_request* request, const char* name) {
  const char* const value =
      evhttp_find_header(evhttp_request_get_input_headers(request), name);
  return value == nullptr ? "" : value;
}

std::string BodyOf(evhttp_request* request) {
  evbuffer* const buffer = evhttp_request_get_input_buffer(request);
  std::string body(evbuffer_get_length(buffer), '\0');
  evbuffer_remove(buffer, body.data(), body.size());
  return body;
}

// Returns how many bytes `request` has before its body, up to spaces that don't
// matter.
std::size_t HeaderBytesOf(evhttp_request* request) {
  std::size_t bytes = std::strlen(evhttp_request_get_uri(request));
  const evkeyvalq* const headers = evhttp_request_get_input_headers(request);
  for (const evkeyval* header = headers->tqh_first; header != nullptr;
       header = header->next.tqe_next) {
    bytes += std::strlen(header->key) + std::strlen(header->value) + 4;
  }
  return bytes;
}

std::string FormatDate(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  evutil_date_rfc1123(text.data(), text.size(), &parts);
  return text.data();
}

struct BufferDeleter {
  void operator()(evbuffer* buffer) const { evbuffer_free(buffer); }
};
using Buffer = std::unique_ptr<evbuffer, BufferDeleter>;

// Returns a buffer that shares `body`.
Buffer Share(const std::shared_ptr<const std::string>& body) {
  using Owner = std::shared_ptr<const std::string>;
  Buffer buffer(evbuffer_new());
  auto* const owner = new Owner(body);
  const auto release = [](const void*, std::size_t, void* shared) {
    delete static_cast<Owner*>(shared);
  };
  if (evbuffer_add_reference(buffer.get(), body->data(), body->size(), release,
                             owner) != 0) {
    delete owner;
  }
  return buffer;
}

// The headers are in the order of Go's server.
void Send(evhttp_request* request, const Response& response,
          const std::string& date) {
  evkeyvalq* const headers = evhttp_request_get_output_headers(request);
  const auto add = [headers](const char* name, const std::string& value) {
    evhttp_add_header(headers, name, value.c_str());
  };
  if (!response.content_type.empty()) {
    add("Content-Type", std::string(response.content_type));
  }
  if (response.code) add("Kratos-Status-Code", std::to_string(*response.code));
  add("Kratos-Trace-Id", "");
  add("Date", date);
  const std::size_t size = response.body ? response.body->size() : 0;
  const bool is_chunked = size > kMaxWholeBody && request->minor >= 1;
  if (!is_chunked) add("Content-Length", std::to_string(size));
  const bool has_body =
      size > 0 && evhttp_request_get_command(request) != EVHTTP_REQ_HEAD;
  const Buffer body = has_body ? Share(response.body) : nullptr;
  if (is_chunked && has_body) {
    evhttp_send_reply_start(request, response.status, nullptr);
    evhttp_send_reply_chunk(request, body.get());
    evhttp_send_reply_end(request);
  } else {
    evhttp_send_reply(request, response.status, nullptr, body.get());
  }
}

// Returns whether the request is of HTTP/1, whose answers say 1.0 or 1.1;
// evhttp takes what stands there, and would say it in the answer.
bool IsVersionServed(evhttp_request* request) {
  const bool is_served =
      request->major == 1 && request->minor >= 0 && request->minor <= 9;
  if (!is_served || request->minor > 1) request->minor = 1;
  request->major = 1;
  return is_served;
}

// As Go's server says it, which then closes the connection.
void SendError(evhttp_request* request, int status, const char* reason) {
  const std::string text = std::to_string(status) + ' ' + reason;
  evkeyvalq* const headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
  evhttp_add_header(headers, "Connection", "close");
  const Buffer body(evbuffer_new());
  evbuffer_add(body.get(), text.data(), text.size());
  evhttp_send_reply(request, status, reason, body.get());
}

}  // namespace

void HttpServer::HttpDeleter::operator()(evhttp* http) const {
  evhttp_free(http);
}

std::unique_ptr<HttpServer> HttpServer::Create(EventLoop& loop,
                                               ListenSocket socket,
                                               Handle handle, Drop drop,
                                               HttpLimits limits) {
  std::unique_ptr<HttpServer> server(
      new HttpServer(std::move(handle), std::move(drop), limits));
  return server->Listen(loop, std::move(socket)) ? std::move(server) : nullptr;
}

HttpServer::HttpServer(Handle handle, Drop drop, HttpLimits limits)
    : handle_(std::move(handle)), drop_(std::move(drop)), limits_(limits) {}

HttpServer::~HttpServer() = default;

bool HttpServer::Listen(EventLoop& loop, ListenSocket socket) {
  http_.reset(evhttp_new(loop.base()));
  if (http_ == nullptr) return false;
  evhttp_set_max_headers_size(http_.get(), kMaxReadHeaderBytes);
  evhttp_set_max_body_size(http_.get(), kMaxReadBodyBytes);
  const timeval idle = ToTimeval(limits_.idle);
  evhttp_set_timeout_tv(http_.get(), &idle);
  evhttp_set_allowed_methods(http_.get(), kMethods);
  evhttp_set_default_content_type(http_.get(), nullptr);
  evhttp_set_gencb(
      http_.get(),
      [](evhttp_request* request, void* server) {
        static_cast<HttpServer*>(server)->OnRequest(request);
      },
      this);
  const int fd = socket.Release();
  evhttp_bound_socket* const bound =
      evhttp_accept_socket_with_handle(http_.get(), fd);
  if (bound == nullptr) {
    evutil_closesocket(fd);
    return false;
  }
  doorkeeper_ = Doorkeeper::Create(evhttp_bound_socket_get_listener(bound));
  if (doorkeeper_ == nullptr) return false;
  // Called for each connection that is accepted. Without the option evhttp may
  // close the socket before epoll is told, and by then the number may be that
  // of another thread's file.
  evhttp_set_bevcb(
      http_.get(),
      [](event_base* base, void* doorkeeper) {
        static_cast<Doorkeeper*>(doorkeeper)->OnAccepted();
        return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
      },
      doorkeeper_.get());
  return true;
}

void HttpServer::OnRequest(evhttp_request* request) {
  const timeval idle = ToTimeval(limits_.idle);
  const timeval stuck = ToTimeval(limits_.stuck);
  bufferevent_set_timeouts(ConnectionOf(request), &idle, &stuck);
  if (HeaderBytesOf(request) > kMaxHeaderBytes) {
    SendError(request, 431, "Request Header Fields Too Large");
    return;
  }
  if (!IsVersionServed(request)) {
    SendError(request, 505, "HTTP Version Not Supported");
    return;
  }
  Request read;
  read.method = MethodName(evhttp_request_get_command(request));
  read.target = evhttp_request_get_uri(request);
  read.content_type = HeaderOf(request, "Content-Type");
  read.timeout = HeaderOf(request, "x1-bmspy-timeout");
  read.body = BodyOf(request);
  if (read.body.size() > kMaxBodyBytes && !IsPassedOn(Form(read))) {
    evhttp_send_error(request, 413, nullptr);  // As evhttp itself does.
    return;
  }
  const RequestId id = ++last_id_;
  const std::optional<Response> response = handle_(id, read);
  if (response) {
    Send(request, *response, Date());
  } else {
    Hold(id, request);
  }
}

const std::string& HttpServer::Date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_time_) {
    date_ = FormatDate(now);
    date_time_ = now;
  }
  return date_;
}

// Between a request and its answer evhttp doesn't read, so that it doesn't
// notice when the client goes; and were it made to read, it would end the
// program when the client sends more. So the connection's callbacks are ours
// meanwhile; evhttp sets its own again to send the answer.
void HttpServer::Hold(RequestId id, evhttp_request* request) {
  auto held = std::make_unique<Held>(Held{this, id, request});
  bufferevent* const connection = ConnectionOf(request);
  bufferevent_setcb(connection, OnHeldRead, nullptr, OnHeldEvent, held.get());
  bufferevent_enable(connection, EV_READ);
  held_.emplace(id, std::move(held));
}

// A client that sends its next request early isn't read from until it has its
// answer; then evhttp finds what is here.
void HttpServer::OnHeldRead(bufferevent* connection, void*) {
  bufferevent_disable(connection, EV_READ);
}

void HttpServer::OnHeldEvent(bufferevent* connection, short what, void* held) {
  if ((what & BEV_EVENT_TIMEOUT) != 0) {  // Which is what holding is about.
    bufferevent_enable(connection, EV_READ);
    return;
  }
  const Held gone = *static_cast<Held*>(held);
  gone.server->held_.erase(gone.id);
  gone.server->drop_(gone.id);
  evhttp_connection_free(evhttp_request_get_connection(gone.request));
}

void HttpServer::Reply(RequestId id, const Response& response) {
  const auto it = held_.find(id);
  if (it == held_.end()) return;
  evhttp_request* const request = it->second->request;
  held_.erase(it);
  Send(request, response, Date());
}

void HttpServer::Cut(RequestId id) {
  const auto it = held_.find(id);
  if (it == held_.end()) return;
  evhttp_request* const request = it->second->request;
  held_.erase(it);
  evhttp_connection_free(evhttp_request_get_connection(request));
}

}  // namespace naming::node

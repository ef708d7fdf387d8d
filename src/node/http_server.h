// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_HTTP_SERVER_H_
#define NAMING_NODE_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "node/event_loop.h"
#include "node/listen_socket.h"
#include "node/message.h"

struct bufferevent;
struct evhttp;
struct evhttp_request;

namespace naming::node {

// Serves HTTP/1.1 with libevent's evhttp: what the node says in its own way,
// such as the headers of its answers, is here; all the rest is evhttp's.
//
// Used on the loop's thread, or before it runs and after it ended. Destroying
// it closes every connection; held requests get no answer.
class HttpServer final {
 public:
  // Returns the answer to a request; nullopt: it is held, and Reply() will be
  // called with its id.
  using Handle =
      std::function<std::optional<Response>(RequestId, const Request&)>;

  // Called with a held request whose client has closed the connection: it is
  // not to be answered any more.
  using Drop = std::function<void(RequestId)>;

  // Serves what comes in on `socket`. `loop` outlives the server. Null when
  // memory is out.
  static std::unique_ptr<HttpServer> Create(EventLoop& loop,
                                            ListenSocket socket, Handle handle,
                                            Drop drop);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Answers a held request; one that isn't held does nothing.
  void Reply(RequestId id, const Response& response);

 private:
  struct Held {
    HttpServer* server;
    RequestId id;
    evhttp_request* request;
  };
  struct HttpDeleter {
    void operator()(evhttp* http) const;
  };

  HttpServer(Handle handle, Drop drop);

  bool Listen(EventLoop& loop, ListenSocket socket);
  void OnRequest(evhttp_request* request);
  void Hold(RequestId id, evhttp_request* request);
  static void OnHeldRead(bufferevent* connection, void* held);
  static void OnHeldEvent(bufferevent* connection, short what, void* held);

  const Handle handle_;
  const Drop drop_;
  RequestId last_id_ = 0;
  std::unordered_map<RequestId, std::unique_ptr<Held>> held_;
  std::unique_ptr<evhttp, HttpDeleter> http_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_HTTP_SERVER_H_

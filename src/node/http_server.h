// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_HTTP_SERVER_H_
#define NAMING_NODE_HTTP_SERVER_H_

#include <chrono>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "node/doorkeeper.h"
#include "node/event_loop.h"
#include "node/listen_socket.h"
#include "node/message.h"

struct bufferevent;
struct evhttp;
struct evhttp_request;

namespace naming::node {

// What a connection may do, by the machine's clock.
struct HttpLimits {
  // How long it may send nothing: between requests, or in the middle of one.
  // Longer than the pause between a client's renewals.
  std::chrono::milliseconds idle{120'000};

  // How long it may take nothing of its answer. It has only one at a time, so
  // what waits to be taken is bounded too.
  std::chrono::milliseconds stuck{30'000};
};

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
                                            Drop drop, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Answers a held request; one that isn't held does nothing.
  void Reply(RequestId id, const Response& response);

  // Closes the connection of a held request; of one that isn't held, nothing.
  // Not to be called by the function that handles requests.
  void Cut(RequestId id);

 private:
  struct Held {
    HttpServer* server;
    RequestId id;
    evhttp_request* request;
  };
  struct HttpDeleter {
    void operator()(evhttp* http) const;
  };

  HttpServer(Handle handle, Drop drop, HttpLimits limits);

  bool Listen(EventLoop& loop, ListenSocket socket);
  void OnRequest(evhttp_request* request);
  // Returns the value of a Date header; it is good for a second.
  const std::string& Date();
  void Hold(RequestId id, evhttp_request* request);
  static void OnHeldRead(bufferevent* connection, void* held);
  static void OnHeldEvent(bufferevent* connection, short what, void* held);

  const Handle handle_;
  const Drop drop_;
  const HttpLimits limits_;
  RequestId last_id_ = 0;
  std::time_t date_time_ = -1;
  std::string date_;
  std::unordered_map<RequestId, std::unique_ptr<Held>> held_;
  std::unique_ptr<evhttp, HttpDeleter> http_;
  std::unique_ptr<Doorkeeper> doorkeeper_;  // Of what http_ listens on.
};

}  // namespace naming::node

#endif  // NAMING_NODE_HTTP_SERVER_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_PEER_HTTP_CLIENT_H_
#define NAMING_NODE_PEER_HTTP_CLIENT_H_

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/url.h"
#include "net/http_client.h"
#include "node/event_loop.h"

struct evdns_base;
struct evhttp_request;

namespace naming::node {

// HttpClient with libevent's evhttp, on the node's own loop. Connections are
// kept for further requests to the same host and port.
//
// Only http:// URLs. A request's timeout, which runs by the machine's clock,
// covers connecting too: kDeadlineExceeded says that either took too long.
//
// Destroying it drops every request without calling its `done`.
class PeerHttpClient final : public net::HttpClient {
 public:
  // `loop` outlives the client.
  explicit PeerHttpClient(EventLoop& loop);
  ~PeerHttpClient() override;

  RequestId Send(net::HttpRequest request, Done done) override;
  void Abort(RequestId id) override;

 private:
  struct Connection;
  struct Exchange;
  struct DnsDeleter {
    void operator()(evdns_base* dns) const;
  };

  void Begin(RequestId id);
  bool Start(Exchange& exchange);
  void OnEnd(Exchange& exchange, evhttp_request* request);
  std::unique_ptr<Connection> Connect(const base::HostPort& host_port);
  evdns_base* Dns();
  // Keeps what comes of an exchange, and gives it to `done` from the loop.
  void Finish(Exchange& exchange, absl::StatusOr<net::HttpResponse> result);
  void Deliver(RequestId id);
  void Release(std::unique_ptr<Connection> connection);

  EventLoop& loop_;
  std::unique_ptr<evdns_base, DnsDeleter> dns_;
  RequestId last_id_ = 0;
  std::uint64_t last_connection_ = 0;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle_;
  std::unordered_map<RequestId, std::unique_ptr<Exchange>> exchanges_;
  // Whether this object is still there, for tasks of the loop.
  const std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace naming::node

#endif  // NAMING_NODE_PEER_HTTP_CLIENT_H_

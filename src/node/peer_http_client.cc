// SPDX-License-Identifier: Apache-2.0

#include "node/peer_http_client.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace naming::node {
namespace {

constexpr std::size_t kMaxIdlePerPeer = 8;

bool IsNumeric(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

// Returns what follows "scheme://host:port".
std::string TargetOf(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t path = url.find('/', host);
  return path == std::string::npos ? "/" : url.substr(path);
}

}  // namespace

// Serves one exchange at a time. After a failure evhttp has closed its socket,
// and opens another for the next request.
struct PeerHttpClient::Connection {
  struct Deleter {
    void operator()(evhttp_connection* connection) const {
      evhttp_connection_set_closecb(connection, nullptr, nullptr);
      evhttp_connection_free(connection);
    }
  };

  std::string peer;
  std::unique_ptr<evhttp_connection, Deleter> evhttp;
  bool is_open = false;
  std::uint64_t number = 0;  // Of what is open: HttpResponse::connection.
};

struct PeerHttpClient::Exchange {
  struct EventDeleter {
    void operator()(event* event) const { event_free(event); }
  };

  ~Exchange() {
    if (evhttp != nullptr) evhttp_cancel_request(evhttp);
  }

  PeerHttpClient* client = nullptr;
  RequestId id = 0;
  net::HttpRequest request;
  Done done;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<event, EventDeleter> timer;
  evhttp_request* evhttp = nullptr;  // Null: none is under way.
  std::optional<evhttp_request_error> error;
  bool is_reused = false;  // The connection was open before the request.
  std::optional<absl::StatusOr<net::HttpResponse>> result;
};

namespace {

absl::Status WhyNot(std::optional<evhttp_request_error> error) {
  if (!error) return absl::UnavailableError("can't connect");
  switch (*error) {
    case EVREQ_HTTP_TIMEOUT:
      return absl::DeadlineExceededError("no answer in time");
    case EVREQ_HTTP_DATA_TOO_LONG:
      return absl::ResourceExhaustedError("the answer is too large");
    case EVREQ_HTTP_INVALID_HEADER:
      return absl::UnavailableError("the answer isn't HTTP");
    default:
      return absl::UnavailableError("the connection was cut off");
  }
}

net::HttpResponse ReadResponse(evhttp_request* request) {
  net::HttpResponse response;
  response.status_code = evhttp_request_get_response_code(request);
  evbuffer* const buffer = evhttp_request_get_input_buffer(request);
  response.body.resize(evbuffer_get_length(buffer));
  evbuffer_remove(buffer, response.body.data(), response.body.size());
  return response;
}

}  // namespace

void PeerHttpClient::DnsDeleter::operator()(evdns_base* dns) const {
  evdns_base_free(dns, 0);
}

PeerHttpClient::PeerHttpClient(EventLoop& loop) : loop_(loop) {}

PeerHttpClient::~PeerHttpClient() { *is_alive_ = false; }

net::HttpClient::RequestId PeerHttpClient::Send(net::HttpRequest request,
                                                Done done) {
  const RequestId id = ++last_id_;
  auto exchange = std::make_unique<Exchange>();
  exchange->client = this;
  exchange->id = id;
  exchange->request = std::move(request);
  exchange->done = std::move(done);
  exchange->timer.reset(event_new(
      loop_.base(), -1, 0,
      [](evutil_socket_t, short, void* timed_out) {
        auto* const late = static_cast<Exchange*>(timed_out);
        if (late->evhttp != nullptr) {
          evhttp_cancel_request(std::exchange(late->evhttp, nullptr));
        }
        late->client->Finish(*late, WhyNot(EVREQ_HTTP_TIMEOUT));
      },
      exchange.get()));
  const timeval timeout = ToTimeval(exchange->request.timeout);
  event_add(exchange->timer.get(), &timeout);
  exchanges_.emplace(id, std::move(exchange));
  Begin(id);
  return id;
}

void PeerHttpClient::Abort(RequestId id) { exchanges_.erase(id); }

void PeerHttpClient::Begin(RequestId id) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end() || it->second->result) return;
  Exchange& exchange = *it->second;
  if (exchange.connection == nullptr) {
    const std::optional<base::Address> address =
        base::ParseAddress(exchange.request.url);
    if (!address || address->scheme != "http") {
      Finish(exchange, absl::InvalidArgumentError("the URL can't be used"));
      return;
    }
    exchange.connection = Connect(address->host_port);
  }
  if (exchange.connection == nullptr || !Start(exchange)) {
    Finish(exchange, absl::UnavailableError("out of memory or descriptors"));
  }
}

bool PeerHttpClient::Start(Exchange& exchange) {
  evhttp_request* const request = evhttp_request_new(
      [](evhttp_request* answered, void* ended) {
        auto* const done = static_cast<Exchange*>(ended);
        done->evhttp = nullptr;
        done->client->OnEnd(*done, answered);
      },
      &exchange);
  if (request == nullptr) return false;
  evhttp_request_set_error_cb(request,
                              [](evhttp_request_error error, void* failed) {
                                static_cast<Exchange*>(failed)->error = error;
                              });
  Connection& connection = *exchange.connection;
  exchange.error.reset();
  exchange.is_reused = std::exchange(connection.is_open, true);
  if (!exchange.is_reused) connection.number = ++last_connection_;
  evkeyvalq* const headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Host", connection.peer.c_str());
  for (const auto& [name, value] : exchange.request.headers) {
    evhttp_add_header(headers, name.c_str(), value.c_str());
  }
  const bool is_post =
      exchange.request.method == net::HttpRequest::Method::kPost;
  if (is_post) {
    evbuffer_add(evhttp_request_get_output_buffer(request),
                 exchange.request.body.data(), exchange.request.body.size());
  }
  evhttp_connection_set_max_body_size(
      connection.evhttp.get(),
      static_cast<ev_ssize_t>(exchange.request.max_response_bytes));
  exchange.evhttp = request;
  const int made =
      evhttp_make_request(connection.evhttp.get(), request,
                          is_post ? EVHTTP_REQ_POST : EVHTTP_REQ_GET,
                          TargetOf(exchange.request.url).c_str());
  if (made == 0) return true;
  exchange.evhttp = nullptr;
  return false;
}

// `request` is null, or without a status code, when there is no answer.
void PeerHttpClient::OnEnd(Exchange& exchange, evhttp_request* request) {
  if (request != nullptr && evhttp_request_get_response_code(request) != 0) {
    net::HttpResponse response = ReadResponse(request);
    response.connection = exchange.connection->number;
    response.alive_at = response.connection;
    Finish(exchange, std::move(response));
    return;
  }
  exchange.connection->is_open = false;
  // The peer may have closed an idle connection just as it was used again.
  const bool was_reused = std::exchange(exchange.is_reused, false);
  const bool was_cut = exchange.error == EVREQ_HTTP_EOF ||
                       exchange.error == EVREQ_HTTP_BUFFER_ERROR;
  if (was_reused && was_cut) {
    loop_.Post([this, alive = is_alive_, id = exchange.id] {
      if (*alive) Begin(id);
    });
    return;
  }
  Finish(exchange, WhyNot(exchange.error));
}

std::unique_ptr<PeerHttpClient::Connection> PeerHttpClient::Connect(
    const base::HostPort& host_port) {
  const std::string peer = host_port.ToString();
  std::vector<std::unique_ptr<Connection>>& idle = idle_[peer];
  if (!idle.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }
  auto connection = std::make_unique<Connection>();
  connection->peer = peer;
  connection->evhttp.reset(evhttp_connection_base_new(
      loop_.base(), IsNumeric(host_port.host) ? nullptr : Dns(),
      host_port.host.c_str(), host_port.port));
  if (connection->evhttp == nullptr) return nullptr;
  evhttp_connection_set_closecb(
      connection->evhttp.get(),
      [](evhttp_connection*, void* closed) {
        static_cast<Connection*>(closed)->is_open = false;
      },
      connection.get());
  return connection;
}

// Made when a host has a name: without it evhttp would look that up while the
// loop waits.
evdns_base* PeerHttpClient::Dns() {
  if (dns_ != nullptr) return dns_.get();
  dns_.reset(evdns_base_new(
      loop_.base(),
      EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE));
  if (dns_ == nullptr) {  // No /etc/resolv.conf.
    dns_.reset(evdns_base_new(loop_.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE));
    evdns_base_load_hosts(dns_.get(), "/etc/hosts");
  }
  return dns_.get();
}

void PeerHttpClient::Finish(Exchange& exchange,
                            absl::StatusOr<net::HttpResponse> result) {
  if (exchange.result) return;
  exchange.result = std::move(result);
  event_del(exchange.timer.get());
  loop_.Post([this, alive = is_alive_, id = exchange.id] {
    if (*alive) Deliver(id);
  });
}

void PeerHttpClient::Deliver(RequestId id) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) return;
  const std::unique_ptr<Exchange> exchange = std::move(it->second);
  exchanges_.erase(it);
  if (exchange->connection != nullptr) {
    Release(std::move(exchange->connection));
  }
  exchange->done(*std::move(exchange->result));
}

void PeerHttpClient::Release(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>>& idle = idle_[connection->peer];
  if (idle.size() < kMaxIdlePerPeer) idle.push_back(std::move(connection));
}

}  // namespace naming::node

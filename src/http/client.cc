// SPDX-License-Identifier: Apache-2.0

#include "naming/http/client.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/backoff.h"
#include "base/text.h"
#include "http/lease.h"
#include "http/listening_balancer.h"
#include "http/pool.h"
#include "http/request.h"
#include "http/retry_budget.h"
#include "naming/balancer/p2c.h"
#include "naming/target.h"
#include "net/curl_exchange.h"

namespace naming::http {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How many times longer than `retry_delay` a repetition waits at most.
constexpr int kMaxDelayFactor = 16;

// One request on its way through its attempts.
struct Call {
  const Request& request;
  const Clock::time_point deadline;
  const bool may_repeat;
  base::Backoff backoff;
  std::vector<std::string> tried = {};
  int attempts = 0;
  Endpoint endpoint = {};           // Of the last attempt.
  net::ExchangeResult result = {};  // Of the last attempt.

  milliseconds left() const {
    return std::chrono::ceil<milliseconds>(deadline - Clock::now());
  }
  bool HasTried(const std::string& address) const {
    return std::find(tried.begin(), tried.end(), address) != tried.end();
  }
};

std::unique_ptr<Balancer> MakeBalancer(const BalancedOptions& choice) {
  if (choice.make_balancer) return choice.make_balancer();
  balancer::P2cOptions p2c;
  p2c.color = choice.color;
  return std::make_unique<balancer::P2c>(std::move(p2c));
}

std::shared_ptr<const net::ExchangeSetting> SettingOf(
    const ClientOptions& options) {
  auto setting = std::make_shared<net::ExchangeSetting>();
  setting->tls.ca_file = options.ca_file;
  setting->tls.cert_file = options.cert_file;
  setting->tls.key_file = options.key_file;
  setting->tls.is_checked = !options.skips_server_check;
  setting->connect_timeout = options.connect_timeout;
  setting->idle_timeout = options.idle_timeout;
  setting->max_header_bytes = options.max_header_bytes;
  setting->max_body_bytes = options.max_response_bytes;
  setting->max_redirects = options.max_redirects;
  return setting;
}

absl::StatusOr<Route> RouteOf(const ClientOptions& options,
                              const Target& target) {
  if (target.addr_scheme && !IsHttpScheme(*target.addr_scheme)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "http: target %s: scheme: must be http or https", target.app_id));
  }
  Route route;
  route.timeout = options.timeout;
  route.setting = SettingOf(options);
  if (options.host_mode == HostMode::kInstance) return route;
  route.host = options.host.empty() ? target.app_id : options.host;
  if (IsHostName(route.host)) return route;
  return absl::InvalidArgumentError(
      absl::StrFormat("http: options.host: must be set, because %s can't be a "
                      "host's name",
                      target.app_id));
}

std::shared_ptr<Pool> PoolOf(const ClientOptions& options, const Route& route) {
  return std::make_shared<Pool>(
      [route](const std::string& address) {
        return std::make_unique<net::CurlExchange>(*route.setting, route.host,
                                                   route.Detour(address));
      },
      static_cast<std::size_t>(options.max_idle_connections),
      options.idle_timeout);
}

using MakeBalanced = std::function<absl::StatusOr<std::unique_ptr<Balanced>>(
    BalancedOptions choice)>;

}  // namespace

std::optional<std::string_view> Response::Header(std::string_view name) const {
  const std::string wanted = base::ToLower(name);
  for (const auto& [key, value] : headers) {
    if (base::ToLower(key) == wanted) return value;
  }
  return std::nullopt;
}

struct Client::Rep {
  Rep(ClientOptions given_options, std::string given_app_id, Route given_route)
      : options(std::move(given_options)),
        app_id(std::move(given_app_id)),
        route(std::move(given_route)),
        pool(PoolOf(options, route)),
        budget(options.retry_share, options.retry_burst),
        next_seed(std::random_device()()) {}

  static absl::StatusOr<std::unique_ptr<Rep>> Create(std::string_view target,
                                                     ClientOptions options,
                                                     const MakeBalanced& make);

  absl::StatusOr<Response> Send(const Request& request);
  absl::StatusOr<naming::Pick> Choose(Call& call);
  void Attempt(Call& call, naming::Pick pick);
  milliseconds TimeFor(const Call& call) const;
  absl::StatusOr<Response> Answer(Call& call) const;

  const ClientOptions options;
  const std::string app_id;
  const Route route;
  const std::shared_ptr<Pool> pool;  // Also held by the Balancer.
  RetryBudget budget;
  std::atomic<std::uint64_t> next_seed;
  std::unique_ptr<Balanced> balanced;
};

absl::StatusOr<std::unique_ptr<Client::Rep>> Client::Rep::Create(
    std::string_view target, ClientOptions options, const MakeBalanced& make) {
  const absl::Status status = Validate(options);
  if (!status.ok()) return status;
  absl::StatusOr<Target> parsed = Target::Parse(target);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<Route> route = RouteOf(options, *parsed);
  if (!route.ok()) return route.status();
  if (options.choice.filter.addr_scheme.empty()) {
    options.choice.filter.addr_scheme = "http";
  }
  BalancedOptions choice = options.choice;
  auto rep = std::make_unique<Rep>(
      std::move(options), std::move(parsed->app_id), *std::move(route));
  choice.make_balancer = [choice,
                          pool = rep->pool]() -> std::unique_ptr<Balancer> {
    auto balancer = MakeBalancer(choice);
    if (balancer == nullptr) return nullptr;
    return std::make_unique<ListeningBalancer>(
        std::move(balancer), [pool](std::set<std::string> addresses) {
          pool->Keep(std::move(addresses));
        });
  };
  auto balanced = make(std::move(choice));
  if (!balanced.ok()) return balanced.status();
  rep->balanced = *std::move(balanced);
  return rep;
}

absl::StatusOr<Response> Client::Rep::Send(const Request& request) {
  Call call{request, Clock::now() + request.timeout.value_or(options.timeout),
            MayRepeat(request),
            base::Backoff(options.retry_delay,
                          options.retry_delay * kMaxDelayFactor, ++next_seed)};
  budget.Deposit();
  for (;;) {
    absl::StatusOr<naming::Pick> pick = Choose(call);
    if (!pick.ok()) {
      if (call.attempts > 0 && !absl::IsCancelled(pick.status())) break;
      return pick.status();
    }
    Attempt(call, *std::move(pick));
    if (!WantsRepetition(call.result, call.may_repeat) ||
        call.attempts >= options.max_attempts || call.left().count() <= 0 ||
        !budget.Take()) {
      break;
    }
    call.tried.push_back(call.endpoint.address);
  }
  return Answer(call);
}

// Fails also when there is no time left to try again.
absl::StatusOr<naming::Pick> Client::Rep::Choose(Call& call) {
  PickOptions wanted = call.request.pick;
  wanted.avoid.insert(wanted.avoid.end(), call.tried.begin(), call.tried.end());
  absl::StatusOr<naming::Pick> pick = balanced->Pick(wanted);
  if (!pick.ok() || !call.HasTried(pick->endpoint().address)) return pick;
  // All were tried. Who sleeps isn't calling it.
  const milliseconds delay = call.backoff.Next();
  pick = absl::DeadlineExceededError("no time left");
  if (delay >= call.left()) return pick;
  if (!pool->Sleep(delay)) {
    return absl::CancelledError(absl::StrFormat(
        "http: %s: it is being destroyed", Describe(call.request, app_id)));
  }
  return balanced->Pick(wanted);
}

milliseconds Client::Rep::TimeFor(const Call& call) const {
  const milliseconds left = std::max(call.left(), milliseconds(1));
  const bool is_last = !call.may_repeat ||
                       call.attempts >= options.max_attempts ||
                       !budget.HasToken();
  return is_last ? left : std::min(left, options.attempt_timeout);
}

void Client::Rep::Attempt(Call& call, naming::Pick pick) {
  ++call.attempts;
  call.endpoint = pick.endpoint();
  net::ExchangeRequest exchange_request;
  exchange_request.method = call.request.method;
  exchange_request.url = route.UrlOf(call.endpoint, call.request.path);
  exchange_request.headers = &call.request.headers;
  exchange_request.body = call.request.body;
  exchange_request.timeout = TimeFor(call);
  exchange_request.may_repeat = call.may_repeat;
  std::unique_ptr<net::CurlExchange> exchange =
      pool->Take(call.endpoint.address);
  call.result = exchange->Run(exchange_request);
  pool->Give(call.endpoint.address, std::move(exchange),
             call.result.status.ok());
  pick.Done(OutcomeOf(call.result.fault, call.result.status_code));
}

absl::StatusOr<Response> Client::Rep::Answer(Call& call) const {
  const absl::Status& status = call.result.status;
  if (!status.ok()) {
    return absl::Status(
        status.code(),
        absl::StrFormat("http: %s: %s: %s; %d attempt%s",
                        Describe(call.request, app_id), call.endpoint.address,
                        std::string(status.message()), call.attempts,
                        call.attempts == 1 ? "" : "s"));
  }
  Response response;
  response.status_code = call.result.status_code;
  response.headers = std::move(call.result.headers);
  response.body = std::move(call.result.body);
  response.endpoint = std::move(call.endpoint);
  response.attempts = call.attempts;
  return response;
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const Builders& builders,
                                                       std::string_view target,
                                                       ClientOptions options) {
  auto rep = Rep::Create(
      target, std::move(options), [&builders, target](BalancedOptions choice) {
        return Balanced::Create(builders, target, std::move(choice));
      });
  if (!rep.ok()) return rep.status();
  return std::unique_ptr<Client>(new Client(*std::move(rep)));
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(Builder& builder,
                                                       std::string_view target,
                                                       ClientOptions options) {
  auto rep = Rep::Create(
      target, std::move(options), [&builder, target](BalancedOptions choice) {
        return Balanced::Create(builder, target, std::move(choice));
      });
  if (!rep.ok()) return rep.status();
  return std::unique_ptr<Client>(new Client(*std::move(rep)));
}

Client::Client(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Client::~Client() { rep_->pool->Close(); }

absl::StatusOr<Response> Client::Do(const Request& request) {
  const absl::Status status = Check(request);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("http: request to %s: %s", rep_->app_id,
                        std::string(status.message())));
  }
  if (!rep_->pool->Enter()) {
    return absl::CancelledError(absl::StrFormat(
        "http: %s: it is being destroyed", Describe(request, rep_->app_id)));
  }
  absl::StatusOr<Response> response = rep_->Send(request);
  rep_->pool->Leave();
  return response;
}

absl::StatusOr<Response> Client::Get(std::string_view path) {
  Request request;
  request.path = path;
  return Do(request);
}

absl::StatusOr<Response> Client::Post(std::string_view path, std::string body,
                                      std::string_view content_type) {
  Request request;
  request.method = "POST";
  request.path = path;
  request.body = std::move(body);
  request.headers = {{"Content-Type", std::string(content_type)}};
  return Do(request);
}

absl::StatusOr<Lease> Client::Pick(const PickOptions& options) {
  absl::StatusOr<naming::Pick> pick = rep_->balanced->Pick(options);
  if (!pick.ok()) return pick.status();
  return Lease(std::make_unique<Lease::Rep>(*std::move(pick), rep_->route));
}

absl::Status Client::WaitReady(std::chrono::milliseconds timeout) {
  return rep_->balanced->WaitReady(timeout);
}

BalancedStats Client::stats() const { return rep_->balanced->stats(); }

}  // namespace naming::http

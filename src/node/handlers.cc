// SPDX-License-Identifier: Apache-2.0

#include "node/handlers.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "base/text.h"
#include "node/answers.h"
#include "node/peer_protocol.h"
#include "node/request_path.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;

// How long a poll is held when its client sets no shorter limit.
constexpr milliseconds kMaxHold = std::chrono::seconds(30);

// The limit of other requests in the real server's sample configuration.
constexpr milliseconds kMaxWrite = std::chrono::seconds(40);

// How long reads are protected at most, as in the real server, and in earlier
// ones.
constexpr std::chrono::seconds kProtection{60};
constexpr std::chrono::seconds kLeakingProtection{90};

// What a server takes off a client's time limit, for the way back.
constexpr milliseconds kTimeoutMargin{20};

// The header x1-bmspy-timeout is the client's limit in milliseconds; what isn't
// a positive number is none. `max` is the node's own.
milliseconds TimeLimit(std::string_view timeout, milliseconds max) {
  const std::optional<std::int64_t> limit = base::ParseInt64(timeout);
  if (!limit || *limit <= 0) return max;
  if (*limit >= (max + kTimeoutMargin).count()) return max;
  const milliseconds hold{*limit};
  return hold > kTimeoutMargin ? hold - kTimeoutMargin : hold;
}

// Returns the status that a set asks for; 0, which is none, for what doesn't
// fit.
std::uint32_t StatusOf(std::int64_t number) {
  const auto status = static_cast<std::uint32_t>(number);
  return status == number ? status : 0;
}

}  // namespace

std::optional<Response> Handlers::Handle(RequestId id, const Request& request) {
  const std::optional<std::string> path = PathOf(request.target);
  const Route* const route = path ? FindRoute(*path) : nullptr;
  if (route == nullptr) return PathAnswer();
  if (route->method != request.method) return MethodAnswer();
  const Form form(request, directory_.quirks());
  if (route->method == "GET" && IsProtected()) {
    const Quirks quirks = directory_.quirks();
    if (quirks.leaking_protection()) return Leak(id, request, form, *route);
    return WithCallback(ProtectedAnswer(), form.First("callback"));
  }
  std::optional<Response> response =
      (this->*route->function)(id, request, form);
  if (!response) return std::nullopt;
  return WithCallback(*std::move(response), form.First("callback"));
}

const Handlers::Route* Handlers::FindRoute(std::string_view path) {
  static const auto* const routes = new std::map<std::string_view, Route>{
      {"/discovery/register", {"POST", &Handlers::Register}},
      {"/discovery/renew", {"POST", &Handlers::Renew}},
      {"/discovery/cancel", {"POST", &Handlers::Cancel}},
      {"/discovery/set", {"POST", &Handlers::Set}},
      {"/discovery/fetch", {"GET", &Handlers::Fetch}},
      {"/discovery/fetchs", {"GET", &Handlers::Fetchs}},
      {"/discovery/fetch/all", {"GET", &Handlers::FetchAll}},
      {"/discovery/poll", {"GET", &Handlers::Poll}},
      {"/discovery/polls", {"GET", &Handlers::Polls}},
      {"/discovery/nodes", {"GET", &Handlers::Nodes}}};
  const auto it = routes->find(path);
  return it == routes->end() ? nullptr : &it->second;
}

std::optional<Response> Handlers::Leak(RequestId id, const Request& request,
                                       const Form& form, const Route& route) {
  const std::optional<Response> response =
      (this->*route.function)(id, request, form);
  if (!response) return std::nullopt;
  return BehindProtectedAnswer(*response, form.First("callback"));
}

void Handlers::ProtectReads() {
  protected_until_ =
      directory_.clock().Now() + (directory_.quirks().leaking_protection()
                                      ? kLeakingProtection
                                      : kProtection);
}

bool Handlers::IsProtected() {
  if (!protected_until_) return false;
  const bool is_over = directory_.clock().Now() >= *protected_until_ ||
                       (replicator_ != nullptr && replicator_->has_synced());
  if (is_over) protected_until_.reset();
  return !is_over;
}

std::optional<Response> Handlers::Pass(RequestId id, const Request& request,
                                       const Form& form, const Write& write,
                                       const Origin& origin,
                                       Response response) {
  if (replicator_ == nullptr) return response;
  const bool is_held = replicator_->Pass(
      write, origin, TimeLimit(request.timeout, kMaxWrite),
      [this, id, answer = WithCallback(response, form.First("callback"))] {
        reply_(id, answer);
      });
  if (is_held) return std::nullopt;
  return response;
}

std::optional<Response> Handlers::Register(RequestId id, const Request& request,
                                           const Form& form) {
  absl::StatusOr<RegisterArguments> arguments =
      RegisterArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  absl::StatusOr<std::optional<Metadata>> metadata =
      ParseMetadata(arguments->metadata);
  // The real server looks at the status first, and then forgets to answer.
  if (arguments->status > kStatusWaiting) return EmptyAnswer();
  if (!metadata.ok()) return CodeAnswer(kCodeBadRequest);
  RegisterRequest registration;
  registration.dirty_timestamp = arguments->dirty_timestamp;
  // What another zone passes on isn't the registrant's own word either.
  registration.is_replica = arguments->is_replica || arguments->is_from_zone;
  StoredInstance& instance = registration.instance;
  instance.region = std::move(arguments->region);
  instance.zone = std::move(arguments->zone);
  instance.env = std::move(arguments->env);
  instance.app_id = std::move(arguments->app_id);
  instance.hostname = std::move(arguments->hostname);
  instance.addrs = std::move(arguments->addrs);
  const bool is_passed_on = arguments->is_replica || arguments->is_from_zone;
  if (is_passed_on && !directory_.quirks().joined_addrs()) {
    instance.addrs = SplitAddresses(instance.addrs);
  }
  instance.version = std::move(arguments->version);
  instance.metadata = *std::move(metadata);
  instance.status = arguments->status;
  const InstanceKey key = KeyOf(instance);
  directory_.Register(std::move(registration));
  return Pass(id, request, form, Write::Register(key),
              {arguments->is_replica, arguments->is_from_zone},
              CodeAnswer(kCodeOk));
}

std::optional<Response> Handlers::Renew(RequestId id, const Request& request,
                                        const Form& form) {
  const absl::StatusOr<RenewArguments> arguments =
      RenewArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  const RenewOutcome outcome = directory_.Renew(arguments->key);
  if (!outcome.has_zone) return DataAnswer(kCodeNotFound, "null");
  if (outcome.instance == nullptr) {
    return DataAnswer(kCodeNotFound, EncodeInstance(StoredInstance(), true));
  }
  int code = kCodeOk;
  if (arguments->is_replica || arguments->is_from_zone) {
    const std::int64_t stored = outcome.instance->dirty_timestamp;
    if (arguments->dirty_timestamp > stored) code = kCodeNotFound;
    if (arguments->dirty_timestamp < stored) code = kCodeConflict;
  }
  return Pass(id, request, form, Write::Renew(arguments->key),
              {arguments->is_replica, arguments->is_from_zone},
              DataAnswer(code, EncodeInstance(*outcome.instance, false)));
}

std::optional<Response> Handlers::Cancel(RequestId id, const Request& request,
                                         const Form& form) {
  const absl::StatusOr<CancelArguments> arguments =
      CancelArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  const bool was_there =
      directory_.Cancel(arguments->key, arguments->latest_timestamp);
  // A peer may know what this node doesn't.
  return Pass(id, request, form,
              Write::Cancel(arguments->key, arguments->latest_timestamp),
              {arguments->is_replica, arguments->is_from_zone},
              CodeAnswer(was_there ? kCodeOk : kCodeNotFound));
}

std::optional<Response> Handlers::Set(RequestId id, const Request& request,
                                      const Form& form) {
  absl::StatusOr<SetArguments> arguments = SetArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  // The same on every node.
  if (replicator_ != nullptr && arguments->set_timestamp == 0 &&
      !directory_.quirks().zeroing_set()) {
    arguments->set_timestamp = UnixNanos(directory_.clock());
  }
  const std::size_t count = arguments->hostnames.size();
  const auto fits = [count](const auto& list) {
    return list.empty() || list.size() == count;
  };
  if (!fits(arguments->statuses) || !fits(arguments->metadata)) {
    return CodeAnswer(kCodeBadRequest);
  }
  std::vector<InstanceChange> changes(count);
  for (std::size_t i = 0; i < count; ++i) {
    changes[i].hostname = arguments->hostnames[i];
    if (!arguments->statuses.empty()) {
      changes[i].status = StatusOf(arguments->statuses[i]);
    }
    if (!arguments->metadata.empty()) {
      changes[i].metadata = ParseMetadataChange(arguments->metadata[i]);
    }
  }
  const SetOutcome outcome = directory_.Set(arguments->app, arguments->zone,
                                            changes, arguments->set_timestamp);
  return Pass(id, request, form, Write::Set(*arguments),
              {arguments->is_replica, arguments->is_from_zone},
              CodeAnswer(outcome.is_ok ? kCodeOk : kCodeBadRequest));
}

std::optional<Response> Handlers::Fetch(RequestId, const Request& request,
                                        const Form& form) {
  const absl::StatusOr<FetchArguments> arguments =
      FetchArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  const std::optional<AppView> app = directory_.store().Fetch(
      arguments->app, arguments->zone, arguments->status);
  if (!app) return DataAnswer(kCodeNotFound, "null");
  return DataAnswer(app->zones.empty() ? kCodeNotFound : kCodeOk,
                    EncodeApp(*app));
}

std::optional<Response> Handlers::Fetchs(RequestId, const Request& request,
                                         const Form& form) {
  const absl::StatusOr<FetchsArguments> arguments =
      FetchsArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  AppViews apps;
  for (const std::string& app_id : arguments->app_ids) {
    std::optional<AppView> app = directory_.store().Fetch(
        {arguments->env, app_id}, arguments->zone, arguments->status);
    if (app && !app->zones.empty()) apps[app_id] = *std::move(app);
  }
  return DataAnswer(kCodeOk, EncodeApps(apps));
}

std::optional<Response> Handlers::FetchAll(RequestId, const Request&,
                                           const Form&) {
  return DataAnswer(kCodeOk, EncodeAll(directory_.store()));
}

// Answers for the first application alone, though a change of any ends it.
std::optional<Response> Handlers::Poll(RequestId id, const Request& request,
                                       const Form& form) {
  absl::StatusOr<PollsArguments> arguments =
      PollsArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  const std::vector<std::string>& app_ids = arguments->app_ids;
  if (arguments->latest_timestamps.size() != app_ids.size()) {
    arguments->latest_timestamps.assign(app_ids.size(), 0);
  }
  PollFindings found = Look(*arguments);
  if (!found.missing.empty() && directory_.quirks().missing_app_fails_poll()) {
    return CodeAnswer(kCodeNotFound);
  }
  const std::string& first = app_ids.front();
  const auto news = found.news.find(first);
  const bool has_news = news != found.news.end();
  const bool is_missing = std::find(found.missing.begin(), found.missing.end(),
                                    first) != found.missing.end();
  // That an application has ended, this endpoint says with -404.
  if (is_missing || (has_news && news->second.zones.empty())) {
    return NoSuchAppAnswer(first);
  }
  if (has_news) return DataAnswer(kCodeOk, EncodeApp(news->second));
  if (!found.news.empty()) return DataAnswer(kCodeOk, "null");
  Hold(id, request, form, *arguments, false, std::move(found.missing));
  return std::nullopt;
}

std::optional<Response> Handlers::Polls(RequestId id, const Request& request,
                                        const Form& form) {
  const absl::StatusOr<PollsArguments> arguments =
      PollsArguments::Bind(request, form);
  if (!arguments.ok()) return BindAnswer(arguments.status());
  if (arguments->latest_timestamps.size() != arguments->app_ids.size()) {
    return CodeAnswer(kCodeBadRequest);
  }
  PollFindings found = Look(*arguments);
  const Quirks quirks = directory_.quirks();
  if (!found.missing.empty() && quirks.missing_app_fails_poll()) {
    return CodeAnswer(kCodeNotFound);
  }
  if (!found.news.empty()) {
    return PollsAnswer(found.news, found.missing, quirks);
  }
  Hold(id, request, form, *arguments, true, std::move(found.missing));
  return std::nullopt;
}

Handlers::PollFindings Handlers::Look(const PollsArguments& arguments) const {
  PollFindings found;
  for (std::size_t i = 0; i < arguments.app_ids.size(); ++i) {
    const std::string& app_id = arguments.app_ids[i];
    PollView view =
        directory_.store().Poll({arguments.env, app_id}, arguments.zone,
                                arguments.latest_timestamps[i]);
    if (view.is_missing) found.missing.push_back(app_id);
    if (view.news) found.news[app_id] = *std::move(view.news);
  }
  return found;
}

std::optional<Response> Handlers::Nodes(RequestId, const Request&,
                                        const Form&) {
  if (replicator_ != nullptr) {
    return DataAnswer(kCodeOk, EncodeNodes(replicator_->Nodes()));
  }
  const NodeIdentity& self = directory_.self();
  return DataAnswer(kCodeOk, EncodeNodes({{self.address, 0, self.zone}}));
}

void Handlers::Hold(RequestId id, const Request& request, const Form& form,
                    const PollsArguments& arguments, bool is_plural,
                    std::vector<std::string> missing) {
  Waiter waiter;
  waiter.id = id;
  waiter.is_plural = is_plural;
  waiter.env = arguments.env;
  waiter.hostname = arguments.hostname;
  waiter.zone = arguments.zone;
  waiter.app_ids = arguments.app_ids;
  waiter.missing = std::move(missing);
  waiter.callback = form.First("callback");
  waiter.is_protected = IsProtected();
  directory_.Hold(std::move(waiter), TimeLimit(request.timeout, kMaxHold));
}

}  // namespace naming::node

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_CHANNEL_H_
#define NAMING_GRPC_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/balanced.h"
#include "naming/balancer.h"
#include "naming/builder.h"
#include "naming/endpoint.h"
#include "naming/export.h"

// Whether a GrpcChannel is a grpc::ChannelInterface, as the library was built;
// its CMake target says so.
#ifndef NAMING_GRPC_FACADE
#define NAMING_GRPC_FACADE 1
#endif

namespace naming {

// How a GrpcChannel chooses and dials. Copied by GrpcChannel::Create().
//
// Thread-compatible. A value.
struct NAMING_EXPORT GrpcOptions {
  // --- Behaviour ---

  // Who is chosen: balancer, zone, color, subset, ejection. An empty
  // `filter.addr_scheme` means "grpc" here: an Instance without such an address
  // is skipped.
  BalancedOptions balanced;

  // Null: no TLS. With TLS, certificates are checked against the address of the
  // Endpoint, unless `authority` names another host.
  std::shared_ptr<grpc::ChannelCredentials> credentials;

  // The host that calls name (":authority"). Empty: the Endpoint's address.
  std::string authority;

  // How long a unary call may take whose ClientContext has no deadline. Zero:
  // for ever, as with gRPC. Range: [0ms, 24h].
  std::chrono::milliseconds default_timeout = std::chrono::milliseconds::zero();

  // Lets calls whose ClientContext says wait_for_ready wait for a connection
  // while there is none: before any list has come, while the list is empty,
  // while nobody can be reached. The wait ends with the call's deadline, and it
  // blocks whoever creates the call: not for programs that create calls in
  // reactors or in the loop of a CompletionQueue.
  bool block_until_ready = false;

  // Makes further interceptors, for each connection anew. Called on the
  // client's callback thread, or within WaitReady().
  std::function<std::vector<
      std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>()>
      make_interceptors;

  // --- Tuning ---

  // How long a connection that failed waits before it is tried again: the first
  // time, and at most. Range: [100ms, max_backoff], and [100ms, 1h].
  std::chrono::milliseconds min_backoff{200};
  std::chrono::milliseconds max_backoff{3000};

  // Pings after so long without data, and gives the connection up when no
  // answer comes in `keepalive_timeout`. Zero: never. Leave it alone unless
  // your servers allow it: by default they drop a client that pings more than
  // once in five minutes. Range: [0ms, 24h]; [1ms, 24h].
  std::chrono::milliseconds keepalive = std::chrono::milliseconds::zero();
  std::chrono::milliseconds keepalive_timeout{20'000};

  // What else gRPC is told for each connection, such as message sizes.
  grpc::ChannelArguments arguments;
};

// Returns whether a GrpcChannel can be made with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "grpc: options.default_timeout: must be in [0ms, 24h]".
NAMING_EXPORT absl::Status Validate(const GrpcOptions& options);

// What a Balancer is told of a call that ended so.
//
// A failure: UNAVAILABLE, INTERNAL, RESOURCE_EXHAUSTED, DATA_LOSS. A timeout:
// DEADLINE_EXCEEDED. Cancelled: CANCELLED, as a server also ends what it can't
// finish. Any other is an answer.
NAMING_EXPORT Outcome OutcomeOf(const grpc::Status& status);

// A server as a GrpcChannel sees it.
//
// Thread-compatible. A value.
struct NAMING_EXPORT GrpcPeer {
  Endpoint endpoint;
  grpc_connectivity_state state = GRPC_CHANNEL_IDLE;
  bool is_chosen_from = false;  // Connected and not ejected, or none is.
};

// One choice of a GrpcChannel for who needs a real grpc::Channel: a stub is
// made for it, called, and the outcome told.
//
// Destroyed without Done() it counts as cancelled.
//
// Thread-compatible. Movable; moved-from, it may be destroyed or assigned to.
class NAMING_EXPORT GrpcPick final {
 public:
  GrpcPick(Pick pick, std::shared_ptr<grpc::Channel> channel)
      : pick_(std::move(pick)), channel_(std::move(channel)) {}

  const Endpoint& endpoint() const { return pick_.endpoint(); }

  // Keeps the connection open as long as it is held, also when the Instance
  // leaves the list. Never null.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Tells how the call ended. Only the first call counts. Never waits.
  void Done(const grpc::Status& status) { pick_.Done(OutcomeOf(status)); }
  void Done(const Outcome& outcome) { pick_.Done(outcome); }

 private:
  Pick pick_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A channel for ordinary generated stubs, each of whose calls goes to a live
// Instance of an application:
//
//   auto channel = naming::GrpcChannel::Create(
//       client, "discovery://default/demo.greeter?subset=50");
//   auto stub = Greeter::NewStub(*channel);
//
// Behind it there is one grpc::Channel an Endpoint, dialled when the Endpoint
// appears, called when it is connected, and left to its calls in flight when it
// disappears; it closes with the last of their ClientContexts. Each call,
// whatever its style, is bound to an Endpoint when it is created, and its
// status is the outcome by which the Balancer learns. A stream is chosen for
// once, and its latency is the time to the server's first answer.
//
// While nobody is connected, a call goes to an Endpoint that is being
// connected, and waits there; when all have failed it fails with that reason.
// While there is no Endpoint at all it fails at once with UNAVAILABLE, whatever
// it says about wait_for_ready, unless `block_until_ready` is set.
//
// It overrides private virtual functions of grpc::ChannelInterface, which are
// not part of gRPC's API: should they ever change, this no longer compiles. It
// never fails silently. Built with the CMake option NAMING_GRPC_FACADE off, it
// overrides nothing, and is no channel for stubs; Pick(), and CallWithRetry()
// with a channel for each attempt, need nothing but the API.
//
// All GrpcChannels of a process share one thread, "naming-grpc", which follows
// the state of connections and lives as long as the process.
//
// Thread-safe. May outlive the Client, and then calls the last list; its calls
// may outlive it. Not to be destroyed within `balanced.on_event`.
class NAMING_EXPORT GrpcChannel final
#if NAMING_GRPC_FACADE
    : public grpc::ChannelInterface
#endif
{
 public:
  // Returns a channel for `target`, such as
  // "discovery://default/demo.greeter?subset=50". Never waits and does no I/O.
  //
  // Errors: kInvalidArgument, a part of `target` or an option is malformed, no
  // Builder has the scheme, or the backend doesn't know a parameter.
  static absl::StatusOr<std::shared_ptr<GrpcChannel>> Create(
      const Builders& builders, std::string_view target,
      GrpcOptions options = {});

  // The same with one Builder, such as a discovery::Client, which need not
  // outlive it.
  static absl::StatusOr<std::shared_ptr<GrpcChannel>> Create(
      Builder& builder, std::string_view target, GrpcOptions options = {});

#if NAMING_GRPC_FACADE
  ~GrpcChannel() override;
#else
  ~GrpcChannel();
#endif
  GrpcChannel(const GrpcChannel&) = delete;
  GrpcChannel& operator=(const GrpcChannel&) = delete;

  // Waits up to `timeout` for a list and for a connection to one of it.
  //
  // Errors: kDeadlineExceeded, there was none in time; kNotFound, no list was,
  // and the backend's last answer was that it knows no such application;
  // kCancelled, the client was destroyed before a list came.
  absl::Status WaitReady(std::chrono::milliseconds timeout);

  // Returns a choice for one call. Never waits.
  //
  // Errors: kUnavailable, there is no Endpoint; the message says why.
  absl::StatusOr<GrpcPick> Pick();
  absl::StatusOr<GrpcPick> Pick(const PickOptions& options);

  // Returns what the policies left, ejected ones included.
  std::vector<GrpcPeer> peers() const;

  BalancedStats stats() const;

  // Returns GRPC_CHANNEL_READY when an Endpoint is connected; else
  // GRPC_CHANNEL_CONNECTING while one is being connected, or no list has come;
  // else GRPC_CHANNEL_TRANSIENT_FAILURE. It connects by itself:
  // `try_to_connect` changes nothing.
#if NAMING_GRPC_FACADE
  grpc_connectivity_state GetState(bool try_to_connect) override;
#else
  grpc_connectivity_state GetState(bool try_to_connect);
#endif

 private:
  friend class GrpcRetryAccess;
  struct Rep;

  static absl::StatusOr<std::shared_ptr<GrpcChannel>> Finish(
      std::unique_ptr<Rep> rep,
      absl::StatusOr<std::unique_ptr<Balanced>> balanced);
  explicit GrpcChannel(std::unique_ptr<Rep> rep);

#if NAMING_GRPC_FACADE
  friend class GrpcCallScope;

  grpc::internal::Call CreateCall(const grpc::internal::RpcMethod& method,
                                  grpc::ClientContext* context,
                                  grpc::CompletionQueue* queue) override;
  void PerformOpsOnCall(grpc::internal::CallOpSetInterface* ops,
                        grpc::internal::Call* call) override;
  void* RegisterMethod(const char* method) override;
  void NotifyOnStateChangeImpl(grpc_connectivity_state last_observed,
                               gpr_timespec deadline,
                               grpc::CompletionQueue* queue,
                               void* tag) override;
  bool WaitForStateChangeImpl(grpc_connectivity_state last_observed,
                              gpr_timespec deadline) override;
  grpc::CompletionQueue* CallbackCQ() override;
#endif

  const std::unique_ptr<Rep> rep_;
};

#if NAMING_GRPC_FACADE
// Says, while it lives, what the calls ask for that are created on `channel`
// where it was made: a color, a key, whom to avoid. A scope within a scope
// replaces it.
//
// Only ever a local variable: destroyed by who made it, in the reverse order,
// as locals are. `channel` outlives it.
class NAMING_EXPORT GrpcCallScope final {
 public:
  explicit GrpcCallScope(GrpcChannel& channel, PickOptions options = {});
  ~GrpcCallScope();
  GrpcCallScope(const GrpcCallScope&) = delete;
  GrpcCallScope& operator=(const GrpcCallScope&) = delete;

  // Returns the address that the last call created within went to; empty: no
  // call was, or there was no Endpoint for it.
  const std::string& picked() const { return picked_; }

 private:
  friend class GrpcChannel;

  const GrpcChannel* const channel_;
  const PickOptions options_;
  std::string picked_;
  GrpcCallScope* const outer_;
};
#endif

}  // namespace naming

#endif  // NAMING_GRPC_CHANNEL_H_

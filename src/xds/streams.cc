// SPDX-License-Identifier: Apache-2.0

#include "xds/streams.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::xds {
namespace {

constexpr char kMethod[] =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
    "StreamAggregatedResources";

constexpr std::size_t kExcerptBytes = 300;

grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()),
          std::string(status.message())};
}

// Ends a call at once.
class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

SessionOptions MakeSessionOptions(const ServerOptions& options) {
  SessionOptions made;
  made.zone = options.zone;
  made.route.retries = options.retries;
  made.route.max_stream_duration = options.max_stream_duration;
  made.max_names = static_cast<std::size_t>(options.max_names);
  return made;
}

}  // namespace

// One client. gRPC calls OnReadDone() and OnWriteDone() at any time, each of
// them one at a time, and OnDone() last.
class Stream final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Stream(Streams& streams)
      : streams_(streams),
        session_(MakeSessionOptions(streams.options_),
                 [this](const std::string& name) {
                   return streams_.applications_.Find(name);
                 }) {}

  void Begin() { StartRead(&read_); }

  void OnChange(const std::string& name) {
    base::MutexLock lock(mutex_);
    session_.OnChange(name);
    WriteNext();
  }

  void OnReadDone(bool is_ok) override {
    if (!is_ok) return End(grpc::Status::OK);
    const auto request = DecodeRequest(BytesOf(read_));
    if (!request.ok()) return End(ToGrpc(request.status()));
    const absl::Status status = Take(*request);
    if (!status.ok()) return End(ToGrpc(status));
    StartRead(&read_);
  }

  void OnWriteDone(bool is_ok) override {
    base::MutexLock lock(mutex_);
    is_writing_ = false;
    if (is_ok) WriteNext();
  }

  void OnDone() override;

 private:
  absl::Status Take(const Request& request) {
    std::set<std::string> names;
    std::string node_id;
    {
      base::MutexLock lock(mutex_);
      absl::Status status = session_.OnRequest(request);
      if (!status.ok()) return status;
      names = session_.names();
      node_id = session_.node_id();
    }
    // Without the lock: a Watcher waits for its callback, which takes it.
    Follow(std::move(names));
    if (request.is_refusal) NoteRefusal(node_id, request);
    if (!TypeOf(request.type_url)) NoteUnserved(node_id, request);
    base::MutexLock lock(mutex_);
    WriteNext();
    return absl::OkStatus();
  }

  // Called on one thread at a time.
  void Follow(std::set<std::string> names) {
    for (const std::string& name : names) {
      if (followed_.count(name) == 0) streams_.applications_.Follow(name);
    }
    for (const std::string& name : followed_) {
      if (names.count(name) == 0) streams_.applications_.Unfollow(name);
    }
    followed_ = std::move(names);
  }

  void NoteRefusal(const std::string& node_id, const Request& request) {
    streams_.log_.Write(
        LogLevel::kWarning,
        absl::StrFormat("xds: client \"%s\" has refused a response of %s: %s",
                        base::Excerpt(node_id, kExcerptBytes),
                        base::Excerpt(request.type_url, kExcerptBytes),
                        base::Excerpt(request.error_message, kExcerptBytes)));
    base::MutexLock lock(streams_.mutex_);
    ++streams_.refusals_;
  }

  // Called on one thread at a time.
  void NoteUnserved(const std::string& node_id, const Request& request) {
    if (std::exchange(has_noted_unserved_, true)) return;
    streams_.log_.Write(
        LogLevel::kWarning,
        absl::StrFormat("xds: client \"%s\" asks for %s, which isn't served",
                        base::Excerpt(node_id, kExcerptBytes),
                        base::Excerpt(request.type_url, kExcerptBytes)));
  }

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_writing_ || is_over_) return;
    const auto response = session_.Next();
    if (!response) return;
    const grpc::Slice slice(*response);
    written_ = grpc::ByteBuffer(&slice, 1);
    is_writing_ = true;
    StartWrite(&written_);
    base::MutexLock lock(streams_.mutex_);
    ++streams_.responses_;
  }

  void End(const grpc::Status& status) {
    base::MutexLock lock(mutex_);
    if (is_over_) return;
    is_over_ = true;
    Finish(status);
  }

  Streams& streams_;
  grpc::ByteBuffer read_;
  std::set<std::string> followed_;
  bool has_noted_unserved_ = false;

  base::Mutex mutex_;  // Before that of Streams.
  Session session_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer written_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
};

void Stream::OnDone() {
  Follow({});
  std::shared_ptr<Stream> self;  // Whoever tells of a change may have it, too.
  base::MutexLock lock(streams_.mutex_);
  const auto it = streams_.streams_.find(this);
  self = std::move(it->second);
  streams_.streams_.erase(it);
}

Streams::Streams(Builder& builder, const ServerOptions& options)
    : options_(options),
      log_(options.log_sink),
      applications_(builder, options.addr_scheme, log_,
                    [this](const std::string& name) { OnChange(name); }) {}

Streams::~Streams() = default;

grpc::ServerGenericBidiReactor* Streams::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (context->method() != kMethod) {
    return new Refusal({grpc::StatusCode::UNIMPLEMENTED,
                        "naming: only " + std::string(kMethod)});
  }
  auto stream = std::make_shared<Stream>(*this);
  {
    base::MutexLock lock(mutex_);
    if (streams_.size() >= static_cast<std::size_t>(options_.max_streams)) {
      return new Refusal(
          {grpc::StatusCode::RESOURCE_EXHAUSTED, "naming: too many streams"});
    }
    streams_.emplace(stream.get(), stream);
  }
  stream->Begin();
  return stream.get();
}

void Streams::OnChange(const std::string& name) {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    base::MutexLock lock(mutex_);
    streams.reserve(streams_.size());
    for (const auto& [key, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->OnChange(name);
}

ServerStats Streams::stats() const {
  ServerStats stats;
  stats.applications = applications_.size();
  stats.skipped = applications_.skipped();
  base::MutexLock lock(mutex_);
  stats.streams = streams_.size();
  stats.responses = responses_;
  stats.refusals = refusals_;
  return stats;
}

}  // namespace naming::xds

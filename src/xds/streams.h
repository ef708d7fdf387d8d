// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_STREAMS_H_
#define NAMING_XDS_STREAMS_H_

#include <grpcpp/generic/async_generic_service.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/xds/server.h"
#include "xds/applications.h"
#include "xds/log.h"
#include "xds/session.h"

namespace naming::xds {

class Stream;

// The service that clients call, and the streams that are open.
//
// Thread-safe. Outlives its streams: the gRPC server that it is registered with
// has to be shut down first.
class Streams final : public grpc::CallbackGenericService {
 public:
  Streams(Builder& builder, const ServerOptions& options);
  ~Streams() override;

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  ServerStats stats() const;

 private:
  friend class Stream;

  void OnChange(const std::string& name);

  const ServerOptions options_;
  Log log_;

  mutable base::Mutex mutex_;
  std::map<Stream*, std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t responses_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t refusals_ ABSL_GUARDED_BY(mutex_) = 0;

  Applications applications_;  // Last: its thread calls the others.
};

}  // namespace naming::xds

#endif  // NAMING_XDS_STREAMS_H_

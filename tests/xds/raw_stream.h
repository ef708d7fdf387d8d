// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_XDS_RAW_STREAM_H_
#define NAMING_TESTS_XDS_RAW_STREAM_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xds/protocol.h"

namespace naming::testing {

// A client of an xDS server that sends just what it is told, and reads when it
// is told. Its node, "raw", is in the first request alone, as the protocol has
// it.
//
// For one thread. Waits are bounded generously.
class RawStream final {
 public:
  // Calls `method`, by default that of the aggregated stream, at `address`.
  explicit RawStream(const std::string& address, std::string method = "");
  ~RawStream();
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;

  // Returns false when the stream is over.
  bool Send(const std::string& bytes);
  bool Subscribe(xds::Type type, const std::vector<std::string>& names,
                 const std::string& nonce = "");
  bool Refuse(xds::Type type, const std::vector<std::string>& names,
              const std::string& nonce);

  // Returns the next response; nullopt: the stream is over.
  std::optional<std::string> Read();

  // Reads until the stream is over, and returns how it ended.
  grpc::Status End();

 private:
  bool Await();
  bool Ask(xds::Type type, const std::vector<std::string>& names,
           const std::string& nonce, bool is_refusal);

  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool has_sent_ = false;  // Its node.
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_XDS_RAW_STREAM_H_

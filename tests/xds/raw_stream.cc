// SPDX-License-Identifier: Apache-2.0

#include "tests/xds/raw_stream.h"

#include <chrono>
#include <utility>

#include "xds/wire.h"

namespace naming::testing {
namespace {

constexpr char kMethod[] =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
    "StreamAggregatedResources";

std::string Request(xds::Type type, const std::vector<std::string>& names,
                    const std::string& nonce, bool has_node, bool is_refusal) {
  xds::Message message;
  if (has_node) message.Nested(2, xds::Message().Text(1, "raw"));
  for (const std::string& name : names) message.Text(3, name);
  message.Text(4, xds::UrlOf(type));
  if (!nonce.empty()) message.Text(5, nonce);
  if (is_refusal) message.Nested(6, xds::Message().Text(2, "don't like it"));
  return message.bytes();
}

}  // namespace

RawStream::RawStream(const std::string& address, std::string method)
    : channel_(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
      stub_(channel_) {
  context_.set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(30));
  context_.set_wait_for_ready(true);
  stream_ =
      stub_.PrepareCall(&context_, method.empty() ? kMethod : method, &queue_);
  stream_->StartCall(this);
  Await();
}

RawStream::~RawStream() {
  context_.TryCancel();
  queue_.Shutdown();
  while (Await()) {
  }
}

bool RawStream::Await() {
  void* tag = nullptr;
  bool is_ok = false;
  return queue_.Next(&tag, &is_ok) && is_ok;
}

bool RawStream::Send(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  stream_->Write(grpc::ByteBuffer(&slice, 1), this);
  return Await();
}

bool RawStream::Ask(xds::Type type, const std::vector<std::string>& names,
                    const std::string& nonce, bool is_refusal) {
  const bool is_first = !std::exchange(has_sent_, true);
  return Send(Request(type, names, nonce, is_first, is_refusal));
}

bool RawStream::Subscribe(xds::Type type, const std::vector<std::string>& names,
                          const std::string& nonce) {
  return Ask(type, names, nonce, false);
}

bool RawStream::Refuse(xds::Type type, const std::vector<std::string>& names,
                       const std::string& nonce) {
  return Ask(type, names, nonce, true);
}

std::optional<std::string> RawStream::Read() {
  grpc::ByteBuffer buffer;
  stream_->Read(&buffer, this);
  if (!Await()) return std::nullopt;
  grpc::Slice slice;
  buffer.DumpToSingleSlice(&slice);
  return std::string(reinterpret_cast<const char*>(slice.begin()),
                     slice.size());
}

grpc::Status RawStream::End() {
  while (Read()) {
  }
  grpc::Status status;
  stream_->Finish(&status, this);
  Await();
  return status;
}

}  // namespace naming::testing

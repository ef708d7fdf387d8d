// SPDX-License-Identifier: Apache-2.0

#include "tests/support/fault_proxy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "tests/support/raw_client.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using Kind = ProxyFault::Kind;

std::string_view PathOf(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// Returns the node's answer; nullopt: the node is gone, or the client is. The
// connection to the node lasts as long as the client's, as it would without a
// proxy: what is on one connection comes from one life of the node.
std::optional<RawAnswer> Pass(const std::string& node,
                              const RawRequest& request,
                              RawConnection& connection) {
  if (connection.attachment() == nullptr) {
    connection.attachment() = std::make_shared<RawClient>(node);
  }
  auto& upstream = *static_cast<RawClient*>(connection.attachment().get());
  if (upstream.fd() == -1) return std::nullopt;
  if (!upstream.Send(request.head + "\r\n" + request.body)) return std::nullopt;
  if (!connection.AwaitInput(upstream.fd())) return std::nullopt;
  return upstream.ReadAnswer();
}

// Says that there are so many bytes, or sends them in chunks; never holds more
// than one block of them.
void SendFlood(std::size_t bytes, bool is_chunked, RawConnection& connection) {
  const std::string block(std::size_t{64} << 10, ' ');
  const std::string framing =
      is_chunked ? std::string("Transfer-Encoding: chunked\r\n")
                 : absl::StrFormat("Content-Length: %d\r\n", bytes);
  bool is_wanted = connection.Send("HTTP/1.1 200 OK\r\n" + framing + "\r\n");
  for (std::size_t sent = 0; is_wanted && sent < bytes; sent += block.size()) {
    const std::size_t size = std::min(block.size(), bytes - sent);
    if (is_chunked) {
      is_wanted = connection.Send(absl::StrFormat("%x\r\n", size)) &&
                  connection.Send(std::string_view(block).substr(0, size)) &&
                  connection.Send("\r\n");
    } else {
      is_wanted = connection.Send(std::string_view(block).substr(0, size));
    }
  }
  if (is_wanted && is_chunked) connection.Send("0\r\n\r\n");
}

// Sends what `fault` leaves of `answer`.
void PassBack(const ProxyFault& fault, const RawAnswer& answer,
              RawConnection& connection) {
  std::string body = answer.body;
  if (fault.kind == Kind::kDouble) {
    body += R"({"code":-304,"message":"-304","ttl":1})";
  }
  const std::string whole = HttpAnswer(answer.status, body);
  switch (fault.kind) {
    case Kind::kTrickle:
      connection.SendSlowly(whole, fault.delay);
      break;
    case Kind::kTruncate:
      connection.Send(whole.substr(0, whole.size() - (body.size() + 1) / 2));
      connection.Close();
      break;
    case Kind::kResetMidBody:
      connection.Send(whole.substr(0, whole.size() - (body.size() + 1) / 2));
      connection.Reset();
      break;
    case Kind::kSwallow:
      connection.Reset();
      break;
    default:
      connection.Send(whole);
  }
}

}  // namespace

ProxyFault ProxyFault::Of(Kind kind) {
  ProxyFault fault;
  fault.kind = kind;
  return fault;
}

ProxyFault ProxyFault::Answer(int status, std::string_view body,
                              std::string_view headers) {
  ProxyFault fault = Of(Kind::kAnswer);
  fault.answer = HttpAnswer(status, body, headers);
  return fault;
}

ProxyFault ProxyFault::Redirect(std::string_view location) {
  return Answer(302, "", absl::StrFormat("Location: %s\r\n", location));
}

ProxyFault ProxyFault::Flood(std::size_t bytes, bool is_chunked) {
  ProxyFault fault = Of(Kind::kFlood);
  fault.bytes = bytes;
  fault.is_chunked = is_chunked;
  return fault;
}

ProxyFault ProxyFault::Trickle(milliseconds delay) {
  ProxyFault fault = Of(Kind::kTrickle);
  fault.delay = delay;
  return fault;
}

FaultProxy::FaultProxy(std::string node) : node_(std::move(node)) { Accept(); }

FaultProxy::~FaultProxy() = default;

std::string FaultProxy::address() const {
  return absl::StrFormat("127.0.0.1:%d", port_.port());
}

void FaultProxy::SetScript(Script script) {
  base::MutexLock lock(mutex_);
  script_ = std::move(script);
}

void FaultProxy::SetFault(std::string path, const ProxyFault& fault) {
  SetScript([path = std::move(path), fault](const RawRequest& request) {
    const bool is_meant = path.empty() || PathOf(request.target) == path;
    return is_meant ? fault : ProxyFault();
  });
}

void FaultProxy::Refuse() { server_.reset(); }

void FaultProxy::Accept() {
  server_ = std::make_unique<RawServer>(
      [this](const RawRequest& request, RawConnection& connection) {
        Handle(request, connection);
      },
      port_.port());
}

std::size_t FaultProxy::CountRequests(std::string_view path) const {
  base::MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [counted, number] : counts_) {
    if (path.empty() || counted == path) count += number;
  }
  return count;
}

ProxyFault FaultProxy::FaultFor(const RawRequest& request) {
  base::MutexLock lock(mutex_);
  ++counts_[std::string(PathOf(request.target))];
  return script_ == nullptr ? ProxyFault() : script_(request);
}

void FaultProxy::Handle(const RawRequest& request, RawConnection& connection) {
  const ProxyFault fault = FaultFor(request);
  switch (fault.kind) {
    case Kind::kHang:
      return connection.Hang();
    case Kind::kReset:
      return connection.Reset();
    case Kind::kAnswer:
      connection.Send(fault.answer);
      return;
    case Kind::kFlood:
      return SendFlood(fault.bytes, fault.is_chunked, connection);
    default:
      break;
  }
  const auto answer = Pass(node_, request, connection);
  if (!answer) return connection.Close();
  PassBack(fault, *answer, connection);
}

}  // namespace naming::testing

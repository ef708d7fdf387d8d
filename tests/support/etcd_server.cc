// SPDX-License-Identifier: Apache-2.0

#include "tests/support/etcd_server.h"

#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/base64.h"
#include "net/curl_http_client.h"
#include "tests/support/catch.h"
#include "tests/support/distribution.h"
#include "tests/support/eventually.h"

namespace naming::testing {
namespace {

std::string Url(std::uint16_t port) {
  return absl::StrFormat("http://127.0.0.1:%d", port);
}

std::string Ask(net::HttpRequest request) {
  net::CurlHttpClient client;
  std::optional<absl::StatusOr<net::HttpResponse>> result;
  request.timeout = std::chrono::seconds(20);
  client.Send(std::move(request), [&](absl::StatusOr<net::HttpResponse> r) {
    result = std::move(r);
  });
  while (!result) client.Wait(std::chrono::milliseconds(100));
  return result->ok() ? (*result)->body : "";
}

}  // namespace

EtcdServer::EtcdServer(int size, std::vector<std::string> flags)
    : program_(InstalledProgram("etcd")), flags_(std::move(flags)) {
  for (int i = 0; i < size; ++i) {
    Member& member = members_.emplace_back();
    member.client_port = FreePort();
    member.peer_port = FreePort();
    member.data = std::make_unique<TemporaryDirectory>();
  }
  for (int i = 0; i < size; ++i) Start(i, false);
  for (int i = 0; i < size; ++i) AwaitHealth(i);
}

EtcdServer::~EtcdServer() = default;

std::string EtcdServer::address(int member) const {
  return absl::StrFormat("127.0.0.1:%d", members_.at(member).client_port);
}

std::vector<std::string> EtcdServer::addresses() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    all.push_back(address(static_cast<int>(i)));
  }
  return all;
}

std::string EtcdServer::InitialCluster() const {
  std::string cluster;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i > 0) cluster += ",";
    cluster += absl::StrFormat("m%d=%s", i, Url(members_[i].peer_port));
  }
  return cluster;
}

void EtcdServer::Start(int member, bool waits) {
  Member& it = members_.at(member);
  const bool is_alone = members_.size() == 1;
  std::vector<std::string> arguments = {
      program_, "--name", absl::StrFormat("m%d", member), "--data-dir",
      it.data->path() + "/data", "--listen-client-urls", Url(it.client_port),
      "--advertise-client-urls", Url(it.client_port), "--listen-peer-urls",
      Url(it.peer_port), "--initial-advertise-peer-urls", Url(it.peer_port),
      "--initial-cluster", InitialCluster(),
      // One alone needn't wait for others; and the floor of a TTL, which
      // follows from these, is a second.
      "--heartbeat-interval", is_alone ? "10" : "50", "--election-timeout",
      is_alone ? "100" : "500", "--log-level", "error"};
  for (const std::string& flag : flags_) {
    arguments.push_back(flag == kOwnUrl ? Url(it.client_port) : flag);
  }
  it.process = std::make_unique<Process>(arguments);
  if (waits) AwaitHealth(member);
}

void EtcdServer::Kill(int member) { members_.at(member).process.reset(); }

void EtcdServer::Signal(int signal, int member) {
  members_.at(member).process->Signal(signal);
}

void EtcdServer::Wipe(int member) {
  std::filesystem::remove_all(members_.at(member).data->path() + "/data");
}

void EtcdServer::AwaitHealth(int member) {
  const Member& it = members_.at(member);
  const bool is_well = Eventually([&] {
    net::HttpRequest request;
    request.url = Url(it.client_port) + "/health";
    return Ask(request).find("\"true\"") != std::string::npos;
  });
  if (!is_well) FAIL("etcd doesn't start: " << it.process->error_text());
}

std::string EtcdServer::Post(std::string_view path, const std::string& body,
                             int member, const std::string& token) const {
  net::HttpRequest request;
  request.method = net::HttpRequest::Method::kPost;
  request.url =
      absl::StrFormat("%s/v3%s", Url(members_.at(member).client_port), path);
  request.body = body;
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  return Ask(std::move(request));
}

std::vector<etcd::KeyValue> EtcdServer::Range(std::string_view prefix,
                                              int member) const {
  const auto document = net::JsonDocument::Parse(Post(
      "/kv/range",
      etcd::RangeBody(prefix, etcd::PrefixEnd(prefix), etcd::Detail::kValues),
      member));
  if (!document.ok()) return {};
  auto range = etcd::DecodeRange(document->root());
  return range.ok() ? std::move(range->kvs) : std::vector<etcd::KeyValue>();
}

std::int64_t EtcdServer::Revision(int member) const {
  const auto document = net::JsonDocument::Parse(Post(
      "/kv/range", etcd::RangeBody("x", "", etcd::Detail::kCountOnly), member));
  return document.ok() ? etcd::DecodeRange(document->root())->revision : 0;
}

void EtcdServer::Put(std::string_view key, std::string_view value,
                     std::int64_t lease, int member) const {
  REQUIRE_FALSE(
      Post("/kv/put", etcd::PutBody(key, value, lease), member).empty());
}

void EtcdServer::Delete(std::string_view key, int member) const {
  Post("/kv/deleterange",
       absl::StrFormat(R"({"key":"%s"})", base::Base64Encode(key)), member);
}

std::int64_t EtcdServer::Grant(std::int64_t ttl_s, int member) const {
  const auto document = net::JsonDocument::Parse(
      Post("/lease/grant", etcd::GrantBody(ttl_s), member));
  return etcd::DecodeGrant(document->root())->lease;
}

void EtcdServer::Compact(std::int64_t revision) const {
  Post("/kv/compaction", absl::StrFormat(R"({"revision":"%d"})", revision));
}

void EtcdServer::Clear() const {
  Post("/kv/deleterange", R"({"key":"AA==","range_end":"AA=="})");
}

}  // namespace naming::testing

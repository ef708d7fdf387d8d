// SPDX-License-Identifier: Apache-2.0
// The xDS server as clients see it that do what they like.

#include "naming/xds/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/own_host.h"
#include "base/url.h"
#include "naming/testing/fake_backend.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/xds/reader.h"
#include "tests/xds/raw_stream.h"

namespace naming::xds {
namespace {

using testing::Eventually;
using testing::RawStream;
using Texts = std::vector<std::string>;

// A socket of another program.
class UnixSocket final {
 public:
  explicit UnixSocket(int type)
      : fd_(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~UnixSocket() { close(fd_); }
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  bool Bind(const std::string& path) const {
    const sockaddr_un address = At(path);
    return bind(fd_, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) == 0;
  }
  bool Listen() const { return listen(fd_, 0) == 0; }
  bool Connect(const std::string& path) const {
    const sockaddr_un address = At(path);
    return connect(fd_, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)) == 0;
  }

 private:
  static sockaddr_un At(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address;
  }

  const int fd_;
};

// Changes this program's working directory for a while.
class WorkingDirectory final {
 public:
  explicit WorkingDirectory(const std::string& path)
      : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  ~WorkingDirectory() { std::filesystem::current_path(before_); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  const std::filesystem::path before_;
};

// 0: there is no such file.
ino_t InodeOf(const std::string& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 ? file.st_ino : 0;
}

struct ServerFixture {
  static ServerOptions Options() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }

  explicit ServerFixture(ServerOptions options = Options()) {
    options.log_sink = [this](const LogRecord& record) {
      base::MutexLock lock(mutex);
      log += record.message + "\n";
    };
    server = Server::Start(*backend, options).value();
  }

  void List(const std::string& app_id, const std::string& addr) const {
    Instance instance;
    instance.app_id = app_id;
    instance.hostname = addr;
    instance.addrs = {addr};
    backend->SetInstances(app_id, {instance});
  }

  std::string logged() {
    base::MutexLock lock(mutex);
    return log;
  }

  base::Mutex mutex;
  std::string log;
  std::unique_ptr<testing::FakeBackend> backend =
      testing::FakeBackend::Create();
  std::unique_ptr<Server> server;
};

TEST_CASE("Options that make no sense are refused by name", "[xds]") {
  const auto message = [](const ServerOptions& options) {
    const absl::Status status = Validate(options);
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  CHECK(Validate(ServerOptions()).ok());
  for (const char* listen :
       {"", "unix:", "unix-abstract:", "0.0.0.0:1", "[::]:1", "10.0.0.1:80",
        "host:80", "127.0.0.1", "127.0.0.1:x", "unix:a%20b", "unix:a?b",
        "unix:a#b", "unix:a\nb", "unix:a\x7f", "unix://host/a", "unix:////a",
        "unix-abstract:a%20b", "unix-abstract:a\tb"}) {
    CAPTURE(listen);
    ServerOptions options;
    options.listen = listen;
    CHECK_THAT(message(options), Catch::StartsWith("xds: options.listen: "));
  }
  for (const char* listen :
       {"unix:a", "unix:///tmp/a", "unix-abstract:a", "127.0.0.1:0",
        "127.1.2.3:1", "[::1]:0", "localhost:0"}) {
    CAPTURE(listen);
    ServerOptions options;
    options.listen = listen;
    CHECK(Validate(options).ok());
  }
  ServerOptions options;
  options.listen = "0.0.0.0:1";
  options.is_public = true;
  CHECK(Validate(options).ok());
  options.retries = 5;
  CHECK_THAT(message(options), Catch::Contains("options.retries"));
  options = ServerOptions();
  options.addr_scheme = "a b";
  CHECK_THAT(message(options), Catch::Contains("options.addr_scheme"));
  options = ServerOptions();
  options.max_streams = 0;
  CHECK_THAT(message(options), Catch::Contains("options.max_streams"));
}

TEST_CASE("A socket file is its owner's, and nobody's who has one already",
          "[xds]") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.File("xds.sock");
  const auto backend = testing::FakeBackend::Create();
  ServerOptions options;
  options.listen = "unix:" + path;
  auto server = Server::Start(*backend, options);
  REQUIRE(server.ok());
  CHECK((*server)->address() == "unix:" + path);
  struct stat file {};
  REQUIRE(stat(path.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  for (const char* prefix : {"unix:", "unix://"}) {
    options.listen = prefix + path;
    const auto second = Server::Start(*backend, options);
    CHECK(absl::IsFailedPrecondition(second.status()));
  }
  {
    RawStream stream((*server)->address());
    CHECK(stream.Subscribe(Type::kCluster, {"demo"}));
    CHECK(stream.Read());
  }
  server->reset();
  // What a program left that was killed is in nobody's way.
  CHECK(Server::Start(*backend, options).ok());

  options.listen = "unix://" + path;
  server = Server::Start(*backend, options);
  REQUIRE(server.ok());
  CHECK((*server)->address() == "unix:" + path);

  options.listen = "unix:" + directory.File("none/xds.sock");
  CHECK(absl::IsFailedPrecondition(Server::Start(*backend, options).status()));
}

TEST_CASE("A socket that its clients couldn't name is refused", "[xds]") {
  const testing::TemporaryDirectory directory;
  const auto backend = testing::FakeBackend::Create();
  // Relative paths are short; clients find the socket by the absolute one.
  const std::string deep = directory.File(std::string(100, 'd'));
  REQUIRE(std::filesystem::create_directory(deep));
  const WorkingDirectory here(deep);
  const auto server = Server::Start(*backend);
  CHECK(absl::IsFailedPrecondition(server.status()));
  CHECK_THAT(std::string(server.status().message()),
             Catch::Contains("in at most 107 bytes"));
  CHECK(InodeOf("naming-xds.sock") == 0);
}

TEST_CASE("A socket is left to whoever has it, of whatever kind", "[xds]") {
  const testing::TemporaryDirectory directory;
  const auto backend = testing::FakeBackend::Create();
  ServerOptions options;
  const std::string path = directory.File("other.sock");
  options.listen = "unix:" + path;
  const int type = GENERATE(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET);
  const UnixSocket other(type);
  REQUIRE(other.Bind(path));
  const ino_t inode = InodeOf(path);
  REQUIRE(inode != 0);
  std::vector<std::unique_ptr<UnixSocket>> waiting;
  if (type == SOCK_STREAM) {
    // Nobody accepts, and there is no room for another who waits for that.
    REQUIRE(other.Listen());
    do {
      waiting.push_back(std::make_unique<UnixSocket>(type));
    } while (waiting.back()->Connect(path));
  }
  CHECK(absl::IsFailedPrecondition(Server::Start(*backend, options).status()));
  CHECK(InodeOf(path) == inode);
}

TEST_CASE("Clients of other machines are told this machine's own address",
          "[xds]") {
  if (base::OwnHost().empty()) return;  // No network.
  ServerOptions options;
  options.listen = GENERATE("0.0.0.0:0", "[::]:0");
  options.is_public = true;
  const ServerFixture f(options);
  const auto address = base::ParseHostPort(f.server->address());
  REQUIRE(address);
  CHECK(address->host == base::OwnHost());
  CHECK(address->port != 0);
  RawStream stream(f.server->address());
  CHECK(stream.Subscribe(Type::kCluster, {"demo"}));
  CHECK(stream.Read());
}

TEST_CASE("Two servers don't share a port", "[xds]") {
  const ServerFixture f;
  ServerOptions options;
  options.listen = f.server->address();
  CHECK(
      absl::IsFailedPrecondition(Server::Start(*f.backend, options).status()));
}

TEST_CASE("A bootstrap is JSON whatever the names are", "[xds]") {
  const ServerFixture f;
  CHECK(f.server->Bootstrap("a\"b\\c", "z") ==
        R"({"xds_servers":[{"server_uri":")" + f.server->address() +
            R"(","channel_creds":[{"type":"insecure"}],)"
            R"("server_features":["xds_v3"]}],)"
            R"("node":{"id":"a\"b\\c","locality":{"zone":"z"}}})");
  CHECK_THAT(
      f.server->Bootstrap("a\nb\x1f\x7f", std::string("\0", 1)),
      Catch::EndsWith("\"node\":{\"id\":\"a\\u000ab\\u001f\x7f\",\"locality\":"
                      "{\"zone\":\"\\u0000\"}}}"));
}

TEST_CASE("Subscriptions are followed as long as somebody has them", "[xds]") {
  const ServerFixture f;
  f.List("a", "grpc://10.0.0.1:80");
  {
    RawStream one(f.server->address());
    RawStream two(f.server->address());
    CHECK(one.Subscribe(Type::kEndpoints, {"a"}));
    const auto response = one.Read();
    REQUIRE(response);
    CHECK(Get(*response, "2.2.2.2.1.1.1.2") == Texts{"10.0.0.1"});
    CHECK(two.Subscribe(Type::kEndpoints, {"a", "b"}));
    CHECK(two.Read());
    CHECK(Eventually([&] {
      const ServerStats stats = f.server->stats();
      return stats.streams == 2 && stats.applications == 2;
    }));
    f.List("a", "grpc://10.0.0.2:80");
    for (RawStream* stream : {&one, &two}) {
      std::string host;
      while (host != "10.0.0.2") {
        const auto next = stream->Read();
        REQUIRE(next);
        const Texts hosts = Get(*next, "2.2.2.2.1.1.1.2");
        if (!hosts.empty()) host = hosts[0];
      }
    }
  }
  CHECK(Eventually([&] {
    const ServerStats stats = f.server->stats();
    return stats.streams == 0 && stats.applications == 0;
  }));
}

TEST_CASE("An application that the registry doesn't know has no endpoints",
          "[xds]") {
  const ServerFixture f;
  RawStream stream(f.server->address());
  f.backend->SetInstances("demo", {});
  CHECK(stream.Subscribe(Type::kEndpoints, {"demo"}));
  const auto empty = stream.Read();
  REQUIRE(empty);
  CHECK(Get(*empty, "2.2.1") == Texts{"demo"});
  CHECK(Get(*empty, "2.2.2").empty());
  f.List("demo", "grpc://10.0.0.1:80");
  const auto response = stream.Read();
  REQUIRE(response);
  CHECK(Get(*response, "2.2.2.2.1.1.1.2") == Texts{"10.0.0.1"});
}

TEST_CASE("Hosts that are names are left out, counted and logged", "[xds]") {
  ServerFixture f;
  f.List("demo", "grpc://some.host:80");
  RawStream stream(f.server->address());
  CHECK(stream.Subscribe(Type::kEndpoints, {"demo"}));
  const auto response = stream.Read();
  REQUIRE(response);
  CHECK(Get(*response, "2.2.2").empty());
  CHECK(f.server->stats().skipped == 1);
  CHECK_THAT(f.logged(), Catch::Contains("demo: 1 endpoints are left out"));
}

TEST_CASE("Refusals are counted and logged", "[xds]") {
  ServerFixture f;
  RawStream stream(f.server->address());
  CHECK(stream.Subscribe(Type::kCluster, {"demo"}));
  for (int i = 1; i <= 3; ++i) {
    const auto response = stream.Read();
    REQUIRE(response);
    const std::string nonce = Get(*response, "5").at(0);
    CHECK(stream.Refuse(Type::kCluster, {"demo"}, nonce));
    CHECK(Eventually([&] {
      return f.server->stats().refusals == static_cast<std::uint64_t>(i);
    }));
    CHECK(stream.Subscribe(Type::kCluster, {"demo", std::to_string(i)}, nonce));
  }
  CHECK_THAT(f.logged(),
             Catch::Contains("client \"raw\" has refused a response of "
                             "type.googleapis.com/") &&
                 Catch::Contains("don't like it"));
}

TEST_CASE("A type of Envoy's that isn't served is logged, once for a stream",
          "[xds]") {
  ServerFixture f;
  RawStream stream(f.server->address());
  for (const char* type :
       {"service.runtime.v3.Runtime", "a.Secret", "a.Secret"}) {
    const std::string url = std::string("type.googleapis.com/envoy.") + type;
    CHECK(stream.Send(Message().Text(4, url).bytes()));
  }
  CHECK(stream.Subscribe(Type::kCluster, {"demo"}));
  CHECK(stream.Read());
  CHECK_THAT(f.logged(), Catch::EndsWith("v3.Runtime, which isn't served\n"));
}

TEST_CASE("What isn't xDS ends its own stream alone", "[xds]") {
  const ServerFixture f;
  RawStream good(f.server->address());
  CHECK(good.Subscribe(Type::kCluster, {"demo"}));
  CHECK(good.Read());
  {
    RawStream stream(f.server->address());
    stream.Send("\xff\xff");
    CHECK(stream.End().error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  }
  {
    RawStream stream(f.server->address());
    stream.Send(Message().Text(4, "type.googleapis.com/x").bytes());
    const grpc::Status status = stream.End();
    CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
    CHECK_THAT(status.error_message(), Catch::Contains("googleapis.com/x"));
  }
  {
    RawStream stream(f.server->address(), "/some.Service/Method");
    CHECK(stream.End().error_code() == grpc::StatusCode::UNIMPLEMENTED);
  }
  {
    RawStream stream(f.server->address());
    Texts different;
    for (int i = 0; i < 10'001; ++i) different.push_back(std::to_string(i));
    CHECK(stream.Subscribe(Type::kCluster, different));
    CHECK(stream.End().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  for (int i = 0; i < 50; ++i) {
    RawStream stream(f.server->address());
    stream.Subscribe(Type::kEndpoints, {"demo", "a b", ""});
  }
  CHECK(good.Subscribe(Type::kCluster, {"other"}, "1"));
  CHECK(good.Read());
  CHECK(Eventually([&] { return f.server->stats().streams == 1; }));
}

TEST_CASE("More streams than allowed are turned away", "[xds]") {
  ServerOptions options = ServerFixture::Options();
  options.max_streams = 1;
  const ServerFixture f(options);
  RawStream first(f.server->address());
  CHECK(first.Subscribe(Type::kCluster, {"demo"}));
  CHECK(first.Read());
  RawStream second(f.server->address());
  CHECK(second.End().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("A server ends while streams are open and lists change", "[xds]") {
  ServerFixture f;
  RawStream idle(f.server->address());
  RawStream stream(f.server->address());
  CHECK(stream.Subscribe(Type::kEndpoints, {"a", "b"}));
  // A call that hasn't arrived would wait for another server.
  CHECK(Eventually([&] { return f.server->stats().streams == 2; }));
  for (int i = 1; i < 50; ++i) {
    f.List("a", "grpc://10.0.0." + std::to_string(i) + ":80");
  }
  f.server.reset();
  CHECK_FALSE(stream.End().ok());
  CHECK_FALSE(idle.End().ok());
}

}  // namespace
}  // namespace naming::xds

// SPDX-License-Identifier: Apache-2.0
// A Client on a real etcd: how soon a change reaches a Watcher, beside a bare
// socket that watches the same key; and what keeping 1,000 registrations alive
// costs, beside the same requests written by hand.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "etcd/protocol.h"
#include "naming/etcd/client.h"
#include "tests/benchmark/report.h"
#include "tests/support/temporary_directory.h"

namespace naming::benchmark {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

double ToMicroseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

std::uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// One connection, used by hand.
class Socket final {
 public:
  explicit Socket(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    is_open_ = connect(fd_, reinterpret_cast<sockaddr*>(&address),
                       sizeof(address)) == 0;
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool is_open() const { return is_open_; }

  void Send(std::string_view path, std::string_view body) const {
    const std::string request = absl::StrFormat(
        "POST /v3%s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", path,
        body.size(), body);
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return;
  }

  // Returns what has arrived; empty: it is closed.
  std::string Receive() const {
    char buffer[65536];
    const ssize_t size = recv(fd_, buffer, sizeof(buffer), 0);
    return std::string(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  }

  // Returns a whole answer, whose body has a length or comes in chunks.
  std::string ReceiveAnswer() const {
    std::string answer;
    while (!IsWhole(answer)) {
      const std::string piece = Receive();
      if (piece.empty()) break;
      answer += piece;
    }
    return answer;
  }

  void Close() const { shutdown(fd_, SHUT_RDWR); }

 private:
  static bool IsWhole(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t length = answer.find("Content-Length: ");
    if (length < end) {
      const auto size = std::strtoul(answer.c_str() + length + 16, nullptr, 10);
      return answer.size() >= end + 4 + size;
    }
    return answer.find("\r\n0\r\n") != std::string::npos;
  }

  const int fd_;
  bool is_open_ = false;
};

// An etcd of its own, that ends with this process at the latest.
class Etcd final {
 public:
  Etcd() : port_(FreePort()) {
    const std::string url = absl::StrFormat("http://127.0.0.1:%d", port_);
    const std::string peer = absl::StrFormat("http://127.0.0.1:%d", FreePort());
    const std::string data = data_.path() + "/data";
    const std::string cluster = "m=" + peer;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
      dup2(nowhere, STDERR_FILENO);
      execlp("etcd", "etcd", "--name", "m", "--data-dir", data.c_str(),
             "--listen-client-urls", url.c_str(), "--advertise-client-urls",
             url.c_str(), "--listen-peer-urls", peer.c_str(),
             "--initial-advertise-peer-urls", peer.c_str(), "--initial-cluster",
             cluster.c_str(), "--log-level", "error", nullptr);
      _exit(127);
    }
  }
  ~Etcd() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Etcd(const Etcd&) = delete;
  Etcd& operator=(const Etcd&) = delete;

  std::uint16_t port() const { return port_; }

  // Waits until it answers; false: it doesn't.
  bool AwaitStart() const {
    for (int i = 0; i < 1000; ++i) {
      const Socket socket(port_);
      if (socket.is_open()) {
        socket.Send("/kv/range",
                    etcd::RangeBody("x", "", etcd::Detail::kValues));
        if (socket.ReceiveAnswer().find("revision") != std::string::npos) {
          return true;
        }
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }

 private:
  const testing::TemporaryDirectory data_;
  const std::uint16_t port_;
  pid_t pid_ = -1;
};

std::unique_ptr<etcd::Client> Connect(const Etcd& server,
                                      std::chrono::seconds ttl) {
  etcd::ClientOptions options;
  options.nodes = {absl::StrFormat("127.0.0.1:%d", server.port())};
  options.ttl = ttl;
  auto client = etcd::Client::Create(options);
  return client.ok() ? *std::move(client) : nullptr;
}

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(share * last)];
}

// When the value of one round was seen, by whom.
struct Seen {
  std::atomic<int> round{-1};
  std::atomic<Clock::rep> at{0};

  void Note(int which) {
    at = Clock::now().time_since_epoch().count();
    round = which;
  }

  double After(Clock::time_point began, int which) const {
    while (round < which) std::this_thread::yield();
    return ToMicroseconds(Clock::duration(at.load()) -
                          began.time_since_epoch());
  }
};

std::string Value(int round) {
  return absl::StrFormat(
      R"({"id":"a","name":"demo","version":"%d","metadata":null,)"
      R"("endpoints":["grpc://10.0.0.1:9000"]})",
      round);
}

void MeasurePropagation(const Etcd& server, int rounds) {
  constexpr char kPrefix[] = "/microservices/demo/";
  const auto client = Connect(server, std::chrono::seconds(15));
  const auto resolver = *client->Build("etcd+kratos:///demo");
  Seen callback;
  const Watcher watcher = resolver->Watch(
      [&callback](const std::shared_ptr<const Snapshot>& snapshot) {
        const auto all = snapshot->AllInstances();
        if (!all.empty()) callback.Note(std::stoi(all.front()->version));
      });
  const Socket watch(server.port());
  watch.Send("/watch", etcd::WatchBody({{kPrefix, 1}}));
  Seen floor;
  std::thread reader([&watch, &floor] {
    int events = 0;
    for (std::string piece = watch.Receive(); !piece.empty();
         piece = watch.Receive()) {
      // One event a message: rounds are far apart.
      if (piece.find("\"events\"") != std::string::npos) floor.Note(events++);
    }
  });
  const Socket put(server.port());
  std::vector<double> ours;
  std::vector<double> bare;
  for (int round = 0; round < rounds; ++round) {
    std::this_thread::sleep_for(milliseconds(30));
    const auto began = Clock::now();
    put.Send("/kv/put",
             etcd::PutBody("/microservices/demo/a", Value(round), 0));
    bare.push_back(floor.After(began, round));
    ours.push_back(callback.After(began, round));
    put.ReceiveAnswer();
  }
  watch.Close();
  reader.join();
  for (const auto& [name, share] :
       {std::pair<const char*, double>("put_to_callback_p50", 0.5),
        {"put_to_callback_p99", 0.99}}) {
    Print({"etcd", name, rounds, "us", Percentile(ours, share),
           Percentile(bare, share)});
  }
}

double CpuMicroseconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 +
           static_cast<double>(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

std::size_t ThreadCount() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/self/task")) {
    ++count;
  }
  return count;
}

// Keeps `leases` alive by hand, a hundred to a request, `rounds` times; returns
// the CPU time of one.
double MeasureBareKeepAlive(const Etcd& server, int leases, int rounds) {
  const Socket socket(server.port());
  std::vector<std::int64_t> ids;
  for (int i = 0; i < leases; ++i) {
    socket.Send("/lease/grant",
                absl::StrFormat(R"({"TTL":"60","ID":"%d"})", 1'000'000 + i));
    socket.ReceiveAnswer();
    ids.push_back(1'000'000 + i);
  }
  const double before = CpuMicroseconds();
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < ids.size(); i += 100) {
      const auto end = std::min(i + 100, ids.size());
      socket.Send("/lease/keepalive",
                  etcd::KeepAliveBody(std::vector<std::int64_t>(
                      ids.begin() + static_cast<std::ptrdiff_t>(i),
                      ids.begin() + static_cast<std::ptrdiff_t>(end))));
      socket.ReceiveAnswer();
    }
  }
  return (CpuMicroseconds() - before) / (rounds * leases);
}

void MeasureKeepAlive(const Etcd& server, int registrations,
                      std::chrono::seconds ttl, int rounds) {
  const double floor = MeasureBareKeepAlive(server, registrations, rounds);
  const std::size_t threads_before = ThreadCount();
  const auto client = Connect(server, ttl);
  std::vector<Registration> all;
  RegisterOptions options;
  options.mode = RegisterMode::kKeepTrying;
  for (int i = 0; i < registrations; ++i) {
    Instance instance;
    instance.app_id = "many";
    instance.hostname = absl::StrFormat("i%d", i);
    instance.addrs = {"grpc://10.0.0.1:9000"};
    all.push_back(*client->Register(std::move(instance), options));
  }
  for (Registration& registration : all) {
    const absl::Status status = registration.Wait(std::chrono::seconds(60));
    if (!status.ok()) std::cerr << status << "\n";
  }
  const auto threads = static_cast<int>(ThreadCount() - threads_before);
  // Whole rounds: refreshes come every third of a TTL.
  std::this_thread::sleep_for(ttl / 3);
  const double cpu = CpuMicroseconds();
  const std::uint64_t requests = client->stats().requests;
  const std::uint64_t renewals = client->stats().renewals;
  std::this_thread::sleep_for(ttl / 3 * rounds);
  const double used = CpuMicroseconds() - cpu;
  const auto kept = static_cast<double>(client->stats().renewals - renewals);
  const auto sent = static_cast<double>(client->stats().requests - requests);
  int registered = 0;
  for (const Registration& registration : all) {
    registered += registration.state().is_registered ? 1 : 0;
  }
  Result cost{"etcd", "keepalive_cpu", registrations, "us", used / kept, floor};
  cost.threads = threads;
  Print(cost);
  Result share{"etcd",        "keepalives_per_request",
               registrations, "count",
               kept / sent,   100};
  share.is_rate = true;
  share.threads = threads;
  Print(share);
  if (registered != registrations) {
    std::cerr << registered << " of " << registrations << " registered\n";
  }
}

int Run(bool is_quick) {
  const Etcd server;
  if (!server.AwaitStart()) {
    std::cerr << "skipped: no etcd on this machine\n";
    return 77;
  }
  MeasurePropagation(server, is_quick ? 5 : 500);
  MeasureKeepAlive(server, is_quick ? 20 : 1000,
                   std::chrono::seconds(is_quick ? 3 : 15), is_quick ? 1 : 4);
  return 0;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) {
  return naming::benchmark::Run(argc == 2 &&
                                std::strcmp(argv[1], "--quick") == 0);
}

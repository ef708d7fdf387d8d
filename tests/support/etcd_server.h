// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_ETCD_SERVER_H_
#define NAMING_TESTS_SUPPORT_ETCD_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "etcd/protocol.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace naming::testing {

// A real etcd on 127.0.0.1, of one member or several, whose members can be
// stopped, frozen, emptied and started again, on their ports.
//
// For one thread at a time.
class EtcdServer final {
 public:
  // In `flags`, the URL of a member's own client port, where it says that it is
  // well.
  static constexpr char kOwnUrl[] = "{own}";

  // Ends the test program where there is no etcd, as InstalledProgram() does.
  explicit EtcdServer(int size = 1, std::vector<std::string> flags = {});
  ~EtcdServer();
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  // Returns "127.0.0.1:port" of a member, and of all.
  std::string address(int member = 0) const;
  std::vector<std::string> addresses() const;

  // Starts a member and, unless told not to, waits until it is well.
  void Start(int member = 0, bool waits = true);
  void Kill(int member = 0);
  void Signal(int signal, int member = 0);
  void Wipe(int member = 0);  // It has been killed.

  // Waits until a member has a leader.
  void AwaitHealth(int member = 0);

  // --- What it holds, asked of a member; the token of a user, if any ---

  // Sends a request, and returns the answer's body; "" when there is none.
  std::string Post(std::string_view path, const std::string& body,
                   int member = 0, const std::string& token = "") const;

  std::vector<etcd::KeyValue> Range(std::string_view prefix,
                                    int member = 0) const;
  std::int64_t Revision(int member = 0) const;
  void Put(std::string_view key, std::string_view value, std::int64_t lease = 0,
           int member = 0) const;
  void Delete(std::string_view key, int member = 0) const;
  std::int64_t Grant(std::int64_t ttl_s, int member = 0) const;
  void Compact(std::int64_t revision) const;
  void Clear() const;  // Every key.

 private:
  struct Member {
    std::uint16_t client_port = 0;
    std::uint16_t peer_port = 0;
    std::unique_ptr<TemporaryDirectory> data;
    std::unique_ptr<Process> process;
  };

  std::string InitialCluster() const;

  const std::string program_;
  const std::vector<std::string> flags_;
  std::vector<Member> members_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_ETCD_SERVER_H_

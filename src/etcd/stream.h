// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_STREAM_H_
#define NAMING_ETCD_STREAM_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/loop.h"
#include "etcd/protocol.h"
#include "etcd/requester.h"
#include "net/json_splitter.h"

namespace naming::etcd {

struct StreamOptions {
  // How long a member may take to begin.
  std::chrono::milliseconds begin_timeout = std::chrono::seconds(3);

  // How long a stream lasts before it is opened anew, perhaps at another
  // member.
  std::chrono::milliseconds life = std::chrono::minutes(30);

  // Applications that join within so long of each other join together.
  std::chrono::milliseconds gather = std::chrono::milliseconds(2);
};

// One connection on which the watches of several applications come.
//
// Over HTTP/1.1 the watches of a stream are settled when it is opened. So one
// that joins later has it opened anew, which loses nothing: each watch goes on
// after the last revision that its application knows.
//
// Lives on the loop of its Requester. Destroying it closes the connection.
class Stream final {
 public:
  // A watch that joins: its prefixes, and where it goes on each time that the
  // stream is opened.
  struct Member {
    std::vector<std::string> prefixes;
    std::function<std::int64_t(std::size_t prefix)> revision;
  };

  // Whose a message is.
  struct Watch {
    std::string app_id;
    std::size_t prefix = 0;  // Its place among the member's.
  };

  using OnMessage =
      std::function<void(const Watch& watch, const WatchMessage&)>;
  // Called when it is over, and not because it has had its time. It may destroy
  // the Stream.
  using OnOver = std::function<void(const absl::Status&)>;

  // `loop` and `requester` outlive it.
  Stream(base::Loop& loop, Requester& requester, const StreamOptions& options,
         OnMessage on_message, OnOver on_over);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void Join(const std::string& app_id, Member member);
  void Leave(const std::string& app_id);

  // Opens it anew soon.
  void Restart();

  std::size_t size() const { return members_.size(); }
  std::vector<std::string> app_ids() const;

  // Returns where it is open, or being opened; empty: nowhere.
  const std::string& node() const { return node_; }

 private:
  void Open();
  void Close();
  void OnPiece(std::string_view piece);
  bool OnObject(std::string object);
  void OnCreated(std::int64_t watch_id);
  void OnBeginTimeout();
  void OnEnd(const absl::Status& status);
  void Fail(const absl::Status& why, bool is_nodes_fault);

  base::Loop& loop_;
  Requester& requester_;
  const StreamOptions options_;
  const OnMessage on_message_;
  const OnOver on_over_;

  std::map<std::string, Member> members_;
  std::vector<Watch> watches_;  // As they were asked for.
  // Their places, by the ids that the member gave them. They begin in order.
  std::map<std::int64_t, std::size_t> place_by_id_;
  std::string node_;
  base::Clock::TimePoint began_{};
  Requester::RequestId request_ = 0;
  net::JsonSplitter splitter_;
  base::Loop::TimerId open_timer_ = 0;
  base::Loop::TimerId begin_timer_ = 0;
};

}  // namespace naming::etcd

#endif  // NAMING_ETCD_STREAM_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_NODES_H_
#define NAMING_CORE_NODES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/logger.h"
#include "core/monitor.h"

namespace naming::core {

// Returns the URL "http://host:port" of the node that `text` names, with or
// without "http://", or "https://…"; nullopt when it names none.
std::optional<std::string> NodeUrl(std::string_view text);

struct NodesOptions {
  // Begins log messages: "discovery".
  std::string backend;

  // URLs "http://host:port", at least one.
  std::vector<std::string> seeds;

  // The longest pause between two attempts at a node that stays dead.
  std::chrono::milliseconds max_backoff = std::chrono::seconds(6);

  std::uint64_t random_seed = 1;

  // Called when a node answers that wasn't well, by whichever thread has found
  // that out.
  std::function<void()> on_well_again = nullptr;
};

// What a request is for.
enum class Purpose {
  kAny,   // What every node does that answers.
  kRead,  // What a node can't do while it is starting up, though it answers.
};

// Which node to ask next.
//
// The candidates are the seeds, which never leave, and the nodes that were
// learned. Each client has an order of its own among them, drawn from its seed
// of chance, so that clients spread over nodes; it asks the first one that is
// well. A node that failed comes behind all that are well; when none is well,
// the node whose back-off ends first gets the next attempt, one at a time.
//
// Once nodes were learned, seeds that aren't among them are asked only while
// all of those fail, and rarely while they fail too: one may be another name of
// a node that is dead, which both names' attempts together mustn't hammer.
//
// A node that answers, but not reads, isn't well for these alone, with a
// back-off of its own.
//
// Thread-safe: shared by all workers of a Client.
class Nodes final {
 public:
  // `clock` outlives the object.
  Nodes(const base::Clock& clock, std::shared_ptr<Logger> logger,
        NodesOptions options,
        std::shared_ptr<Monitor> monitor = std::make_shared<Monitor>());

  // Returns the node to ask now; nothing while every node is backing off.
  std::optional<std::string> Choose(Purpose purpose = Purpose::kAny);

  // Returns when Choose() is worth another call after it returned nothing.
  base::Clock::TimePoint NextChance(Purpose purpose = Purpose::kAny) const;

  // Returns the node that all would ask now, if it weren't for those to be
  // passed over; nothing when no other one is well, or none but a seed that
  // isn't among the learned nodes.
  std::optional<std::string> FirstWell(
      Purpose purpose, const std::set<std::string>& passed_over) const;

  // Returns whether requests may go to the node as they come.
  bool IsWell(std::string_view url, Purpose purpose) const;

  // Returns whether the node counts as well, but hasn't answered for seconds,
  // or never since it failed: it may hang.
  bool IsUntried(std::string_view url) const;

  // Notes how a request went that was begun at `began`. Of several failures
  // that one outage causes, only the first makes the back-off grow.
  void Succeeded(std::string_view url, Purpose purpose = Purpose::kAny);
  void Failed(std::string_view url, base::Clock::TimePoint began,
              const absl::Status& cause);

  // Notes that the node answered, but refused a read, or what it can't even
  // refuse while it is starting up: that is a failure.
  void RefusedRead(std::string_view url, base::Clock::TimePoint began,
                   const absl::Status& cause);
  void RefusedAny(std::string_view url, base::Clock::TimePoint began,
                  const absl::Status& cause);

  // Returns a number that changes with each outage of a node: what it said
  // before may be from another life (C-10). Of an unknown one it is 0.
  std::uint64_t Epoch(std::string_view url) const;

  // Replaces the nodes that were learned before, seeds among them. Addresses
  // that can't be reached from here are dropped: unspecified ones, and loopback
  // unless a seed is on it (C-18).
  void Learn(const std::vector<std::string>& urls);

  // Moves to another node at random, if more than one is well. Requests under
  // way aren't concerned.
  void Rotate();

  // Returns which node failed last and why, "http://host:port: cause".
  std::string last_error() const;

  // Returns all candidates, seeds first.
  std::vector<std::string> All() const;

  // What the Client's workers report to.
  Monitor& monitor() const { return *monitor_; }

 private:
  // What keeps requests from a node, and until when.
  struct Trouble {
    int count = 0;  // Failures in a row.
    // Attempts by turn that count among them although they haven't failed, or
    // not as far as it was noted: what began before the last turn isn't.
    int ahead = 0;
    base::Clock::TimePoint last{};
    base::Clock::TimePoint retry_at{};
  };
  struct Node {
    std::uint64_t rank = 0;  // Place in this client's order.
    std::uint64_t epoch = 0;
    bool is_learned = false;  // It may be a seed all the same.
    Trouble failed;
    Trouble refused_reads;
    // When it answered last, unless it has failed since.
    std::optional<base::Clock::TimePoint> answered_at;
    // It has answered what is no read, and hasn't failed since.
    bool does_write = false;
    bool refuses_any = false;  // So it failed.
  };
  using Entry = std::pair<const std::string, Node>;

  static bool IsWell(const Node& node, Purpose purpose);
  static base::Clock::TimePoint RetryAt(const Node& node, Purpose purpose);

  void Add(const std::string& url) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::chrono::milliseconds BackoffAfter(int failures,
                                         std::chrono::milliseconds max)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Note(Trouble& trouble) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeTurn(Trouble& trouble) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BackOff(const Node& node, Trouble& trouble,
               std::chrono::milliseconds max)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BackOffFailed(Node& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BackOffReads(Node& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BringNextForward(const Entry& asked)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsUsable(std::string_view url) const;
  bool IsFallback(const Node& node) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsBefore(const Entry& a, const Entry& b) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Entry* FindWell(Purpose purpose,
                        const std::set<std::string>& passed_over = {}) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsFirstChoice(std::string_view url) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteAnswer(std::string_view url) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::Clock& clock_;
  const std::shared_ptr<Logger> logger_;
  const NodesOptions options_;
  const bool seeds_on_loopback_;
  const std::shared_ptr<Monitor> monitor_;

  // The Monitor's lock comes after this one.
  mutable base::Mutex mutex_;
  std::map<std::string, Node, std::less<>> nodes_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> learned_ ABSL_GUARDED_BY(mutex_);  // No seeds.
  std::uint64_t last_epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_any_learned_ ABSL_GUARDED_BY(mutex_) = false;
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  std::string current_ ABSL_GUARDED_BY(mutex_);  // The one that is asked.
  // The first in this client's order since Rotate(), whatever its rank.
  std::string preferred_ ABSL_GUARDED_BY(mutex_);
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_);
};

// The nodes as requests of one purpose see them.
//
// Thread-safe.
class NodesView final {
 public:
  // `nodes` outlives the object.
  NodesView(Nodes& nodes, Purpose purpose) : nodes_(nodes), purpose_(purpose) {}

  std::optional<std::string> Choose() { return nodes_.Choose(purpose_); }
  std::optional<std::string> FirstWell(
      const std::set<std::string>& passed_over) const {
    return nodes_.FirstWell(purpose_, passed_over);
  }
  bool IsWell(std::string_view url) const {
    return nodes_.IsWell(url, purpose_);
  }
  base::Clock::TimePoint NextChance() const {
    return nodes_.NextChance(purpose_);
  }
  void Succeeded(std::string_view url) { nodes_.Succeeded(url, purpose_); }
  void Failed(std::string_view url, base::Clock::TimePoint began,
              const absl::Status& cause) {
    nodes_.Failed(url, began, cause);
  }

  bool IsUntried(std::string_view url) const { return nodes_.IsUntried(url); }

  // Notes that the node answered, but refuses for now what is of this purpose.
  void Refused(std::string_view url, base::Clock::TimePoint began,
               const absl::Status& cause) {
    if (purpose_ == Purpose::kRead) {
      nodes_.RefusedRead(url, began, cause);
    } else {
      nodes_.RefusedAny(url, began, cause);
    }
  }

  std::uint64_t Epoch(std::string_view url) const { return nodes_.Epoch(url); }
  void Learn(const std::vector<std::string>& urls) { nodes_.Learn(urls); }
  void Rotate() { nodes_.Rotate(); }
  std::string last_error() const { return nodes_.last_error(); }
  std::vector<std::string> All() const { return nodes_.All(); }
  Monitor& monitor() const { return nodes_.monitor(); }

 private:
  Nodes& nodes_;
  const Purpose purpose_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_NODES_H_

// SPDX-License-Identifier: Apache-2.0

#include "core/nodes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/url.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;

// With the default max_backoff that makes at most 18 attempts a minute at a
// node that stays dead, however many requests wait for it.
constexpr milliseconds kFirstBackoff{200};
constexpr double kBackoffJitter = 0.25;

// Of the time between the turns of nodes that are all down: more would be more
// than 20 attempts a minute now and then.
constexpr double kTurnJitter = 0.1;

// A node that is starting up is ready soon, and lists wait for that. At most 20
// attempts a minute.
constexpr milliseconds kMaxReadBackoff{5000};

// With the above at most 20 attempts a minute at a dead machine that is both a
// learned node and, by another name, a seed.
constexpr milliseconds kFallbackBackoff{40000};

// A node that answered so long ago doesn't hang.
constexpr std::chrono::seconds kAnswerIsRecent{3};

// A node that failed is as good as any again after so long without news.
constexpr std::chrono::minutes kForgetAfter{5};

// FNV-1a with a final mix: spreads ranks well, and is the same everywhere.
std::uint64_t Rank(std::string_view url, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037ull ^ seed;
  for (const char c : url) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdull;
  return hash ^ (hash >> 33);
}

bool IsLoopbackHost(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127.";
}

bool IsUnspecifiedHost(std::string_view host) {
  return host == "0.0.0.0" || host == "::";
}

bool AnyOnLoopback(const std::vector<std::string>& urls) {
  return std::any_of(urls.begin(), urls.end(), [](const std::string& url) {
    const auto address = base::ParseAddress(url);
    return address && IsLoopbackHost(address->host_port.host);
  });
}

}  // namespace

std::optional<std::string> NodeUrl(std::string_view text) {
  const bool has_scheme = text.find("://") != std::string_view::npos;
  const auto address = base::ParseAddress(
      has_scheme ? std::string(text) : absl::StrFormat("http://%s", text));
  if (!address) return std::nullopt;
  if (address->scheme != "http" && address->scheme != "https") {
    return std::nullopt;
  }
  const std::string url = absl::StrFormat("%s://%s", address->scheme,
                                          address->host_port.ToString());
  // Nothing but a closing slash may follow: nodes serve no other path.
  const std::string_view rest =
      has_scheme ? text.substr(text.find("://") + 3) : text;
  const std::size_t slash = rest.find_first_of("/?#");
  if (slash != std::string_view::npos && rest.substr(slash) != "/") {
    return std::nullopt;
  }
  return url;
}

Nodes::Nodes(const base::Clock& clock, std::shared_ptr<Logger> logger,
             NodesOptions options, std::shared_ptr<Monitor> monitor)
    : clock_(clock),
      logger_(std::move(logger)),
      options_(std::move(options)),
      seeds_on_loopback_(AnyOnLoopback(options_.seeds)),
      monitor_(std::move(monitor)),
      random_(base::SeededRandom(options_.random_seed)) {
  base::MutexLock lock(mutex_);
  for (const std::string& url : options_.seeds) Add(url);
}

std::optional<std::string> Nodes::Choose(Purpose purpose) {
  base::MutexLock lock(mutex_);
  const auto now = clock_.Now();
  for (auto& [url, node] : nodes_) {
    for (Trouble* const trouble : {&node.failed, &node.refused_reads}) {
      if (now - trouble->last >= kForgetAfter) trouble->count = 0;
    }
  }
  if (const Entry* const well = FindWell(purpose)) return well->first;
  const auto first = std::min_element(
      nodes_.begin(), nodes_.end(), [purpose](const Entry& a, const Entry& b) {
        return RetryAt(a.second, purpose) < RetryAt(b.second, purpose);
      });
  Node& node = first->second;
  if (RetryAt(node, purpose) > now) return std::nullopt;
  // Whoever asks next waits for the outcome of this attempt, or for as long.
  if (node.failed.count > 0) {
    TakeTurn(node.failed);
    BackOffFailed(node);
    BringNextForward(*first);
  }
  if (purpose == Purpose::kRead && node.refused_reads.count > 0) {
    TakeTurn(node.refused_reads);
    BackOffReads(node);
  }
  return first->first;
}

base::Clock::TimePoint Nodes::NextChance(Purpose purpose) const {
  base::MutexLock lock(mutex_);
  base::Clock::TimePoint next = base::Clock::TimePoint::max();
  for (const auto& [url, node] : nodes_) {
    if (IsWell(node, purpose)) return clock_.Now();
    next = std::min(next, RetryAt(node, purpose));
  }
  return next;
}

std::optional<std::string> Nodes::FirstWell(
    Purpose purpose, const std::set<std::string>& passed_over) const {
  base::MutexLock lock(mutex_);
  const Entry* const well = FindWell(purpose, passed_over);
  if (well == nullptr) return std::nullopt;
  // One of the own zone that refuses something is still no reason to leave it.
  const Entry* const usual = FindWell(purpose);
  if (IsFallback(well->second) && !IsFallback(usual->second)) {
    return std::nullopt;
  }
  return well->first;
}

bool Nodes::IsWell(std::string_view url, Purpose purpose) const {
  base::MutexLock lock(mutex_);
  const auto it = nodes_.find(url);
  return it != nodes_.end() && IsWell(it->second, purpose);
}

bool Nodes::IsUntried(std::string_view url) const {
  base::MutexLock lock(mutex_);
  const auto it = nodes_.find(url);
  if (it == nodes_.end() || it->second.failed.count > 0) return false;
  const auto& answered_at = it->second.answered_at;
  return !answered_at || clock_.Now() - *answered_at > kAnswerIsRecent;
}

void Nodes::Succeeded(std::string_view url, Purpose purpose) {
  {
    base::MutexLock lock(mutex_);
    const auto it = nodes_.find(url);
    if (it == nodes_.end()) return;
    Node& node = it->second;
    const bool was_well = IsWell(node, purpose);
    node.failed.count = 0;
    node.answered_at = clock_.Now();
    if (purpose == Purpose::kRead) {
      node.refused_reads.count = 0;
    } else {
      node.does_write = true;
    }
    NoteAnswer(url);
    if (was_well) return;
  }
  logger_->Info(
      absl::StrFormat("%s: node %s: well again", options_.backend, url));
  if (options_.on_well_again) options_.on_well_again();
}

void Nodes::Failed(std::string_view url, base::Clock::TimePoint began,
                   const absl::Status& cause) {
  const std::string message(cause.message());
  {
    base::MutexLock lock(mutex_);
    last_error_ = absl::StrFormat("%s: %s", url, message);
    const auto it = nodes_.find(url);
    if (it == nodes_.end()) return;
    Node& node = it->second;
    if (node.failed.count > 0 && began < node.failed.last) return;
    if (Note(node.failed)) BackOffFailed(node);
    node.epoch = ++last_epoch_;
    node.answered_at.reset();
    node.does_write = false;
    node.refuses_any = false;
    absl::Status error(
        cause.code(),
        absl::StrFormat("%s: node %s", options_.backend, last_error_));
    if (FindWell(Purpose::kAny) != nullptr) {
      monitor_->Failed(std::move(error));
    } else {
      monitor_->Lost(std::move(error));
    }
    if (node.failed.count > 1) return;
  }
  logger_->Warning(absl::StrFormat("%s: node %s: failed: %s", options_.backend,
                                   url, message));
}

void Nodes::RefusedAny(std::string_view url, base::Clock::TimePoint began,
                       const absl::Status& cause) {
  Failed(url, began, cause);
  base::MutexLock lock(mutex_);
  const auto it = nodes_.find(url);
  if (it != nodes_.end()) it->second.refuses_any = true;
}

// That it answers ends what kept it from doing so, not what it refuses.
void Nodes::RefusedRead(std::string_view url, base::Clock::TimePoint began,
                        const absl::Status& cause) {
  const std::string message(cause.message());
  {
    base::MutexLock lock(mutex_);
    last_error_ = absl::StrFormat("%s: %s", url, message);
    const auto it = nodes_.find(url);
    if (it == nodes_.end()) return;
    Node& node = it->second;
    const bool had_failed =
        node.failed.count > 0 && !node.refuses_any && began >= node.failed.last;
    if (had_failed) node.failed.count = 0;
    node.answered_at = clock_.Now();
    Trouble& refused = node.refused_reads;
    if (refused.count > 0 && began < refused.last) return;
    if (Note(refused)) BackOffReads(node);
    node.epoch = ++last_epoch_;
    absl::Status error(
        cause.code(),
        absl::StrFormat("%s: node %s", options_.backend, last_error_));
    // While it takes writes it isn't lost: there would be no end of lost and
    // found.
    const bool is_of_use =
        node.does_write || FindWell(Purpose::kRead) != nullptr;
    if (is_of_use) {
      monitor_->Failed(std::move(error));
    } else {
      monitor_->Lost(std::move(error));
    }
    if (refused.count > 1 && !had_failed) return;
  }
  logger_->Warning(absl::StrFormat("%s: node %s: not ready for reads: %s",
                                   options_.backend, url, message));
}

// Requests to other nodes may still be under way: only an answer of the one
// that the next request goes to says which node the Client uses.
void Nodes::NoteAnswer(std::string_view url) {
  if (url != current_) {
    if (!IsFirstChoice(url)) return;
    const auto before = nodes_.find(current_);
    if (before != nodes_.end() && !IsWell(before->second, Purpose::kRead)) {
      monitor_->counters().failovers.Add();
    }
    current_ = std::string(url);
  }
  monitor_->Answered(options_.backend, url);
}

// What reads are sent to counts, while there is such a node: with writes going
// elsewhere, the two would take turns.
bool Nodes::IsFirstChoice(std::string_view url) const {
  const Entry* first = FindWell(Purpose::kRead);
  if (first == nullptr) first = FindWell(Purpose::kAny);
  return first != nullptr && first->first == url;
}

const Nodes::Entry* Nodes::FindWell(
    Purpose purpose, const std::set<std::string>& passed_over) const {
  const Entry* first = nullptr;
  for (const Entry& entry : nodes_) {
    if (!IsWell(entry.second, purpose)) continue;
    if (passed_over.count(entry.first) != 0) continue;
    if (first == nullptr || IsBefore(entry, *first)) first = &entry;
  }
  return first;
}

bool Nodes::IsBefore(const Entry& a, const Entry& b) const {
  const bool is_a_fallback = IsFallback(a.second);
  if (is_a_fallback != IsFallback(b.second)) return !is_a_fallback;
  if (a.first == preferred_ || b.first == preferred_) {
    return a.first == preferred_;
  }
  return a.second.rank < b.second.rank;
}

bool Nodes::IsFallback(const Node& node) const {
  return is_any_learned_ && !node.is_learned;
}

bool Nodes::IsWell(const Node& node, Purpose purpose) {
  return node.failed.count == 0 &&
         (purpose == Purpose::kAny || node.refused_reads.count == 0);
}

base::Clock::TimePoint Nodes::RetryAt(const Node& node, Purpose purpose) {
  base::Clock::TimePoint at = base::Clock::TimePoint::min();
  if (node.failed.count > 0) at = node.failed.retry_at;
  if (purpose == Purpose::kRead && node.refused_reads.count > 0) {
    at = std::max(at, node.refused_reads.retry_at);
  }
  return at;
}

std::uint64_t Nodes::Epoch(std::string_view url) const {
  base::MutexLock lock(mutex_);
  const auto it = nodes_.find(url);
  return it == nodes_.end() ? 0 : it->second.epoch;
}

void Nodes::Learn(const std::vector<std::string>& urls) {
  base::MutexLock lock(mutex_);
  std::vector<std::string> learned;
  for (const std::string& url : urls) {
    const bool is_seed = std::find(options_.seeds.begin(), options_.seeds.end(),
                                   url) != options_.seeds.end();
    const bool is_known =
        std::find(learned.begin(), learned.end(), url) != learned.end();
    if (!is_seed && !is_known && IsUsable(url)) learned.push_back(url);
  }
  is_any_learned_ = !learned.empty();
  for (const std::string& url : options_.seeds) {
    const bool is_learned =
        std::find(urls.begin(), urls.end(), url) != urls.end();
    nodes_.find(url)->second.is_learned = is_learned;
    is_any_learned_ |= is_learned;
  }
  for (const std::string& url : learned_) {
    if (std::find(learned.begin(), learned.end(), url) == learned.end()) {
      nodes_.erase(url);
    }
  }
  learned_ = std::move(learned);
  for (const std::string& url : learned_) {
    Add(url);
    nodes_.find(url)->second.is_learned = true;
  }
}

void Nodes::Rotate() {
  base::MutexLock lock(mutex_);
  const Entry* const first = FindWell(Purpose::kRead);
  std::vector<const Entry*> others;
  for (const Entry& entry : nodes_) {
    const bool is_other = &entry != first && !IsFallback(entry.second) &&
                          IsWell(entry.second, Purpose::kRead);
    if (is_other) others.push_back(&entry);
  }
  if (others.empty()) return;
  std::uniform_int_distribution<std::size_t> any(0, others.size() - 1);
  preferred_ = others[any(random_)]->first;
}

std::string Nodes::last_error() const {
  base::MutexLock lock(mutex_);
  return last_error_;
}

std::vector<std::string> Nodes::All() const {
  base::MutexLock lock(mutex_);
  std::vector<std::string> all = options_.seeds;
  all.insert(all.end(), learned_.begin(), learned_.end());
  return all;
}

void Nodes::Add(const std::string& url) {
  const auto [it, is_new] = nodes_.try_emplace(url);
  if (!is_new) return;
  it->second.rank = Rank(url, options_.random_seed);
  it->second.epoch = ++last_epoch_;
}

milliseconds Nodes::BackoffAfter(int failures, milliseconds max) {
  const int doublings = std::min(failures - 1, 10);
  const milliseconds bound = std::min(max, kFirstBackoff * (1 << doublings));
  return base::Jittered(bound, kBackoffJitter, random_);
}

// The attempt counts as failed from now on: at a node that hangs it will be
// long before it has.
void Nodes::TakeTurn(Trouble& trouble) {
  ++trouble.count;
  ++trouble.ahead;
  trouble.last = clock_.Now();
}

// Returns whether the failure is one that hadn't counted yet.
bool Nodes::Note(Trouble& trouble) {
  if (trouble.count == 0) trouble.ahead = 0;
  trouble.last = clock_.Now();
  if (trouble.ahead > 0) {
    --trouble.ahead;
    return false;
  }
  ++trouble.count;
  return true;
}

void Nodes::BackOff(const Node& node, Trouble& trouble, milliseconds max) {
  const milliseconds backoff =
      IsFallback(node)
          ? base::Jittered(kFallbackBackoff, kBackoffJitter, random_)
          : BackoffAfter(trouble.count, max);
  trouble.retry_at = clock_.Now() + backoff;
}

void Nodes::BackOffFailed(Node& node) {
  BackOff(node, node.failed, options_.max_backoff);
}

// While all nodes are down, `asked` and the others take turns: whichever is
// back first is found the sooner, and each still gets at most 20 attempts a
// minute.
void Nodes::BringNextForward(const Entry& asked) {
  int count = 0;
  Trouble* next = nullptr;
  for (auto& [url, node] : nodes_) {
    if (IsFallback(node)) continue;
    ++count;
    const bool is_down = node.failed.count > 0 && node.refused_reads.count == 0;
    if (!is_down || url == asked.first) continue;
    if (next == nullptr || node.failed.retry_at < next->retry_at) {
      next = &node.failed;
    }
  }
  if (next == nullptr) return;
  // The least that one alone would wait for.
  const milliseconds turn = options_.max_backoff * 3 / 4 / count;
  next->retry_at =
      std::min(next->retry_at,
               clock_.Now() + base::Jittered(turn, kTurnJitter, random_));
}

void Nodes::BackOffReads(Node& node) {
  BackOff(node, node.refused_reads, kMaxReadBackoff);
}

bool Nodes::IsUsable(std::string_view url) const {
  const auto address = base::ParseAddress(url);
  if (!address || IsUnspecifiedHost(address->host_port.host)) return false;
  return seeds_on_loopback_ || !IsLoopbackHost(address->host_port.host);
}

}  // namespace naming::core

// SPDX-License-Identifier: Apache-2.0

#include "etcd/stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::etcd {
namespace {

std::string DescribeApps(const std::map<std::string, Stream::Member>& members) {
  const std::string& first = members.begin()->first;
  if (members.size() == 1) return absl::StrFormat("watch %s", first);
  return absl::StrFormat("watch %s and %d more", first, members.size() - 1);
}

}  // namespace

Stream::Stream(base::Loop& loop, Requester& requester,
               const StreamOptions& options, OnMessage on_message,
               OnOver on_over)
    : loop_(loop),
      requester_(requester),
      options_(options),
      on_message_(std::move(on_message)),
      on_over_(std::move(on_over)) {}

Stream::~Stream() {
  Close();
  loop_.CancelTimer(open_timer_);
}

void Stream::Join(const std::string& app_id, Member member) {
  members_[app_id] = std::move(member);
  Restart();
}

void Stream::Leave(const std::string& app_id) {
  // What still comes for it is dropped.
  members_.erase(app_id);
}

void Stream::Restart() {
  if (open_timer_ != 0) return;
  open_timer_ = loop_.RunAfter(options_.gather, [this] { Open(); });
}

std::vector<std::string> Stream::app_ids() const {
  std::vector<std::string> app_ids;
  for (const auto& [app_id, member] : members_) app_ids.push_back(app_id);
  return app_ids;
}

void Stream::Open() {
  open_timer_ = 0;
  Close();
  if (members_.empty()) return;
  const auto node = requester_.nodes().Choose();
  if (!node) {
    const auto at = std::max(requester_.nodes().NextChance(),
                             loop_.clock().Now() + options_.gather);
    open_timer_ = loop_.RunAt(at, [this] { Open(); });
    return;
  }
  node_ = *node;
  began_ = loop_.clock().Now();
  std::vector<WatchRequest> requests;
  for (const auto& [app_id, member] : members_) {
    for (std::size_t i = 0; i < member.prefixes.size(); ++i) {
      requests.push_back({member.prefixes[i], member.revision(i) + 1});
      watches_.push_back({app_id, i});
    }
  }
  Call call;
  call.what = DescribeApps(members_);
  call.node = node_;
  call.path = "/watch";
  call.body = WatchBody(requests);
  call.timeout = options_.life;
  call.on_body = [this](std::string_view piece) { OnPiece(piece); };
  request_ = requester_.Send(
      std::move(call), [this](const absl::StatusOr<net::HttpResponse>& end) {
        request_ = 0;
        OnEnd(end.status());
      });
  begin_timer_ =
      loop_.RunAfter(options_.begin_timeout, [this] { OnBeginTimeout(); });
}

void Stream::Close() {
  requester_.Abort(std::exchange(request_, 0));
  loop_.CancelTimer(std::exchange(begin_timer_, 0));
  splitter_ = net::JsonSplitter();
  watches_.clear();
  place_by_id_.clear();
  node_.clear();
}

// What is called from here may close the stream, or destroy it.
void Stream::OnPiece(std::string_view piece) {
  const Requester::RequestId request = request_;
  splitter_.Append(piece);
  while (auto object = splitter_.Next()) {
    if (!OnObject(*std::move(object)) || request_ != request) return;
  }
  if (!splitter_.status().ok()) {
    Fail(Describe(DescribeApps(members_), node_, splitter_.status()), true);
  }
}

// Returns false when the stream is over, and perhaps destroyed.
bool Stream::OnObject(std::string object) {
  const auto message = DecodeWatch(std::move(object));
  if (!message.ok()) {
    // Every member would say the same of a token, a permission, or a size.
    const bool is_ours = absl::IsUnauthenticated(message.status()) ||
                         absl::IsPermissionDenied(message.status()) ||
                         absl::IsResourceExhausted(message.status());
    if (absl::IsUnauthenticated(message.status())) {
      requester_.DropToken(request_);
    }
    Fail(Describe("watch", node_, message.status()), !is_ours);
    return false;
  }
  if (message->is_created) OnCreated(message->watch_id);
  const auto it = place_by_id_.find(message->watch_id);
  if (it == place_by_id_.end()) return true;
  const Watch watch = watches_.at(it->second);
  if (members_.count(watch.app_id) != 0) on_message_(watch, *message);
  return true;
}

void Stream::OnCreated(std::int64_t watch_id) {
  const std::size_t place = place_by_id_.size();
  if (place == watches_.size()) return;
  place_by_id_.emplace(watch_id, place);
  if (place_by_id_.size() < watches_.size()) return;
  loop_.CancelTimer(std::exchange(begin_timer_, 0));
  requester_.nodes().Succeeded(node_);
}

void Stream::OnBeginTimeout() {
  begin_timer_ = 0;
  Fail(Describe(DescribeApps(members_), node_,
                absl::UnavailableError("the member doesn't begin")),
       true);
}

void Stream::OnEnd(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status)) return Open();
  // The Requester has noted what its member did wrong, a plain end apart.
  Fail(status.ok() ? Describe("watch", node_,
                              absl::UnavailableError("the stream has ended"))
                   : status,
       status.ok());
}

void Stream::Fail(const absl::Status& why, bool is_nodes_fault) {
  const std::string node = node_;
  // What is used once `on_over` has perhaps destroyed this.
  Requester& requester = requester_;
  const OnOver on_over = on_over_;
  if (is_nodes_fault) requester.nodes().Failed(node, began_, why);
  Close();
  on_over(why);
  if (is_nodes_fault) requester.TellNodeFailed(node);
}

}  // namespace naming::etcd

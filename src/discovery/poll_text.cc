// SPDX-License-Identifier: Apache-2.0

#include "discovery/poll_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/str_join.h"
#include "base/url.h"

namespace naming::discovery {
namespace {

constexpr std::size_t kMaxVersionBytes = 20;  // An int64 with its sign.

std::string NameOf(std::string_view app_id) {
  std::string name = "&appid=";
  base::AppendPercentEncoded(name, app_id);
  name += "&latest_timestamp=";
  return name;
}

class Digits final {
 public:
  explicit Digits(std::int64_t version)
      : size_(static_cast<std::size_t>(
            std::to_chars(chars_.begin(), chars_.end(), version).ptr -
            chars_.begin())) {}

  std::string_view text() const { return {chars_.data(), size_}; }

 private:
  std::array<char, kMaxVersionBytes> chars_;
  std::size_t size_;
};

}  // namespace

std::size_t PollText::MaxBytesOf(std::string_view app_id) {
  return NameOf(app_id).size() + kMaxVersionBytes;
}

void PollText::Add(std::string_view app_id, std::int64_t version) {
  const std::size_t index = IndexOf(app_id);
  const Digits digits(version);
  std::string text = NameOf(app_id);
  const Piece piece{text.size(), digits.text().size(), version};
  text += digits.text();
  text_.insert(BeginOf(index), text);
  max_bytes_ += piece.name_bytes + kMaxVersionBytes;
  const auto at = static_cast<std::ptrdiff_t>(index);
  pieces_.insert(pieces_.begin() + at, piece);
  AppIds& app_ids = OwnAppIds();
  app_ids.emplace(app_ids.begin() + at, app_id);
}

void PollText::Remove(std::string_view app_id) {
  const std::size_t index = IndexOf(app_id);
  const Piece& piece = pieces_[index];
  text_.erase(BeginOf(index), piece.name_bytes + piece.version_bytes);
  max_bytes_ -= piece.name_bytes + kMaxVersionBytes;
  const auto at = static_cast<std::ptrdiff_t>(index);
  pieces_.erase(pieces_.begin() + at);
  AppIds& app_ids = OwnAppIds();
  app_ids.erase(app_ids.begin() + at);
}

void PollText::SetVersion(std::string_view app_id, std::int64_t version) {
  const std::size_t index = IndexOf(app_id);
  Piece& piece = pieces_[index];
  if (piece.version == version) return;
  const Digits digits(version);
  text_.replace(BeginOf(index) + piece.name_bytes, piece.version_bytes,
                digits.text());
  piece.version_bytes = digits.text().size();
  piece.version = version;
}

std::string PollText::WithCommas() const {
  std::string versions;
  for (const Piece& piece : pieces_) {
    if (!versions.empty()) versions += ',';
    versions += Digits(piece.version).text();
  }
  std::string text = "&appid=";
  base::AppendPercentEncoded(text, absl::StrJoin(*app_ids_, ","));
  text += "&latest_timestamp=";
  base::AppendPercentEncoded(text, versions);
  return text;
}

// Returns where `app_id` is, or belongs.
std::size_t PollText::IndexOf(std::string_view app_id) const {
  return static_cast<std::size_t>(
      std::lower_bound(app_ids_->begin(), app_ids_->end(), app_id) -
      app_ids_->begin());
}

std::size_t PollText::BeginOf(std::size_t index) const {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < index; ++i) {
    begin += pieces_[i].name_bytes + pieces_[i].version_bytes;
  }
  return begin;
}

// Whoever was given the present ones keeps them.
PollText::AppIds& PollText::OwnAppIds() {
  if (app_ids_.use_count() > 1) app_ids_ = std::make_shared<AppIds>(*app_ids_);
  return *app_ids_;
}

}  // namespace naming::discovery

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_POLL_TEXT_H_
#define NAMING_DISCOVERY_POLL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace naming::discovery {

// The part of a polls query that names applications, in the order of their
// app_ids, each with the version that is known of it.
//
// It is kept ready made: of all the applications that a poll names, one has
// changed since the last poll, and the others are to cost next to nothing.
//
// Thread-compatible.
class PollText final {
 public:
  using AppIds = std::vector<std::string>;

  // Returns how many bytes `app_id` takes at most, whatever its version.
  static std::size_t MaxBytesOf(std::string_view app_id);

  PollText() = default;
  PollText(const PollText&) = delete;
  PollText& operator=(const PollText&) = delete;

  // Adds an application that isn't there yet. `version`: 0 for none.
  void Add(std::string_view app_id, std::int64_t version);

  // Removes an application that is there.
  void Remove(std::string_view app_id);

  // Gives an application that is there another version, 0 for none.
  void SetVersion(std::string_view app_id, std::int64_t version);

  // Returns "&appid=a&latest_timestamp=5&appid=b&latest_timestamp=0".
  const std::string& text() const { return text_; }

  // Returns "&appid=a%2Cb&latest_timestamp=5%2C0", made anew.
  std::string WithCommas() const;

  // Returns how many bytes the text has at most, whatever the versions.
  std::size_t max_bytes() const { return max_bytes_; }

  // Returns the applications as they are now, in order: what is returned stays
  // as it is when others come or go.
  std::shared_ptr<const AppIds> app_ids() const { return app_ids_; }

 private:
  // What the text has of one application.
  struct Piece {
    std::size_t name_bytes = 0;  // Of all that stands before the version.
    std::size_t version_bytes = 0;
    std::int64_t version = 0;
  };

  std::size_t IndexOf(std::string_view app_id) const;
  std::size_t BeginOf(std::size_t index) const;
  AppIds& OwnAppIds();

  std::string text_;
  std::size_t max_bytes_ = 0;
  std::vector<Piece> pieces_;  // In the order of `app_ids_`.
  std::shared_ptr<AppIds> app_ids_ = std::make_shared<AppIds>();
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_POLL_TEXT_H_

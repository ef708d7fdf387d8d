// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
#define NAMING_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace naming::testing {

// An empty directory, removed with all that is in it.
class TemporaryDirectory final {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "naming-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // Empty: it couldn't be made.
  const std::string& path() const { return path_; }

  std::string File(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_

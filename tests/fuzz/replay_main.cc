// SPDX-License-Identifier: Apache-2.0

// Feeds a fuzz target with every file of the folders that are its arguments,
// and with each file cut short after every byte, which libFuzzer would also
// try: what parses must not depend on what lies behind its end.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

constexpr std::size_t kMaxCuts = 4096;

// In a block of just this size, so that AddressSanitizer sees a read too far.
void Run(const std::string& input, std::size_t size) {
  const std::vector<std::uint8_t> bytes(
      input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

bool Replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string input(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return false;
  // Named first: when it crashes, this is the last line.
  std::printf("%s\n", path.filename().c_str());
  std::fflush(stdout);
  Run(input, input.size());
  for (std::size_t n = 0; n < std::min(input.size(), kMaxCuts); ++n) {
    Run(input, n);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(argv[i], error)) {
      if (!entry.is_regular_file()) continue;
      if (!Replay(entry.path())) {
        std::fprintf(stderr, "can't read %s\n", entry.path().c_str());
        return 1;
      }
      ++files;
    }
    if (error) {
      std::fprintf(stderr, "%s: %s\n", argv[i], error.message().c_str());
      return 1;
    }
  }
  if (files == 0) {
    std::fprintf(stderr, "no inputs\n");
    return 1;
  }
  return 0;
}

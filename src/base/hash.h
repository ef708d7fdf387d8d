// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_HASH_H_
#define NAMING_BASE_HASH_H_

#include <cstdint>
#include <string_view>

// Hashes that come out the same in every process, on every machine and with
// every version: choices that are made by them must agree or stay as they are.
namespace naming::base {

constexpr std::uint32_t Fnv1a32(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash;
}

constexpr std::uint64_t Fnv1a64(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return hash;
}

// Spreads the bits of `value` over the whole word, as FNV doesn't for texts
// that differ in their last bytes alone (the finalizer of splitmix64).
constexpr std::uint64_t Mix64(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace naming::base

#endif  // NAMING_BASE_HASH_H_

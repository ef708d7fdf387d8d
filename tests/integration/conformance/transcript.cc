// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/conformance/transcript.h"

#include <cmath>
#include <cstdlib>
#include <optional>

namespace naming::testing {
namespace {

constexpr std::string_view kBlockBegin = "\n```http\n";
constexpr std::string_view kBlockEnd = "\n```\n";
constexpr std::string_view kElapsed = "\n_response after ";

// Takes the text up to `end` out of `rest`, and `end` with it.
std::optional<std::string_view> TakeUntil(std::string_view& rest,
                                          std::string_view end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + end.size());
  return taken;
}

// Returns the parts of `text` that follow a `title`, each up to the next.
std::vector<std::string_view> Parts(std::string_view text,
                                    std::string_view title) {
  std::vector<std::string_view> parts;
  TakeUntil(text, title);
  while (const auto part = TakeUntil(text, title)) parts.push_back(*part);
  parts.push_back(text);
  return parts;
}

std::string WithCrlf(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

// The empty line after the header isn't shown where nothing follows it.
std::string RequestBytes(std::string_view shown) {
  const std::size_t head_end = shown.find("\n\n");
  std::string bytes = WithCrlf(shown.substr(0, head_end));
  bytes += "\r\n\r\n";
  if (head_end != std::string_view::npos) bytes += shown.substr(head_end + 2);
  return bytes;
}

// `text`: what is between two titles.
std::optional<TranscriptCase> ParseCase(std::string_view text) {
  TranscriptCase parsed;
  const auto title = TakeUntil(text, "\n");
  if (!title || !TakeUntil(text, kBlockBegin)) return std::nullopt;
  const auto request = TakeUntil(text, kBlockEnd);
  if (!request || !TakeUntil(text, kElapsed)) return std::nullopt;
  const auto seconds = TakeUntil(text, " s_");
  if (!seconds || !TakeUntil(text, kBlockBegin)) return std::nullopt;
  const auto response = TakeUntil(text, kBlockEnd);
  if (!response) return std::nullopt;
  parsed.title = *title;
  parsed.request = RequestBytes(*request);
  parsed.response = WithCrlf(*response);
  parsed.elapsed = std::chrono::milliseconds(
      std::lround(std::atof(std::string(*seconds).c_str()) * 1000));
  return parsed;
}

}  // namespace

std::vector<TranscriptCase> ParseTranscript(std::string_view markdown) {
  std::vector<TranscriptCase> cases;
  for (const std::string_view section : Parts(markdown, "\n## ")) {
    const int number = std::atoi(std::string(section.substr(0, 3)).c_str());
    for (const std::string_view text : Parts(section, "\n### ")) {
      std::optional<TranscriptCase> parsed = ParseCase(text);
      if (!parsed) continue;
      parsed->section = number;
      cases.push_back(*std::move(parsed));
    }
  }
  return cases;
}

}  // namespace naming::testing

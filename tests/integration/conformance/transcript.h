// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_CONFORMANCE_TRANSCRIPT_H_
#define NAMING_TESTS_INTEGRATION_CONFORMANCE_TRANSCRIPT_H_

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace naming::testing {

// One request to the real server and what came back, byte for byte.
struct TranscriptCase {
  int section = 0;
  std::string title;
  std::string request;
  std::string response;
  std::chrono::milliseconds elapsed{};  // Until the response.

  // The server held the request; others were sent meanwhile.
  bool is_held() const { return elapsed > std::chrono::milliseconds(200); }

  // The client closed the connection instead of waiting.
  bool is_abandoned() const { return response.rfind("HTTP/", 0) != 0; }

  // The response is that nothing changed in the time that a poll is held.
  bool is_expiry() const {
    return response.find("\"code\":-304") != std::string::npos;
  }
};

// Reads the cases of a transcript, which is Markdown: "## N. …" begins a
// section and "### title" a case, of which two blocks of code, the request and
// the response, stand around "_response after 1.234 s_". Line ends are shown as
// '\n'. Blocks of other forms, such as captures of packets, are left out.
std::vector<TranscriptCase> ParseTranscript(std::string_view markdown);

}  // namespace naming::testing

#endif  // NAMING_TESTS_INTEGRATION_CONFORMANCE_TRANSCRIPT_H_

// SPDX-License-Identifier: Apache-2.0
// What comes out of etcd: answers, a watch's stream, and values that anybody
// may have put there.

#include <cstddef>
#include <cstdint>
#include <string>

#include "etcd/layout.h"
#include "etcd/protocol.h"
#include "net/json_splitter.h"
#include "tests/fuzz/property.h"

namespace naming::etcd {
namespace {

using testing::Require;

void ReadAnswers(const std::string& text) {
  net::HttpResponse response;
  response.status_code = 200;
  response.body = text;
  DecodeKeepAlives(response).status().IgnoreError();
  const auto document = DecodeAnswer(response);
  if (!document.ok()) return;
  for (const absl::Status& status : {DecodeRange(document->root()).status(),
                                     DecodeTxn(document->root()).status(),
                                     DecodeGrant(document->root()).status(),
                                     DecodeToken(document->root()).status()}) {
    Require(status.ok() || status.code() == absl::StatusCode::kInternal,
            "what isn't etcd's is kInternal");
  }
}

void ReadStream(const std::string& text) {
  net::JsonSplitter whole;
  whole.Append(text);
  net::JsonSplitter bytewise;
  std::string by_bytes;
  for (const char c : text) {
    bytewise.Append(std::string_view(&c, 1));
    while (const auto object = bytewise.Next()) by_bytes += *object + "\n";
  }
  std::string at_once;
  while (auto object = whole.Next()) {
    at_once += *object + "\n";
    DecodeWatch(*std::move(object)).status().IgnoreError();
  }
  Require(at_once == by_bytes, "pieces of a stream make no difference");
}

void ReadValue(const std::string& text) {
  for (const Layout layout :
       {Layout::kKratos, Layout::kGoZero, Layout::kKratos1, Layout::kGrpc}) {
    ClientOptions options;
    options.layout = layout;
    const auto codec = MakeLayout(options);
    const auto read =
        codec->Decode("a", {codec->Prefixes("a").front() + "x", text});
    if (!read.ok() || !read->has_value()) continue;
    const Instance& instance = **read;
    Require(naming::Validate(instance).ok(), "what is read can be used");
    if (!codec->Check(instance).ok()) continue;
    const auto records = codec->Encode(instance, {1, 0});
    const auto again = codec->Decode("a", records.front());
    Require(again.ok() && again->has_value() && **again == instance,
            "what is written again is read the same");
  }
}

}  // namespace
}  // namespace naming::etcd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  naming::etcd::ReadAnswers(text);
  naming::etcd::ReadStream(text);
  naming::etcd::ReadValue(text);
  return 0;
}

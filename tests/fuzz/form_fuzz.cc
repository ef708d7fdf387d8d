// SPDX-License-Identifier: Apache-2.0
// What a client may put into a request: the input is the content type, the
// target, each in a line of its own, and the body.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/url.h"
#include "node/arguments.h"
#include "node/form.h"
#include "node/message.h"
#include "node/quirks.h"
#include "node/request_path.h"
#include "tests/fuzz/property.h"

namespace naming::node {
namespace {

using testing::Require;

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
  return line;
}

Request Read(std::string_view text) {
  Request request;
  request.method = "POST";
  request.content_type = std::string(TakeLine(text));
  request.target = std::string(TakeLine(text));
  request.body = std::string(text);
  return request;
}

void CheckForm(const Request& request) {
  const Form form(request);
  Request again;
  again.method = "POST";
  again.content_type = "application/x-www-form-urlencoded";
  for (const auto& [key, values] : form.values()) {
    for (const std::string& value : values) {
      base::AppendParameter(again.body, key, value);
    }
    Require(form.First(key) == values.front(), "the first value is the first");
  }
  Require(Form(again).values() == form.values(), "a form can be written again");
}

// Whatever comes, it binds or there is a message that says why not.
void CheckArguments(const Request& request, Quirks quirks) {
  const Form form(request, quirks);
  const auto is_told = [](const absl::Status& status) {
    Require(status.ok() || !status.message().empty(), "an error has a message");
  };
  is_told(RegisterArguments::Bind(request, form).status());
  is_told(RenewArguments::Bind(request, form).status());
  is_told(CancelArguments::Bind(request, form).status());
  is_told(FetchArguments::Bind(request, form).status());
  is_told(FetchsArguments::Bind(request, form).status());
  is_told(PollsArguments::Bind(request, form).status());
  is_told(SetArguments::Bind(request, form).status());
  for (const std::string& json : form.Values("metadata")) {
    is_told(ParseMetadata(json).status());
    ParseMetadataChange(json);
  }
}

}  // namespace
}  // namespace naming::node

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  namespace node = naming::node;
  const node::Request request =
      node::Read({reinterpret_cast<const char*>(data), size});
  node::CheckForm(request);
  node::CheckArguments(request, node::Quirks());
  node::CheckArguments(request, node::Quirks().With(node::Quirk::kCommaLists));
  node::PathOf(request.target);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0

#include "node/multipart.h"

#include <string>

#include "node/form.h"
#include "tests/support/catch.h"

namespace naming::node {
namespace {

using base::Parameters;

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

std::string Part(const std::string& disposition, const std::string& content) {
  return "--XX\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" +
         content + "\r\n";
}

TEST_CASE("A multipart form has its fields in order", "[multipart]") {
  const std::string body = Part(R"(name="addrs")", "http://h:1?a=b&c;d") +
                           Part(R"(name="addrs")", "") +
                           Part("name=version", "1\r\n2") + "--XX--\r\n";
  const Parameters fields{
      {"addrs", "http://h:1?a=b&c;d"}, {"addrs", ""}, {"version", "1\r\n2"}};
  CHECK(ParseMultipart(kType, body) == fields);
  CHECK(ParseMultipart(kType, "preamble\r\n" + body + "epilogue") == fields);
  CHECK(ParseMultipart(R"(multipart/form-data; Boundary="XX"; x=y)", body) ==
        fields);
}

TEST_CASE("Files and parts without a name aren't fields", "[multipart]") {
  CHECK(ParseMultipart(kType, Part(R"(name="a"; filename="f")", "x") +
                                  Part("", "y") + Part("name=b", "z") +
                                  "--XX\r\ncontent-type: x\r\n\r\nw\r\n"
                                  "--XX--") == Parameters{{"b", "z"}});
}

TEST_CASE("Of a malformed multipart form what is before the fault counts",
          "[multipart]") {
  const std::string good = Part("name=a", "1");
  CHECK(ParseMultipart(kType, "") == Parameters{});
  CHECK(ParseMultipart(kType, "--XX") == Parameters{});
  CHECK(ParseMultipart(kType, "--XX--") == Parameters{});
  CHECK(ParseMultipart(kType, good) == Parameters{});  // No end.
  CHECK(ParseMultipart(kType, good + "--XX") == Parameters{{"a", "1"}});
  CHECK(ParseMultipart(kType, good + "--XX\r\nname") == Parameters{{"a", "1"}});
  CHECK(ParseMultipart(kType, good + Part("name=b", "2")) ==
        Parameters{{"a", "1"}});
  CHECK(ParseMultipart("multipart/form-data", good) == Parameters{});
  CHECK(ParseMultipart("multipart/form-data; boundary=", good) == Parameters{});
}

TEST_CASE("A multipart form comes after the query", "[multipart]") {
  Request request;
  request.method = "POST";
  request.target = "/discovery/register?a=1";
  request.content_type = kType;
  request.body = Part("name=a", "2") + Part("name=b", "3") + "--XX--\r\n";
  const Form form(request);
  CHECK(form.Values("a") == std::vector<std::string>{"1", "2"});
  CHECK(form.First("b") == "3");
}

}  // namespace
}  // namespace naming::node

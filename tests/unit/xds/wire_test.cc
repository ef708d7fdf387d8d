// SPDX-License-Identifier: Apache-2.0

#include "xds/wire.h"

#include <cstdint>
#include <string>

#include "tests/support/catch.h"

namespace naming::xds {
namespace {

TEST_CASE("Fields are written as Protocol Buffers have them", "[xds][wire]") {
  // The examples of its documentation.
  CHECK(Message().Number(1, 150).bytes() == "\x08\x96\x01");
  CHECK(Message().Text(2, "testing").bytes() == "\x12\x07testing");
  CHECK(Message().Nested(3, Message().Number(1, 150)).bytes() ==
        "\x1a\x03\x08\x96\x01");
  CHECK(Message().Number(19, 0).bytes() == std::string("\x98\x01\x00", 3));
  CHECK(Message().Number(1, UINT64_MAX).bytes() ==
        "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST_CASE("Fields are read in order, fixed-width ones skipped", "[xds][wire]") {
  const std::string bytes =
      Message().Number(1, UINT64_MAX).Text(36, "a").bytes() +
      std::string(
          "\x39"
          "12345678"
          "\x3d"
          "1234") +
      Message().Text(2, "").bytes();
  MessageReader reader(bytes);
  auto field = reader.Next();
  REQUIRE(field);
  CHECK(field->number == 1);
  CHECK(field->value == UINT64_MAX);
  CHECK_FALSE(field->is_text);
  field = reader.Next();
  REQUIRE(field);
  CHECK(field->number == 36);
  CHECK(field->text == "a");
  field = reader.Next();
  REQUIRE(field);
  CHECK(field->number == 2);
  CHECK(field->is_text);
  CHECK(field->text.empty());
  CHECK_FALSE(reader.Next());
  CHECK(reader.ok());
}

TEST_CASE("What is no message is told", "[xds][wire]") {
  const std::string bytes =
      GENERATE(as<std::string>(), "\x08", "\x08\x96",
               "\x12\x05"
               "abc",
               "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
               "abc",
               "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
               "\x39"
               "1234567",
               "\x3d"
               "123",
               "\x0b", "\x0c", "\x0f", std::string("\x02\x00", 2));
  MessageReader reader(bytes);
  CHECK_FALSE(reader.Next());
  CHECK_FALSE(reader.ok());
  CHECK_FALSE(reader.Next());
}

}  // namespace
}  // namespace naming::xds

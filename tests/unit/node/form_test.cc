// SPDX-License-Identifier: Apache-2.0

#include "node/form.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

using Rule = Binder::Rule;
using Strings = std::vector<std::string>;

Request Get(std::string target) {
  Request request;
  request.method = "GET";
  request.target = std::move(target);
  return request;
}

Request Post(std::string target, std::string body,
             std::string content_type = "application/x-www-form-urlencoded") {
  Request request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = std::move(body);
  request.content_type = std::move(content_type);
  return request;
}

std::string NumberError(const Request& request) {
  const Form form(request);
  Binder binder(request, form, "Arg");
  std::uint32_t u = 0;
  std::int64_t i = 0;
  std::vector<std::int64_t> list;
  binder.Uint32("u", "U", Rule::kOptional, u);
  binder.Int64("i", "I", i);
  binder.Int64s("l", "L", list);
  return binder.error().value_or("");
}

TEST_CASE("A form in the body comes before the query", "[form]") {
  const Form form(Post("/p?a=3&b=4", "a=1&a=2"));
  CHECK(form.Values("a") == Strings{"1", "2", "3"});
  CHECK(form.First("b") == "4");
  CHECK(form.Values("c").empty());
  CHECK(form.First("c").empty());
}

TEST_CASE("A body that isn't declared a form isn't read", "[form]") {
  CHECK(Form(Post("/p", "a=1", "")).Values("a").empty());
  CHECK(Form(Post("/p", "a=1", "text/plain")).Values("a").empty());
  CHECK(Form(Post("/p", "a=1",
                  "Application/X-WWW-Form-Urlencoded ; charset=utf-8"))
            .First("a") == "1");
  Request get = Post("/p", "a=1");
  get.method = "GET";
  CHECK(Form(get).Values("a").empty());
}

TEST_CASE("Values are decoded, and what doesn't decode is left out", "[form]") {
  const Form form(Get("/p?a=x%20y+z%26&b=%zz&c=1;d=2&&e&=f&a=2"));
  CHECK(form.Values("a") == Strings{"x y z&", "2"});
  CHECK(form.Values("b").empty());
  CHECK(form.Values("c").empty());
  CHECK(form.Values("d").empty());
  CHECK(form.Values("e") == Strings{""});
  CHECK(form.Values("") == Strings{"f"});
}

TEST_CASE("The first of several values is a scalar's", "[form]") {
  const Request request = Get("/p?s=a&s=b&n=1&n=x&t=true&t=false");
  const Form form(request);
  Binder binder(request, form, "Arg");
  std::string s;
  std::uint32_t n = 0;
  bool t = false;
  binder.String("s", "S", Rule::kRequired, s);
  binder.Uint32("n", "N", Rule::kRequired, n);
  binder.Bool("t", "T", t);
  CHECK_FALSE(binder.error().has_value());
  CHECK(s == "a");
  CHECK(n == 1);
  CHECK(t);
}

TEST_CASE("Empty elements of a list are left out", "[form]") {
  const Request request = Get("/p?s=&s=a&s=&s=b,c&n=&n=-5&n=%2B7&e=");
  const Form form(request);
  Binder binder(request, form, "Arg");
  Strings s;
  std::vector<std::int64_t> n;
  binder.Strings("s", "S", Rule::kNotEmpty, s);
  binder.Int64s("n", "N", n);
  CHECK_FALSE(binder.error().has_value());
  CHECK(s == Strings{"a", "b,c"});  // A comma separates nothing.
  CHECK(n == std::vector<std::int64_t>{-5, 7});
  Strings e;
  binder.Strings("e", "E", Rule::kNotEmpty, e);
  CHECK(binder.error() ==
        "Key: 'Arg.E' Error:Field validation for 'E' failed on the 'gt' tag");
}

TEST_CASE("What is missing is said all at once, in order", "[form]") {
  const Request request = Get("/p?b=1&n=0");
  const Form form(request);
  Binder binder(request, form, "ArgX");
  std::string a;
  std::string b;
  std::uint32_t n = 0;
  binder.String("a", "A", Rule::kRequired, a);
  binder.String("b", "B", Rule::kRequired, b);
  binder.Uint32("n", "N", Rule::kRequired, n);
  CHECK(binder.error() ==
        "Key: 'ArgX.A' Error:Field validation for 'A' failed on the 'required' "
        "tag\n"
        "Key: 'ArgX.N' Error:Field validation for 'N' failed on the 'required' "
        "tag");
}

TEST_CASE("A number that is none is the only thing said", "[form]") {
  const Request request = Get("/p?n=abc&m=x");
  const Form form(request);
  Binder binder(request, form, "Arg");
  std::string a;
  std::uint32_t n = 0;
  std::int64_t m = 0;
  binder.String("a", "A", Rule::kRequired, a);
  binder.Uint32("n", "N", Rule::kRequired, n);
  binder.Int64("m", "M", m);
  CHECK(binder.error() == "strconv.ParseUint: parsing \"abc\": invalid syntax");
}

TEST_CASE("Numbers are read as strconv does", "[form]") {
  CHECK(NumberError(Get("/p?u=&i=&l=")).empty());
  CHECK(NumberError(Get("/p?u=4294967295&i=-9223372036854775808")).empty());
  CHECK(NumberError(Get("/p?u=4294967296")) ==
        "strconv.ParseUint: parsing \"4294967296\": value out of range");
  CHECK(NumberError(Get("/p?u=-1")) ==
        "strconv.ParseUint: parsing \"-1\": invalid syntax");
  CHECK(NumberError(Get("/p?u=%2B1")) ==
        "strconv.ParseUint: parsing \"+1\": invalid syntax");
  CHECK(
      NumberError(Get("/p?i=9223372036854775808")) ==
      "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
  CHECK(NumberError(Get("/p?i=%2B-1")) ==
        "strconv.ParseInt: parsing \"+-1\": invalid syntax");
  CHECK(NumberError(Get("/p?i=-")) ==
        "strconv.ParseInt: parsing \"-\": invalid syntax");
  CHECK(NumberError(Get("/p?l=1&l=1.5")) ==
        "strconv.ParseInt: parsing \"1.5\": invalid syntax");
}

TEST_CASE("What isn't a boolean is false", "[form]") {
  const auto read = [](const std::string& text) {
    const Request request = Get("/p?t=" + text);
    const Form form(request);
    Binder binder(request, form, "Arg");
    bool value = false;
    binder.Bool("t", "T", value);
    CHECK_FALSE(binder.error().has_value());
    return value;
  };
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True"}) {
    CHECK(read(text));
  }
  for (const char* text : {"0", "false", "yes", "tRue", "2", ""}) {
    CHECK_FALSE(read(text));
  }
}

// Binds one field of each type from a JSON body.
struct FromJson {
  explicit FromJson(std::string body) {
    const Request request =
        Post("/p?s=query", std::move(body), "application/json; charset=utf-8");
    const Form form(request);
    Binder binder(request, form, "Arg");
    binder.String("s", "Some", Rule::kOptional, s);
    binder.Strings("l", "List", Rule::kOptional, l);
    binder.Uint32("u", "Uint", Rule::kOptional, u);
    binder.Int64("i", "Int", i);
    binder.Int64s("n", "Ints", n);
    binder.Bool("b", "Bool", b);
    error = binder.error().value_or("");
  }

  std::string s;
  Strings l;
  std::uint32_t u = 0;
  std::int64_t i = 0;
  std::vector<std::int64_t> n;
  bool b = false;
  std::string error;
};

TEST_CASE("A JSON body has Go's field names as keys, in any case", "[form]") {
  const FromJson args(
      R"({"some":"x","LIST":["a","","b"],"Uint":2,"int":-5,"ints":[1,2],)"
      R"("bool":true,"other":{}})");
  CHECK(args.error.empty());
  CHECK(args.s == "x");
  CHECK(args.l == Strings{"a", "", "b"});
  CHECK(args.u == 2);
  CHECK(args.i == -5);
  CHECK(args.n == std::vector<std::int64_t>{1, 2});
  CHECK(args.b);
}

TEST_CASE("A JSON body's null and absence leave a field as it is", "[form]") {
  const FromJson args(R"({"some":null,"uint":null})");
  CHECK(args.error.empty());
  CHECK(args.s.empty());
  CHECK(FromJson("null").error.empty());
}

TEST_CASE("A JSON value of another type is an error that names the field",
          "[form]") {
  CHECK(FromJson(R"({"some":1})").error ==
        "json: cannot unmarshal number into Go struct field Arg.Some of type "
        "string");
  CHECK(FromJson(R"({"uint":"1"})").error ==
        "json: cannot unmarshal string into Go struct field Arg.Uint of type "
        "uint32");
  CHECK(FromJson(R"({"uint":-1})").error ==
        "json: cannot unmarshal number into Go struct field Arg.Uint of type "
        "uint32");
  CHECK(FromJson(R"({"list":{}})").error ==
        "json: cannot unmarshal object into Go struct field Arg.List of type "
        "[]string");
  CHECK(FromJson(R"({"bool":[]})").error ==
        "json: cannot unmarshal array into Go struct field Arg.Bool of type "
        "bool");
  CHECK(FromJson("[]").error ==
        "json: cannot unmarshal array into Go value of type model.Arg");
  CHECK(FromJson("").error == "EOF");
  CHECK_FALSE(FromJson("{").error.empty());
}

}  // namespace
}  // namespace naming::node

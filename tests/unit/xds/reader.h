// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_XDS_READER_H_
#define NAMING_TESTS_UNIT_XDS_READER_H_

#include <string>
#include <string_view>
#include <vector>

#include "xds/wire.h"

namespace naming::xds {

// Returns the texts of the field `path` of a message: "2.1" is the field 1 of
// each field 2; of numbers, their decimal form.
inline std::vector<std::string> Get(std::string_view bytes,
                                    const std::string& path) {
  std::vector<std::string> found;
  const std::size_t dot = path.find('.');
  MessageReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number != std::stoi(path.substr(0, dot))) continue;
    const std::string text = field->is_text ? std::string(field->text)
                                            : std::to_string(field->value);
    if (dot == std::string::npos) {
      found.push_back(text);
    } else {
      for (auto& inner : Get(text, path.substr(dot + 1))) {
        found.push_back(std::move(inner));
      }
    }
  }
  return found;
}

}  // namespace naming::xds

#endif  // NAMING_TESTS_UNIT_XDS_READER_H_

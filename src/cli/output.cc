// SPDX-License-Identifier: Apache-2.0

#include "cli/output.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "net/json.h"

namespace naming::cli {
namespace {

using Row = std::vector<std::string>;

// What others registered may hold anything: keep it on its line.
std::string Cell(std::string_view text) {
  return text.empty() ? "-" : base::Excerpt(text, 200);
}

std::string Join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += ",";
    joined += part;
  }
  return joined;
}

// Returns `rows` in columns, indented.
std::string Columns(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += "  ";
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size(), ' ');
    }
    text += "\n";
  }
  return text;
}

Row RowOf(const std::string& zone, const Instance& instance) {
  std::vector<std::string> metadata;
  for (const auto& [key, value] : instance.metadata) {
    metadata.push_back(absl::StrFormat("%s=%s", key, value));
  }
  return {Cell(zone),
          Cell(instance.hostname),
          Cell(ToString(instance.status)),
          Cell(instance.version),
          Cell(Join(instance.addrs)),
          Cell(Join(metadata))};
}

std::string Table(const Snapshot& snapshot) {
  std::string text = absl::StrFormat(
      "%s  revision %d  %d instance%s\n", Cell(snapshot.app_id),
      snapshot.revision, snapshot.size(), snapshot.size() == 1 ? "" : "s");
  std::vector<Row> rows;
  for (const auto& [zone, instances] : snapshot.zones) {
    for (const auto& instance : instances) {
      rows.push_back(RowOf(zone, *instance));
    }
  }
  if (rows.empty()) return text;
  rows.insert(rows.begin(),
              {"ZONE", "HOSTNAME", "STATUS", "VERSION", "ADDRS", "METADATA"});
  return text + Columns(rows);
}

void WriteStrings(net::JsonWriter& json,
                  const std::vector<std::string>& strings) {
  json.BeginArray();
  for (const std::string& string : strings) json.String(string);
  json.EndArray();
}

void WriteInstance(net::JsonWriter& json, const Instance& instance) {
  json.BeginObject();
  json.Key("hostname");
  json.String(instance.hostname);
  json.Key("addrs");
  WriteStrings(json, instance.addrs);
  json.Key("version");
  json.String(instance.version);
  json.Key("status");
  json.String(ToString(instance.status));
  json.Key("metadata");
  json.StringMap(instance.metadata);
  json.EndObject();
}

void WriteZones(net::JsonWriter& json, const Snapshot& snapshot) {
  json.BeginObject();
  for (const auto& [zone, instances] : snapshot.zones) {
    json.Key(zone);
    json.BeginArray();
    for (const auto& instance : instances) WriteInstance(json, *instance);
    json.EndArray();
  }
  json.EndObject();
}

void BeginEvent(net::JsonWriter& json, std::string_view event,
                const base::Clock& clock) {
  json.BeginObject();
  json.Key("event");
  json.String(event);
  json.Key("mono_ns");
  json.Int64(std::chrono::nanoseconds(clock.Now().time_since_epoch()).count());
}

}  // namespace

Output::Output(Format format, std::ostream& stream, const base::Clock& clock)
    : format_(format), clock_(clock), stream_(stream) {}

bool Output::PrintRegistration(std::string_view event, const Instance& instance,
                               const absl::Status& why) {
  const std::string reason(why.message());
  if (format_ == Format::kTable) {
    return Write(absl::StrFormat("%-10s  %s  %s%s%s\n", event,
                                 Cell(instance.app_id), Cell(instance.hostname),
                                 why.ok() ? "" : "  ", why.ok() ? "" : reason));
  }
  net::JsonWriter json;
  BeginEvent(json, event, clock_);
  json.Key("app_id");
  json.String(instance.app_id);
  json.Key("hostname");
  json.String(instance.hostname);
  if (!why.ok()) {
    json.Key("error");
    json.String(reason);
  }
  json.EndObject();
  return Write(json.text() + "\n");
}

bool Output::PrintSnapshot(const Snapshot& snapshot) {
  if (format_ == Format::kTable) return Write(Table(snapshot));
  net::JsonWriter json;
  BeginEvent(json, "snapshot", clock_);
  json.Key("app_id");
  json.String(snapshot.app_id);
  json.Key("revision");
  json.Int64(snapshot.revision);
  json.Key("instances");
  WriteZones(json, snapshot);
  json.EndObject();
  return Write(json.text() + "\n");
}

bool Output::PrintNodes(const std::vector<std::string>& nodes) {
  if (format_ == Format::kTable) {
    std::string text;
    for (const std::string& node : nodes) text += node + "\n";
    return Write(text);
  }
  net::JsonWriter json;
  BeginEvent(json, "nodes", clock_);
  json.Key("nodes");
  WriteStrings(json, nodes);
  json.EndObject();
  return Write(json.text() + "\n");
}

bool Output::Write(std::string_view text) {
  base::MutexLock lock(mutex_);
  stream_ << text << std::flush;
  return stream_.good();
}

}  // namespace naming::cli

// SPDX-License-Identifier: Apache-2.0

#include "node/answers.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "node/go_json.h"

namespace naming::node {
namespace {

constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kText = "text/plain";

Response Json(std::optional<int> code, std::string body) {
  Response response;
  response.content_type = kJson;
  response.code = code;
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

Response Text(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = kText;
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

void WriteStrings(GoJsonWriter& writer,
                  const std::vector<std::string>& strings) {
  if (strings.empty()) {  // A nil slice of Go's.
    writer.Null();
    return;
  }
  writer.BeginArray();
  for (const std::string& string : strings) writer.String(string);
  writer.EndArray();
}

void WriteMetadata(GoJsonWriter& writer, const StoredInstance& instance,
                   bool is_raw) {
  if (!instance.metadata && is_raw) {
    writer.Null();
    return;
  }
  writer.BeginObject();
  for (const auto& [key, value] : instance.metadata.value_or(Metadata())) {
    writer.Key(key);
    writer.String(value);
  }
  writer.EndObject();
}

void WriteMember(GoJsonWriter& writer, std::string_view key,
                 std::string_view value) {
  writer.Key(key);
  writer.String(value);
}

void WriteMember(GoJsonWriter& writer, std::string_view key,
                 std::int64_t value) {
  writer.Key(key);
  writer.Int64(value);
}

void WriteInstance(GoJsonWriter& writer, const StoredInstance& instance,
                   bool is_raw) {
  writer.BeginObject();
  WriteMember(writer, "region", instance.region);
  WriteMember(writer, "zone", instance.zone);
  WriteMember(writer, "env", instance.env);
  WriteMember(writer, "appid", instance.app_id);
  WriteMember(writer, "hostname", instance.hostname);
  writer.Key("addrs");
  WriteStrings(writer, instance.addrs);
  WriteMember(writer, "version", instance.version);
  writer.Key("metadata");
  WriteMetadata(writer, instance, is_raw);
  WriteMember(writer, "status", std::int64_t{instance.status});
  WriteMember(writer, "reg_timestamp", instance.reg_timestamp);
  WriteMember(writer, "up_timestamp", instance.up_timestamp);
  WriteMember(writer, "renew_timestamp", instance.renew_timestamp);
  WriteMember(writer, "dirty_timestamp", instance.dirty_timestamp);
  WriteMember(writer, "latest_timestamp", instance.latest_timestamp);
  writer.EndObject();
}

void WriteInstances(GoJsonWriter& writer,
                    const std::vector<const StoredInstance*>& instances,
                    bool is_raw) {
  writer.BeginArray();
  for (const StoredInstance* const instance : instances) {
    WriteInstance(writer, *instance, is_raw);
  }
  writer.EndArray();
}

void WriteApp(GoJsonWriter& writer, const AppView& app) {
  writer.BeginObject();
  writer.Key("instances");
  writer.BeginObject();
  for (const auto& [zone, instances] : app.zones) {
    writer.Key(zone);
    WriteInstances(writer, instances, false);
  }
  writer.EndObject();
  if (!app.scheduler.empty()) {
    writer.Key("scheduler");
    writer.Raw(app.scheduler);
  }
  WriteMember(writer, "latest_timestamp", app.revision);
  writer.EndObject();
}

void WriteApps(GoJsonWriter& writer, const AppViews& apps) {
  writer.BeginObject();
  for (const auto& [app_id, app] : apps) {
    writer.Key(app_id);
    WriteApp(writer, app);
  }
  writer.EndObject();
}

}  // namespace

Response CodeAnswer(int code) {
  return Json(
      code, absl::StrFormat("{\"code\":%d,\"message\":\"%d\",\"ttl\":1}", code,
                            code));
}

Response DataAnswer(int code, std::string_view data) {
  return Json(code, absl::StrFormat("{\"code\":%d,\"message\":\"%d\",\"ttl\":1,"
                                    "\"data\":%s}",
                                    code, code, data));
}

Response BindAnswer(const absl::Status& error) {
  GoJsonWriter writer;
  writer.BeginObject();
  WriteMember(writer, "code", kCodeBadRequest);
  WriteMember(writer, "message", std::string(error.message()));
  WriteMember(writer, "ttl", 1);
  writer.EndObject();
  return Json(std::nullopt, writer.Take());
}

Response NoSuchAppAnswer(std::string_view app_id) {
  GoJsonWriter writer;
  writer.BeginObject();
  WriteMember(writer, "code", kCodeNotFound);
  WriteMember(writer, "message", absl::StrFormat("%s not found", app_id));
  writer.EndObject();
  return Json(kCodeNotFound, writer.Take());
}

Response PollsAnswer(const AppViews& apps,
                     const std::vector<std::string>& missing, Quirks quirks) {
  if (quirks.plain_polls()) return DataAnswer(kCodeOk, EncodeApps(apps));
  GoJsonWriter writer;
  writer.BeginObject();
  WriteMember(writer, "code", kCodeOk);
  writer.Key("data");
  WriteApps(writer, apps);
  writer.Key("error");
  writer.BeginObject();
  writer.Key("-404");
  WriteStrings(writer, missing);
  writer.EndObject();
  WriteMember(writer, "message", "0");
  writer.EndObject();
  return Json(kCodeOk, writer.Take());
}

Response TimeoutAnswer(Quirks quirks) {
  Response response = CodeAnswer(kCodeNotModified);
  if (quirks.doubled_timeout()) {
    response.body =
        std::make_shared<const std::string>(*response.body + *response.body);
  }
  return response;
}

Response ProtectedAnswer() { return CodeAnswer(kCodeServerError); }

Response BehindProtectedAnswer(const Response& response,
                               std::string_view callback) {
  Response both = WithCallback(ProtectedAnswer(), callback);
  const Response behind = WithCallback(response, callback);
  if (behind.body != nullptr) {
    both.body = std::make_shared<const std::string>(*both.body + *behind.body);
  }
  return both;
}

Response EmptyAnswer() { return Response(); }

Response PathAnswer() { return Text(404, "404 page not found"); }

Response MethodAnswer() { return Text(405, "Method Not Allowed"); }

Response WithCallback(Response response, std::string_view callback) {
  if (callback.empty() || response.content_type != kJson) return response;
  response.body = std::make_shared<const std::string>(
      absl::StrFormat("%s(%s)", GoJsEscape(callback), *response.body));
  return response;
}

std::string EncodeInstance(const StoredInstance& instance, bool is_raw) {
  GoJsonWriter writer;
  WriteInstance(writer, instance, is_raw);
  return writer.Take();
}

std::string EncodeApp(const AppView& app) {
  GoJsonWriter writer;
  WriteApp(writer, app);
  return writer.Take();
}

std::string EncodeApps(const AppViews& apps) {
  GoJsonWriter writer;
  WriteApps(writer, apps);
  return writer.Take();
}

std::string EncodeAll(const Store& store) {
  std::map<std::string_view, std::vector<const StoredInstance*>> apps;
  store.ForEach([&](const StoredInstance& instance) {
    apps[instance.app_id].push_back(&instance);
  });
  GoJsonWriter writer;
  writer.BeginObject();
  for (const auto& [app_id, instances] : apps) {
    writer.Key(app_id);
    WriteInstances(writer, instances, true);
  }
  writer.EndObject();
  return writer.Take();
}

std::string EncodeNodes(const std::vector<NodeEntry>& nodes) {
  GoJsonWriter writer;
  writer.BeginArray();
  for (const NodeEntry& node : nodes) {
    writer.BeginObject();
    WriteMember(writer, "addr", node.addr);
    WriteMember(writer, "status", node.status);
    WriteMember(writer, "zone", node.zone);
    writer.EndObject();
  }
  writer.EndArray();
  return writer.Take();
}

}  // namespace naming::node

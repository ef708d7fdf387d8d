// SPDX-License-Identifier: Apache-2.0
// namingctl: registers and resolves from a shell.

#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/backend.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "naming/discovery/options.h"
#include "naming/instance.h"
#include "naming/version.h"

namespace naming::cli {
namespace {

// Exit status, which scripts rely on.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// What the command line says, the environment having spoken before.
struct CommandLine {
  discovery::ClientOptions client = discovery::ClientOptions::FromEnvironment();
  std::string registry;
  Output::Format format = Output::Format::kTable;
  std::vector<std::string> app_ids;
  Instance instance;
  std::optional<std::chrono::milliseconds> run_for;
  std::chrono::milliseconds timeout = std::chrono::seconds(3);

  Connect connect;  // To `registry`.

  // The chosen verb.
  std::function<absl::Status(Output&)> run;
};

int Complain(std::string_view message, int exit_status) {
  // One line, whatever the arguments hold that it quotes.
  std::cerr << absl::StrFormat("namingctl: %s\n", base::Excerpt(message, 1000))
            << std::flush;
  return exit_status;
}

// Throws what CLI11 turns into a message that names the option.
template <typename T>
T ValueOrThrow(absl::StatusOr<T> value, const std::string& option) {
  if (!value.ok()) {
    throw CLI::ValidationError(option, std::string(value.status().message()));
  }
  return *std::move(value);
}

// Adds the option `name`, whose text `parse` turns into what `set` takes.
template <typename Parse, typename Set>
void AddParsed(CLI::App& app, const std::string& name, const std::string& type,
               const std::string& help, const Parse& parse, const Set& set) {
  app.add_option_function<std::string>(
         name,
         [name, parse, set](const std::string& text) {
           set(ValueOrThrow(parse(text), name));
         },
         help)
      ->type_name(type);
}

void AddRunFor(CLI::App& verb, CommandLine& line) {
  AddParsed(verb, "--for", "DURATION", "end after 10s, 2m, …; else: never",
            ParseDuration, [&line](auto time) { line.run_for = time; });
}

void AddGlobalOptions(CLI::App& app, CommandLine& line) {
  app.add_option("--nodes", line.client.nodes,
                 "discovery nodes, host:port,… [DISCOVERY_NODES]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NODES");
  app.add_option("--registry", line.registry,
                 "discovery://h:p,h:p, etcd+kratos://h:p/prefix (or gozero, "
                 "kratos1, grpc), direct://; else discovery at --nodes")
      ->type_name("URL");
  app.add_option("--region", line.client.region, "own region [REGION]")
      ->type_name("REGION");
  app.add_option("--zone", line.client.zone, "own zone [ZONE]")
      ->type_name("ZONE");
  app.add_option("--env", line.client.env, "own environment [DEPLOY_ENV]")
      ->type_name("ENV");
  AddParsed(app, "--output", "FORMAT", "table, or json: an object a line",
            ParseFormat, [&line](auto format) { line.format = format; });
  app.set_version_flag(
      "--version", absl::StrFormat("namingctl %d.%d.%d", NAMING_VERSION_MAJOR,
                                   NAMING_VERSION_MINOR, NAMING_VERSION_PATCH));
}

void AddRegister(CLI::App& app, CommandLine& line) {
  CLI::App& verb =
      *app.add_subcommand("register",
                          "register an instance, and keep it so; fails when "
                          "that takes longer than 5s");
  Instance& instance = line.instance;
  verb.add_option("APP", instance.app_id, "its application")->required();
  verb.add_option("--addr", instance.addrs,
                  "where it listens, such as grpc://10.0.0.7:9000")
      ->required()
      ->type_name("URL");
  verb.add_option("--hostname", instance.hostname,
                  "its name among its application's instances [HOSTNAME]")
      ->type_name("NAME");
  verb.add_option_function<std::vector<std::string>>(
          "--metadata",
          [&instance](const std::vector<std::string>& pairs) {
            instance.metadata =
                ValueOrThrow(ParseMetadata(pairs), "--metadata");
          },
          "key=value; may be repeated")
      ->type_name("K=V")
      ->allow_extra_args(false);
  AddParsed(verb, "--status", "STATUS", "up or waiting; else up", ParseStatus,
            [&instance](auto status) { instance.status = status; });
  AddRunFor(verb, line);
  verb.callback([&line] {
    line.run = [&line](Output& output) {
      return Register(line.connect, line.instance, line.run_for, output);
    };
  });
}

void AddWatch(CLI::App& app, CommandLine& line) {
  CLI::App& verb =
      *app.add_subcommand("watch", "print each change of applications");
  verb.add_option("APP", line.app_ids, "applications")->required();
  AddRunFor(verb, line);
  verb.callback([&line] {
    line.run = [&line](Output& output) {
      return Watch(line.connect, line.app_ids, line.run_for, output);
    };
  });
}

void AddFetch(CLI::App& app, CommandLine& line) {
  CLI::App& verb =
      *app.add_subcommand("fetch", "print the instances of applications");
  verb.add_option("APP", line.app_ids, "applications")->required();
  AddParsed(verb, "--timeout", "DURATION", "wait so long for all; else 3s",
            ParseDuration, [&line](auto time) { line.timeout = time; });
  verb.callback([&line] {
    line.run = [&line](Output& output) {
      return Fetch(line.connect, line.app_ids, line.timeout, output);
    };
  });
}

void AddNodes(CLI::App& app, CommandLine& line) {
  CLI::App& verb =
      *app.add_subcommand("nodes", "print the nodes of the registry");
  verb.callback([&line] {
    line.run = [&line](Output& output) {
      if (line.client.nodes.empty()) {
        return absl::InvalidArgumentError("nodes: needs --nodes");
      }
      return Nodes(line.client, output);
    };
  });
}

int Run(CommandLine& line) {
  if (line.client.nodes.empty() && line.registry.empty()) {
    return Complain("--nodes is required, or DISCOVERY_NODES, or --registry",
                    kWrongUsage);
  }
  auto connect = ParseRegistry(line.registry, line.client);
  if (!connect.ok()) {
    return Complain(absl::StrFormat("--registry: %s",
                                    std::string(connect.status().message())),
                    kWrongUsage);
  }
  line.connect = *std::move(connect);
  Output output(line.format, std::cout, base::Clock::Real());
  const absl::Status status = line.run(output);
  if (!status.ok()) {
    return Complain(std::string(status.message()),
                    status.code() == absl::StatusCode::kInvalidArgument
                        ? kWrongUsage
                        : kFailed);
  }
  if (!std::cout.good()) {
    return Complain("stdout can't be written to", kFailed);
  }
  return kDone;
}

int Main(int argc, char** argv) {
  StopSignals::Block();
  // A reader that goes away must not keep us from cancelling a registration.
  std::signal(SIGPIPE, SIG_IGN);
  CommandLine line;
  CLI::App app(
      "Registers with discovery nodes, etcd or nobody, and resolves there.",
      "namingctl");
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobalOptions(app, line);
  AddRegister(app, line);
  AddWatch(app, line);
  AddFetch(app, line);
  AddNodes(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    const std::vector<std::string> unknown = app.remaining();
    if (app.get_subcommands().empty() && !unknown.empty()) {
      return Complain(absl::StrFormat("%s: no such verb", unknown.front()),
                      kWrongUsage);
    }
    return Complain(error.what(), kWrongUsage);
  }
  return Run(line);
}

}  // namespace
}  // namespace naming::cli

int main(int argc, char** argv) { return naming::cli::Main(argc, argv); }

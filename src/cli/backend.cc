// SPDX-License-Identifier: Apache-2.0

#include "cli/backend.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "naming/direct/client.h"
#include "naming/discovery/client.h"
#include "naming/etcd/client.h"

namespace naming::cli {
namespace {

std::vector<std::string> SplitList(std::string_view list) {
  std::vector<std::string> parts;
  for (const std::string_view part : base::Split(list, ',')) {
    const std::string_view trimmed = base::Trim(part);
    if (!trimmed.empty()) parts.emplace_back(trimmed);
  }
  return parts;
}

template <typename Client>
absl::StatusOr<Backend> MakeBackend(
    absl::StatusOr<std::unique_ptr<Client>> created) {
  if (!created.ok()) return created.status();
  const std::shared_ptr<Client> client = *std::move(created);
  return Backend{client, client};
}

Connect ToDiscovery(discovery::ClientOptions options) {
  return [options = std::move(options)](LogSink sink) mutable {
    options.log_sink = std::move(sink);
    return MakeBackend(discovery::Client::Create(options));
  };
}

// The defaults are discovery's own: elsewhere nothing is what nobody said.
std::string Said(const std::string& value, const std::string& by_default) {
  return value == by_default ? std::string() : value;
}

absl::StatusOr<Connect> ToEtcd(std::string_view url,
                               const discovery::ClientOptions& discovery) {
  auto options = etcd::ParseRegistry(url);
  if (!options.ok()) return options.status();
  const discovery::ClientOptions defaults;
  options->region = Said(discovery.region, defaults.region);
  options->zone = Said(discovery.zone, defaults.zone);
  options->env = Said(discovery.env, defaults.env);
  options->hostname = discovery.hostname;
  return Connect([options = *std::move(options)](LogSink sink) mutable {
    options.log_sink = std::move(sink);
    return MakeBackend(etcd::Client::Create(options));
  });
}

Connect ToAddresses(std::string_view list) {
  direct::ClientOptions options;
  options.addrs = SplitList(list);
  return [options = std::move(options)](const LogSink&) {
    return MakeBackend(direct::Client::Create(options));
  };
}

}  // namespace

absl::StatusOr<Connect> ParseRegistry(std::string_view url,
                                      const discovery::ClientOptions& options) {
  if (url.empty()) return ToDiscovery(options);
  const std::size_t end = url.find("://");
  const std::string scheme = base::ToLower(url.substr(0, end));
  std::string_view rest =
      end == std::string_view::npos ? "" : url.substr(end + 3);
  if (scheme == "discovery" || scheme == "direct") {
    const std::size_t mark = rest.find('?');
    if (mark != std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrFormat("there are no parameters here, as \"%s\"",
                          base::Excerpt(rest.substr(mark), 100)));
    }
    while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    // "direct:///a:1,b:2" is how Kratos writes it, with any authority.
    const std::size_t slash = rest.find('/');
    if (slash != std::string_view::npos) rest.remove_prefix(slash + 1);
    if (scheme == "direct") return ToAddresses(rest);
    discovery::ClientOptions with_nodes = options;
    with_nodes.nodes = SplitList(rest);
    return ToDiscovery(std::move(with_nodes));
  }
  if (scheme.substr(0, 5) == "etcd+") return ToEtcd(url, options);
  return absl::InvalidArgumentError(absl::StrFormat(
      "must begin with discovery://, etcd+kratos://, etcd+gozero://, "
      "etcd+kratos1://, etcd+grpc:// or direct://, is \"%s\"",
      base::Excerpt(url, 100)));
}

}  // namespace naming::cli

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_MEMBERS_H_
#define NAMING_ETCD_MEMBERS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace naming::etcd {

// Returns the URL "http://host:port" of the member that `text` names: "host",
// "host:port", or either after "http://" or "https://"; nullopt when it names
// none.
std::optional<std::string> MemberUrl(std::string_view text);

// Returns the URLs of `nodes`, which name members, each once.
std::vector<std::string> MemberUrls(const std::vector<std::string>& nodes);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_MEMBERS_H_

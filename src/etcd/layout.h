// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_LAYOUT_H_
#define NAMING_ETCD_LAYOUT_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcd/protocol.h"
#include "naming/etcd/options.h"
#include "naming/instance.h"

namespace naming::etcd {

// What stands in a value or key that an Instance doesn't know.
struct Stamp {
  std::int64_t lease = 0;
  std::int64_t time_ns = 0;  // Since when the Instance is what it is.
};

// How a framework writes Instances into etcd: keys and values to Instances and
// back. Pure functions. Reads what that framework's Go programs read, and
// writes, byte for byte, what they write.
//
// Thread-compatible.
class LayoutCodec {
 public:
  LayoutCodec(const LayoutCodec&) = delete;
  LayoutCodec& operator=(const LayoutCodec&) = delete;
  virtual ~LayoutCodec() = default;

  // Returns how long a lease of that framework lives.
  virtual std::chrono::seconds ttl() const = 0;

  // Returns whether `instance` can be written such that it is read as it is.
  //
  // Errors: kInvalidArgument, names the field.
  virtual absl::Status Check(const Instance& instance) const = 0;

  // Returns what to put for `instance`, which Check() has passed: the key that
  // the framework reads first.
  virtual std::vector<Record> Encode(const Instance& instance,
                                     const Stamp& stamp) const = 0;

  // Returns how the keys of the Instances of `app_id` begin.
  virtual std::vector<std::string> Prefixes(std::string_view app_id) const = 0;

  // Returns the Instance of `app_id` that `record`, whose key begins with one
  // of Prefixes(), stands for; nullopt when it is another application's, or
  // says that there is none.
  //
  // Errors: kInternal, `record` isn't of this layout.
  virtual absl::StatusOr<std::optional<Instance>> Decode(
      std::string_view app_id, const Record& record) const = 0;

  // Makes the Instances of keys that belong together one.
  virtual void Join(std::string_view app_id,
                    std::map<std::string, const Instance*>& by_key) const;

  // Returns the hostname of an Instance that names none, if it follows from
  // its address.
  virtual std::optional<std::string> HostnameOf(const Instance& instance) const;

 protected:
  LayoutCodec() = default;
};

// Of `options` counts what concerns the layout.
std::unique_ptr<LayoutCodec> MakeLayout(const ClientOptions& options);

// Where the keys of these layouts begin, unless told otherwise.
inline constexpr std::string_view kKratosPrefix = "microservices";
inline constexpr std::string_view kKratos1Prefix = "kratos_etcd";

// --- For layouts ---

std::unique_ptr<LayoutCodec> MakeKratosLayout(const ClientOptions& options);
std::unique_ptr<LayoutCodec> MakeGoZeroLayout(const ClientOptions& options);
std::unique_ptr<LayoutCodec> MakeKratos1Layout(const ClientOptions& options);
std::unique_ptr<LayoutCodec> MakeGrpcLayout(const ClientOptions& options);

// Returns `prefix` without slashes at either end; empty: the default.
std::string PrefixOr(std::string_view prefix, std::string_view default_prefix);

// Returns "host:port" of the first address of `instance` whose scheme is grpc
// or grpcs, else of the first; nullopt when it has none.
std::optional<std::string> DialAddressOf(const Instance& instance);

// Returns kInvalidArgument for an Instance that isn't up: the layout `name` has
// no place for it, so callers of its framework would call it.
absl::Status CheckIsUp(std::string_view name, const Instance& instance);

// Fills in what `instance` was read without, and returns it when it is one that
// can be used.
absl::StatusOr<std::optional<Instance>> Finish(const ClientOptions& options,
                                               Instance instance);

// The Instance JSON of Kratos v1 and of bilibili/discovery.
std::string EncodeKratos1(const Instance& instance, std::int64_t time_ns);
absl::StatusOr<Instance> DecodeKratos1(std::string_view value);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_LAYOUT_H_

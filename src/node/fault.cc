// SPDX-License-Identifier: Apache-2.0

#include "naming/node/fault.h"

#include <tuple>
#include <utility>

namespace naming::node {
namespace {

Fault Make(FaultKind kind, std::string path, int count) {
  Fault fault;
  fault.kind = kind;
  fault.path = std::move(path);
  fault.count = count;
  return fault;
}

auto Tie(const Fault& fault) {
  return std::tie(fault.kind, fault.path, fault.parameters, fault.count,
                  fault.delay, fault.code);
}

}  // namespace

Fault Fault::Drop(std::string path, int count) {
  return Make(FaultKind::kDrop, std::move(path), count);
}

Fault Fault::Delay(std::string path, std::chrono::milliseconds delay,
                   int count) {
  Fault fault = Make(FaultKind::kDelay, std::move(path), count);
  fault.delay = delay;
  return fault;
}

Fault Fault::Refuse(std::string path, int code, int count) {
  Fault fault = Make(FaultKind::kRefuse, std::move(path), count);
  fault.code = code;
  return fault;
}

bool operator==(const Fault& a, const Fault& b) { return Tie(a) == Tie(b); }

}  // namespace naming::node

// SPDX-License-Identifier: Apache-2.0

#include "core/dispatcher.h"

#include <utility>

namespace naming::core {

Dispatcher::Dispatcher() : worker_("naming-call") {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::Post(std::function<void()> call) {
  worker_.Post(std::move(call));
}

void Dispatcher::Stop() { worker_.Stop(); }

bool Dispatcher::IsCurrent() const { return worker_.IsCurrent(); }

}  // namespace naming::core

// SPDX-License-Identifier: Apache-2.0

#include "naming/registry.h"

#include <utility>

namespace naming {
namespace {

absl::Status EmptyHandleError() {
  return absl::FailedPreconditionError("registration: the handle is empty");
}

}  // namespace

bool operator==(const RegistrationState& a, const RegistrationState& b) {
  return a.is_registered == b.is_registered && a.since == b.since &&
         a.node == b.node && a.last_error == b.last_error;
}

bool operator!=(const RegistrationState& a, const RegistrationState& b) {
  return !(a == b);
}

Registration::Registration(std::unique_ptr<Handle> handle)
    : handle_(std::move(handle)) {}

Registration::Registration(Registration&& other) noexcept = default;

Registration& Registration::operator=(Registration&& other) noexcept = default;

Registration::~Registration() = default;

Instance Registration::instance() const {
  return handle_ == nullptr ? Instance() : handle_->instance();
}

RegistrationState Registration::state() const {
  if (handle_ != nullptr) return handle_->state();
  RegistrationState state;
  state.last_error = EmptyHandleError();
  return state;
}

absl::Status Registration::Wait(std::chrono::milliseconds timeout) {
  return handle_ == nullptr ? EmptyHandleError() : handle_->Wait(timeout);
}

absl::Status Registration::Update(Instance instance) {
  return handle_ == nullptr ? EmptyHandleError()
                            : handle_->Update(std::move(instance));
}

absl::Status Registration::Cancel() {
  return handle_ == nullptr ? EmptyHandleError() : handle_->Cancel();
}

Registration::Handle::~Handle() = default;

Registry::~Registry() = default;

absl::StatusOr<Registration> Registry::Register(Instance instance) {
  return Register(std::move(instance), RegisterOptions());
}

}  // namespace naming

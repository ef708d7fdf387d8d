// SPDX-License-Identifier: Apache-2.0

#include "http/lease.h"

#include <utility>

#include "http/request.h"

namespace naming::http {

Lease::Lease(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Lease::Lease(Lease&& other) noexcept = default;
Lease& Lease::operator=(Lease&& other) noexcept = default;
Lease::~Lease() = default;

const Endpoint& Lease::endpoint() const { return rep_->pick.endpoint(); }

absl::Status Lease::Apply(void* easy, std::string_view path) const {
  if (easy == nullptr) {
    return absl::InvalidArgumentError("http: apply a lease: easy: is null");
  }
  if (!IsPath(path)) {
    return absl::InvalidArgumentError(
        "http: apply a lease: path: must begin with '/' and be "
        "percent-encoded");
  }
  const Route& route = rep_->route;
  if (!rep_->handle_route.Apply(easy, route.UrlOf(endpoint(), path),
                                *route.setting, route.timeout)) {
    return absl::InvalidArgumentError(
        "http: apply a lease: easy: libcurl refused an option");
  }
  return absl::OkStatus();
}

void Lease::Done(int code, long status_code) {
  rep_->pick.Done(OutcomeOf(net::FaultOf(code), status_code));
}

}  // namespace naming::http

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_CONFORMANCE_COMPARISON_H_
#define NAMING_TESTS_INTEGRATION_CONFORMANCE_COMPARISON_H_

#include <string>
#include <string_view>

namespace naming::testing {

// Returns an HTTP response with all that differs from one run of a server to
// the next made equal, for comparison. `address`: the server's "host:port".
//
// The status line and the headers, in order, stay; a Content-Length that is
// that of the body, the Date and the server's address are masked. Of a body
// that is JSON the members of objects and the elements of arrays of objects
// come in a fixed order, because Go's maps have none, and a timestamp that
// isn't 0 is replaced by its rank among all of the body, so that which of them
// are equal and which is later is compared. Any other body stays as it is.
std::string Canonical(std::string_view response, std::string_view address);

}  // namespace naming::testing

#endif  // NAMING_TESTS_INTEGRATION_CONFORMANCE_COMPARISON_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_CATCH_H_
#define NAMING_TESTS_SUPPORT_CATCH_H_

// Catch2 2 and 3 keep their header in different places.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif  // NAMING_TESTS_SUPPORT_CATCH_H_

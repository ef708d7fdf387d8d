// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_VERSION_H_
#define NAMING_VERSION_H_

// The one place of the version number; the build reads it from here.
#define NAMING_VERSION_MAJOR 0
#define NAMING_VERSION_MINOR 1
#define NAMING_VERSION_PATCH 0

#endif  // NAMING_VERSION_H_

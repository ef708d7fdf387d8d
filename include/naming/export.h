// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_EXPORT_H_
#define NAMING_EXPORT_H_

// Marks what the library offers to other binaries; everything else is hidden.
#define NAMING_EXPORT [[gnu::visibility("default")]]

#endif  // NAMING_EXPORT_H_

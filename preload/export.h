// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_PRELOAD_EXPORT_H
#define EPMT_PRELOAD_EXPORT_H

// On each wrapper; everything else in the library is hidden.
#define EPMT_EXPORT __attribute__((visibility("default")))

#endif

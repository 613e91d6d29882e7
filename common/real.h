// SPDX-License-Identifier: Apache-2.0
// The real functions behind our wrappers, and those of the C library that few processes call: each
// that is linked to is one more symbol for the loader to look up in every process.
#ifndef EPMT_COMMON_REAL_H
#define EPMT_COMMON_REAL_H

#include <stddef.h>

#include "common/hot.h"

// Stores in *pointer (a function pointer) the next definition of name after this library,
// remembered in *cache; NULL where there is none.
void epmt_real(const char *name, void **cache, void *pointer);

// Declares `real`, the next definition of the function name, of that function's type.
#define EPMT_REAL(name)                    \
    static EPMT_HOT(1) void *name##_cache; \
    __typeof__(&name) real;                \
    epmt_real(#name, &name##_cache, &real)

#endif

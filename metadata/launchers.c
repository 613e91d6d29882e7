// SPDX-License-Identifier: Apache-2.0
#include "metadata/launchers.h"

#include <string.h>

#include "common/poison.h"

static const struct {
    char name[24];
    size_t len;
} launchers[] = {
#define ROW(name) {name, sizeof(name) - 1},
    EPMT_LAUNCHERS(ROW)
#undef ROW
};

bool epmt_is_launcher(const char *name, size_t len) {
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (launchers[i].len == len && !memcmp(launchers[i].name, name, len))
            return true;
    }
    return false;
}

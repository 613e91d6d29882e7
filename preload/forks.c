// SPDX-License-Identifier: Apache-2.0
#include "preload/forks.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "common/fmt.h"
#include "common/hot.h"
#include "common/prim.h"
#include "preload/process.h"

#include "common/poison.h"

static EPMT_HOT(1) struct {
    uint8_t *page; // in use, 1 until the kernel wipes it
    bool rseq;
} way;

// Before 5.5 only threads were without an area, and a child of vfork had that of its parent.
static bool is_since_5_5(const char *release) {
    const char *at = release, *end = release + strlen(release);
    uint64_t major, minor;

    return epmt_parse_u64(&at, end, &major) && *at++ == '.' && epmt_parse_u64(&at, end, &minor) &&
           (major > 5 || (major == 5 && minor >= 5));
}

void epmt_forks_choose(const char *release) {
    way.rseq = is_since_5_5(release) && epmt_prim_has_rseq();
}

static void take_page(void) {
    size_t len = getauxval(AT_PAGESZ);
    uint8_t *at = epmt_prim_map(len); // memory of the library's file cannot be wiped

    if (!at)
        return;
    if (epmt_prim_wipe_on_fork(at, len)) {
        epmt_prim_unmap(at, len);
        return;
    }
    *at = 1;
    way.page = at;
}

// The first process of a pid namespace may have a child that is the first one of another: its
// number tells nothing then.
void epmt_forks_begin(void) {
    if (way.page)
        *way.page = 1;
    else if (!way.rseq || epmt_self.pid == 1)
        take_page();
}

bool epmt_forks_by_page(void) {
    return way.page && !*way.page && !__atomic_exchange_n(way.page, 1, __ATOMIC_RELAXED);
}

bool epmt_forks_by_rseq(void) {
    return !way.page && way.rseq && epmt_prim_has_rseq();
}

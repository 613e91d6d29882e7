// SPDX-License-Identifier: Apache-2.0
// libepmt-crash.so: the one place that knows libunwind. Loaded into the user's process once, where
// stacks of crashes or of MPI calls are asked for.
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <stdint.h>

#include "preload/crash.h"

#include "common/poison.h"

static __attribute__((constructor)) void begin(void) {
    // Caches of unwinding tables are locked; a crash needs them once.
    unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_NONE);
}

int epmt_unwind(void *ucontext, uintptr_t *frames, int max);

__attribute__((visibility("default"))) int epmt_unwind(void *ucontext, uintptr_t *frames, int max) {
    unw_cursor_t cursor;
    unw_word_t pc;
    int count = 0;

    if (unw_init_local2(&cursor, ucontext, UNW_INIT_SIGNAL_FRAME))
        return 0;
    do {
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) || !pc)
            break;
        // A return address may be the first byte of the next function: the call was before it.
        frames[count] = (uintptr_t)pc - (count ? 1 : 0);
        count++;
    } while (count < max && unw_step(&cursor) > 0);
    return count;
}

int epmt_backtrace(uintptr_t *frames, int max);

// By way of libunwind's cache of frames, which is the thread's own.
__attribute__((visibility("default"))) int epmt_backtrace(uintptr_t *frames, int max) {
    int count = unw_backtrace((void **)frames, max);

    for (int i = 0; i < count; i++)
        frames[i]--;
    return count;
}

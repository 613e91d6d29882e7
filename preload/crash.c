// SPDX-License-Identifier: Apache-2.0
// In the handler there are system calls and the helper only: the modules are looked up in
// /proc/self/maps, since dladdr takes locks; names of functions are found when the file is made.
#include "preload/crash.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "common/fmt.h"
#include "common/maps.h"
#include "common/real.h"
#include "preload/signal_stack.h"

#include "common/poison.h"

#define FRAMES 64
#define LINE_MAX_LEN 1024

static epmt_unwind_f unwind;

void *epmt_crash_helper(const char *symbol, const char *prefix) {
    char path[PATH_MAX];
    void *found = dlsym(RTLD_DEFAULT, symbol);

    if (!found && prefix && epmt_fmt(path, sizeof path, "%s/lib/epmt/libepmt-crash.so", prefix)) {
        EPMT_REAL(dlopen);
        void *library = real ? real(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        found = library ? dlsym(library, symbol) : NULL;
    }
    return found;
}

void epmt_crash_begin(const char *prefix) {
    void *found = unwind ? NULL : epmt_crash_helper(EPMT_UNWIND_SYMBOL, prefix);

    if (unwind)
        return;
    memcpy(&unwind, &found, sizeof found);
    if (unwind)
        epmt_signal_stacks_begin();
}

struct frames {
    uintptr_t pc[FRAMES];
    int count;
    struct {
        uint64_t offset;
        char module[192];
        bool known;
    } at[FRAMES];
};

static void look_up(void *context, const struct epmt_mapping *m) {
    struct frames *frames = context;

    for (int i = 0; i < frames->count; i++) {
        if (frames->pc[i] < m->start || frames->pc[i] >= m->end)
            continue;
        frames->at[i].known = true;
        frames->at[i].offset = frames->pc[i] - m->start + m->offset;
        epmt_fmt(frames->at[i].module, sizeof frames->at[i].module, "%s", m->path);
    }
}

size_t epmt_crash_stack(void *ucontext, char *list, size_t cap) {
    static struct frames frames; // a process dies once
    static char line[LINE_MAX_LEN];
    struct epmt_text_buffer text;

    if (!unwind)
        return 0;
    frames.count = unwind(ucontext, frames.pc, FRAMES);
    epmt_maps_read(line, sizeof line, look_up, &frames);
    epmt_text_init(&text, list, cap);
    for (int i = 0; i < frames.count; i++) {
        size_t before = text.len;
        if (frames.at[i].known)
            epmt_text_fmt(&text, "%s+0x%lx", frames.at[i].module, frames.at[i].offset);
        else
            epmt_text_fmt(&text, "0x%lx", (unsigned long)frames.pc[i]);
        epmt_text_append(&text, "", 1);
        if (text.cut) // only whole frames
            return before;
    }
    return text.len;
}

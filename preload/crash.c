// SPDX-License-Identifier: Apache-2.0
// In the handler there are system calls and the helper only: the modules are looked up in
// /proc/self/maps, since dladdr takes locks; names of functions are found when the file is made.
#include "preload/crash.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "common/fmt.h"
#include "common/prim.h"
#include "preload/signal_stack.h"

#include "common/poison.h"

#define FRAMES 64
#define LINE_MAX_LEN 1024

static epmt_unwind_f unwind;

void epmt_crash_begin(const char *prefix) {
    char path[PATH_MAX];
    void *found = unwind ? NULL : dlsym(RTLD_DEFAULT, EPMT_UNWIND_SYMBOL);

    if (unwind)
        return;
    if (!found && prefix && epmt_fmt(path, sizeof path, "%s/lib/epmt/libepmt-crash.so", prefix)) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        found = library ? dlsym(library, EPMT_UNWIND_SYMBOL) : NULL;
    }
    memcpy(&unwind, &found, sizeof found);
    if (unwind)
        epmt_signal_stacks_begin();
}

// One mapping that holds code.
struct mapping {
    uint64_t start, end, offset;
    const char *path;
};

static bool parse_hex(const char **at, uint64_t *value) {
    const char *p = *at;

    for (*value = 0;; p++) {
        unsigned digit = *p >= '0' && *p <= '9'   ? (unsigned)(*p - '0')
                         : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a' + 10)
                                                  : 16;
        if (digit == 16)
            break;
        *value = *value << 4 | digit;
    }
    bool any = p != *at;
    *at = p;
    return any;
}

// "start-end perms offset dev inode path" of proc(5) maps.
static bool parse_line(const char *line, struct mapping *m) {
    const char *at = line;

    if (!parse_hex(&at, &m->start) || *at++ != '-' || !parse_hex(&at, &m->end) || *at++ != ' ')
        return false;
    if (strlen(at) < 6 || at[2] != 'x')
        return false;
    at += 5;
    if (!parse_hex(&at, &m->offset))
        return false;
    m->path = strchr(at, '/');
    if (!m->path)
        m->path = strchr(at, '[');
    return m->path != NULL;
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

static void look_up(struct frames *frames, const char *line) {
    struct mapping m;

    if (!parse_line(line, &m))
        return;
    for (int i = 0; i < frames->count; i++) {
        if (frames->pc[i] < m.start || frames->pc[i] >= m.end)
            continue;
        frames->at[i].known = true;
        frames->at[i].offset = frames->pc[i] - m.start + m.offset;
        epmt_fmt(frames->at[i].module, sizeof frames->at[i].module, "%s", m.path);
    }
}

static void look_up_all(struct frames *frames) {
    static char text[LINE_MAX_LEN + 1];
    size_t len = 0;
    int fd = epmt_prim_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);

    for (ssize_t n; fd >= 0 && (n = epmt_prim_read(fd, text + len, LINE_MAX_LEN - len)) > 0;) {
        len += (size_t)n;
        text[len] = '\0';
        char *line = text, *newline;
        while ((newline = strchr(line, '\n'))) {
            *newline = '\0';
            look_up(frames, line);
            line = newline + 1;
        }
        len -= (size_t)(line - text);
        if (len == LINE_MAX_LEN) // a path longer than the buffer: passed over
            len = 0;
        memmove(text, line, len);
    }
    if (fd >= 0)
        epmt_prim_close(fd);
}

size_t epmt_crash_stack(void *ucontext, char *list, size_t cap) {
    static struct frames frames; // a process dies once
    struct epmt_text_buffer text;

    if (!unwind)
        return 0;
    frames.count = unwind(ucontext, frames.pc, FRAMES);
    look_up_all(&frames);
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

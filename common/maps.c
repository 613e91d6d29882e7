// SPDX-License-Identifier: Apache-2.0
#include "common/maps.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "common/prim.h"

#include "common/poison.h"

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
static bool parse_line(const char *line, struct epmt_mapping *m) {
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

void epmt_maps_read(char *line, size_t cap,
                    void (*each)(void *context, const struct epmt_mapping *mapping),
                    void *context) {
    struct epmt_mapping mapping;
    size_t len = 0;
    int fd = epmt_prim_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);

    for (ssize_t n; fd >= 0 && (n = epmt_prim_read(fd, line + len, cap - 1 - len)) > 0;) {
        len += (size_t)n;
        line[len] = '\0';
        char *at = line, *newline;
        while ((newline = strchr(at, '\n'))) {
            *newline = '\0';
            if (parse_line(at, &mapping))
                each(context, &mapping);
            at = newline + 1;
        }
        len -= (size_t)(at - line);
        if (len == cap - 1) // a path longer than the memory: passed over
            len = 0;
        memmove(line, at, len);
    }
    if (fd >= 0)
        epmt_prim_close(fd);
}

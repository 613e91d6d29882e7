// SPDX-License-Identifier: Apache-2.0
#include "common/links.h"

#include <errno.h>
#include <string.h>

#include "common/prim.h"

#include "common/poison.h"

#define LINKS_MAX 8

// Length without the last component.
static size_t parent_len(const char *path, size_t len) {
    while (len && path[--len] != '/')
        ;
    return len;
}

// Whether the path leads through /proc.
static bool is_in_proc(const char *path) {
    return !strncmp(path, "/proc", 5) && (path[5] == '/' || !path[5]);
}

// Begins the path of a relative name.
static bool begin_here(char *path, size_t cap, size_t *len) {
    ssize_t size = epmt_prim_getcwd(path, cap); // with the NUL

    if (size < 2 || path[0] != '/' || is_in_proc(path))
        return false;
    *len = size > 2 ? (size_t)size - 1 : 0; // of the root nothing
    return true;
}

bool epmt_follow_links(const char *name, char *path, size_t cap) {
    char text[1024]; // what a link says and what follows it, at the end
    char *const text_end = text + sizeof text - 1;
    const char *rest = name; // not looked at yet; path[0 .. len) has no link in it
    size_t len = 0;
    int links = 0;

    if (*name != '/' && (!*name || !begin_here(path, cap, &len)))
        return false;
    while (*rest) {
        size_t item_len = (size_t)(strchrnul(rest, '/') - rest);
        const char *item = rest;
        rest += item_len ? item_len : 1; // a slash
        if (!item_len || (item_len == 1 && item[0] == '.'))
            continue;
        if (item_len == 2 && item[0] == '.' && item[1] == '.') {
            len = parent_len(path, len);
            continue;
        }
        size_t end = len + 1 + item_len;
        if (end + 2 > cap)
            return false;
        path[len] = '/';
        memcpy(path + len + 1, item, item_len);
        path[end] = '\0';
        if (is_in_proc(path))
            return false;

        char *target = path + end + 1;
        size_t room = cap - end - 1, rest_len = strlen(rest);
        ssize_t said = epmt_prim_readlink(path, target, room);
        if (said == -EINVAL) { // no link
            len = end;
            continue;
        }
        if (said <= 0 || (size_t)said == room || (size_t)said + rest_len + 1 >= sizeof text ||
            ++links > LINKS_MAX)
            return false;
        memmove(text_end - rest_len, rest, rest_len + 1);
        char *from = text_end - rest_len - said;
        memcpy(from, target, (size_t)said);
        if (*from == '/')
            len = 0;
        rest = from;
    }
    path[len] = '\0';
    return len;
}

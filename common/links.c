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

bool epmt_follow_links(const char *name, char *path, size_t cap) {
    char text[1024]; // what a link says and what follows it, at the end
    char *const text_end = text + sizeof text - 1;
    const char *rest = name; // not looked at yet; path[0 .. len) has no link in it
    size_t len = 0;
    int links = 0;

    while (*rest == '/') {
        const char *item = rest + 1;
        size_t item_len = (size_t)(strchrnul(item, '/') - item);
        rest = item + item_len;
        if (!item_len || (item_len == 1 && item[0] == '.'))
            continue;
        if (item_len == 2 && item[0] == '.' && item[1] == '.') {
            len = parent_len(path, len);
            continue;
        }
        size_t end = len + 1 + item_len;
        if (end + 2 > cap || (!len && item_len == 4 && !memcmp(item, "proc", 4)))
            return false;
        path[len] = '/';
        memcpy(path + len + 1, item, item_len);
        path[end] = '\0';

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
        else
            *--from = '/';
        rest = from;
    }
    path[len] = '\0';
    return len && !*rest;
}

// SPDX-License-Identifier: Apache-2.0
// What is new in a directory that is watched: job files, archives and job directories, each when
// nobody writes to it any more.
#ifndef EPMT_CLI_WATCH_H
#define EPMT_CLI_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/paths.h"

struct epmt_watch;

// Starts to watch (inotify). recursive: below it too, as deep as job directories lie. Returns NULL
// with err.
struct epmt_watch *epmt_watch_create(const char *dir, bool recursive, struct epmt_error *err);
void epmt_watch_destroy(struct epmt_watch *watch);

// Readable when something has happened.
int epmt_watch_fd(const struct epmt_watch *watch);

// Takes what has happened, so that it is no longer readable.
void epmt_watch_drain(struct epmt_watch *watch);

// Appends what is new or has changed since it was marked. *soon is set where something is being
// written to just now. Returns 0 or -1 with err.
int epmt_watch_scan(struct epmt_watch *watch, struct epmt_paths *found, bool *soon,
                    struct epmt_error *err);

// Whether something was written there so lately that the rest may still be on its way: a copy over
// a network that has stalled.
bool epmt_watch_is_young(const char *path);

// What is as it is now need not be found again; where it has failed and is young, once more when it
// is no longer. Returns 0 or -1 with err (MEMORY).
int epmt_watch_mark(struct epmt_watch *watch, const char *path, bool failed,
                    struct epmt_error *err);

#endif

// SPDX-License-Identifier: Apache-2.0
// The jobs that a command is about: JOB ... and --tag.
#ifndef EPMT_CLI_CHOOSE_H
#define EPMT_CLI_CHOOSE_H

#include <stddef.h>
#include <stdint.h>

#include "storage/db.h"

#define EPMT_CHOOSE_TAGS_MAX 16

struct epmt_choice {
    const char *tags[EPMT_CHOOSE_TAGS_MAX]; // jobs must have them all: KEY:VALUE or KEY
    int tag_count;
    int64_t *ids; // jobs.id in ascending order; to be freed
    size_t count; // 0: neither jobs nor tags were given
};

// Adds a tag. Returns 0 or -1 with err (USAGE).
int epmt_choose_tag(struct epmt_choice *choice, const char *tag, struct epmt_error *err);

// Finds the jobs of those names; where there are tags too, those of them that have these. Returns 0
// or -1 with err: NOT_FOUND also where no job has the tags.
int epmt_choose_jobs(struct epmt_choice *choice, struct epmt_db *db, int argc, char **argv,
                     struct epmt_error *err);

#endif

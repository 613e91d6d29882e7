// SPDX-License-Identifier: Apache-2.0
// What becomes of an input of `epmt submit` afterwards: removed, or put aside.
#ifndef EPMT_CLI_SUBMIT_AWAY_H
#define EPMT_CLI_SUBMIT_AWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/held.h"

// A hash of what belongs to the job in a directory: names, sizes, times. Other files do not count.
uint64_t epmt_away_snapshot(int dir, const char *jobid);

// Removes a file, if it is still the one that was read, or the job's files in a directory, if they
// are still those of the snapshot, and the directory, if nothing else is in it. Returns 0; 1 where
// it is not the same any more and stays; -1 with err.
int epmt_away_remove(const struct epmt_held *held, const char *jobid, uint64_t snapshot,
                     struct epmt_error *err);

// Moves a file or directory into the directory `to`, under its name or, where that is taken, its
// name and a number. Returns 0 or -1 with err; it is where it was then.
int epmt_away_move(const struct epmt_held *held, const char *to, struct epmt_error *err);

#endif

// SPDX-License-Identifier: Apache-2.0
// Names of functions for the frames of stacks ("module+0xoffset"), from the symbol tables of
// the modules, while these are still there.
#ifndef EPMT_STORAGE_SYMBOLS_H
#define EPMT_STORAGE_SYMBOLS_H

#include "storage/fold.h"

// Gives a name to each frame of each crash stack of this host's processes that has none:
// "module+0xoffset name+0xoffset". What cannot be read stays as it is. Returns 0, or -1 with err
// (MEMORY).
int epmt_symbols_name_crashes(struct epmt_jobfold *fold, struct epmt_error *err);

// Fills in the column names of the call sites of this host's processes, where any frame has one. To
// be called before the fold is finished, as the other is. Returns 0, or -1 with err (MEMORY).
int epmt_symbols_name_callsites(struct epmt_jobfold *fold, struct epmt_error *err);

#endif

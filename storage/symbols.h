// SPDX-License-Identifier: Apache-2.0
// Names of functions for the frames of crash stacks ("module+0xoffset"), from the symbol tables of
// the modules, while these are still there.
#ifndef EPMT_STORAGE_SYMBOLS_H
#define EPMT_STORAGE_SYMBOLS_H

#include "storage/fold.h"

// Gives a name to each frame of each crash stack of this host's processes that has none:
// "module+0xoffset name+0xoffset". What cannot be read stays as it is. Returns 0, or -1 with err
// (MEMORY).
int epmt_symbols_name_crashes(struct epmt_jobfold *fold, struct epmt_error *err);

#endif

// SPDX-License-Identifier: Apache-2.0
// Giving a staged job to the command of the setting stage_command, which brings it elsewhere.
#ifndef EPMT_CLI_HANDOVER_H
#define EPMT_CLI_HANDOVER_H

#include <limits.h>

#include "cli/cmd.h"

// Makes a directory of our own beside the job directory, in which the job is put together. Writes
// its path to scratch. Returns 0 or -1 with err (IO).
int epmt_handover_begin(const char *dir, char scratch[PATH_MAX], struct epmt_error *err);

// Executes the command with a file and the destination behind its words: <jobid>.h5 where there is
// nothing else in <scratch>/<jobid>, else <jobid>.tgz, which is made of it. path becomes that of
// the file at the destination; scratch is gone. Returns 0; or -1 with err, and the job is back in
// dir.
int epmt_handover_end(const struct epmt_cli *cli, const char *scratch, const char *dir,
                      const char *jobid, const char *dest, char path[PATH_MAX],
                      struct epmt_error *err);

// Puts the job back into dir; scratch is gone.
void epmt_handover_abort(const char *scratch, const char *dir, const char *jobid);

#endif

// SPDX-License-Identifier: Apache-2.0
// Bringing what a job left on its other hosts to this one, by the setting remote_command.
#ifndef EPMT_CLI_COLLECT_H
#define EPMT_CLI_COLLECT_H

#include <stdint.h>

#include "cli/cmd.h"

// Asks all other hosts of the job, several at a time, for what they have of the job directory `dir`
// (and of those of its MPI worlds), and puts it into target, which is made where something comes;
// `shared` as for epmt_make_dirs. Says of each host what failed, as `who`. Nothing where
// remote_command is empty or there is no other host. Returns 0 or the code of the first failure
// (FAIL where the job still runs on a host, which is a worse one's place). *hosts is how many gave
// something.
enum epmt_err epmt_collect(const struct epmt_cli *cli, const char *who, const char *dir,
                           const char *target, size_t shared, uint64_t *hosts);

#endif

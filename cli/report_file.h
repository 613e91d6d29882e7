// SPDX-License-Identifier: Apache-2.0
// A job that is not in the database yet: submitted to one of its own, which goes away again.
#ifndef EPMT_CLI_REPORT_FILE_H
#define EPMT_CLI_REPORT_FILE_H

#include "cli/cmd.h"
#include "storage/db.h"
#include "storage/tempdir.h"

struct epmt_report_file {
    struct epmt_tempdir dir;
    struct epmt_db *db; // with the one job
};

// Submits the job file, job directory or archive at path to a temporary SQLite database and opens
// that. Returns 0, or -1 with err where it holds no job or several. epmt_report_file_close either
// way.
int epmt_report_file_open(struct epmt_report_file *file, const struct epmt_cli *cli,
                          const char *path, struct epmt_error *err);
void epmt_report_file_close(struct epmt_report_file *file);

#endif

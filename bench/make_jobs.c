// SPDX-License-Identifier: Apache-2.0
// Makes job files for bench/small_jobs.sh: as many as wanted, of as many processes each, all
// different. usage: make_jobs DIRECTORY JOBS PROCESSES
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "storage/jobfile.h"
#include "tests/unit/jobs.h"

static int make(const char *dir, uint64_t number, uint64_t processes) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_error err = {.text = "out of memory"};
    char path[4096], text[64];
    int status = fold ? jobs_fill(fold, processes, 1) : -1;

    snprintf(path, sizeof path, "%s/%" PRIu64, dir, number);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%" PRIu64 "/%" PRIu64 ".h5", dir, number, number);
    snprintf(text, sizeof text, "%" PRIu64, number);
    if (!status) {
        epmt_fold_drop_attribute(fold, "job", "jobid");
        status = epmt_fold_set_attribute(fold, "job", "jobid", text, &err);
    }
    snprintf(text, sizeof text, "00000000-0000-5000-8000-%012" PRIx64, number);
    if (!status)
        status = epmt_fold_set_attribute(fold, "job", "uuid", text, &err);
    if (!status)
        status = epmt_fold_finish(fold, true, &err);
    if (!status)
        status = epmt_jobfile_write(fold, path, &err);
    epmt_fold_destroy(fold);
    if (status)
        fprintf(stderr, "make_jobs: %s: %s\n", path, err.text);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: make_jobs DIRECTORY JOBS PROCESSES\n");
        return 2;
    }
    uint64_t jobs = strtoull(argv[2], NULL, 10), processes = strtoull(argv[3], NULL, 10);
    for (uint64_t i = 1; i <= jobs; i++) {
        if (make(argv[1], i, processes))
            return 1;
    }
    return 0;
}

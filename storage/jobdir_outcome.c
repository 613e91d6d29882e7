// SPDX-License-Identifier: Apache-2.0
// How a job ended, as its first process tells where nobody else did, and how often it began.
#include <stdio.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/fold_priv.h"
#include "storage/jobdir_priv.h"
#include "storage/jobfile.h"

static bool is(struct epmt_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

int64_t epmt_jobdir_restart(const char *dir, const char *jobid) {
    char path[PATH_MAX];
    int64_t restart = 0;
    struct epmt_row row;

    if (!epmt_fmt(path, sizeof path, "%s/%s" EPMT_JOBFILE_SUFFIX, dir, jobid))
        return 0;
    struct epmt_jobfile *file = epmt_jobfile_open(path, NULL);
    while (file && epmt_jobfile_next_attribute(file, &row, NULL) == 1) {
        if (is(row.scope, "job") && is(row.key, "restart") &&
            !epmt_bytes_to_number(row.value, &restart))
            restart = 0;
    }
    epmt_jobfile_close(file);
    return restart;
}

static bool has_text(const struct epmt_record *record, int column, struct epmt_bytes text) {
    return epmt_record_has(record, column) && text.len &&
           !epmt_bytes_compare(record->value[column].text, text);
}

// The last image of the job's first process. A pid may recur: that of this restart began last.
static bool find_root(const struct epmt_jobfold *fold, struct epmt_record *root) {
    int64_t pid = epmt_fold_attribute_number(fold, "job", "root", INT64_MIN);
    struct epmt_bytes hostname = epmt_fold_attribute(fold, "job", "hostname");
    struct epmt_record record;
    bool found = false;

    for (uint64_t i = 0; pid != INT64_MIN && i < epmt_fold_process_count(fold); i++) {
        epmt_fold_process(fold, i, &record);
        if (!epmt_record_has(&record, EPMT_COL_pid) || record.value[EPMT_COL_pid].i != pid ||
            !has_text(&record, EPMT_COL_hostname, hostname) ||
            !epmt_record_has(&record, EPMT_COL_imagestart))
            continue;
        if (!found || record.value[EPMT_COL_imagestart].u > root->value[EPMT_COL_imagestart].u)
            *root = record;
        found = true;
    }
    return found;
}

static int set_reason(struct epmt_jobfold *fold, const struct epmt_record *root,
                      struct epmt_error *err) {
    char text[32];

    if (epmt_fold_attribute(fold, "job", "reason").len || !epmt_record_has(root, EPMT_COL_state))
        return 0;
    int64_t state = root->value[EPMT_COL_state].i;
    if ((state == EPMT_STATE_signaled || state == EPMT_STATE_killed) &&
        epmt_record_has(root, EPMT_COL_exitsignal))
        epmt_fmt(text, sizeof text, "signal %ld", (long)root->value[EPMT_COL_exitsignal].i);
    else if (state == EPMT_STATE_exited || state == EPMT_STATE_killed)
        epmt_fmt(text, sizeof text, "%s", epmt_state_name(state));
    else
        return 0;
    return epmt_fold_set_attribute(fold, "job", "reason", text, err);
}

int epmt_jobdir_set_outcome(struct epmt_jobfold *fold, struct epmt_error *err) {
    struct epmt_record root = {0};
    char code[24];

    if (!find_root(fold, &root))
        return 0;
    if (epmt_record_has(&root, EPMT_COL_exitcode) &&
        epmt_fold_attribute_number(fold, "job", "exitcode", INT64_MIN) == INT64_MIN) {
        epmt_fmt(code, sizeof code, "%ld", (long)root.value[EPMT_COL_exitcode].i);
        if (epmt_fold_set_attribute(fold, "job", "exitcode", code, err))
            return -1;
    }
    return set_reason(fold, &root, err);
}

void epmt_jobdir_begin_again(struct epmt_jobfold *fold, int64_t restart) {
    static const char *const of_a_run[] = {"exitcode", "reason",   "end",
                                           "root",     "hostname", "bootid"};

    if (restart == INT64_MIN || restart <= epmt_fold_attribute_number(fold, "job", "restart", 0))
        return;
    for (size_t i = 0; i < sizeof of_a_run / sizeof *of_a_run; i++)
        epmt_fold_drop_attribute(fold, "job", of_a_run[i]);
}

// SPDX-License-Identifier: Apache-2.0
#include "storage/jobfile_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "storage/jobfile_check_priv.h"

// Clocks that are set, and counters that the kernel brings up to date at its ticks only.
#define TOLERANCE_US 100000
#define TICK_US 20000
// So much of the root's texts is read.
#define COPY_MAX 1023

static void tell(struct epmt_check *check, const char *column, bool note, const char *format,
                 va_list args) {
    struct epmt_text_buffer buffer;
    struct epmt_finding finding = {check->table, check->row, column, check->text, note};

    epmt_text_init(&buffer, check->text, sizeof check->text);
    epmt_text_vfmt(&buffer, format, args);
    check->wrong += !note;
    check->found(check->context, &finding);
}

void epmt_check_wrong(struct epmt_check *check, const char *column, const char *format, ...) {
    va_list args;

    va_start(args, format);
    tell(check, column, false, format, args);
    va_end(args);
}

void epmt_check_note(struct epmt_check *check, const char *format, ...) {
    va_list args;

    va_start(args, format);
    tell(check, NULL, true, format, args);
    va_end(args);
}

void epmt_check_row(struct epmt_check *check, enum epmt_row_kind kind) {
    const char *odd = epmt_jobfile_odd(check->file, kind);

    check->digest += epmt_row_hash(kind, &check->record);
    if (odd)
        epmt_check_wrong(check, odd, "is marked as missing, but holds a value");
}

struct epmt_check_process *epmt_check_find(const struct epmt_check *check, uint64_t image) {
    for (uint64_t at = epmt_hash_finish(image); check->slot_count; at++) {
        uint64_t there = check->slots[at & (check->slot_count - 1)];
        if (!there)
            return NULL;
        if (check->processes[there - 1].image == image)
            return &check->processes[there - 1];
    }
    return NULL;
}

uint32_t epmt_check_name(struct epmt_check *check, const char *data, uint64_t len) {
    uint32_t name = epmt_texts_intern(&check->names, data, len);

    if (name == EPMT_FOLD_NOWHERE || name < check->name_cap)
        return name;
    uint64_t cap = check->name_cap ? check->name_cap * 2 : 64;
    uint64_t *ranks = realloc(check->ranks, cap * sizeof *ranks);
    if (ranks)
        check->ranks = ranks;
    uint64_t *counts = realloc(check->host_counts, cap * sizeof *counts);
    if (counts)
        check->host_counts = counts;
    if (!ranks || !counts)
        return EPMT_FOLD_NOWHERE;
    memset(ranks + check->name_cap, 0, (cap - check->name_cap) * sizeof *ranks);
    memset(counts + check->name_cap, 0, (cap - check->name_cap) * sizeof *counts);
    check->name_cap = cap;
    return name;
}

bool epmt_check_fits(uint64_t spent, int64_t start, int64_t end, int64_t threads) {
    if (start == EPMT_MISSING_INT || end == EPMT_MISSING_INT || end < start)
        return true; // nothing to hold it against, or told already
    double span = (double)end - (double)start;
    double many = threads > 0 ? (double)threads : 1;
    return (double)spent <= span * many * 1.05 + TOLERANCE_US + TICK_US * many;
}

// What the root says of the job, held against its steps.
static void check_sums(struct epmt_check *check) {
    const struct epmt_jobfile_info *info = epmt_jobfile_info(check->file);
    bool complete =
        check->steps ? check->steps_complete && (check->ended || !check->cut) : check->ended;

    if (info->ranks_reported != check->ranks_reported)
        epmt_check_wrong(check, NULL, "the attribute ranks_reported is %ld, the steps' sum %ld",
                         (long)info->ranks_reported, (long)check->ranks_reported);
    if (info->ranks_expected != check->ranks_expected)
        epmt_check_wrong(check, NULL, "the attribute ranks_expected is %ld, the steps' sum %ld",
                         (long)info->ranks_expected, (long)check->ranks_expected);
    if (info->ended != check->ended)
        epmt_check_wrong(check, NULL, "the attribute ended is %d, in /job/attributes %d",
                         info->ended, check->ended);
    if (info->complete != complete)
        epmt_check_wrong(check, NULL, "the attribute complete is %d, the steps say %d",
                         info->complete, complete);
}

static void check_root(struct epmt_check *check) {
    const struct epmt_jobfile_info *info = epmt_jobfile_info(check->file);
    const char *unknown = epmt_jobfile_unknown(check->file);

    check->table = "";
    check->row = EPMT_CHECK_NO_ROW;
    if (!epmt_jobfile_has_checksum(check->file))
        epmt_check_note(check, "it has no checksum: it was changed with HDF5 since it was written");
    if (*unknown)
        epmt_check_note(check, "%s is nothing that this epmt knows", unknown);
    if (check->digest != info->digest)
        epmt_check_wrong(check, NULL, "the digest is %lx, that of the rows %lx",
                         (unsigned long)info->digest, (unsigned long)check->digest);
    if (!info->jobid[0])
        epmt_check_wrong(check, NULL, "the attribute jobid is missing");
    if (!info->uuid[0])
        epmt_check_note(check, "the attribute uuid is missing");
    check_sums(check);
}

static bool is(struct epmt_bytes text, const char *word) {
    return text.len == strlen(word) && !memcmp(text.data, word, text.len);
}

// The root has the same text, or the beginning of one that is too long for it or holds a NUL.
static void check_copy(struct epmt_check *check, const struct epmt_row *row, const char *name,
                       const char *copy) {
    size_t len = strlen(copy);
    bool same = row->value.len >= len && !memcmp(row->value.data, copy, len) &&
                (row->value.len == len || len >= COPY_MAX || !row->value.data[len]);

    if (is(row->key, name) && !same)
        epmt_check_wrong(check, "value", "another one than the root's attribute %s, %s", name,
                         copy);
}

static void check_fact(struct epmt_check *check, const struct epmt_row *row) {
    const struct epmt_jobfile_info *info = epmt_jobfile_info(check->file);
    int64_t number;

    if (!is(row->scope, "job"))
        return;
    bool one = epmt_bytes_to_number(row->value, &number) && number == 1;
    check->ended |= one && is(row->key, "ended");
    check->cut |= one && is(row->key, "truncated");
    check_copy(check, row, "jobid", info->jobid);
    check_copy(check, row, "uuid", info->uuid);
    check_copy(check, row, "user", info->user);
}

static int check_attributes(struct epmt_check *check, struct epmt_error *err) {
    struct epmt_row row;
    int more;

    check->table = "/job/attributes";
    check->row = 0;
    while ((more = epmt_jobfile_next_attribute(check->file, &row, err)) == 1) {
        check->digest += epmt_attribute_hash(row.scope, row.key, row.value);
        check_fact(check, &row);
        check->row++;
    }
    return more;
}

static void free_check(struct epmt_check *check) {
    epmt_jobfile_close(check->file);
    epmt_texts_free(&check->names);
    free(check->processes);
    free(check->slots);
    free(check->ranks);
    free(check->host_counts);
}

static int check_all(struct epmt_check *check, struct epmt_error *err) {
    if (check_attributes(check, err) || epmt_check_processes(check, err) ||
        epmt_check_threads(check, err) || epmt_check_tables(check, err) ||
        epmt_check_summary(check, err))
        return -1;
    check_root(check);
    return 0;
}

// What makes a file unreadable is a finding, not a failure of the check.
static int as_finding(struct epmt_check *check, const char *path, const struct epmt_error *why,
                      struct epmt_error *err) {
    const char *text = why->text;
    size_t len = strlen(path);

    if (why->code != EPMT_ERR_BAD_INPUT)
        return epmt_errf(err, why->code, "%s", why->text);
    if (!strncmp(text, path, len) && !strncmp(text + len, ": ", 2))
        text += len + 2;
    check->table = "";
    check->row = EPMT_CHECK_NO_ROW;
    epmt_check_wrong(check, NULL, "%s", text);
    return 0;
}

int epmt_jobfile_check(const char *path, epmt_finding_f found, void *context,
                       struct epmt_check_result *result, struct epmt_error *err) {
    struct epmt_check check = {.found = found, .context = context};
    struct epmt_error why = {.code = EPMT_ERR_OK};
    int status = 0;

    *result = (struct epmt_check_result){0};
    check.file = epmt_jobfile_open(path, &why);
    if (check.file) {
        result->info = *epmt_jobfile_info(check.file);
        epmt_jobfile_look_closely(check.file);
    }
    if (!check.file || check_all(&check, &why))
        status = as_finding(&check, path, &why, err);
    result->info.jobid = result->info.uuid = result->info.user = result->info.creator = NULL;
    result->wrong = check.wrong;
    free_check(&check);
    return status;
}

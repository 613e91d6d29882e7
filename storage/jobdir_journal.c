// SPDX-License-Identifier: Apache-2.0
// Journals of a job directory: taken into a fold, and trimmed once the fold is in the job file.
// In between they are not locked: measured processes, which append to them, would have to wait
// while the job file is written. What came meanwhile is known by not having been seen.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/fold_waited.h"
#include "storage/jobdir_priv.h"

// How long a journal may stay locked, by those who append or by a rank that folds its host's.
#define TAKE_MS 10000

static uint64_t hash_of(const struct epmt_fragment_header *header) {
    uint64_t hash = epmt_hash_u64(EPMT_HASH_START, header->image);

    return epmt_hash_finish(epmt_hash_u64(hash, (uint64_t)header->crc << 32 | header->len));
}

static bool has_seen(const struct epmt_seen *seen, uint64_t hash) {
    if (!seen->slot_count)
        return false;
    for (uint64_t at = hash;; at++) {
        uint64_t there = seen->slots[at & (seen->slot_count - 1)];
        if (there == hash || !there)
            return there == hash;
    }
}

static void enter(struct epmt_seen *seen, uint64_t hash) {
    uint64_t at = hash;

    while (seen->slots[at & (seen->slot_count - 1)])
        at++;
    seen->slots[at & (seen->slot_count - 1)] = hash;
    seen->count++;
}

static int note(struct epmt_seen *seen, uint64_t hash) {
    if (has_seen(seen, hash))
        return 0;
    if (seen->count >= seen->slot_count / 2) {
        struct epmt_seen more = {.slot_count = seen->slot_count ? seen->slot_count * 2 : 1024};
        more.slots = calloc(more.slot_count, sizeof *more.slots);
        if (!more.slots)
            return -1;
        for (uint64_t i = 0; i < seen->slot_count; i++) {
            if (seen->slots[i])
                enter(&more, seen->slots[i]);
        }
        free(seen->slots);
        *seen = more;
    }
    enter(seen, hash);
    return 0;
}

static int take_failed(const char *path, int status, struct epmt_error *err) {
    errno = -status;
    if (status == -EWOULDBLOCK)
        return epmt_errf(err, EPMT_ERR_IO, "%s is in use", path);
    return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
}

static void add_damage(struct epmt_fold_damage *damage, const struct epmt_journal_scan *scan) {
    if (scan->gaps && !damage->gaps)
        damage->first = scan->first_error;
    damage->gaps += scan->gaps;
    damage->gap_bytes += scan->gap_bytes;
}

int epmt_jobdir_add_journal(const char *path, bool ended, struct epmt_jobfold *fold,
                            struct epmt_seen *seen, struct epmt_fold_damage *damage,
                            struct epmt_error *err) {
    struct epmt_journal journal;
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    const uint8_t *fragment;
    int status = epmt_journal_take(&journal, path, TAKE_MS);

    if (status == -ENOENT || (status == -EWOULDBLOCK && !ended))
        return 0;
    if (status)
        return take_failed(path, status, err);
    epmt_journal_scan_init(&scan, journal.data, journal.len);
    while (!status && (fragment = epmt_journal_scan_next(&scan, &header))) {
        status = epmt_fold_add_bytes(fold, fragment, header.len, damage, err);
        if (!status && note(seen, hash_of(&header)))
            status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for %s", path);
    }
    add_damage(damage, &scan);
    epmt_journal_release(&journal);
    return status;
}

struct keeping {
    const struct epmt_jobfold *fold;
    const struct epmt_seen *seen;
    bool ended;
    struct epmt_row row; // large: not on the stack of each call
};

static bool is_open_image(const struct epmt_jobfold *fold, uint64_t image) {
    struct epmt_record record;
    uint64_t place = epmt_fold_find_process(fold, image);

    if (place == UINT64_MAX)
        return true;
    epmt_fold_process(fold, place, &record);
    return epmt_is_open(&record);
}

// Whether a fragment must stay: nobody has folded it, or a process in it still runs. A row of a
// running process stays so that what is said of the process later is never all that is known; and
// what was told of one that is not there yet, while the job runs.
static bool keep(void *context, const struct epmt_fragment_header *header,
                 const uint8_t *fragment) {
    struct keeping *keeping = context;
    struct epmt_fragment_reader reader;

    if (!has_seen(keeping->seen, hash_of(header)))
        return true;
    epmt_fragment_reader_init(&reader, fragment, header);
    while (epmt_fragment_next(&reader, &keeping->row, NULL) == 1) {
        if (keeping->row.kind == EPMT_ROW_WAITED && !keeping->ended &&
            !epmt_fold_waited_is_met(keeping->fold, &keeping->row.record))
            return true;
        if ((keeping->row.kind != EPMT_ROW_PROCESS && keeping->row.kind != EPMT_ROW_THREAD) ||
            !epmt_record_has(&keeping->row.record, EPMT_COL_image))
            continue;
        if (is_open_image(keeping->fold, keeping->row.record.value[EPMT_COL_image].u))
            return true;
    }
    return false;
}

// Looks what a trimming would do. Returns whether it would remove anything.
static bool look(const struct epmt_journal *journal, struct keeping *keeping, uint64_t *gaps) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    const uint8_t *fragment;
    bool removes = false, any = false;

    epmt_journal_scan_init(&scan, journal->data, journal->len);
    while ((fragment = epmt_journal_scan_next(&scan, &header))) {
        any = true;
        removes |= !keep(keeping, &header, fragment);
    }
    *gaps = scan.gaps;
    return removes || !any || scan.gaps;
}

int epmt_jobdir_trim_journal(const char *path, bool ended, const struct epmt_jobfold *fold,
                             const struct epmt_seen *seen, struct epmt_error *err) {
    struct keeping keeping = {.fold = fold, .seen = seen, .ended = ended};
    struct epmt_journal journal;
    uint64_t gaps;
    int status = epmt_journal_take(&journal, path, TAKE_MS);

    if (status == -ENOENT || (status == -EWOULDBLOCK && !ended))
        return 0;
    if (status)
        return take_failed(path, status, err);
    // While the job runs a damaged journal stays whole; at its end the damage is put aside.
    if (!look(&journal, &keeping, &gaps) || (gaps && !ended)) {
        epmt_journal_release(&journal);
        return 0;
    }
    if (gaps && epmt_jobdir_keep_damaged(path, journal.data, journal.len, err)) {
        epmt_journal_release(&journal);
        return -1;
    }
    status = epmt_journal_trim(&journal, path, keep, &keeping);
    if (!status)
        return 0;
    errno = -status;
    return epmt_errf_errno(err, EPMT_ERR_IO, "cannot trim %s", path);
}

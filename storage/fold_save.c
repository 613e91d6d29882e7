// SPDX-License-Identifier: Apache-2.0
// A fold as a stream of fragments: where no job file can be written, nothing is lost.
#include <errno.h>
#include <stdlib.h>

#include "common/iox.h"
#include "storage/fold_priv.h"

#define FRAGMENT_LEN (1u << 20)
#define SLOT_COUNT (1u << 14)

struct saver {
    const struct epmt_jobfold *fold;
    int fd;
    struct epmt_fragment fragment;
    uint8_t *data;
    size_t cap;
    uint32_t slots[SLOT_COUNT];
    struct epmt_row row;
};

static int flush(struct saver *saver, uint16_t flags, struct epmt_error *err) {
    struct epmt_fragment_header header = {.flags = flags, .rank = -1};
    size_t len = epmt_fragment_seal(&saver->fragment, &header);
    int status = epmt_write_all(saver->fd, saver->data, len);

    epmt_fragment_init(&saver->fragment, saver->data, saver->cap, saver->slots, SLOT_COUNT);
    if (status) {
        errno = -status;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot write a stream");
    }
    return 0;
}

static int add_row(struct saver *saver, struct epmt_error *err) {
    if (!epmt_fragment_add_row(&saver->fragment, &saver->row))
        return 0;
    if (saver->fragment.rows && flush(saver, 0, err))
        return -1;
    while (epmt_fragment_add_row(&saver->fragment, &saver->row)) {
        if (saver->cap >= EPMT_FRAGMENT_MAX)
            return epmt_errf(err, EPMT_ERR_MEMORY, "a row too long for a fragment");
        uint8_t *data = realloc(saver->data, saver->cap * 2);
        if (!data)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for a stream");
        saver->data = data;
        saver->cap *= 2;
        epmt_fragment_init(&saver->fragment, data, saver->cap, saver->slots, SLOT_COUNT);
    }
    return 0;
}

static int save_rows(struct saver *saver, struct epmt_error *err) {
    const struct epmt_jobfold *fold = saver->fold;
    int status = 0;

    for (uint32_t i = 0; i < fold->attribute_count && !status; i++) {
        saver->row.kind = EPMT_ROW_ATTRIBUTE;
        epmt_fold_attribute_at(fold, i, &saver->row.scope, &saver->row.key, &saver->row.value);
        status = add_row(saver, err);
    }
    for (uint64_t i = 0; i < fold->processes.count && !status; i++) {
        saver->row.kind = EPMT_ROW_PROCESS;
        epmt_fold_process(fold, i, &saver->row.record);
        status = add_row(saver, err);
    }
    for (uint64_t i = 0; i < fold->threads.count && !status; i++) {
        saver->row.kind = EPMT_ROW_THREAD;
        epmt_fold_thread(fold, i, &saver->row.record);
        status = add_row(saver, err);
    }
    for (uint32_t i = 0; i < fold->waits.count && !status; i++) {
        saver->row.kind = EPMT_ROW_WAITED;
        epmt_fold_waited(fold, i, &saver->row.record);
        status = add_row(saver, err);
    }
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind < EPMT_ROW_MPI_FUNCTION + EPMT_TABLE_COUNT;
         kind++) {
        for (uint64_t i = 0; i < epmt_fold_mpi_count(fold, kind) && !status; i++) {
            saver->row.kind = kind;
            epmt_fold_mpi(fold, kind, i, &saver->row.record);
            status = add_row(saver, err);
        }
    }
    return status ? -1 : flush(saver, EPMT_FRAGMENT_LAST, err);
}

int epmt_fold_save(const struct epmt_jobfold *fold, int fd, struct epmt_error *err) {
    struct saver *saver = calloc(1, sizeof *saver);
    int status = -1;

    if (saver) {
        saver->fold = fold;
        saver->fd = fd;
        saver->cap = FRAGMENT_LEN;
        saver->data = malloc(saver->cap);
    }
    if (!saver || !saver->data) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for a stream");
    } else {
        epmt_fragment_init(&saver->fragment, saver->data, saver->cap, saver->slots, SLOT_COUNT);
        status = save_rows(saver, err);
    }
    if (saver)
        free(saver->data);
    free(saver);
    return status;
}

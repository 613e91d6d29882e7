// SPDX-License-Identifier: Apache-2.0
// How many hosts a step ran on, where the launcher does not tell (Hydra): counted from the ranks'
// rows, once all of them are there.
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/fold_priv.h"

// The step being counted. Its rows come by rank.
struct counting {
    struct epmt_bytes step;
    int64_t expected, ranks, last_rank;
    struct epmt_bytes *hosts; // of each rank
    bool unknown;             // some row names no host
};

static int by_bytes(const void *left, const void *right) {
    return epmt_bytes_compare(*(const struct epmt_bytes *)left, *(const struct epmt_bytes *)right);
}

// Notes what was counted, where it is not known already.
static int end_step(struct epmt_jobfold *fold, struct counting *counting) {
    char scope[1024], text[24];
    uint64_t nodes = 0;

    if (!counting->expected || counting->ranks != counting->expected || counting->unknown ||
        !epmt_fmt(scope, sizeof scope, "step %.*s", (int)counting->step.len, counting->step.data) ||
        epmt_fold_attribute(fold, scope, "nodes").data)
        return 0;
    qsort(counting->hosts, (size_t)counting->ranks, sizeof *counting->hosts, by_bytes);
    for (int64_t i = 0; i < counting->ranks; i++)
        nodes += !i || epmt_bytes_compare(counting->hosts[i - 1], counting->hosts[i]);
    epmt_fmt(text, sizeof text, "%lu", (unsigned long)nodes);
    return epmt_fold_set_attribute(fold, scope, "nodes", text, NULL);
}

static struct epmt_bytes text_of(const struct epmt_record *record, int column) {
    return epmt_record_has(record, column) ? record->value[column].text
                                           : (struct epmt_bytes){NULL, 0};
}

static void add_rank(struct counting *counting, const struct epmt_record *record) {
    int64_t rank = record->value[EPMT_COL_mpirank].i;
    struct epmt_bytes host = text_of(record, EPMT_COL_hostname);

    if (epmt_record_has(record, EPMT_COL_numranks) &&
        record->value[EPMT_COL_numranks].i > counting->expected)
        counting->expected = record->value[EPMT_COL_numranks].i;
    counting->unknown |= !host.data;
    if (counting->ranks && rank == counting->last_rank)
        return; // another image of it
    counting->last_rank = rank;
    counting->hosts[counting->ranks++] = host;
}

int epmt_fold_count_nodes(struct epmt_jobfold *fold) {
    struct counting counting = {.hosts =
                                    malloc((fold->processes.count + 1) * sizeof *counting.hosts)};
    struct epmt_record record;
    int status = counting.hosts ? 0 : -1;

    for (uint64_t i = 0; i < fold->processes.count && !status; i++) {
        epmt_fold_process(fold, i, &record);
        if (!epmt_record_has(&record, EPMT_COL_mpirank))
            break; // MPI processes stand first
        struct epmt_bytes step = text_of(&record, EPMT_COL_step);
        if (counting.ranks && epmt_bytes_compare(step, counting.step)) {
            status = end_step(fold, &counting);
            counting = (struct counting){.hosts = counting.hosts};
        }
        counting.step = step;
        add_rank(&counting, &record);
    }
    if (!status && counting.ranks)
        status = end_step(fold, &counting);
    free(counting.hosts);
    return status;
}

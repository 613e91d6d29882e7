// SPDX-License-Identifier: Apache-2.0
// The rows of the tables beside processes and threads: references, and values that cannot be.
#include <inttypes.h>
#include <string.h>

#include "metadata/tables.h"
#include "storage/jobfile_check_priv.h"

static bool has(const struct epmt_check *check, int column) {
    return epmt_record_has(&check->record, column);
}

static uint64_t value(const struct epmt_check *check, int column) {
    return check->record.value[column].u;
}

static int column_of(const struct epmt_dictionary *dictionary, const char *name) {
    for (int i = 0; i < dictionary->count; i++) {
        if (!strcmp(dictionary->columns[i].name, name))
            return i;
    }
    return -1;
}

static void check_function(struct epmt_check *check, const struct epmt_check_process *process) {
    enum {
        calls = EPMT_MPI_FUNCTION_COL_calls,
        time = EPMT_MPI_FUNCTION_COL_time,
        least = EPMT_MPI_FUNCTION_COL_time_min,
        most = EPMT_MPI_FUNCTION_COL_time_max
    };

    if (has(check, least) && has(check, most) && value(check, least) > value(check, most))
        epmt_check_wrong(check, "time_min", "%" PRIu64 " is above time_max, %" PRIu64,
                         value(check, least), value(check, most));
    if (has(check, time) && has(check, most) && value(check, most) > value(check, time))
        epmt_check_wrong(check, "time_max", "%" PRIu64 " is above time, %" PRIu64,
                         value(check, most), value(check, time));
    if (has(check, calls) && !value(check, calls) && has(check, time) && value(check, time))
        epmt_check_wrong(check, "calls", "none, but they took time");
    if (process && has(check, time) &&
        !epmt_check_fits(value(check, time) / 1000, process->start, process->end, process->numtids))
        epmt_check_wrong(check, "time", "%" PRIu64 " ns, more than the process's threads can take",
                         value(check, time));
}

static void check_imbalance(struct epmt_check *check) {
    enum {
        least = EPMT_MPI_IMBALANCE_COL_min,
        most = EPMT_MPI_IMBALANCE_COL_max,
        mean = EPMT_MPI_IMBALANCE_COL_mean,
        stddev = EPMT_MPI_IMBALANCE_COL_stddev,
        ranks = EPMT_MPI_IMBALANCE_COL_ranks
    };
    const union epmt_value *values = check->record.value;

    if (has(check, least) && has(check, most) && value(check, least) > value(check, most))
        epmt_check_wrong(check, "min", "%" PRIu64 " is above max, %" PRIu64, value(check, least),
                         value(check, most));
    // The mean is a sum of reals: it may be off by its last digits.
    if (has(check, mean) && has(check, least) && has(check, most) &&
        (values[mean].r < (double)values[least].u * 0.999999 - 1 ||
         values[mean].r > (double)values[most].u * 1.000001 + 1))
        epmt_check_wrong(check, "mean", "is not between min and max");
    if (has(check, stddev) && !(values[stddev].r >= 0))
        epmt_check_wrong(check, "stddev", "is negative or no number");
    if (has(check, ranks) && !value(check, ranks))
        epmt_check_wrong(check, "ranks", "over none");
}

static void check_message(struct epmt_check *check, const struct epmt_check_process *process) {
    int64_t peer = check->record.value[EPMT_MPI_MESSAGE_COL_peer].i;

    if (has(check, EPMT_MPI_MESSAGE_COL_peer) &&
        (peer < 0 || (process && process->ranks >= 0 && peer >= process->ranks)))
        epmt_check_wrong(check, "peer", "%" PRId64 " is no rank of the sender's world", peer);
}

static void check_size(struct epmt_check *check) {
    uint64_t bucket = value(check, EPMT_MPI_SIZE_COL_bucket);

    if (has(check, EPMT_MPI_SIZE_COL_bucket) && bucket & (bucket - 1))
        epmt_check_wrong(check, "bucket", "%" PRIu64 " is no power of two", bucket);
}

static int check_step(struct epmt_check *check, int column, struct epmt_error *err) {
    struct epmt_bytes step = check->record.value[column].text;

    if (!has(check, column))
        return 0;
    uint32_t known = check->names.count, name = epmt_check_name(check, step.data, step.len);
    if (name == EPMT_FOLD_NOWHERE)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the steps of a job");
    if (name == known)
        epmt_check_wrong(check, "step", "no process is of it");
    return 0;
}

static int check_row(struct epmt_check *check, enum epmt_row_kind kind, struct epmt_error *err) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    int image = column_of(dictionary, "image"), step = column_of(dictionary, "step");
    const struct epmt_check_process *process = NULL;

    if (image >= 0 && has(check, image)) {
        process = epmt_check_find(check, value(check, image));
        if (!process)
            epmt_check_wrong(check, "image", "no row of /processes has it");
    } else if (epmt_table_is_of_process(kind)) {
        epmt_check_wrong(check, "image", "is missing");
    }
    if (step >= 0 && check_step(check, step, err))
        return -1;
    if (kind == EPMT_ROW_MPI_FUNCTION)
        check_function(check, process);
    else if (kind == EPMT_ROW_MPI_IMBALANCE)
        check_imbalance(check);
    else if (kind == EPMT_ROW_MPI_MESSAGE)
        check_message(check, process);
    else if (kind == EPMT_ROW_MPI_SIZE)
        check_size(check);
    return 0;
}

int epmt_check_tables(struct epmt_check *check, struct epmt_error *err) {
    int more = 0;

    for (int i = 0; i < EPMT_TABLE_COUNT && !more; i++) {
        enum epmt_row_kind kind = EPMT_FIRST_TABLE + i;
        check->table = epmt_table_path(kind);
        check->row = 0;
        while ((more = epmt_jobfile_next_mpi(check->file, kind, &check->record, err)) == 1) {
            epmt_check_row(check, kind);
            if (check_row(check, kind, err))
                return -1;
            check->row++;
        }
    }
    return more;
}

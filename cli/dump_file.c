// SPDX-License-Identifier: Apache-2.0
// The rows of a job file.
#include <stdlib.h>

#include "cli/dump.h"
#include "storage/flatten.h"
#include "storage/jobfile.h"

struct source {
    struct epmt_jobfile *file;
    struct epmt_flatten flatten;
};

static bool in_process(const struct epmt_column *column) {
    return epmt_dump_has(EPMT_ROW_PROCESS, column);
}

static bool in_thread(const struct epmt_column *column) {
    return epmt_dump_has(EPMT_ROW_THREAD, column);
}

static bool in_further(const struct epmt_column *column) {
    return column->scope != EPMT_SCOPE_WIRE;
}

static int next_row(struct epmt_jobfile *file, enum epmt_row_kind kind, struct epmt_record *record,
                    struct epmt_error *err) {
    if (kind == EPMT_ROW_PROCESS)
        return epmt_jobfile_next_process(file, record, err);
    if (kind == EPMT_ROW_THREAD)
        return epmt_jobfile_next_thread(file, record, err);
    return epmt_jobfile_next_mpi(file, kind, record, err);
}

static int rows(struct epmt_dump *dump, enum epmt_row_kind kind) {
    struct source *source = dump->source;
    struct epmt_db_value values[EPMT_COLUMN_COUNT];
    struct epmt_record record;
    int more;

    while ((more = next_row(source->file, kind, &record, dump->err)) == 1) {
        epmt_flatten_row(&source->flatten, kind, &record,
                         kind == EPMT_ROW_PROCESS  ? in_process
                         : kind == EPMT_ROW_THREAD ? in_thread
                                                   : in_further,
                         values);
        epmt_dump_row(dump, values);
    }
    return more;
}

static int read_facts(struct epmt_dump *dump) {
    struct source *source = dump->source;
    struct epmt_row row;
    int more;

    dump->facts = epmt_fold_create();
    if (!dump->facts)
        return epmt_errf(dump->err, EPMT_ERR_MEMORY, "out of memory");
    while ((more = epmt_jobfile_next_attribute(source->file, &row, dump->err)) == 1) {
        if (epmt_fold_add(dump->facts, &row, dump->err))
            return -1;
    }
    return more ? -1 : epmt_fold_finish(dump->facts, false, dump->err);
}

int epmt_dump_file(const struct epmt_dump_options *options, const char *path,
                   struct epmt_error *err) {
    struct source *source = calloc(1, sizeof *source);
    struct epmt_dump dump = {.options = options, .source = source, .rows = rows, .err = err};
    int status = -1;

    if (!source)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    source->file = epmt_jobfile_open(path, err);
    if (source->file && !read_facts(&dump))
        status = epmt_dump_print(&dump);
    epmt_flatten_free(&source->flatten);
    epmt_fold_destroy(dump.facts);
    epmt_jobfile_close(source->file);
    free(source);
    return status;
}

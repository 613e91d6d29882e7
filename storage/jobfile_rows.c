// SPDX-License-Identifier: Apache-2.0
// The tables of a job file from a fold: rows, facts, and what describes them.
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "metadata/tables.h"
#include "storage/jobfile.h"
#include "storage/jobfile_parts.h"

static struct epmt_cell bytes_cell(struct epmt_bytes bytes) {
    return (struct epmt_cell){bytes.data != NULL, {.text = bytes}};
}

static struct epmt_cell number_cell(int64_t number) {
    return (struct epmt_cell){number != EPMT_MISSING_INT, {.i = number}};
}

struct row_source {
    const struct epmt_jobfold *fold;
    const struct epmt_layout *layout;
    struct epmt_record record;
};

static void row_cells(struct row_source *source, struct epmt_cell *cells) {
    for (int i = 0; i < source->layout->value_count; i++) {
        int column = source->layout->members[i].column;
        cells[i].has = epmt_record_has(&source->record, column);
        cells[i].value = source->record.value[column];
    }
}

static void process_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct row_source *source = context;

    epmt_fold_process(source->fold, row, &source->record);
    row_cells(source, cells);
}

static void thread_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct row_source *source = context;

    epmt_fold_thread(source->fold, row, &source->record);
    row_cells(source, cells);
}

static void mpi_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct row_source *source = context;

    epmt_fold_mpi(source->fold, source->layout->kind, row, &source->record);
    row_cells(source, cells);
}

static int write_mpi(struct row_source *source, struct epmt_table_writer *writer,
                     struct epmt_layout *layout, struct epmt_error *err) {
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        enum epmt_row_kind kind = EPMT_ROW_MPI_FUNCTION + i;
        uint64_t count = epmt_fold_mpi_count(source->fold, kind);
        epmt_layout_of_rows(layout, kind);
        if (count && epmt_table_write(writer, layout, count, mpi_row, source, err))
            return -1;
    }
    return 0;
}

uint64_t epmt_jobfile_mpi_rows(const struct epmt_jobfold *fold) {
    uint64_t count = 0;

    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        if (epmt_table_is_of_mpi(EPMT_FIRST_TABLE + i))
            count += epmt_fold_mpi_count(fold, EPMT_FIRST_TABLE + i);
    }
    return count;
}

int epmt_jobfile_write_rows(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                            struct epmt_error *err) {
    struct epmt_layout layout;
    struct row_source source = {.fold = fold, .layout = &layout};

    memset(&source.record, 0, sizeof source.record);
    epmt_layout_of_rows(&layout, EPMT_ROW_PROCESS);
    if (epmt_table_write(writer, &layout, epmt_fold_process_count(fold), process_row, &source, err))
        return -1;
    epmt_layout_of_rows(&layout, EPMT_ROW_THREAD);
    if (epmt_table_write(writer, &layout, epmt_fold_thread_count(fold), thread_row, &source, err))
        return -1;
    return write_mpi(&source, writer, &layout, err) || epmt_jobfile_write_crashes(fold, writer, err)
               ? -1
               : 0;
}

// Attributes, apart from the environment, or the environment alone; the rows of the source are the
// numbers of the fold's attributes.
struct attribute_source {
    const struct epmt_jobfold *fold;
    uint64_t *numbers;
    uint64_t count;
};

static bool is_environment(struct epmt_bytes scope) {
    return scope.len == 3 && !memcmp(scope.data, "env", 3);
}

static int choose_attributes(struct attribute_source *source, bool environment) {
    uint64_t all = epmt_fold_attribute_count(source->fold);

    source->count = 0;
    source->numbers = malloc((all + 1) * sizeof *source->numbers);
    for (uint64_t i = 0; source->numbers && i < all; i++) {
        struct epmt_bytes scope, key, value;
        epmt_fold_attribute_at(source->fold, i, &scope, &key, &value);
        if (is_environment(scope) == environment)
            source->numbers[source->count++] = i;
    }
    return source->numbers ? 0 : -1;
}

static void attribute_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct attribute_source *source = context;
    struct epmt_bytes scope, key, value;

    epmt_fold_attribute_at(source->fold, source->numbers[row], &scope, &key, &value);
    cells[0] = bytes_cell(scope);
    cells[1] = bytes_cell(key);
    cells[2] = bytes_cell(value);
}

static void environment_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct epmt_cell all[3];

    attribute_row(context, row, all);
    cells[0] = all[1];
    cells[1] = all[2];
}

static int write_attributes(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                            bool environment, struct epmt_error *err) {
    struct attribute_source source = {.fold = fold};
    struct epmt_layout layout;

    if (choose_attributes(&source, environment))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the attributes of a job");
    epmt_layout_of_small(&layout, environment ? EPMT_TABLE_ENVIRONMENT : EPMT_TABLE_ATTRIBUTES);
    int status = epmt_table_write(writer, &layout, source.count,
                                  environment ? environment_row : attribute_row, &source, err);
    free(source.numbers);
    return status;
}

static void host_row(void *context, uint64_t row, struct epmt_cell *cells) {
    const struct epmt_fold_host *host = &((const struct epmt_fold_host *)context)[row];

    cells[0] = bytes_cell(host->hostname);
    cells[1] = bytes_cell(host->bootid);
    cells[2] = (struct epmt_cell){true, {.u = host->processes}};
}

static int write_hosts(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                       struct epmt_error *err) {
    struct epmt_layout layout;
    uint64_t count;
    struct epmt_fold_host *hosts = epmt_fold_hosts(fold, &count);

    if (count == UINT64_MAX)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the hosts of a job");
    epmt_layout_of_small(&layout, EPMT_TABLE_HOSTS);
    int status = epmt_table_write(writer, &layout, count, host_row, hosts, err);
    free(hosts);
    return status;
}

struct step_source {
    const struct epmt_jobfold *fold;
    const struct epmt_fold_step *steps;
};

static void step_row(void *context, uint64_t row, struct epmt_cell *cells) {
    static const char *const facts[] = {"library",  "libversion",   "thread_level",
                                        "standard", "thread_asked", "nodes",
                                        "launcher", "jobstep",      "parent"};
    const struct step_source *source = context;
    const struct epmt_fold_step *step = &source->steps[row];
    char scope[1024];

    cells[0] = bytes_cell(step->key);
    cells[1] = number_cell(step->ranks_expected);
    cells[2] = number_cell(step->ranks_reported);
    cells[3] = number_cell(step->complete);
    cells[4] = number_cell(step->start);
    cells[5] = number_cell(step->end);
    epmt_fmt(scope, sizeof scope, "step %.*s", (int)(step->key.len < 1000 ? step->key.len : 1000),
             step->key.data);
    for (int i = 0; i < 9; i++)
        cells[6 + i] = bytes_cell(epmt_fold_attribute(source->fold, scope, facts[i]));
}

// A world size may be anything in a damaged record.
static int64_t add_bounded(int64_t a, int64_t b) {
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// Writes the steps and the root's attributes that sum them up.
static int write_steps(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                       struct epmt_error *err) {
    struct epmt_layout layout;
    uint64_t count;
    struct epmt_fold_step *steps = epmt_fold_steps(fold, &count);
    struct step_source source = {fold, steps};
    int64_t expected = 0, reported = 0;
    bool ended = epmt_fold_attribute_number(fold, "job", "ended", 0) == 1;
    bool cut = epmt_fold_attribute_number(fold, "job", "truncated", 0) == 1;

    if (count == UINT64_MAX)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the steps of a job");
    // Without MPI a job is complete once it is over. A cut stream is made good by the journals,
    // which the end of the job folds.
    bool complete = count ? ended || !cut : ended;
    for (uint64_t i = 0; i < count; i++) {
        complete = complete && steps[i].complete;
        expected = add_bounded(expected, steps[i].ranks_expected);
        reported = add_bounded(reported, steps[i].ranks_reported);
    }
    epmt_layout_of_small(&layout, EPMT_TABLE_STEPS);
    int status = epmt_table_write(writer, &layout, count, step_row, &source, err);
    free(steps);
    if (status)
        return -1;
    if (epmt_h5_put_i64(writer->file, "complete", complete) ||
        epmt_h5_put_i64(writer->file, "ended", ended) ||
        epmt_h5_put_i64(writer->file, "ranks_reported", reported) ||
        epmt_h5_put_i64(writer->file, "ranks_expected", expected))
        return epmt_h5_errf(err, EPMT_ERR_IO, "cannot write the job's attributes");
    return 0;
}

static int write_root(const struct epmt_jobfold *fold, hid_t file, struct epmt_error *err) {
    static const char *const copied[] = {"jobid", "uuid", "user"};
    static const char format[] = EPMT_JOBFILE_FORMAT, creator[] = "epmt " EPMT_VERSION;
    int status = 0;

    status |= epmt_h5_put_text(file, "format", (struct epmt_bytes){format, sizeof format - 1});
    status |= epmt_h5_put_i64(file, "format_version", EPMT_JOBFILE_VERSION);
    status |= epmt_h5_put_u64(file, "schema", epmt_schema_hash());
    status |= epmt_h5_put_text(file, "creator", (struct epmt_bytes){creator, sizeof creator - 1});
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        status |= epmt_h5_put_text(file, copied[i], epmt_fold_attribute(fold, "job", copied[i]));
    status |= epmt_h5_put_u64(file, "processes", epmt_fold_process_count(fold));
    status |= epmt_h5_put_u64(file, "threads", epmt_fold_thread_count(fold));
    status |= epmt_h5_put_u64(file, "mpi_rows", epmt_jobfile_mpi_rows(fold));
    status |= epmt_h5_put_u64(file, "digest", epmt_fold_digest(fold));
    return status ? epmt_h5_errf(err, EPMT_ERR_IO, "cannot write the job's attributes") : 0;
}

int epmt_jobfile_write_summary(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                               struct epmt_error *err) {
    if (write_root(fold, writer->file, err) || write_attributes(fold, writer, false, err) ||
        write_attributes(fold, writer, true, err) || write_hosts(fold, writer, err) ||
        write_steps(fold, writer, err) || epmt_jobfile_write_columns(fold, writer, err))
        return -1;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "analysis/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/report_priv.h"

#define VALUES_MAX 8

int epmt_report_ask(struct report_context *context, const char *sql,
                    const struct epmt_db_value *more, int count, epmt_db_row_f row) {
    struct epmt_db_value values[VALUES_MAX] = {epmt_db_int(context->id)};

    for (int i = 0; i < count && i + 1 < VALUES_MAX; i++)
        values[i + 1] = more[i];
    return context->db->backend->query(context->db, sql, values, count + 1, false, row,
                                       context->report, context->err);
}

static int take_job(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct epmt_report_job *job = &((struct epmt_report *)context)->job;
    const struct {
        char *to;
        size_t cap;
    } texts[] = {{job->jobid, sizeof job->jobid},   {job->user, sizeof job->user},
                 {job->name, sizeof job->name},     {job->tags, sizeof job->tags},
                 {job->reason, sizeof job->reason}, {job->start, sizeof job->start},
                 {job->uuid, sizeof job->uuid}};
    int64_t *const numbers[] = {
        &job->from,    &job->to,    &job->exitcode,       &job->hosts, &job->processes,
        &job->threads, &job->ranks, &job->ranks_expected, &job->cpus,  &job->ended};
    double *const reals[] = {
        &job->duration,      &job->cpu,     &job->efficiency, &job->mpi_share,     &job->rssmax,
        &job->read,          &job->written, &job->chars_read, &job->chars_written, &job->calls_read,
        &job->calls_written, &job->io_wait, &job->majflt};
    int at = 0;

    (void)columns, (void)names, (void)numeric;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++, at++)
        epmt_value_text(texts[i].to, texts[i].cap, values[at] ? values[at] : "");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = epmt_value_int(values[at++], -1);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        *reals[i] = epmt_value_real(values[at++]);
    job->duration /= 1e6;
    job->cpu /= 1e6;
    job->io_wait /= 1e6;
    job->rssmax *= 1024;
    return 1;
}

static int read_job(struct report_context *context) {
    static const char sql[] =
        "SELECT j.\"jobid\", j.\"user\", j.\"jobname\", j.\"tags\", j.\"reason\", s.\"start\", "
        "j.\"uuid\", "
        "j.\"start\", j.\"end\", j.\"exitcode\", j.\"hosts\", j.\"processes\", j.\"threads\", "
        "j.\"ranks_reported\", j.\"ranks_expected\", j.\"cpus\", j.\"ended\", j.\"duration\", "
        "j.\"cpu_time\", j.\"efficiency\", j.\"mpi_share\", j.\"rssmax\", j.\"read_bytes\", "
        "j.\"write_bytes\", j.\"rchar\", j.\"wchar\", j.\"syscr\", j.\"syscw\", "
        "j.\"delayacct_blkio_time\", j.\"majflt\" "
        "FROM \"jobs\" j JOIN \"job_summary\" s ON s.\"id\" = j.\"id\" WHERE j.\"id\" = $1";

    context->report->job.processes = -2;
    if (epmt_report_ask(context, sql, NULL, 0, take_job))
        return -1;
    return context->report->job.processes != -2
               ? 0
               : epmt_errf(context->err, EPMT_ERR_NOT_FOUND, "there is no job with id %ld in %s",
                           (long)context->id, epmt_db_where(context->db));
}

static int take_function(void *context, int columns, const char *const *names,
                         const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;
    struct epmt_report_function *function = &report->functions[report->function_count++];

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(function->name, sizeof function->name, values[0]);
    function->calls = epmt_value_int(values[1], -1);
    function->time = epmt_value_real(values[2]) / 1e9;
    function->bytes = epmt_value_real(values[3]);
    function->share = function->time / (epmt_value_real(values[4]) / 1e9);
    return report->function_count == EPMT_REPORT_TOP;
}

static int read_functions(struct report_context *context) {
#define TOTAL(measure) "sum(CASE WHEN \"measure\" = '" measure "' THEN \"mean\" * \"ranks\" END)"
    static const char sql[] =
        "SELECT \"function\", CAST(round(" TOTAL("calls") ") AS BIGINT), " TOTAL(
            "time") " AS took, "
                    "coalesce(" TOTAL("bytes_out") ", 0) + coalesce(" TOTAL(
                        "bytes_in") ", 0), (SELECT sum(a.\"mean\" * a.\"ranks\") FROM "
                                    "\"mpi_imbalance\" a WHERE a.\"job_id\" = $1 AND "
                                    "a.\"function\" = 'all' AND a.\"measure\" = 'time') FROM "
                                    "\"mpi_imbalance\" WHERE \"job_id\" = $1 AND \"function\" <> "
                                    "'all' GROUP BY \"function\" ORDER BY coalesce(" TOTAL(
                                        "time") ", 0) DESC, \"function\" LIMIT 5";

    return epmt_report_ask(context, sql, NULL, 0, take_function);
}

static int take_crash(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;
    struct epmt_report_crash *crash = &report->crashes[report->crash_count++];

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(crash->program, sizeof crash->program, values[0]);
    epmt_value_text(crash->host, sizeof crash->host, values[1]);
    crash->rank = epmt_value_int(values[2], -1);
    crash->pid = epmt_value_int(values[3], -1);
    crash->signal = epmt_value_int(values[4], -1);
    epmt_value_text(crash->stack, sizeof crash->stack, values[5] ? values[5] : "");
    return report->crash_count == EPMT_REPORT_TOP;
}

static int read_crashes(struct report_context *context) {
    // Those with a stack first, of ranks first.
    static const char sql[] =
        "SELECT p.\"exename\", p.\"hostname\", p.\"mpirank\", p.\"pid\", p.\"exitsignal\", "
        "p.\"crashstack\" FROM \"processes\" p WHERE p.\"job_id\" = $1 AND (p.\"crashstack\" IS "
        "NOT NULL OR p.\"state\" = 'signaled') ORDER BY CASE WHEN p.\"crashstack\" IS NULL THEN 1 "
        "ELSE 0 END, CASE WHEN p.\"mpirank\" IS NULL THEN 1 ELSE 0 END, p.\"mpirank\", p.\"id\" "
        "LIMIT 5";

    return epmt_report_ask(context, sql, NULL, 0, take_crash);
}

struct epmt_report *epmt_report_create(struct epmt_db *db, int64_t job, struct epmt_error *err) {
    struct epmt_report *report = calloc(1, sizeof *report);
    struct report_context context = {.db = db, .id = job, .report = report, .err = err};

    if (!report) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        return NULL;
    }
    if (read_job(&context) || epmt_report_uses(&context) || epmt_report_lanes(&context) ||
        epmt_report_ranks(&context) || read_functions(&context) || read_crashes(&context)) {
        free(report);
        return NULL;
    }
    return report;
}

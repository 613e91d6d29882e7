// SPDX-License-Identifier: Apache-2.0
#include "analysis/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/findings_priv.h"

const char *epmt_finding_name(enum epmt_finding_kind kind) {
    static const char *const names[] = {
#define NAME(name, title) #name,
        EPMT_FINDINGS(NAME)
#undef NAME
    };

    return names[kind];
}

const char *epmt_finding_title(enum epmt_finding_kind kind) {
    static const char *const titles[] = {
#define TITLE(name, title) title,
        EPMT_FINDINGS(TITLE)
#undef TITLE
    };

    return titles[kind];
}

const char *epmt_severity_name(enum epmt_severity severity) {
    static const char *const names[] = {"info", "note", "warning", "problem"};

    return names[severity];
}

int epmt_findings_ask(struct finding_context *context, const char *sql, epmt_db_row_f row,
                      void *to) {
    struct epmt_db_value id = epmt_db_int(context->id);

    return context->db->backend->query(context->db, sql, &id, 1, false, row, to, context->err);
}

static struct epmt_finding *add(struct epmt_findings *findings, enum epmt_finding_kind kind,
                                enum epmt_severity severity, const char *text) {
    if (findings->count == EPMT_FINDINGS_MAX)
        return NULL;
    struct epmt_finding *finding = &findings->found[findings->count++];
    *finding = (struct epmt_finding){.kind = kind,
                                     .severity = severity,
                                     .share = (double)NAN,
                                     .seconds = (double)NAN,
                                     .count = -1,
                                     .rank = -1,
                                     .process_id = -1};
    epmt_value_text(finding->text, sizeof finding->text, text);
    return finding;
}

struct epmt_finding *epmt_findings_add(struct finding_context *context, enum epmt_finding_kind kind,
                                       enum epmt_severity severity, const char *format, ...) {
    va_list args;
    char *text = NULL;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    struct epmt_finding *finding =
        add(context->findings, kind, severity, len < 0 ? "out of memory" : text);
    if (len >= 0)
        free(text);
    return finding;
}

void epmt_findings_name(struct epmt_finding *finding, int64_t process_id, int64_t rank,
                        const char *host, const char *program) {
    if (!finding)
        return;
    finding->process_id = process_id;
    finding->rank = rank;
    epmt_value_text(finding->host, sizeof finding->host, host ? host : "");
    epmt_value_text(finding->program, sizeof finding->program, program ? program : "");
}

char *epmt_findings_who(char *data, size_t cap, int64_t rank, const char *host, const char *program,
                        int64_t pid) {
    if (rank >= 0)
        snprintf(data, cap, "rank %ld on %s (%s)", (long)rank, host, program);
    else
        snprintf(data, cap, "%s on %s, pid %ld", program, host, (long)pid);
    return data;
}

static int take_job(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct finding_context *found = context;
    struct finding_job *job = &found->job;

    (void)columns, (void)names, (void)numeric;
    found->has_job = true;
    job->duration = epmt_value_real(values[0]);
    job->cpu = epmt_value_real(values[1]);
    job->efficiency = epmt_value_real(values[2]);
    job->mpi_share = epmt_value_real(values[3]);
    job->imbalance = epmt_value_real(values[4]);
    job->cpus = epmt_value_int(values[5], -1);
    job->exitcode = epmt_value_int(values[6], -1);
    job->ranks_reported = epmt_value_int(values[7], -1);
    job->ranks_expected = epmt_value_int(values[8], -1);
    job->processes = epmt_value_int(values[9], 0);
    job->failed = epmt_value_int(values[10], 0);
    job->ended = epmt_value_int(values[11], 1);
    job->hosts = epmt_value_int(values[12], -1);
    epmt_value_text(job->reason, sizeof job->reason, values[13] ? values[13] : "");
    return 0;
}

static int read_job(struct finding_context *context, struct epmt_error *err) {
    static const char sql[] =
        "SELECT \"duration\", \"cpu_time\", \"efficiency\", \"mpi_share\", \"imbalance\", "
        "\"cpus\", \"exitcode\", \"ranks_reported\", \"ranks_expected\", \"processes\", "
        "\"failed\", \"ended\", \"hosts\", \"reason\" FROM \"jobs\" WHERE \"id\" = $1";
    struct epmt_db_value id = epmt_db_int(context->id);

    if (context->db->backend->query(context->db, sql, &id, 1, false, take_job, context, err))
        return -1;
    if (!context->has_job)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job with id %ld in %s",
                         (long)context->id, epmt_db_where(context->db));
    return 0;
}

// The gravest first, of those the dearest; idle CPUs behind what left them idle.
static int compare(const void *a, const void *b) {
    const struct epmt_finding *left = a, *right = b;
    double lost_left = isnan(left->seconds) ? 0 : left->seconds;
    double lost_right = isnan(right->seconds) ? 0 : right->seconds;

    if (left->severity != right->severity)
        return left->severity > right->severity ? -1 : 1;
    if ((left->kind == EPMT_FINDING_efficiency) != (right->kind == EPMT_FINDING_efficiency))
        return left->kind == EPMT_FINDING_efficiency ? 1 : -1;
    if (left->severity < EPMT_PROBLEM && lost_left != lost_right)
        return lost_left > lost_right ? -1 : 1;
    return left->kind != right->kind ? left->kind < right->kind ? -1 : 1
                                     : strcmp(left->text, right->text);
}

int epmt_findings_of(struct epmt_db *db, int64_t job, struct epmt_findings *findings,
                     struct epmt_error *err) {
    struct finding_context context = {.db = db, .id = job, .findings = findings, .err = err};

    findings->count = 0;
    if (read_job(&context, err) || epmt_findings_ends(&context) || epmt_findings_ranks(&context) ||
        epmt_findings_processes(&context) || epmt_findings_waits(&context))
        return -1;
    qsort(findings->found, (size_t)findings->count, sizeof *findings->found, compare);
    return 0;
}

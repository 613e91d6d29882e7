// SPDX-License-Identifier: Apache-2.0
// How the job, its ranks and its processes ended.
#include <stdio.h>
#include <string.h>

#include "analysis/findings_priv.h"
#include "analysis/selection.h"

// Kinds of failures that are told one by one.
#define FAILURES_MAX 4
#define RANKS_NAMED 3

static void look_at_job(struct finding_context *context) {
    const struct finding_job *job = &context->job;
    bool by_reason = epmt_reason_is_failure(job->reason);

    if (!job->ended)
        epmt_findings_add(context, EPMT_FINDING_unobserved, EPMT_INFO,
                          "The job had not ended when its file was made: numbers are as of then.");
    if (job->exitcode <= 0 && !by_reason)
        return;
    bool says_more = job->reason[0] && strcmp(job->reason, "exited") != 0;
    char code[32] = "";
    if (job->exitcode >= 0)
        snprintf(code, sizeof code, "exit code %ld", (long)job->exitcode);
    epmt_findings_add(context, EPMT_FINDING_job_failed, EPMT_PROBLEM, "The job failed: %s%s%s.",
                      code, code[0] && says_more ? ", " : "", says_more ? job->reason : "");
}

struct missing {
    int count;
    char list[256];
};

static int take_missing(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct missing *missing = context;
    size_t len = strlen(missing->list);
    char host[64];

    (void)columns, (void)names, (void)numeric;
    if (missing->count++ == RANKS_NAMED) {
        snprintf(missing->list + len, sizeof missing->list - len, ", ...");
        return 1;
    }
    epmt_value_text(host, sizeof host, values[1]);
    snprintf(missing->list + len, sizeof missing->list - len, "%srank %ld on %s", len ? ", " : "",
             (long)epmt_value_int(values[0], -1), host);
    return 0;
}

static int look_at_ranks(struct finding_context *context) {
    static const char sql[] =
        "SELECT p.\"mpirank\", p.\"hostname\" FROM \"processes\" p WHERE p.\"job_id\" = $1 AND "
        "p.\"mpirank\" IS NOT NULL AND p.\"state\" IN ('running', 'killed') "
        "ORDER BY p.\"mpirank\", p.\"id\" LIMIT 4";
    const struct finding_job *job = &context->job;
    struct missing missing = {0};

    if (job->ranks_expected <= job->ranks_reported || job->ranks_reported < 0)
        return 0;
    if (epmt_findings_ask(context, sql, take_missing, &missing))
        return -1;
    int64_t lost = job->ranks_expected - job->ranks_reported;
    struct epmt_finding *finding = epmt_findings_add(
        context, EPMT_FINDING_missing_ranks, job->ended ? EPMT_PROBLEM : EPMT_INFO,
        "%ld of %ld ranks did not report how they ended%s%s: they were killed, or their host was "
        "lost.",
        (long)lost, (long)job->ranks_expected, missing.count ? ", " : "", missing.list);
    if (finding) {
        finding->count = lost;
        finding->share = (double)lost / (double)job->ranks_expected;
    }
    return 0;
}

// One program and way to end.
struct failure {
    int64_t count, exitcode, signal, rank, process_id, pid, ranks;
    char program[EPMT_FINDING_NAME_MAX], state[16], host[EPMT_FINDING_NAME_MAX];
};

struct failures {
    struct failure seen[FAILURES_MAX];
    int count;
};

static int take_failure(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct failures *failures = context;
    struct failure *failure = &failures->seen[failures->count++];

    (void)columns, (void)names, (void)numeric;
    failure->count = epmt_value_int(values[0], 0);
    failure->ranks = epmt_value_int(values[1], 0);
    epmt_value_text(failure->program, sizeof failure->program, values[2]);
    epmt_value_text(failure->state, sizeof failure->state, values[3]);
    failure->exitcode = epmt_value_int(values[4], 0);
    failure->signal = epmt_value_int(values[5], 0);
    failure->process_id = epmt_value_int(values[6], -1);
    failure->rank = epmt_value_int(values[7], -1);
    epmt_value_text(failure->host, sizeof failure->host, values[8]);
    failure->pid = epmt_value_int(values[9], -1);
    return failures->count == FAILURES_MAX;
}

static enum epmt_severity gravity(const struct failure *failure, bool crashed) {
    static const int64_t on_purpose[] = {1 /* HUP */, 2 /* INT */, 13 /* PIPE */, 15 /* TERM */};

    // Ranks are told to end where another one has failed; a script ends what it began, and much of
    // it ends with another code than 0 that is no failure.
    bool told = false;
    for (size_t i = 0; crashed && i < sizeof on_purpose / sizeof *on_purpose; i++)
        told |= failure->signal == on_purpose[i];
    if (failure->ranks)
        return told ? EPMT_WARNING : EPMT_PROBLEM;
    return (crashed && !told) || !strcmp(failure->state, "killed") ? EPMT_WARNING : EPMT_INFO;
}

static void tell_failure(struct finding_context *context, const struct failure *failure) {
    bool crashed = failure->signal > 0, killed = !strcmp(failure->state, "killed");
    enum epmt_finding_kind kind = crashed  ? EPMT_FINDING_crashed
                                  : killed ? EPMT_FINDING_killed
                                           : EPMT_FINDING_failed;
    char how[64], many[64] = "", who[3 * EPMT_FINDING_NAME_MAX], signal[EPMT_WORD_MAX];

    if (crashed)
        snprintf(how, sizeof how, "was ended by %s", epmt_words_signal(signal, failure->signal));
    else if (killed)
        snprintf(how, sizeof how, "vanished without a word");
    else
        snprintf(how, sizeof how, "ended with exit code %ld", (long)failure->exitcode);
    if (failure->count > 1)
        snprintf(many, sizeof many, ", and so %s %ld more",
                 !crashed              ? "did"
                 : failure->count == 2 ? "was"
                                       : "were",
                 (long)(failure->count - 1));
    epmt_findings_who(who, sizeof who, failure->rank, failure->host, failure->program,
                      failure->pid);
    who[0] = who[0] == 'r' && failure->rank >= 0 ? 'R' : who[0];
    struct epmt_finding *finding =
        epmt_findings_add(context, kind, gravity(failure, crashed), "%s %s%s.", who, how, many);
    epmt_findings_name(finding, failure->process_id, failure->rank, failure->host,
                       failure->program);
    if (finding)
        finding->count = failure->count;
}

static int look_at_failures(struct finding_context *context) {
    // Ranks first, then what a signal ended.
    static const char sql[] =
        "SELECT f.n, f.ranks, p.\"exename\", p.\"state\", p.\"exitcode\", p.\"exitsignal\", "
        "p.\"id\", p.\"mpirank\", p.\"hostname\", p.\"pid\" FROM (SELECT count(*) AS n, "
        "count(p.\"mpirank\") AS ranks, min(p.\"id\") AS id, "
        "max(coalesce(p.\"exitsignal\", 0)) AS signal FROM \"processes\" p WHERE " EPMT_SQL_OF_JOB
        " AND (p.\"state\" IN ('signaled', 'killed') OR p.\"exitcode\" <> 0) GROUP BY "
        "p.\"exename\", p.\"state\", p.\"exitcode\", p.\"exitsignal\", "
        "CASE WHEN p.\"mpirank\" IS NULL THEN 0 ELSE 1 END) f "
        "JOIN \"processes\" p ON p.\"id\" = f.id ORDER BY CASE WHEN f.ranks > 0 THEN 0 ELSE 1 "
        "END, CASE WHEN f.signal > 0 THEN 0 ELSE 1 END, f.n DESC, f.id LIMIT 4";
    struct failures failures = {.count = 0};

    if (!context->job.failed)
        return 0;
    if (epmt_findings_ask(context, sql, take_failure, &failures))
        return -1;
    for (int i = 0; i < failures.count; i++)
        tell_failure(context, &failures.seen[i]);
    return 0;
}

int epmt_findings_ends(struct finding_context *context) {
    look_at_job(context);
    return look_at_ranks(context) || look_at_failures(context) ? -1 : 0;
}

// SPDX-License-Identifier: Apache-2.0
// What the processes of the job used, together: CPUs, memory, calls of the kernel.
#include <stdio.h>

#include "analysis/findings_priv.h"

struct totals {
    int64_t processes, brief, uninstrumented, threads_lost;
    double brief_life, life;     // s
    double user, system;         // s
    double majflt, calls, moved; // of read and write: calls and bytes
};

static int take_totals(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    struct totals *totals = context;

    (void)columns, (void)names, (void)numeric;
    totals->processes = epmt_value_int(values[0], 0);
    totals->brief = epmt_value_int(values[1], 0);
    totals->brief_life = epmt_value_real(values[2]) / 1e6;
    totals->life = epmt_value_real(values[3]) / 1e6;
    totals->user = epmt_value_real(values[4]) / 1e6;
    totals->system = epmt_value_real(values[5]) / 1e6;
    totals->majflt = epmt_value_real(values[6]);
    totals->calls = epmt_value_real(values[7]);
    totals->moved = epmt_value_real(values[8]);
    totals->uninstrumented = epmt_value_int(values[9], 0);
    totals->threads_lost = epmt_value_int(values[10], 0);
    return 0;
}

static void look_at_efficiency(struct finding_context *context) {
    const struct finding_job *job = &context->job;
    double lost = (job->duration * (double)job->cpus - job->cpu) / 1e6;
    char share[EPMT_WORD_MAX], text[EPMT_WORD_MAX];

    if (!(job->efficiency < 0.5) || job->cpus <= 0 || !(job->duration > 1e6))
        return;
    struct epmt_finding *finding = epmt_findings_add(
        context, EPMT_FINDING_efficiency, job->efficiency < 0.25 ? EPMT_WARNING : EPMT_NOTE,
        "CPUs were idle: of %ld CPUs the job used %.3g on average (efficiency %s); %s of CPU time "
        "went unused.",
        (long)job->cpus, job->efficiency * (double)job->cpus,
        epmt_words_share(share, job->efficiency), epmt_words_seconds(text, lost));
    if (finding) {
        finding->share = job->efficiency;
        finding->seconds = lost;
    }
}

static void look_at_kernel(struct finding_context *context, const struct totals *totals) {
    double cpu = totals->user + totals->system;
    char share[EPMT_WORD_MAX], time[EPMT_WORD_MAX], size[EPMT_WORD_MAX];

    if (totals->system > 0.3 * cpu && totals->system > 1) {
        struct epmt_finding *finding = epmt_findings_add(
            context, EPMT_FINDING_system_time, EPMT_NOTE,
            "The kernel took %s of the CPU time (%s): for files, memory, starting processes or "
            "switching between them.",
            epmt_words_share(share, totals->system / cpu),
            epmt_words_seconds(time, totals->system));
        if (finding)
            finding->share = totals->system / cpu, finding->seconds = totals->system;
    }
    if (totals->calls > 1e5 && totals->moved / totals->calls < 1024)
        epmt_findings_add(context, EPMT_FINDING_small_io, EPMT_NOTE,
                          "%.0f reads and writes moved %s each on average: larger buffers would "
                          "save most of them.",
                          totals->calls, epmt_words_bytes(size, totals->moved / totals->calls));
    if (totals->majflt > 1000)
        epmt_findings_add(
            context, EPMT_FINDING_paging, EPMT_NOTE,
            "%.0f pages had to be read from a disk (major page faults): programs were "
            "loaded, files mapped, or memory ran short.",
            totals->majflt);
}

static void look_at_brief(struct finding_context *context, const struct totals *totals) {
    char time[EPMT_WORD_MAX];

    if (totals->brief > 1000 && totals->brief * 2 > totals->processes) {
        struct epmt_finding *finding = epmt_findings_add(
            context, EPMT_FINDING_short_processes, EPMT_INFO,
            "%ld of %ld processes lived less than 0.1 s, %s together: starting them may cost as "
            "much as what they do.",
            (long)totals->brief, (long)totals->processes,
            epmt_words_seconds(time, totals->brief_life));
        if (finding)
            finding->count = totals->brief, finding->seconds = totals->brief_life;
    }
    if (totals->threads_lost)
        epmt_findings_add(context, EPMT_FINDING_unobserved, EPMT_INFO,
                          "%ld threads were not recorded: there was no room for them.",
                          (long)totals->threads_lost);
    if (totals->uninstrumented)
        epmt_findings_add(context, EPMT_FINDING_unobserved, EPMT_INFO,
                          "%ld processes were started without the library: what they did is not "
                          "here.",
                          (long)totals->uninstrumented);
}

struct memory {
    char host[EPMT_FINDING_NAME_MAX], program[EPMT_FINDING_NAME_MAX], step[EPMT_FINDING_NAME_MAX];
    int64_t rank, process_id, ranks;
    double most, mean; // bytes
};

static int take_memory(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    struct memory *memory = context;

    (void)columns, (void)names, (void)numeric;
    memory->process_id = epmt_value_int(values[0], -1);
    memory->rank = epmt_value_int(values[1], -1);
    epmt_value_text(memory->host, sizeof memory->host, values[2]);
    epmt_value_text(memory->program, sizeof memory->program, values[3]);
    epmt_value_text(memory->step, sizeof memory->step, values[4]);
    memory->most = epmt_value_real(values[5]) * 1024;
    memory->ranks = epmt_value_int(values[6], 0);
    memory->mean = epmt_value_real(values[7]) * 1024 / (double)memory->ranks;
    return 0;
}

static int look_at_memory(struct finding_context *context) {
    static const char sql[] =
        "SELECT \"id\", \"mpirank\", \"hostname\", \"exename\", \"step\", \"rssmax\", n, total "
        "FROM "
        "(SELECT p.\"id\", p.\"mpirank\", p.\"hostname\", p.\"exename\", p.\"step\", p.\"rssmax\", "
        "count(*) OVER (PARTITION BY p.\"step\") AS n, "
        "sum(p.\"rssmax\") OVER (PARTITION BY p.\"step\") AS total FROM \"processes\" p WHERE "
        "p.\"job_id\" = $1 AND p.\"mpirank\" IS NOT NULL AND p.\"step\" IS NOT NULL AND "
        "p.\"rssmax\" IS NOT NULL) r WHERE n > 1 AND \"rssmax\" * n > 2 * total "
        "ORDER BY \"rssmax\" DESC, \"mpirank\" LIMIT 1";
    struct memory memory = {.ranks = 0};
    char most[EPMT_WORD_MAX], mean[EPMT_WORD_MAX];

    if (epmt_findings_ask(context, sql, take_memory, &memory))
        return -1;
    if (!memory.ranks || memory.most < 100.0 * 1024 * 1024)
        return 0;
    struct epmt_finding *finding = epmt_findings_add(
        context, EPMT_FINDING_memory, EPMT_NOTE,
        "Rank %ld on %s used %s of memory, the mean of %ld ranks is %s: what it alone holds limits "
        "how large the job can be.",
        (long)memory.rank, memory.host, epmt_words_bytes(most, memory.most), (long)memory.ranks,
        epmt_words_bytes(mean, memory.mean));
    epmt_findings_name(finding, memory.process_id, memory.rank, memory.host, memory.program);
    if (finding)
        finding->share = 1 - memory.mean / memory.most;
    return 0;
}

#define SUM(column) "sum(coalesce(p.\"" column "\", 0))"

int epmt_findings_processes(struct finding_context *context) {
    // clang-format off
    static const char sql[] =
        "SELECT count(*), sum(CASE WHEN " EPMT_SQL_LIFE " < 100000 THEN 1 ELSE 0 END), "
        "sum(CASE WHEN " EPMT_SQL_LIFE " < 100000 THEN " EPMT_SQL_LIFE " ELSE 0 END), "
        "sum(" EPMT_SQL_LIFE "), " SUM("usertime") ", " SUM("systemtime") ", " SUM("majflt") ", "
        SUM("syscr") " + " SUM("syscw") ", " SUM("rchar") " + " SUM("wchar") ", "
        SUM("uninstrumented") ", " SUM("threads_lost")
        " FROM \"processes\" p WHERE " EPMT_SQL_OF_JOB;
    // clang-format on
    struct totals totals = {.processes = 0};

    look_at_efficiency(context);
    if (epmt_findings_ask(context, sql, take_totals, &totals) || look_at_memory(context))
        return -1;
    look_at_kernel(context, &totals);
    look_at_brief(context, &totals);
    return 0;
}

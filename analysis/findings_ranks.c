// SPDX-License-Identifier: Apache-2.0
// How evenly ranks and threads are loaded, and what MPI took.
#include <stdio.h>
#include <string.h>

#include "analysis/findings_priv.h"

#define STEPS_MAX 3
// From where on it is told, and from where on it is grave.
static const double uneven = 0.1, very_uneven = 0.25;
static const double short_s = 0.01; // what nobody would miss

// The two busiest ranks of a step, and what is known of all.
struct balance {
    char step[EPMT_FINDING_NAME_MAX];
    char host[EPMT_FINDING_NAME_MAX], program[EPMT_FINDING_NAME_MAX];
    int64_t rank, process_id, ranks;
    double most, second, least, mean, life; // s
    bool profiled;
};

static double lost_of(const struct balance *balance) {
    return (balance->most - balance->mean) * (double)balance->ranks;
}

// The steps that lost most, the worst first.
struct balances {
    struct balance worst[STEPS_MAX + 1];
    int count;
};

static void add_balance(struct balances *balances, const struct balance *balance) {
    int at = balances->count < STEPS_MAX ? balances->count++ : STEPS_MAX;

    balances->worst[at] = *balance;
    for (; at > 0 && lost_of(&balances->worst[at]) > lost_of(&balances->worst[at - 1]); at--) {
        struct balance swapped = balances->worst[at];
        balances->worst[at] = balances->worst[at - 1];
        balances->worst[at - 1] = swapped;
    }
}

static int take_balance(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct balances *balances = context;
    struct balance balance;

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(balance.step, sizeof balance.step, values[0]);
    balance.rank = epmt_value_int(values[1], -1);
    epmt_value_text(balance.host, sizeof balance.host, values[2]);
    epmt_value_text(balance.program, sizeof balance.program, values[3]);
    balance.process_id = epmt_value_int(values[4], -1);
    balance.most = epmt_value_real(values[5]) / 1e6;
    balance.second = epmt_value_real(values[6]) / 1e6;
    balance.ranks = epmt_value_int(values[7], 0);
    balance.mean = epmt_value_real(values[8]) / 1e6 / (double)balance.ranks;
    balance.least = epmt_value_real(values[9]) / 1e6;
    balance.life = epmt_value_real(values[10]) / 1e6;
    balance.profiled = epmt_value_int(values[11], 0) == balance.ranks;
    if (balance.ranks > 1)
        add_balance(balances, &balance);
    return 0;
}

// One rank alone is behind where the gap to the next is more than half of all there is between
// the ranks; of two ranks nobody can say which one is the odd one.
static bool is_straggler(const struct balance *balance) {
    return balance->ranks > 2 &&
           balance->most - balance->second > (balance->most - balance->least) / 2;
}

static void tell_balance(struct finding_context *context, const struct balance *balance) {
    char most[EPMT_WORD_MAX], mean[EPMT_WORD_MAX], second[EPMT_WORD_MAX], lost[EPMT_WORD_MAX],
        share_text[EPMT_WORD_MAX];
    const char *doing = balance->profiled ? "outside MPI" : "of CPU time";
    double share = balance->most > 0 ? 1 - balance->mean / balance->most : 0;
    // What is seen in the time that the ranks took, not in their work alone.
    double seen = balance->life > 0 ? (balance->most - balance->mean) / balance->life : 0;
    struct epmt_finding *finding;

    if (share < uneven || seen < uneven / 2 || balance->most - balance->mean < short_s)
        return;
    enum epmt_severity severity = share > very_uneven && seen > uneven ? EPMT_WARNING : EPMT_NOTE;
    epmt_words_seconds(most, balance->most);
    epmt_words_seconds(mean, balance->mean);
    epmt_words_seconds(second, balance->second);
    epmt_words_seconds(lost, lost_of(balance));
    epmt_words_share(share_text, share);
    if (is_straggler(balance))
        finding = epmt_findings_add(
            context, EPMT_FINDING_straggler, severity,
            "Rank %ld on %s is behind all others: %s %s, the next %s, the mean of %ld ranks %s. "
            "Waiting for it costs %s of the ranks' time.",
            (long)balance->rank, balance->host, most, doing, second, (long)balance->ranks, mean,
            lost);
    else
        finding = epmt_findings_add(
            context, EPMT_FINDING_imbalance, severity,
            "Ranks are unevenly loaded (imbalance %s): the mean of %ld ranks is %s %s, rank %ld on "
            "%s has %s. Waiting for it costs %s of the ranks' time.",
            share_text, (long)balance->ranks, mean, doing, (long)balance->rank, balance->host, most,
            lost);
    if (!finding)
        return;
    epmt_findings_name(finding, balance->process_id, balance->rank, balance->host,
                       balance->program);
    memcpy(finding->step, balance->step, sizeof finding->step);
    finding->share = share;
    finding->seconds = lost_of(balance);
    finding->count = balance->ranks;
}

static int look_at_balance(struct finding_context *context) {
    static const char sql[] =
        "SELECT \"step\", \"mpirank\", \"hostname\", \"exename\", \"id\", busy, second, n, total, "
        "least, life, profiled FROM (SELECT r.*, "
        "row_number() OVER (PARTITION BY \"step\" ORDER BY busy DESC, \"mpirank\", \"id\") AS "
        "place, "
        "lead(busy) OVER (PARTITION BY \"step\" ORDER BY busy DESC, \"mpirank\", \"id\") AS "
        "second, "
        "count(*) OVER (PARTITION BY \"step\") AS n, sum(busy) OVER (PARTITION BY \"step\") AS "
        "total, "
        "count(\"mpitime\") OVER (PARTITION BY \"step\") AS profiled, "
        "min(busy) OVER (PARTITION BY \"step\") AS least FROM (SELECT p.\"step\", p.\"mpirank\", "
        "p.\"hostname\", p.\"exename\", p.\"id\", p.\"mpitime\", " EPMT_SQL_LIFE
        " AS life, " EPMT_SQL_BUSY
        " AS busy FROM \"processes\" p WHERE p.\"job_id\" = $1 AND p.\"mpirank\" IS NOT NULL AND "
        "p.\"step\" IS NOT NULL) r) o WHERE place = 1 ORDER BY \"step\"";
    struct balances balances = {.count = 0};

    if (epmt_findings_ask(context, sql, take_balance, &balances))
        return -1;
    for (int i = 0; i < balances.count; i++)
        tell_balance(context, &balances.worst[i]);
    return 0;
}

struct function {
    char name[64];
    double share; // of the time in MPI
};

static int take_function(void *context, int columns, const char *const *names,
                         const char *const *values, const bool *numeric) {
    struct function *function = context;
    double time = epmt_value_real(values[1]), all = epmt_value_real(values[2]);

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(function->name, sizeof function->name, values[0]);
    function->share = all > 0 ? time / all : 0;
    return 0;
}

static int look_at_mpi(struct finding_context *context) {
    static const char sql[] =
        "SELECT \"function\", sum(\"mean\" * \"ranks\") AS took, (SELECT sum(a.\"mean\" * "
        "a.\"ranks\") FROM \"mpi_imbalance\" a WHERE a.\"job_id\" = $1 AND a.\"function\" = 'all' "
        "AND a.\"measure\" = 'time') FROM \"mpi_imbalance\" WHERE \"job_id\" = $1 AND \"function\" "
        "<> 'all' AND \"measure\" = 'time' GROUP BY \"function\" ORDER BY took DESC, \"function\" "
        "LIMIT 1";
    struct function function = {.share = 0};
    double share = context->job.mpi_share;
    char text[EPMT_WORD_MAX], of[EPMT_WORD_MAX];

    if (!(share > 0.2))
        return 0;
    if (epmt_findings_ask(context, sql, take_function, &function))
        return -1;
    // Starting up is a matter of short jobs.
    bool starting = !strncmp(function.name, "MPI_Init", 8);
    struct epmt_finding *finding = epmt_findings_add(
        context, EPMT_FINDING_mpi, share > 0.5 && !starting ? EPMT_WARNING : EPMT_NOTE,
        "The ranks spent %s of their time in MPI%s%s%s%s.", epmt_words_share(text, share),
        function.name[0] ? ", " : "", function.name[0] ? epmt_words_share(of, function.share) : "",
        function.name[0] ? " of it in " : "", function.name);
    if (finding)
        finding->share = share;
    return 0;
}

struct uneven_threads {
    char host[EPMT_FINDING_NAME_MAX], program[EPMT_FINDING_NAME_MAX];
    int64_t rank, process_id, pid, threads, processes;
    double total, most, lost_all; // s
};

static int take_threads(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct uneven_threads *found = context;

    (void)columns, (void)names, (void)numeric;
    found->process_id = epmt_value_int(values[0], -1);
    found->rank = epmt_value_int(values[1], -1);
    epmt_value_text(found->host, sizeof found->host, values[2]);
    epmt_value_text(found->program, sizeof found->program, values[3]);
    found->pid = epmt_value_int(values[4], -1);
    found->threads = epmt_value_int(values[5], 0);
    found->total = epmt_value_real(values[6]) / 1e6;
    found->most = epmt_value_real(values[7]) / 1e6;
    found->processes = epmt_value_int(values[8], 0);
    found->lost_all = epmt_value_real(values[9]) / 1e6;
    return 0;
}

static void tell_threads(struct finding_context *context, const struct uneven_threads *found) {
    char most[EPMT_WORD_MAX], mean[EPMT_WORD_MAX], share[EPMT_WORD_MAX],
        who[3 * EPMT_FINDING_NAME_MAX], more[64] = "";
    double average = found->total / (double)found->threads, imbalance = 1 - average / found->most;

    if (found->processes > 1)
        snprintf(more, sizeof more, " So it is in %ld processes.", (long)found->processes);
    struct epmt_finding *finding = epmt_findings_add(
        context, EPMT_FINDING_thread_imbalance, EPMT_NOTE,
        "The threads of %s are unevenly loaded (imbalance %s): the busiest of %ld used %s of CPU, "
        "the mean is %s.%s",
        epmt_findings_who(who, sizeof who, found->rank, found->host, found->program, found->pid),
        epmt_words_share(share, imbalance), (long)found->threads,
        epmt_words_seconds(most, found->most), epmt_words_seconds(mean, average), more);
    epmt_findings_name(finding, found->process_id, found->rank, found->host, found->program);
    if (!finding)
        return;
    finding->share = imbalance;
    finding->seconds = found->lost_all;
    finding->count = found->processes;
}

static int look_at_threads(struct finding_context *context) {
    // Threads that do next to nothing serve a library: they are no part of the work.
    static const char sql[] =
        "SELECT id, \"mpirank\", \"hostname\", \"exename\", \"pid\", n, total, most, "
        "count(*) OVER () AS processes, sum(most * n - total) OVER () AS lost FROM (SELECT "
        "p.\"id\" AS id, "
        "p.\"mpirank\", p.\"hostname\", p.\"exename\", p.\"pid\", count(*) AS n, "
        "sum(t.\"usertime\" + t.\"systemtime\") AS total, "
        "max(t.\"usertime\" + t.\"systemtime\") AS most FROM \"processes\" p "
        "JOIN \"threads\" t ON t.\"process_id\" = p.\"id\" WHERE " EPMT_SQL_OF_JOB
        " AND p.\"numtids\" > 1 AND p.\"cpu_time\" > 100000 AND "
        "(t.\"usertime\" + t.\"systemtime\") * 100 > p.\"cpu_time\" GROUP BY p.\"id\", "
        "p.\"mpirank\", p.\"hostname\", p.\"exename\", p.\"pid\") t "
        "WHERE n > 1 AND total * 4 < most * n * 3 ORDER BY most * n - total DESC, id LIMIT 1";
    struct uneven_threads found = {.threads = 0};

    if (epmt_findings_ask(context, sql, take_threads, &found))
        return -1;
    if (found.threads)
        tell_threads(context, &found);
    return 0;
}

int epmt_findings_ranks(struct finding_context *context) {
    return look_at_balance(context) || look_at_mpi(context) || look_at_threads(context) ? -1 : 0;
}

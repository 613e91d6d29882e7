// SPDX-License-Identifier: Apache-2.0
#include "cli/show_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/selection.h"
#include "analysis/words.h"
#include "cli/printable.h"
#include "cli/show_counters.h"

// Fewer lines that matter are read; the others are counted.
#define FINDINGS_SHOWN 12
#define NAME_WIDTH 24
#define BAR 40

static void print_words(FILE *to, const char *before, double value,
                        char *(*words)(char data[EPMT_WORD_MAX], double), const char *after) {
    char data[EPMT_WORD_MAX];

    if (!isnan(value))
        fprintf(to, "%s%s%s", before, words(data, value), after);
}

static const char *outcome(const struct epmt_report_job *job, char text[64]) {
    if (!job->ended)
        return "had not ended";
    if (epmt_reason_is_failure(job->reason))
        return job->reason;
    if (job->exitcode < 0)
        return "exit code unknown";
    snprintf(text, 64, job->exitcode ? "failed with exit code %" PRId64 : "ended well",
             job->exitcode);
    return text;
}

static void print_count(FILE *to, const char *before, int64_t count, const char *one,
                        const char *many) {
    if (count >= 0)
        fprintf(to, "%s%" PRId64 " %s", before, count, count == 1 ? one : many);
}

static void print_io(FILE *to, const struct epmt_report_job *job) {
    char size[EPMT_WORD_MAX];
    double calls = job->calls_read + job->calls_written;

    fputs("  ", to);
    print_words(to, "read ", job->chars_read, epmt_words_bytes, "");
    print_words(to, " (", job->read, epmt_words_bytes, " from disks)");
    print_words(to, ", wrote ", job->chars_written, epmt_words_bytes, "");
    print_words(to, " (", job->written, epmt_words_bytes, " to disks)");
    if (calls > 0)
        fprintf(to, ", %.0f calls of %s", calls,
                epmt_words_bytes(size, (job->chars_read + job->chars_written) / calls));
    if (job->io_wait > 0)
        print_words(to, ", waited for disks ", job->io_wait, epmt_words_seconds, "");
    fputs("\n", to);
}

static void print_head(FILE *to, const struct epmt_report_job *job) {
    char text[64];

    fprintf(to, "Job %s", epmt_printable(job->jobid));
    if (job->name[0])
        fprintf(to, " (%s)", epmt_printable(job->name));
    fprintf(to, " of %s: %s\n", job->user[0] ? epmt_printable(job->user) : "?",
            epmt_printable(outcome(job, text)));
    fprintf(to, "  started %s", job->start[0] ? job->start : "?");
    print_words(to, ", took ", job->duration, epmt_words_seconds, "");
    print_count(to, "; ", job->processes, "process", "processes");
    print_count(to, ", ", job->threads, "thread", "threads");
    if (job->ranks_expected > 0)
        print_count(to, ", ", job->ranks_expected, "rank", "ranks");
    print_count(to, " on ", job->hosts, "host", "hosts");
    print_words(to, "\n  CPU time ", job->cpu, epmt_words_seconds, "");
    if (job->cpus > 0) {
        print_count(to, " on ", job->cpus, "CPU", "CPUs");
        print_words(to, " (", job->efficiency, epmt_words_share, " of them)");
    }
    print_words(to, ", in MPI ", job->mpi_share, epmt_words_share, "");
    print_words(to, ", largest process ", job->rssmax, epmt_words_bytes, "");
    fputs("\n", to);
    if (!isnan(job->chars_read) || !isnan(job->chars_written))
        print_io(to, job);
    fprintf(to, "  %s%s%suuid %s\n", job->tags[0] ? "tags " : "", epmt_printable(job->tags),
            job->tags[0] ? ", " : "", job->uuid);
}

static void print_findings(FILE *to, const struct epmt_findings *findings) {
    static const char *const marks[] = {"  ", "- ", "* ", "! "};

    fputs("\nWhat stands out:\n", to);
    if (!findings->count)
        fputs("  nothing\n", to);
    for (int i = 0; i < findings->count && i < FINDINGS_SHOWN; i++)
        fprintf(to, "%s%s\n", marks[findings->found[i].severity],
                epmt_printable(findings->found[i].text));
    if (findings->count > FINDINGS_SHOWN)
        fprintf(to, "  ... and %d more\n", findings->count - FINDINGS_SHOWN);
}

// How much of the most there were ran: none, some, half, nearly all.
static char shade(double running, double most) {
    return running <= 0 ? ' ' : running < most / 4 ? '.' : running < most * 3 / 4 ? '-' : '#';
}

static void print_lanes(FILE *to, const struct epmt_report *report) {
    char span[EPMT_WORD_MAX], life[EPMT_WORD_MAX];
    double length = (double)(report->job.to - report->job.from) / 1e6;

    // Of a lost host there may be no more than a start.
    if (!report->lane_count || length <= 0)
        return;
    fprintf(to, "\nTime line of %s (# most, - half, . few of the processes ran):\n",
            epmt_words_seconds(span, length));
    for (int i = 0; i < report->lane_count; i++) {
        const struct epmt_report_lane *lane = &report->lanes[i];
        char label[64], bar[EPMT_REPORT_BUCKETS + 1];
        if (lane->processes > 1)
            snprintf(label, sizeof label, "%.16s x%" PRId64, epmt_printable(lane->program),
                     lane->processes);
        else
            snprintf(label, sizeof label, "%.23s", epmt_printable(lane->program));
        for (int at = 0; at < EPMT_REPORT_BUCKETS; at++)
            bar[at] = shade(lane->running[at], lane->most);
        bar[EPMT_REPORT_BUCKETS] = '\0';
        fprintf(to, "  %-*s|%s| %s\n", NAME_WIDTH, label, bar,
                lane->to > lane->from
                    ? epmt_words_seconds(life, (double)(lane->to - lane->from) / 1e6)
                    : "?");
    }
}

static void print_bar(FILE *to, double busy, double mpi, double longest) {
    int computing = (int)(busy / longest * BAR + 0.5);
    int waiting = (int)((busy + mpi) / longest * BAR + 0.5) - computing;

    fputs("|", to);
    for (int i = 0; i < BAR; i++)
        fputc(i < computing ? '#' : i < computing + waiting ? '.' : ' ', to);
    fputs("|", to);
}

static void print_rank(FILE *to, const struct epmt_report_ranks *ranks, double longest) {
    char label[48], host[EPMT_REPORT_NAME_MAX], busy[EPMT_WORD_MAX], mpi[EPMT_WORD_MAX],
        most[EPMT_WORD_MAX];

    if (ranks->first == ranks->last)
        snprintf(label, sizeof label, "%" PRId64, ranks->first);
    else
        snprintf(label, sizeof label, "%" PRId64 "-%" PRId64, ranks->first, ranks->last);
    snprintf(host, sizeof host, "%s", epmt_printable(ranks->host));
    fprintf(to, "  %-11s %-12.12s", label, host);
    print_bar(to, ranks->busy, ranks->mpi, longest);
    fprintf(to, " %s", epmt_words_seconds(busy, ranks->busy));
    if (ranks->mpi > 0)
        fprintf(to, " + %s", epmt_words_seconds(mpi, ranks->mpi));
    if (ranks->count > 1)
        fprintf(to, ", at most %s", epmt_words_seconds(most, ranks->most));
    fputs("\n", to);
}

static void print_ranks(FILE *to, const struct epmt_report *report) {
    double longest = 0;

    for (int i = 0; i < report->rank_count; i++)
        longest = fmax(longest, report->ranks[i].busy + report->ranks[i].mpi);
    if (!report->rank_count || longest <= 0)
        return;
    fputs("\nRanks (# outside MPI, . in MPI; where MPI was not profiled: CPU time)", to);
    if (report->steps > 1)
        fprintf(to, ", of the longest of %" PRId64 " steps, %s", report->steps,
                epmt_printable(report->step));
    fputs(":\n", to);
    for (int i = 0; i < report->rank_count; i++)
        print_rank(to, &report->ranks[i], longest);
}

int epmt_show_report(struct epmt_output *output, struct epmt_db *db, const char *id,
                     struct epmt_error *err) {
    int64_t job = strtoll(id, NULL, 10);
    struct epmt_findings *findings = calloc(1, sizeof *findings);
    struct epmt_report *report = NULL;
    int result = -1;

    if (!findings)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!epmt_findings_of(db, job, findings, err))
        report = epmt_report_create(db, job, err);
    if (report) {
        print_head(output->to, &report->job);
        print_findings(output->to, findings);
        print_lanes(output->to, report);
        print_ranks(output->to, report);
        // The table engine parts what it prints by empty lines.
        output->sections = 1;
        epmt_show_report_tables(output, report);
        epmt_show_report_crashes(output->to, report);
        result = epmt_show_counters(output, db, id, false, err);
    }
    free(report);
    free(findings);
    return result;
}

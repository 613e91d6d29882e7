// SPDX-License-Identifier: Apache-2.0
#include "cli/submit_print.h"

#include <inttypes.h>
#include <string.h>

#include "cli/printable.h"
#include "cli/say.h"

static const struct epmt_table_column columns[] = {
    {.name = "source"},
    {.name = "jobid"},
    {.name = "outcome"},
    {.name = "processes", .numeric = true},
    {.name = "threads", .numeric = true},
    {.name = "seconds", .numeric = true},
    {.name = "rate", .numeric = true},
    {.name = "status", .numeric = true},
    {.name = "error"},
};

#define COLUMN_COUNT (int)(sizeof columns / sizeof *columns)

static const char *const outcomes[] = {
    [EPMT_JOB_IMPORTED] = "imported",   [EPMT_JOB_COMPLETED] = "completed",
    [EPMT_JOB_UNCHANGED] = "unchanged", [EPMT_JOB_CHECKED] = "checked",
    [EPMT_JOB_RUNNING] = "running",     [EPMT_JOB_GONE] = "gone",
    [EPMT_JOB_FAILED] = "failed",
};

void epmt_submit_print_begin(struct epmt_submit_print *print) {
    if (print->format == EPMT_FORMAT_TABLE)
        return;
    epmt_output_begin(&print->output, stdout, print->format);
    epmt_output_rows(&print->output, NULL, columns, COLUMN_COUNT);
}

static struct epmt_db_value text_or_null(const char *text) {
    return *text ? epmt_db_text(text, strlen(text)) : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static double rate_of(const struct epmt_job_report *report) {
    return report->seconds > 0 ? (double)report->processes / report->seconds
                               : (double)report->processes;
}

static void print_row(struct epmt_submit_print *print, const char *path,
                      const struct epmt_job_report *report) {
    struct epmt_db_value null = {.kind = EPMT_DB_NULL};
    bool read = report->outcome <= EPMT_JOB_CHECKED;
    bool timed = read && report->outcome != EPMT_JOB_CHECKED;
    struct epmt_db_value values[] = {
        text_or_null(path),
        text_or_null(report->jobid),
        text_or_null(outcomes[report->outcome]),
        read ? epmt_db_int((int64_t)report->processes) : null,
        read ? epmt_db_int((int64_t)report->threads) : null,
        timed ? (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = report->seconds} : null,
        timed ? (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = rate_of(report)} : null,
        epmt_db_int(report->outcome == EPMT_JOB_FAILED ? (int64_t)report->code : 0),
        text_or_null(report->text),
    };

    epmt_output_row(&print->output, values);
}

static void print_imported(const struct epmt_job_report *report) {
    printf("Imported successfully - job: %s processes: %" PRIu64 " rate: %.1f%s\n",
           epmt_printable(report->jobid), report->processes, rate_of(report),
           report->outcome == EPMT_JOB_COMPLETED ? " (completes an earlier state)" : "");
}

static void print_line(struct epmt_submit_print *print, const char *path,
                       const struct epmt_job_report *report) {
    const char *jobid = epmt_printable(report->jobid);

    switch (report->outcome) {
    case EPMT_JOB_IMPORTED:
    case EPMT_JOB_COMPLETED:
        print_imported(report);
        break;
    case EPMT_JOB_UNCHANGED:
        if (!print->quiet || print->options->cli->verbose)
            printf("Already in the database - job: %s\n", jobid);
        break;
    case EPMT_JOB_CHECKED:
        printf("Would be imported - job: %s processes: %" PRIu64 "\n", jobid, report->processes);
        break;
    case EPMT_JOB_RUNNING:
        epmt_say("submit", "job %s is still running: left for later", report->jobid);
        break;
    case EPMT_JOB_GONE:
        if (print->options->cli->verbose)
            epmt_say("submit", "%s has gone meanwhile", path);
        break;
    default:
        // Most texts name the file already.
        epmt_say("submit", "%s%s%s", strstr(report->text, path) ? "" : path,
                 strstr(report->text, path) ? "" : ": ", report->text);
        break;
    }
}

static void print_remarks(const struct epmt_submit_print *print, const char *path,
                          const struct epmt_job_report *report) {
    if (report->gaps)
        epmt_say("submit", "%s: %" PRIu64 " damaged stretches of the journals were passed over",
                 path, report->gaps);
    if (report->orphans)
        epmt_say("submit", "%s: %" PRIu64 " rows belong to no process and were left out", path,
                 report->orphans);
    (void)print;
}

static void print_end(struct epmt_submit_print *print, const char *path,
                      const struct epmt_job_report *report) {
    epmt_progress_step(&print->progress);
    if (report->text[0]) {
        epmt_progress_hide(&print->progress);
        epmt_say("submit", "%s", report->text);
        if (print->first == EPMT_ERR_OK)
            print->first = report->code;
    } else if (print->options->cli->verbose && (report->removed || report->pushed_away)) {
        epmt_progress_hide(&print->progress);
        if (report->removed)
            epmt_say("submit", "%s is removed", path);
        else
            epmt_say("submit", "%s is moved to %s", path, print->options->move_dir);
    }
}

static void print_job(struct epmt_submit_print *print, const char *path,
                      const struct epmt_job_report *report) {
    epmt_progress_hide(&print->progress);
    print->jobs++;
    print->done += report->outcome <= EPMT_JOB_COMPLETED;
    if (report->outcome == EPMT_JOB_FAILED && print->first == EPMT_ERR_OK)
        print->first = report->code;
    if (print->format != EPMT_FORMAT_TABLE)
        print_row(print, path, report);
    else
        print_line(print, path, report);
    print_remarks(print, path, report);
}

int epmt_submit_print_report(void *context, const struct epmt_job_report *report) {
    struct epmt_submit_print *print = context;
    const char *path = print->sources->items[report->source].path;

    if (!strcmp(path, "-"))
        path = "standard input";
    if (report->outcome == EPMT_JOB_END)
        print_end(print, path, report);
    else
        print_job(print, path, report);
    return 0;
}

void epmt_submit_print_failure(struct epmt_submit_print *print, const char *path,
                               const struct epmt_error *err) {
    struct epmt_job_report report = {.outcome = EPMT_JOB_FAILED, .code = err->code};

    memcpy(report.text, err->text, sizeof report.text);
    print_job(print, path, &report);
}

int epmt_submit_print_end(struct epmt_submit_print *print, struct epmt_error *err) {
    epmt_progress_hide(&print->progress);
    return print->format == EPMT_FORMAT_TABLE ? 0 : epmt_output_end(&print->output, err);
}

// SPDX-License-Identifier: Apache-2.0
// The tables of the report: who used how much.
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "analysis/words.h"
#include "cli/printable.h"
#include "cli/show_report.h"

#define COLUMNS_MAX 10
#define FRAMES_SHOWN 8

// A row being made; texts last until the next one.
struct row {
    struct epmt_db_value values[COLUMNS_MAX];
    char words[COLUMNS_MAX][EPMT_WORD_MAX];
    int count;
};

static void add_text(struct row *row, const char *text) {
    row->values[row->count++] =
        text[0] ? epmt_db_text(text, strlen(text)) : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static void add_number(struct row *row, int64_t number) {
    row->values[row->count++] =
        number < 0 ? (struct epmt_db_value){.kind = EPMT_DB_NULL} : epmt_db_int(number);
}

static void add_words(struct row *row, double value,
                      char *(*words)(char data[EPMT_WORD_MAX], double)) {
    char *text = row->words[row->count];

    text[0] = '\0';
    add_text(row, isnan(value) ? text : words(text, value));
}

static void add_use(struct row *row, const struct epmt_report_use *use, double cpu) {
    add_words(row, use->cpu, epmt_words_seconds);
    add_words(row, cpu > 0 ? use->cpu / cpu : (double)NAN, epmt_words_share);
    add_words(row, use->wall, epmt_words_seconds);
    add_words(row, use->rssmax, epmt_words_bytes);
    add_words(row, use->chars, epmt_words_bytes);
}

#define RIGHT(column) \
    { .name = (column), .numeric = true }
#define LEFT(column) \
    { .name = (column) }
#define USE RIGHT("CPU"), RIGHT("of job"), RIGHT("run"), RIGHT("memory"), RIGHT("read+written")

static void begin(struct epmt_output *output, const char *title,
                  const struct epmt_table_column *columns, size_t count) {
    epmt_output_rows(output, title, columns, (int)count);
}
#define BEGIN(output, title, columns) \
    begin(output, title, columns, sizeof(columns) / sizeof *(columns))

static void print_programs(struct epmt_output *output, const struct epmt_report *report) {
    static const struct epmt_table_column columns[] = {LEFT("program"), RIGHT("processes"),
                                                       RIGHT("ranks"), USE};

    BEGIN(output, "What ran (the largest process's memory)", columns);
    for (int i = 0; i < report->program_count; i++) {
        const struct epmt_report_use *use = &report->programs[i];
        struct row row = {.count = 0};
        add_text(&row, i < EPMT_REPORT_TOP ? use->program : "...");
        add_number(&row, i < EPMT_REPORT_TOP ? use->processes : -1);
        add_number(&row, i < EPMT_REPORT_TOP ? use->ranks : -1);
        if (i < EPMT_REPORT_TOP)
            add_use(&row, use, report->job.cpu);
        while (row.count < 8)
            add_text(&row, "");
        epmt_output_row(output, row.values);
    }
    epmt_output_close_section(output);
}

static void print_hosts(struct epmt_output *output, const struct epmt_report *report) {
    static const struct epmt_table_column columns[] = {LEFT("host"), RIGHT("processes"),
                                                       RIGHT("ranks"), USE};

    if (report->host_count < 2)
        return;
    BEGIN(output, "Hosts (memory of all ranks together)", columns);
    for (int i = 0; i < report->host_count && i < EPMT_REPORT_TOP; i++) {
        const struct epmt_report_use *use = &report->hosts[i];
        struct row row = {.count = 0};
        add_text(&row, use->host);
        add_number(&row, use->processes);
        add_number(&row, use->ranks);
        add_use(&row, use, report->job.cpu);
        epmt_output_row(output, row.values);
    }
    epmt_output_close_section(output);
}

static void print_processes(struct epmt_output *output, const char *title,
                            const struct epmt_report_use *uses, int count, double cpu) {
    static const struct epmt_table_column columns[] = {
        LEFT("program"), RIGHT("rank"), LEFT("host"), RIGHT("pid"), RIGHT("threads"), USE};

    if (!count)
        return;
    BEGIN(output, title, columns);
    for (int i = 0; i < count; i++) {
        struct row row = {.count = 0};
        add_text(&row, uses[i].program);
        add_number(&row, uses[i].rank);
        add_text(&row, uses[i].host);
        add_number(&row, uses[i].pid);
        add_number(&row, uses[i].threads);
        add_use(&row, &uses[i], cpu);
        epmt_output_row(output, row.values);
    }
    epmt_output_close_section(output);
}

static void print_threads(struct epmt_output *output, const struct epmt_report *report) {
    static const struct epmt_table_column columns[] = {
        LEFT("program"), RIGHT("rank"), LEFT("host"),  RIGHT("pid"),      RIGHT("threads"),
        RIGHT("least"),  RIGHT("mean"), RIGHT("most"), RIGHT("imbalance")};

    if (!report->thread_count)
        return;
    BEGIN(output, "Threads that worked: CPU time, the least even first", columns);
    for (int i = 0; i < report->thread_count; i++) {
        const struct epmt_report_threads *threads = &report->threads[i];
        struct row row = {.count = 0};
        add_text(&row, threads->program);
        add_number(&row, threads->rank);
        add_text(&row, threads->host);
        add_number(&row, threads->pid);
        add_number(&row, threads->threads);
        add_words(&row, threads->least, epmt_words_seconds);
        add_words(&row, threads->mean, epmt_words_seconds);
        add_words(&row, threads->most, epmt_words_seconds);
        add_words(&row, threads->most > 0 ? 1 - threads->mean / threads->most : 0,
                  epmt_words_share);
        epmt_output_row(output, row.values);
    }
    epmt_output_close_section(output);
}

static void print_functions(struct epmt_output *output, const struct epmt_report *report) {
    static const struct epmt_table_column columns[] = {
        LEFT("function"), RIGHT("calls"), RIGHT("time"), RIGHT("of MPI"), RIGHT("moved")};

    if (!report->function_count)
        return;
    BEGIN(output, "MPI, over all ranks (more: --mpi)", columns);
    for (int i = 0; i < report->function_count; i++) {
        const struct epmt_report_function *function = &report->functions[i];
        struct row row = {.count = 0};
        add_text(&row, function->name);
        add_number(&row, function->calls);
        add_words(&row, function->time, epmt_words_seconds);
        add_words(&row, function->share, epmt_words_share);
        add_words(&row, function->bytes, epmt_words_bytes);
        epmt_output_row(output, row.values);
    }
    epmt_output_close_section(output);
}

void epmt_show_report_tables(struct epmt_output *output, const struct epmt_report *report) {
    if (report->program_count)
        print_programs(output, report);
    // What a job of few processes did is told by its programs.
    if (report->job.processes > 3)
        print_processes(output, "Processes that used most CPU time", report->top, report->top_count,
                        report->job.cpu);
    if (report->mover_count > 1)
        print_processes(output, "Processes that read and wrote most", report->movers,
                        report->mover_count, report->job.cpu);
    print_hosts(output, report);
    print_threads(output, report);
    print_functions(output, report);
}

static void print_frames(FILE *to, const char *stack) {
    json_t *frames = json_loads(stack, 0, NULL), *frame;
    size_t i;

    if (!frames) {
        fprintf(to, "    %s\n", epmt_printable(stack));
        return;
    }
    json_array_foreach(frames, i, frame) {
        if (i < FRAMES_SHOWN)
            fprintf(to, "    #%zu %s\n", i,
                    epmt_printable(json_is_string(frame) ? json_string_value(frame) : "?"));
    }
    if (json_array_size(frames) > FRAMES_SHOWN)
        fprintf(to, "    ... and %zu more\n", json_array_size(frames) - FRAMES_SHOWN);
    json_decref(frames);
}

void epmt_show_report_crashes(FILE *to, const struct epmt_report *report) {
    bool begun = false;
    char signal[EPMT_WORD_MAX];

    for (int i = 0; i < report->crash_count; i++) {
        const struct epmt_report_crash *crash = &report->crashes[i];
        if (!crash->stack[0])
            continue;
        fputs(begun ? "" : "\nCrashes:\n", to);
        begun = true;
        fprintf(to, "  %s of ", epmt_words_signal(signal, crash->signal));
        if (crash->rank >= 0)
            fprintf(to, "rank %" PRId64 " (%s)", crash->rank, epmt_printable(crash->program));
        else
            fprintf(to, "%s, pid %" PRId64, epmt_printable(crash->program), crash->pid);
        fprintf(to, " on %s:\n", epmt_printable(crash->host));
        print_frames(to, crash->stack);
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SAY(check, how, format)                                        \
    do {                                                               \
        va_list args;                                                  \
        va_start(args, format);                                        \
        vsnprintf((check)->found, sizeof(check)->found, format, args); \
        va_end(args);                                                  \
        (check)->verdict = (how);                                      \
    } while (0)

void epmt_probe_pass(struct epmt_probe *check, const char *format, ...) {
    SAY(check, EPMT_PROBE_PASS, format);
}

void epmt_probe_note(struct epmt_probe *check, const char *format, ...) {
    SAY(check, EPMT_PROBE_NOTE, format);
}

void epmt_probe_fail(struct epmt_probe *check, const char *advice, const char *format, ...) {
    SAY(check, EPMT_PROBE_FAIL, format);
    snprintf(check->advice, sizeof check->advice, "%s", advice);
}

static const struct {
    const char *name, *what;
    void (*run)(const struct epmt_cli *cli, struct epmt_probe *check);
} checks[] = {
#define ROW(name, what) {#name, what, epmt_probe_##name},
    EPMT_PROBES(ROW)
#undef ROW
};

static const struct {
    const char *name, *colour;
} verdicts[] = {{"Pass", "\033[32m"}, {"Note", "\033[33m"}, {"Fail", "\033[31m"}};

// One line as soon as it is known: some checks take a moment.
static void print_line(const char *name, const struct epmt_probe *check, bool colour) {
    printf("%-14s %s%s%s  %s\n", name, colour ? verdicts[check->verdict].colour : "",
           verdicts[check->verdict].name, colour ? "\033[0m" : "", check->found);
    if (*check->advice)
        printf("%-14s       what to do: %s\n", "", check->advice);
    fflush(stdout);
}

static struct epmt_db_value text_of(const char *text) {
    return epmt_db_text(text, strlen(text));
}

int epmt_checks_run(const struct epmt_cli *cli, enum epmt_format format, struct epmt_error *err) {
    static const struct epmt_table_column columns[] = {{.name = "check"},
                                                       {.name = "result"},
                                                       {.name = "found"},
                                                       {.name = "advice"},
                                                       {.name = "meaning"}};
    bool people = format == EPMT_FORMAT_TABLE, colour = epmt_output_has_colour(stdout);
    struct epmt_output output;
    int status = EPMT_ERR_OK;

    epmt_output_begin(&output, stdout, format);
    if (!people)
        epmt_output_rows(&output, NULL, columns, 5);
    for (unsigned i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct epmt_probe check = {.verdict = EPMT_PROBE_PASS};
        checks[i].run(cli, &check);
        struct epmt_db_value values[] = {
            text_of(checks[i].name), text_of(verdicts[check.verdict].name), text_of(check.found),
            text_of(check.advice), text_of(checks[i].what)};
        if (people)
            print_line(checks[i].name, &check, colour);
        else
            epmt_output_row(&output, values);
        if (check.verdict == EPMT_PROBE_FAIL)
            status = EPMT_ERR_FAIL;
    }
    return epmt_output_end(&output, err) ? -1 : status;
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/outliers_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/units.h"

// X(name, numeric, what is compared where people see it, in the order of the table)
#define JOBS (1U << EPMT_COMPARED_JOBS)
#define OPERATIONS (1U << EPMT_COMPARED_OPERATIONS)
#define PROCESSES (1U << EPMT_COMPARED_PROCESSES)
#define THREADS (1U << EPMT_COMPARED_THREADS)
#define RANKS (1U << EPMT_COMPARED_RANKS)
#define ALL (JOBS | OPERATIONS | PROCESSES | THREADS | RANKS)
// clang-format off
#define COLUMNS(X) \
    X(id, true, 0) \
    X(job_id, true, 0) \
    X(jobid, false, ALL) \
    X(operation, false, OPERATIONS) \
    X(rank, true, RANKS | THREADS) \
    X(hostname, false, PROCESSES | THREADS | RANKS) \
    X(exename, false, PROCESSES | THREADS | RANKS) \
    X(pid, true, PROCESSES | THREADS | RANKS) \
    X(tid, true, THREADS) \
    X(compared_with, false, 0) \
    X(feature, false, ALL) \
    X(value, true, ALL) \
    X(usual, true, ALL) \
    X(score, true, ALL) \
    X(methods, false, ALL) \
    X(unit, false, 0) \
    X(count, true, 0) \
    X(min, true, 0) \
    X(q1, true, 0) \
    X(median, true, 0) \
    X(q3, true, 0) \
    X(max, true, 0) \
    X(mean, true, 0) \
    X(sd, true, 0) \
    X(deviation, true, 0) \
    X(low, true, 0) \
    X(high, true, 0) \
    X(iqr, true, 0) \
    X(z_score, true, 0) \
    X(modified_z_score, true, 0) \
    X(distance, true, 0)
// clang-format on

enum column {
#define COLUMN_ENUM(name, ...) COLUMN_##name,
    COLUMNS(COLUMN_ENUM)
#undef COLUMN_ENUM
        COLUMN_COUNT
};

static const struct {
    struct epmt_table_column shown;
    unsigned people;
} columns[COLUMN_COUNT] = {
#define COLUMN(name, numeric, people) {{#name, numeric, false}, people},
    COLUMNS(COLUMN)
#undef COLUMN
};

// Values that are made from others have texts of their own, one for each column.
struct row {
    bool people;
    struct epmt_strbuf texts[COLUMN_COUNT];
};

static void row_free(struct row *row) {
    for (int i = 0; i < COLUMN_COUNT; i++)
        epmt_strbuf_free(&row->texts[i]);
}

void epmt_feature_add(struct epmt_strbuf *text, double value, const char *unit) {
    static const struct {
        const char *unit, *column;
        double scale;
    } units[] = {{"us", "x_s", 1e-6}, {"ns", "x_s", 1e-9},       {"KiB", "x_bytes", 1024},
                 {"B", "x_bytes", 1}, {"512 B", "x_bytes", 512}, {"share", "x_share", 1}};
    char number[32];

    if (isinf(value)) {
        epmt_strbuf_puts(text, "inf");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].unit, unit) != 0)
            continue;
        snprintf(number, sizeof number, "%.17g", value * units[i].scale);
        epmt_units_add(text, units[i].column, number);
        return;
    }
    epmt_strbuf_printf(text, value == rint(value) ? "%.0f" : "%.2f", value);
}

static struct epmt_db_value text_of(struct epmt_strbuf *text) {
    return epmt_db_text(epmt_strbuf_text(text), text->len);
}

static struct epmt_db_value copy_of(const char *text) {
    return text ? epmt_db_text(text, strlen(text)) : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static struct epmt_db_value integer(int64_t number) {
    return number < 0 ? (struct epmt_db_value){.kind = EPMT_DB_NULL} : epmt_db_int(number);
}

struct epmt_db_value epmt_real_value(struct epmt_strbuf *text, double number) {
    char digits[32];

    if (number == rint(number) && fabs(number) < 9e15)
        return epmt_db_int((int64_t)number);
    epmt_strbuf_reset(text);
    epmt_db_real_text(digits, number);
    epmt_strbuf_puts(text, isinf(number) ? number > 0 ? "inf" : "-inf" : digits);
    struct epmt_db_value value = text_of(text);
    value.kind = isinf(number) ? EPMT_DB_TEXT : EPMT_DB_NUMBER;
    return value;
}

static struct epmt_db_value in_units(struct row *row, int column, double value, const char *unit) {
    struct epmt_strbuf *text = &row->texts[column];

    if (!row->people)
        return epmt_real_value(text, value);
    epmt_strbuf_reset(text);
    epmt_feature_add(text, value, unit);
    return text_of(text);
}

static struct epmt_db_value methods_of(struct row *row, unsigned flagged) {
    struct epmt_strbuf *text = &row->texts[COLUMN_methods];

    epmt_strbuf_reset(text);
    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        if (flagged & 1U << i)
            epmt_strbuf_printf(text, "%s%s", text->len ? "," : "", epmt_method_name(i));
    }
    return text_of(text);
}

static struct epmt_db_value score_of(struct row *row, const struct epmt_outliers *outliers,
                                     const struct epmt_outlier *outlier,
                                     enum epmt_outlier_method method) {
    bool at_once = outlier->usual.count == 0;

    if (at_once != (method == EPMT_METHOD_DISTANCE) || !(outliers->methods & 1U << method))
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return epmt_real_value(&row->texts[COLUMN_iqr + method], outlier->score[method]);
}

static void set_who(const struct epmt_outlier *outlier, enum epmt_compared compared,
                    struct epmt_db_value *values) {
    values[COLUMN_id] = integer(outlier->id);
    values[COLUMN_job_id] = integer(outlier->job_id);
    values[COLUMN_jobid] = copy_of(outlier->jobid);
    if (compared == EPMT_COMPARED_OPERATIONS)
        values[COLUMN_operation] = copy_of(outlier->group);
    values[COLUMN_rank] = integer(outlier->mpirank);
    values[COLUMN_hostname] = copy_of(outlier->hostname);
    values[COLUMN_exename] = copy_of(outlier->exename);
    values[COLUMN_pid] = integer(outlier->pid);
    values[COLUMN_tid] = integer(outlier->tid);
    values[COLUMN_compared_with] = copy_of(outlier->group);
}

static void set_usual(struct row *row, const struct epmt_outlier *outlier,
                      struct epmt_db_value *values) {
    const struct epmt_summary *usual = &outlier->usual;
    const double numbers[] = {usual->min,   usual->q1,    usual->median, usual->q3,
                              usual->max,   usual->mean,  usual->sd,     usual->deviation,
                              outlier->low, outlier->high};

    if (!usual->count) {
        values[COLUMN_high] = epmt_real_value(&row->texts[COLUMN_high], outlier->high);
        return;
    }
    values[COLUMN_count] = epmt_db_int((int64_t)usual->count);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        values[COLUMN_min + i] = epmt_real_value(&row->texts[COLUMN_min + i], numbers[i]);
}

static void set_row(struct row *row, enum epmt_compared compared,
                    const struct epmt_outliers *outliers, const struct epmt_outlier *outlier,
                    struct epmt_db_value *values) {
    for (int i = 0; i < COLUMN_COUNT; i++)
        values[i] = (struct epmt_db_value){.kind = EPMT_DB_NULL};
    set_who(outlier, compared, values);
    set_usual(row, outlier, values);
    values[COLUMN_feature] = copy_of(outlier->feature);
    values[COLUMN_unit] = copy_of(outlier->unit);
    values[COLUMN_value] = in_units(row, COLUMN_value, outlier->value, outlier->unit);
    values[COLUMN_usual] = in_units(row, COLUMN_usual, outlier->usual.median, outlier->unit);
    if (!outlier->usual.count)
        values[COLUMN_usual] = (struct epmt_db_value){.kind = EPMT_DB_NULL};
    values[COLUMN_score] = epmt_db_int(outlier->points);
    values[COLUMN_methods] = methods_of(row, outlier->flagged);
    for (int i = 0; i < EPMT_METHOD_COUNT; i++)
        values[COLUMN_iqr + i] = score_of(row, outliers, outlier, (enum epmt_outlier_method)i);
}

// The columns that are shown, in their order.
static int choose(const struct epmt_output *output, enum epmt_compared compared, int *chosen,
                  bool *people) {
    const char *names[COLUMN_COUNT];
    int count = 0;

    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!(columns[i].people & 1U << compared))
            continue;
        names[count] = columns[i].shown.name;
        chosen[count++] = i;
    }
    *people = output->format == EPMT_FORMAT_TABLE && !epmt_output_lacks(names, count);
    if (*people)
        return count;
    for (int i = 0; i < COLUMN_COUNT; i++)
        chosen[i] = i;
    return COLUMN_COUNT;
}

static int end(struct epmt_output *output, struct row *row, struct epmt_error *err) {
    bool failed = false;

    epmt_output_close_section(output);
    for (int i = 0; i < COLUMN_COUNT; i++)
        failed = failed || row->texts[i].failed;
    row_free(row);
    return failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

int epmt_outliers_print(struct epmt_output *output, enum epmt_compared compared,
                        const struct epmt_outliers *outliers, struct epmt_error *err) {
    struct epmt_table_column shown[COLUMN_COUNT];
    struct epmt_db_value values[COLUMN_COUNT], of_shown[COLUMN_COUNT];
    int chosen[COLUMN_COUNT];
    struct row row = {.people = false};
    int count = choose(output, compared, chosen, &row.people);

    for (int i = 0; i < count; i++)
        shown[i] = columns[chosen[i]].shown;
    epmt_output_rows(output, NULL, shown, count);
    for (size_t i = 0; i < outliers->count; i++) {
        set_row(&row, compared, outliers, &outliers->rows[i], values);
        for (int k = 0; k < count; k++)
            of_shown[k] = values[chosen[k]];
        epmt_output_row(output, of_shown);
    }
    return end(output, &row, err);
}

// Of a cause: operation, feature, value, usual, ratio, and for programs the rest.
static const struct epmt_table_column cause_columns[] = {
    {"operation", false, false}, {"feature", false, false},
    {"value", true, false},      {"usual", true, false},
    {"ratio", true, false},      {"unit", false, false},
    {"count", true, false},      {"min", true, false},
    {"median", true, false},     {"max", true, false},
    {"mean", true, false},       {"sd", true, false},
    {"deviation", true, false},  {"iqr", true, false},
    {"z_score", true, false},    {"modified_z_score", true, false},
};
#define CAUSE_COLUMNS ((int)(sizeof cause_columns / sizeof *cause_columns))
#define CAUSE_RATIO 4
#define CAUSE_PEOPLE 5
#define CAUSE_METHODS 13

static void set_cause(struct row *row, const struct epmt_causes *causes,
                      const struct epmt_cause *cause, struct epmt_db_value *values) {
    const struct epmt_summary *usual = &cause->usual;

    values[0] = copy_of(cause->operation);
    values[1] = copy_of(cause->feature);
    values[2] = in_units(row, 2, cause->value, cause->unit);
    values[3] = in_units(row, 3, usual->median, cause->unit);
    values[CAUSE_RATIO] = in_units(row, CAUSE_RATIO, cause->ratio, "-");
    values[5] = copy_of(cause->unit);
    values[6] = epmt_db_int((int64_t)usual->count);
    values[7] = epmt_real_value(&row->texts[7], usual->min);
    values[8] = epmt_real_value(&row->texts[8], usual->median);
    values[9] = epmt_real_value(&row->texts[9], usual->max);
    values[10] = epmt_real_value(&row->texts[10], usual->mean);
    values[11] = epmt_real_value(&row->texts[11], usual->sd);
    values[12] = epmt_real_value(&row->texts[12], usual->deviation);
    for (int i = 0; i < EPMT_METHOD_DISTANCE; i++)
        values[CAUSE_METHODS + i] =
            causes->methods & 1U << i
                ? epmt_real_value(&row->texts[CAUSE_METHODS + i], cause->score[i])
                : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

int epmt_causes_print(struct epmt_output *output, enum epmt_compared compared,
                      const struct epmt_causes *causes, struct epmt_error *err) {
    const char *names[CAUSE_PEOPLE];
    struct epmt_db_value values[CAUSE_COLUMNS];
    struct row row = {.people = output->format == EPMT_FORMAT_TABLE};
    int from = 0, count = CAUSE_COLUMNS;

    for (int i = 0; i < CAUSE_PEOPLE; i++)
        names[i] = cause_columns[i].name;
    row.people = row.people && !epmt_output_lacks(names, CAUSE_PEOPLE);
    if (row.people) {
        from = compared == EPMT_COMPARED_JOBS; // then there is no operation
        count = CAUSE_PEOPLE;
    }
    epmt_output_rows(output, NULL, cause_columns + from, count - from);
    for (size_t i = 0; i < causes->count; i++) {
        set_cause(&row, causes, &causes->rows[i], values);
        epmt_output_row(output, values + from);
    }
    return end(output, &row, err);
}

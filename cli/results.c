// SPDX-License-Identifier: Apache-2.0
#include "cli/results.h"

#include <stdlib.h>
#include <string.h>

#include "cli/units.h"
#include "common/fmt.h"
#include "storage/ddl.h"

#define COLUMNS_MAX 128

struct candidates {
    char *id;
    int count;
    char text[400];
    struct epmt_text_buffer list;
};

static int take_candidate(void *context, int columns, const char *const *names,
                          const char *const *values, const bool *numeric) {
    struct candidates *found = context;

    (void)columns, (void)names, (void)numeric;
    if (!values)
        return 0;
    epmt_fmt(found->id, EPMT_JOB_KEY_MAX, "%s", values[0]);
    epmt_text_fmt(&found->list, "%s%s (job %s of %s, %s)", found->count++ ? ", " : "", values[2],
                  values[1] ? values[1] : "?", values[3] ? values[3] : "?",
                  values[4] ? values[4] : "no start");
    return 0;
}

int epmt_results_find_job(struct epmt_db *db, const char *name, char id[EPMT_JOB_KEY_MAX],
                          struct epmt_error *err) {
    struct candidates found = {.id = id};
    const char *parameters[] = {name, NULL};

    epmt_text_init(&found.list, found.text, sizeof found.text);
    if (epmt_db_query(db, epmt_query_job_by_jobid, parameters, take_candidate, &found, err))
        return -1;
    if (!found.count &&
        epmt_db_query(db, epmt_query_job_by_uuid, parameters, take_candidate, &found, err))
        return -1;
    if (!found.count)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job %s in %s", name,
                         epmt_db_where(db));
    if (found.count > 1)
        return epmt_errf(err, EPMT_ERR_USAGE, "job %s is ambiguous, give a uuid: %s%s", name,
                         found.text, found.list.cut ? "..." : "");
    return 0;
}

int epmt_results_find_jobs(struct epmt_db *db, int argc, char *const *argv, int64_t **ids,
                           struct epmt_error *err) {
    char id[EPMT_JOB_KEY_MAX];

    *ids = argc ? calloc((size_t)argc, sizeof **ids) : NULL;
    if (argc && !*ids)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (int i = 0; i < argc; i++) {
        if (epmt_results_find_job(db, argv[i], id, err)) {
            free(*ids);
            *ids = NULL;
            return -1;
        }
        (*ids)[i] = strtoll(id, NULL, 10);
    }
    return 0;
}

struct printing {
    struct epmt_output *output;
    const char *section;
    bool record, begun;
    bool units;           // values by the endings of the names
    bool may_lack, lacks; // where selected columns are not in this query, another one is asked
    int count;
    struct epmt_table_column columns[COLUMNS_MAX];
    char *names;                          // the text of all column names
    struct epmt_strbuf text[COLUMNS_MAX]; // of the row, in units
};

// How a column is shown; `numeric`: its first value is a number.
static struct epmt_table_column column_of(const char *name, bool numeric) {
    int i = epmt_column_find(name);
    struct epmt_table_column column = {.name = name, .numeric = numeric};

    if (i >= 0) {
        enum epmt_type type = epmt_columns[i].type;
        column.json = type == EPMT_TYPE_LIST;
        column.numeric |= type == EPMT_TYPE_INT || type == EPMT_TYPE_UINT;
    }
    return column;
}

static void begin(struct printing *printing, const bool *numeric) {
    for (int i = 0; numeric && i < printing->count; i++)
        printing->columns[i].numeric |= numeric[i];
    if (printing->record)
        epmt_output_pairs(printing->output, printing->section);
    else
        epmt_output_rows(printing->output, printing->section, printing->columns, printing->count);
    printing->begun = true;
}

// Keeps the names: those of the query are gone when the section ends.
static int take_names(struct printing *printing, int count, const char *const *names) {
    size_t len = 0;

    if (printing->names)
        return 0; // the same query for another job
    if (printing->may_lack && epmt_output_lacks(names, count)) {
        printing->lacks = true;
        return 1;
    }
    for (int i = 0; i < count && i < COLUMNS_MAX; i++)
        len += strlen(names[i]) + 1;
    printing->names = malloc(len + 1);
    if (!printing->names) {
        printing->output->failed = true;
        return 1;
    }
    char *at = printing->names;
    for (int i = 0; i < count && i < COLUMNS_MAX; i++) {
        size_t size = strlen(names[i]) + 1;
        printing->columns[i] = column_of(memcpy(at, names[i], size), false);
        if (printing->units)
            at[epmt_units_name_len(names[i])] = '\0';
        at += size;
        printing->count = i + 1;
    }
    return 0;
}

static struct epmt_db_value value_of(struct printing *printing, int i, const char *name,
                                     const char *text, bool numeric) {
    struct epmt_strbuf *shown = &printing->text[i];

    if (!text)
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    if (printing->units) {
        epmt_strbuf_reset(shown);
        epmt_units_add(shown, name, text);
        text = epmt_strbuf_text(shown);
    }
    struct epmt_db_value value = epmt_db_text(text, strlen(text));
    value.kind = numeric && !printing->units ? EPMT_DB_NUMBER : EPMT_DB_TEXT;
    return value;
}

static int take_row(void *context, int columns, const char *const *names, const char *const *texts,
                    const bool *numeric) {
    struct printing *printing = context;
    struct epmt_db_value values[COLUMNS_MAX];

    if (!texts)
        return take_names(printing, columns, names);
    if (!printing->begun)
        begin(printing, numeric);
    for (int i = 0; i < printing->count; i++) {
        values[i] = value_of(printing, i, names[i], texts[i], numeric[i]);
        const char *name = printing->columns[i].name;
        // A fact that nobody knows is no line of its own.
        if (printing->record && !(printing->units && !texts[i]))
            epmt_output_pair(printing->output, (struct epmt_bytes){name, strlen(name)}, &values[i],
                             printing->columns[i].json);
    }
    if (!printing->record)
        epmt_output_row(printing->output, values);
    return 0;
}

// What is to be asked, with these values; ids, where there are some, are those of jobs, $1.
struct asking {
    const char *sql;
    const char *or_sql; // where --columns names columns that sql has not; may be NULL
    const struct epmt_db_value *values, *or_values;
    int value_count, or_count;
    char (*ids)[EPMT_JOB_KEY_MAX];
    int count;
    const char *step; // $2
    bool record, units;
    bool or_units; // of or_sql
};

static int ask_once(struct printing *printing, struct epmt_db *db, const struct asking *asking,
                    const char *id, bool other, struct epmt_error *err) {
    const char *parameters[] = {id, asking->step, NULL};
    const char *sql = other ? asking->or_sql : asking->sql;

    if (!asking->values)
        return epmt_db_query(db, sql, parameters, take_row, printing, err);
    return db->backend->query(db, sql, other ? asking->or_values : asking->values,
                              other ? asking->or_count : asking->value_count, true, take_row,
                              printing, err);
}

static int ask(struct printing *printing, struct epmt_db *db, const struct asking *asking,
               bool other, struct epmt_error *err) {
    int result = 0;

    for (int i = 0; !result && !printing->lacks && (i < asking->count || (!asking->ids && !i)); i++)
        result = ask_once(printing, db, asking, asking->ids ? asking->ids[i] : NULL, other, err);
    return result;
}

static int print(struct epmt_output *output, const char *section, struct epmt_db *db,
                 const struct asking *asking, struct epmt_error *err) {
    struct printing *printing = calloc(1, sizeof *printing);

    if (!printing)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    printing->output = output;
    printing->section = section;
    printing->record = asking->record;
    printing->units = asking->units;
    printing->may_lack = asking->or_sql != NULL;
    int result = ask(printing, db, asking, false, err);
    if (!result && printing->lacks) {
        printing->lacks = printing->may_lack = false;
        printing->units = asking->or_units;
        result = ask(printing, db, asking, true, err);
    }
    if (!result && !printing->begun)
        begin(printing, NULL);
    // The names go with the next section or the end of the output.
    epmt_output_close_section(output);
    for (int i = 0; i < COLUMNS_MAX; i++)
        epmt_strbuf_free(&printing->text[i]);
    free(printing->names);
    free(printing);
    return result;
}

// For people what they read, else (and for columns that only programs are shown) all there is.
static struct asking asking_of(const struct epmt_output *output, const struct epmt_query *query,
                               bool of_job) {
    const char *for_people = of_job ? query->of_job_for_people : query->for_people;
    const char *for_programs = of_job ? query->of_job_for_programs : query->for_programs;
    bool people = output->format == EPMT_FORMAT_TABLE;

    return (struct asking){.sql = people ? for_people : for_programs,
                           .or_sql = people ? for_programs : NULL,
                           .units = people};
}

int epmt_results_print(struct epmt_output *output, const char *section, struct epmt_db *db,
                       const struct epmt_query *query, const char *id, bool record,
                       struct epmt_error *err) {
    struct asking asking = asking_of(output, query, id != NULL);
    char ids[1][EPMT_JOB_KEY_MAX];

    asking.record = record;
    if (id) {
        epmt_fmt(ids[0], sizeof ids[0], "%s", id);
        asking.ids = ids;
        asking.count = 1;
    }
    return print(output, section, db, &asking, err);
}

int epmt_results_print_step(struct epmt_output *output, const char *section, struct epmt_db *db,
                            const struct epmt_query *query, const char *id, const char *step,
                            bool record, struct epmt_error *err) {
    char ids[1][EPMT_JOB_KEY_MAX];
    struct asking asking = {.sql = query->of_job_for_people,
                            .ids = ids,
                            .count = 1,
                            .step = step,
                            .record = record,
                            .units = query->units};

    epmt_fmt(ids[0], sizeof ids[0], "%s", id);
    return print(output, section, db, &asking, err);
}

int epmt_results_print_list(struct epmt_output *output, struct epmt_db *db,
                            const struct epmt_list_request *request, struct epmt_error *err) {
    bool people = output->format == EPMT_FORMAT_TABLE;
    struct epmt_parameters values = {.count = 0}, or_values = {.count = 0};
    struct epmt_strbuf sql = {0}, or_sql = {0};
    int result =
        epmt_listing_query(db, request, people ? EPMT_LIST_SHOWN : EPMT_LIST_STORED, &sql, &values,
                           err) ||
                (people && epmt_listing_query(db, request, EPMT_LIST_ALL, &or_sql, &or_values, err))
            ? -1
            : 0;

    if (!result && (sql.failed || or_sql.failed || values.failed || or_values.failed))
        result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory, or too many conditions");
    if (!result) {
        struct asking asking = {.sql = epmt_db_keep(db, epmt_strbuf_text(&sql)),
                                .values = values.values,
                                .value_count = values.count,
                                .or_sql =
                                    people ? epmt_db_keep(db, epmt_strbuf_text(&or_sql)) : NULL,
                                .or_values = or_values.values,
                                .or_count = or_values.count,
                                .units = people,
                                .or_units = people};
        result = asking.sql ? print(output, NULL, db, &asking, err)
                            : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    epmt_parameters_free(&values);
    epmt_parameters_free(&or_values);
    epmt_strbuf_free(&sql);
    epmt_strbuf_free(&or_sql);
    return result;
}

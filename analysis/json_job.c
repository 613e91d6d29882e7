// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "analysis/json_findings.h"
#include "analysis/json_job_sql.h"
#include "analysis/json_rows.h"
#include "analysis/ratios.h"
#include "storage/query.h"

static int add(json_t *page, const char *name, json_t *part, struct epmt_error *err) {
    if (json_object_set_new(page, name, part))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

static int add_table(json_t *page, const char *name, struct epmt_db *db, const char *sql,
                     const char *const *parameters, struct epmt_error *err) {
    json_t *table;

    return epmt_json_table(db, sql, parameters, &table, err) || add(page, name, table, err) ? -1
                                                                                            : 0;
}

static int add_sections(json_t *page, const struct epmt_job_section *section, struct epmt_db *db,
                        const char *const *parameters, struct epmt_error *err) {
    for (; section->name; section++) {
        if (add_table(page, section->name, db, section->sql, parameters, err))
            return -1;
    }
    return 0;
}

// What the command line shows of a step too.
static int add_shared(json_t *page, struct epmt_db *db, const char *const *parameters,
                      struct epmt_error *err) {
    const struct {
        const char *name;
        const struct epmt_query *query;
    } shared[] = {
        {"functions", &epmt_query_mpi_imbalance},
        {"callsites", &epmt_query_mpi_callsites},
        {"messages", &epmt_query_mpi_messages},
        {"sizes", &epmt_query_mpi_sizes},
    };

    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        if (add_table(page, shared[i].name, db, shared[i].query->of_job_for_people, parameters,
                      err))
            return -1;
    }
    return 0;
}

static int add_step(json_t *steps, struct epmt_db *db, const char *id, const char *name,
                    struct epmt_error *err) {
    const char *parameters[] = {id, name, NULL};
    json_t *step = json_object();

    if (!step || json_array_append(steps, step)) {
        json_decref(step);
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(step); // steps has it
    if (add(step, "step", epmt_json_text(name), err) ||
        add_sections(step, epmt_job_step_sections, db, parameters, err))
        return -1;
    return add_shared(step, db, parameters, err);
}

static int add_steps(json_t *page, struct epmt_db *db, const char *id, struct epmt_error *err) {
    const char *parameters[] = {id, NULL};
    json_t *names, *steps = json_array(), *row;
    size_t i;
    int result = 0;

    if (add(page, "mpi", steps, err) ||
        epmt_json_table(db, epmt_job_mpi_steps_sql, parameters, &names, err))
        return -1;
    json_array_foreach(json_object_get(names, "rows"), i, row) {
        if (!result)
            result = add_step(steps, db, id, json_string_value(json_array_get(row, 0)), err);
    }
    json_decref(names);
    return result;
}

static int add_ratios(json_t *page, struct epmt_db *db, const char *id, struct epmt_error *err) {
    struct epmt_ratios ratios;
    json_t *rows = json_array();
    json_t *table = json_pack("{s:[s,s], s:o}", "columns", "ratio", "value", "rows", rows);
    bool failed = false;

    if (add(page, "ratios", table, err) || epmt_ratios_of(db, id, &ratios, err))
        return -1;
    for (int i = 0; i < ratios.count; i++)
        failed |= json_array_append_new(
                      rows, json_pack("[s,f]", ratios.ratio[i].name, ratios.ratio[i].value)) != 0;
    return failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

static int fill(json_t *page, struct epmt_db *db, int64_t job, const char *id,
                struct epmt_error *err) {
    const char *parameters[] = {id, NULL};
    json_t *head, *findings;

    if (!page)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (epmt_json_record(db, epmt_job_head_sql, parameters, &head, err) ||
        add(page, "job", head, err))
        return -1;
    if (json_is_null(head))
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job with id %s in %s", id,
                         epmt_db_where(db));
    if (epmt_json_findings(db, job, &findings, err) || add(page, "findings", findings, err) ||
        add_sections(page, epmt_job_sections, db, parameters, err) || add_ratios(page, db, id, err))
        return -1;
    return add_steps(page, db, id, err);
}

int epmt_json_job(struct epmt_db *db, int64_t job, json_t **to, struct epmt_error *err) {
    char id[24];
    json_t *page = json_object();

    snprintf(id, sizeof id, "%" PRId64, job);
    if (fill(page, db, job, id, err)) {
        json_decref(page);
        return -1;
    }
    *to = page;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// For people one screen per step: the library, the functions that took most time, who waits for
// whom. For programs the tables as they are stored.
#include "cli/show_mpi.h"

#include <stdio.h>

#include "common/fmt.h"

// More steps than this are no longer one look.
#define STEPS_SHOWN 3
#define STEP_LEN_MAX 1024

struct steps {
    char names[STEPS_SHOWN][STEP_LEN_MAX];
    int count; // of all
};

static int take_step(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct steps *steps = context;

    (void)columns, (void)names, (void)numeric;
    if (!values || !values[0])
        return 0;
    if (steps->count < STEPS_SHOWN)
        epmt_fmt(steps->names[steps->count], STEP_LEN_MAX, "%s", values[0]);
    steps->count++;
    return 0;
}

static int note_row(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    bool *any = context;

    (void)columns, (void)names, (void)numeric;
    *any |= values != NULL;
    return 0;
}

static int print_step(struct epmt_output *output, struct epmt_db *db, const char *id,
                      const char *step, struct epmt_error *err) {
    const struct {
        const char *title;
        const struct epmt_query *query;
        bool record, asked_for; // by a setting: shown where there is any
    } sections[] = {
        {"MPI", &epmt_query_mpi_step, true, false},
        {"functions by time over all ranks (min, mean, max, stddev: of a rank's time)",
         &epmt_query_mpi_imbalance, false, false},
        {"ranks with the least time in MPI (the others wait for them)", &epmt_query_mpi_slowest,
         false, false},
        {"ranks with the most time in MPI (they wait)", &epmt_query_mpi_waiting, false, false},
        {"calls by call site over all ranks", &epmt_query_mpi_callsites, false, true},
        {"who sent most to whom", &epmt_query_mpi_messages, false, true},
        {"calls by size over all ranks and functions", &epmt_query_mpi_sizes, false, true},
    };

    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        bool any = !sections[i].asked_for;
        const char *parameters[] = {id, step, NULL};
        if (!any && epmt_db_query(db, sections[i].query->of_job_for_people, parameters, note_row,
                                  &any, err))
            return -1;
        if (any && epmt_results_print_step(output, sections[i].title, db, sections[i].query, id,
                                           step, sections[i].record, err))
            return -1;
    }
    return 0;
}

static int print_for_people(struct epmt_output *output, struct epmt_db *db, const char *id,
                            const struct steps *steps, struct epmt_error *err) {
    for (int i = 0; i < steps->count && i < STEPS_SHOWN; i++) {
        if (print_step(output, db, id, steps->names[i], err))
            return -1;
    }
    if (steps->count > STEPS_SHOWN)
        fprintf(output->to, "\n... and %d more steps: --format csv or json gives all\n",
                steps->count - STEPS_SHOWN);
    return 0;
}

static int print_for_programs(struct epmt_output *output, struct epmt_db *db, const char *id,
                              struct epmt_error *err) {
    const struct {
        const char *name;
        const struct epmt_query *query;
    } sections[] = {
        {"steps", &epmt_query_mpi_steps},         {"imbalance", &epmt_query_mpi_imbalance},
        {"ranks", &epmt_query_mpi_ranks},         {"functions", &epmt_query_mpi_functions},
        {"callsites", &epmt_query_mpi_callsites}, {"messages", &epmt_query_mpi_messages},
        {"sizes", &epmt_query_mpi_sizes}};

    if (output->format == EPMT_FORMAT_CSV)
        return epmt_results_print(output, NULL, db, &epmt_query_mpi_functions, id, false, err);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (epmt_results_print(output, sections[i].name, db, sections[i].query, id, false, err))
            return -1;
    }
    return 0;
}

int epmt_show_mpi(struct epmt_output *output, struct epmt_db *db, const char *id,
                  struct epmt_error *err) {
    const char *parameters[] = {id, NULL};
    struct steps steps = {.count = 0};

    if (epmt_db_query(db, epmt_query_mpi_steps.of_job_for_people, parameters, take_step, &steps,
                      err))
        return -1;
    if (!steps.count)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND,
                         "the job has no profile of MPI: it was not an MPI job, or mpi_profile "
                         "was 0");
    return output->format == EPMT_FORMAT_TABLE ? print_for_people(output, db, id, &steps, err)
                                               : print_for_programs(output, db, id, err);
}

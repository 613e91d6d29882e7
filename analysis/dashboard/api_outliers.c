// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/api_outliers.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/dashboard/asked.h"
#include "analysis/json_outliers.h"

#define ROWS_MAX 500

struct ids {
    int64_t *ids;
    size_t count, cap;
    bool failed;
};

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    struct ids *found = context;

    (void)columns, (void)names, (void)numeric;
    if (!values || !values[0])
        return 0;
    if (found->count == found->cap) {
        size_t cap = found->cap ? 2 * found->cap : 256;
        int64_t *more = realloc(found->ids, cap * sizeof *more);
        found->failed = !more;
        if (!more)
            return 1;
        found->ids = more;
        found->cap = cap;
    }
    found->ids[found->count++] = strtoll(values[0], NULL, 10);
    return found->count > EPMT_COMPARED_JOBS_MAX;
}

// The ids of the jobs that are meant; none where all are.
static int find_jobs(struct epmt_db *db, const struct epmt_selection *selection, struct ids *found,
                     struct epmt_error *err) {
    struct epmt_parameters parameters = {.dialect = db->backend->dialect};
    struct epmt_strbuf sql = {0};

    if (epmt_selection_is_all(selection))
        return 0;
    epmt_selection_add(&sql, &parameters, selection);
    int result = epmt_selection_query(db, &sql, &parameters, false, take_id, found, err);
    epmt_strbuf_free(&sql);
    epmt_parameters_free(&parameters);
    if (!result && found->failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!result && found->count > EPMT_COMPARED_JOBS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "these are more than %d jobs: please ask for fewer",
                         EPMT_COMPARED_JOBS_MAX);
    if (!result && !found->count)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "no job is as asked for");
    return result;
}

static int read_question(struct epmt_outlier_question *question,
                         const struct epmt_arguments *arguments, struct epmt_error *err) {
    const char *compared = epmt_arguments_get(arguments, "compared");
    const char *methods = epmt_arguments_get(arguments, "method");
    int64_t score;

    *question = (struct epmt_outlier_question){
        .features = epmt_arguments_get(arguments, "feature"),
        .operation = epmt_arguments_get(arguments, "operation"),
        .model = epmt_arguments_get(arguments, "model"),
        .limit = ROWS_MAX,
    };
    if ((compared && epmt_compared_find(compared, &question->compared, err)) ||
        (methods && epmt_methods_parse(methods, &question->methods, err)) ||
        epmt_arguments_number(arguments, "min", 0, EPMT_METHOD_COUNT, 1, &score, err))
        return -1;
    question->min_score = (int)score;
    return 0;
}

// Answers a question about the jobs that are meant.
static int ask(struct epmt_db *db, const struct epmt_arguments *arguments, const char *cause,
               json_t **to, struct epmt_error *err) {
    struct epmt_outlier_question question;
    struct epmt_asked asked;
    struct ids found = {NULL};
    int64_t job = 0;

    if (read_question(&question, arguments, err) || epmt_asked_read(&asked, db, arguments, err) ||
        (cause && epmt_asked_job(db, cause, &job, err)))
        return -1;
    bool of_many =
        question.compared == EPMT_COMPARED_JOBS || question.compared == EPMT_COMPARED_OPERATIONS;
    if (!of_many && epmt_selection_is_all(&asked.selection))
        return epmt_errf(
            err, EPMT_ERR_USAGE,
            "please say of which jobs: by a tag, a name, or chosen on the page of jobs");
    int result = find_jobs(db, &asked.selection, &found, err);
    question.jobs = found.ids;
    question.job_count = found.count;
    if (!result)
        result = cause ? epmt_json_root_cause(db, &question, job, ROWS_MAX, to, err)
                       : epmt_json_outliers(db, &question, to, err);
    free(found.ids);
    return result;
}

int epmt_api_outliers(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                      struct epmt_error *err) {
    return ask(db, arguments, NULL, to, err);
}

int epmt_api_cause(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                   struct epmt_error *err) {
    const char *cause = epmt_arguments_get(arguments, "cause");

    return cause ? ask(db, arguments, cause, to, err)
                 : epmt_errf(err, EPMT_ERR_USAGE, "the cause of which job?");
}

int epmt_api_models(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                    struct epmt_error *err) {
    (void)arguments;
    return epmt_json_models(db, to, err);
}

int epmt_api_model(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                   struct epmt_error *err) {
    const char *name = epmt_arguments_get(arguments, "name");

    return name ? epmt_json_model(db, name, to, err)
                : epmt_errf(err, EPMT_ERR_USAGE, "which model? its name is missing");
}

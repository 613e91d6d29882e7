// SPDX-License-Identifier: Apache-2.0
// Models as the search for outliers uses them: their values, by operation.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/models.h"
#include "analysis/outliers_priv.h"

#define VALUES(which)                                                               \
    "SELECT \"operation\", \"uuid\", \"feature\", \"value\" FROM \"model_values\" " \
    "WHERE \"model_id\" = $1" which " ORDER BY \"operation\", \"uuid\""
static const char sql_values[] = VALUES("");
static const char sql_feature[] = VALUES(" AND \"feature\" = $2");

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

struct using {
    struct epmt_model_used *used;
    bool enabled, failed;
};

static int take_model(void *context, const struct epmt_model *model) {
    struct using *using = context;

    using->enabled = model->enabled;
    using->used->id = model->id;
    using->used->methods = model->methods;
    using->used->features = strdup(model->features);
    if (model->operation)
        using->used->operation = strdup(model->operation);
    using->failed = !using->used->features || (model->operation && !using->used->operation);
    return 1;
}

int epmt_model_use(struct epmt_db *db, const char *name, struct epmt_model_used *used,
                   struct epmt_error *err) {
    struct using using = {.used = used};

    if (epmt_models_list(db, name, take_model, &using, err))
        return -1;
    if (using.failed)
        return out_of_memory(err);
    if (!using.enabled)
        return epmt_errf(err, EPMT_ERR_FAIL,
                         "model %s is disabled: `epmt models enable` has it used again", name);
    return 0;
}

void epmt_model_used_free(struct epmt_model_used *used) {
    free(used->features);
    free(used->operation);
    *used = (struct epmt_model_used){0};
}

// A value of the model's tag may be asked for alone.
static bool is_operation_of(const char *asked, const char *operation) {
    size_t len = strlen(operation);

    return !strncmp(asked, operation, len) && (!asked[len] || (len && asked[len] == ':'));
}

static int answer_operation(const struct epmt_model_used *used,
                            struct epmt_outlier_question *question, struct epmt_error *err) {
    if (question->compared != EPMT_COMPARED_OPERATIONS)
        return 0;
    if (!used->operation)
        return epmt_errf(err, EPMT_ERR_USAGE, "model %s knows no operations, only whole jobs",
                         question->model);
    if (!question->operation)
        question->operation = used->operation;
    if (!is_operation_of(question->operation, used->operation))
        return epmt_errf(err, EPMT_ERR_USAGE, "the operations of model %s are those of the tag %s",
                         question->model, *used->operation ? used->operation : "as a whole");
    return 0;
}

int epmt_model_answer(const struct epmt_model_used *used, struct epmt_outlier_question *question,
                      struct epmt_features *features, struct epmt_error *err) {
    if (answer_operation(used, question, err))
        return -1;
    if (!question->methods)
        question->methods = used->methods;
    if (question->features)
        return epmt_features_find(question->compared, question->features, features, err);
    epmt_features_among(question->compared, used->features, features);
    if (!features->count)
        return epmt_errf(err, EPMT_ERR_USAGE, "model %s has no feature of %s", question->model,
                         epmt_compared_name(question->compared));
    return 0;
}

struct reading {
    const struct epmt_feature *features;
    int width, has;
    struct epmt_model_groups *groups;
    size_t group_cap, row_cap;
    struct epmt_strbuf uuid; // of the row that is being made
    double *row;
    bool failed;
};

// Adds the row to the last group, if it has all values.
static void end_row(struct reading *reading) {
    struct epmt_model_groups *groups = reading->groups;
    size_t width = (size_t)reading->width;

    if (reading->has < reading->width || !groups->count || reading->failed)
        return;
    struct epmt_model_group *group = &groups->groups[groups->count - 1];
    if (group->count == reading->row_cap) {
        size_t cap = reading->row_cap ? reading->row_cap * 2 : 16;
        double *values = realloc(group->values, cap * width * sizeof *values);
        if (!values) {
            reading->failed = true;
            return;
        }
        group->values = values;
        reading->row_cap = cap;
    }
    memcpy(group->values + group->count * width, reading->row, width * sizeof *reading->row);
    group->count++;
}

static void begin_group(struct reading *reading, const char *operation) {
    struct epmt_model_groups *groups = reading->groups;

    if (groups->count && !strcmp(groups->groups[groups->count - 1].operation, operation))
        return;
    if (groups->count == reading->group_cap) {
        size_t cap = reading->group_cap ? reading->group_cap * 2 : 16;
        struct epmt_model_group *more = realloc(groups->groups, cap * sizeof *more);
        if (!more) {
            reading->failed = true;
            return;
        }
        groups->groups = more;
        reading->group_cap = cap;
    }
    char *name = strdup(operation);
    if (!name) {
        reading->failed = true;
        return;
    }
    groups->groups[groups->count++] = (struct epmt_model_group){.operation = name};
    reading->row_cap = 0;
}

static void begin_row(struct reading *reading, const char *operation, const char *uuid) {
    const struct epmt_model_groups *groups = reading->groups;

    if (groups->count && !strcmp(groups->groups[groups->count - 1].operation, operation) &&
        !strcmp(epmt_strbuf_text(&reading->uuid), uuid))
        return;
    end_row(reading);
    begin_group(reading, operation);
    reading->has = 0;
    epmt_strbuf_reset(&reading->uuid);
    epmt_strbuf_puts(&reading->uuid, uuid);
    reading->failed = reading->failed || reading->uuid.failed;
}

static int take_value(void *context, int columns, const char *const *names,
                      const char *const *texts, const bool *numeric) {
    struct reading *reading = context;

    (void)columns, (void)names, (void)numeric;
    begin_row(reading, texts[0], texts[1]);
    for (int i = 0; i < reading->width; i++) {
        if (!strcmp(reading->features[i].name, texts[2])) {
            reading->row[i] = strtod(texts[3], NULL);
            reading->has++;
        }
    }
    return reading->failed;
}

int epmt_model_values(struct epmt_db *db, int64_t id, const struct epmt_feature *features,
                      int width, struct epmt_model_groups *groups, struct epmt_error *err) {
    double row[EPMT_FEATURES_MAX];
    struct reading reading = {.features = features, .width = width, .groups = groups, .row = row};
    struct epmt_db_value values[2] = {epmt_db_int(id),
                                      epmt_db_text(features->name, strlen(features->name))};

    *groups = (struct epmt_model_groups){.width = width};
    int status = db->backend->query(db, width == 1 ? sql_feature : sql_values, values,
                                    width == 1 ? 2 : 1, false, take_value, &reading, err);
    end_row(&reading);
    epmt_strbuf_free(&reading.uuid);
    if (status || reading.failed) {
        epmt_model_groups_free(groups);
        return status ? -1 : out_of_memory(err);
    }
    return 0;
}

static int by_operation(const void *key, const void *element) {
    return strcmp(key, ((const struct epmt_model_group *)element)->operation);
}

const struct epmt_model_group *epmt_model_group(const struct epmt_model_groups *groups,
                                                const char *operation) {
    const struct epmt_model_group *group = groups->count
                                               ? bsearch(operation, groups->groups, groups->count,
                                                         sizeof *groups->groups, by_operation)
                                               : NULL;

    return group && group->count ? group : NULL;
}

void epmt_model_groups_free(struct epmt_model_groups *groups) {
    for (size_t i = 0; i < groups->count; i++) {
        free(groups->groups[i].operation);
        free(groups->groups[i].values);
    }
    free(groups->groups);
    *groups = (struct epmt_model_groups){.count = 0};
}

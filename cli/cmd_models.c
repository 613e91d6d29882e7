// SPDX-License-Identifier: Apache-2.0
// epmt models: reference models, of jobs that are taken as usual.
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analysis/models.h"
#include "cli/choose.h"
#include "cli/cmd.h"
#include "cli/outliers_print.h"
#include "cli/printable.h"
#include "cli/say.h"

static enum epmt_format format;
static struct epmt_choice choice;
static struct epmt_model_new fresh;

static const struct epmt_option options[] = {
    EPMT_SELECT_OPTIONS,
    {'k', "key", "KEY[:VALUE]",
     "create: know operations too, the processes that have the same value of this tag; all: the "
     "same tags"},
    {'f', "feature", "NAMES",
     "create: know these, separated by commas; all: all there are but counters, "
     "counter:EVENT, counter:* (default: duration, cpu_time and "
     "processes)"},
    {'m', "method", "NAMES", "create: be for these methods (default: all)"},
    {0, "disabled", NULL, "create: not to be used before epmt models enable"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!strcmp(row->name, "method"))
        return epmt_methods_parse(argument, &fresh.methods, err);
    if (!strcmp(row->name, "format"))
        return epmt_format_parse(argument, &format, err);
    if (!strcmp(row->name, "key"))
        fresh.operation = strcmp(argument, "all") != 0 ? argument : "";
    else if (!strcmp(row->name, "feature"))
        fresh.features = argument;
    else if (!strcmp(row->name, "disabled"))
        fresh.disabled = true;
    else
        return epmt_select_option(&choice.selection, row->name, argument, err) < 0 ? -1 : 0;
    return 0;
}

static struct epmt_db_value text_of(const char *text) {
    return text ? epmt_db_text(text, strlen(text)) : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static const struct epmt_table_column list_columns[] = {
    {"name", false, false},      {"enabled", false, false},   {"jobs", true, false},
    {"there", true, false},      {"operations", true, false}, {"created", false, false},
    {"user", false, false},      {"tags", false, false},      {"operation", false, false},
    {"features", false, false},  {"methods", false, false},   {"id", true, false},
    {"created_at", true, false},
};
#define LIST_COLUMNS ((int)(sizeof list_columns / sizeof *list_columns))
#define LIST_PEOPLE 8

struct listing {
    struct epmt_output *output;
    bool pairs;
    int columns;
    int64_t id; // of the last one
};

static const char *methods_text(unsigned methods, char text[128]) {
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        if (methods & 1U << i)
            len += (size_t)snprintf(text + len, 128 - len, "%s%s", len ? "," : "",
                                    epmt_method_name(i));
    }
    return text;
}

static int list_model(void *context, const struct epmt_model *model) {
    struct listing *listing = context;
    char created[32], methods[128];
    time_t seconds = (time_t)(model->created_at / 1000000);
    struct tm utc;

    strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    struct epmt_db_value values[LIST_COLUMNS] = {
        text_of(model->name),
        text_of(model->enabled ? "yes" : "no"),
        epmt_db_int(model->jobs),
        epmt_db_int(model->present),
        epmt_db_int(model->operations),
        text_of(created),
        text_of(model->user),
        text_of(model->tags),
        text_of(model->operation && !*model->operation ? "all" : model->operation),
        text_of(model->features),
        text_of(methods_text(model->methods, methods)),
        epmt_db_int(model->id),
        epmt_db_int(model->created_at)};
    listing->id = model->id;
    if (!listing->pairs) {
        epmt_output_row(listing->output, values);
        return 0;
    }
    for (int i = 0; i < LIST_COLUMNS; i++)
        epmt_output_pair(listing->output,
                         (struct epmt_bytes){list_columns[i].name, strlen(list_columns[i].name)},
                         &values[i], false);
    return 0;
}

static int list(struct epmt_db *db, struct epmt_output *output, struct epmt_error *err) {
    const char *names[LIST_PEOPLE];
    struct listing listing = {.output = output, .columns = LIST_COLUMNS};

    for (int i = 0; i < LIST_PEOPLE; i++)
        names[i] = list_columns[i].name;
    if (output->format == EPMT_FORMAT_TABLE && !epmt_output_lacks(names, LIST_PEOPLE))
        listing.columns = LIST_PEOPLE;
    epmt_output_rows(output, NULL, list_columns, listing.columns);
    return epmt_models_list(db, NULL, list_model, &listing, err);
}

static int show_job(void *context, const char *jobid, const char *uuid, int64_t id) {
    const struct epmt_db_value values[] = {text_of(jobid), text_of(uuid),
                                           text_of(id >= 0 ? "yes" : "no")};

    epmt_output_row(context, values);
    return 0;
}

static const struct epmt_table_column feature_columns[] = {
    {"operation", false, false}, {"feature", false, false}, {"count", true, false},
    {"min", true, false},        {"median", true, false},   {"max", true, false},
    {"mean", true, false},       {"sd", true, false},       {"deviation", true, false},
    {"unit", false, false},      {"q1", true, false},       {"q3", true, false},
};
#define FEATURE_COLUMNS ((int)(sizeof feature_columns / sizeof *feature_columns))
#define FEATURE_PEOPLE 9

struct showing {
    struct epmt_output *output;
    bool people;
    struct epmt_strbuf texts[FEATURE_COLUMNS];
};

static int show_feature(void *context, const char *operation, const struct epmt_feature *feature,
                        const struct epmt_summary *usual) {
    struct showing *showing = context;
    double q1, q3;

    epmt_iqr_fitted(usual, &q1, &q3);
    const double numbers[] = {
        usual->min, usual->median, usual->max, usual->mean, usual->sd, usual->deviation, 0, q1, q3};
    struct epmt_db_value values[FEATURE_COLUMNS] = {text_of(operation), text_of(feature->name),
                                                    epmt_db_int((int64_t)usual->count)};
    for (int i = 3; i < FEATURE_COLUMNS; i++) {
        struct epmt_strbuf *text = &showing->texts[i];
        if (showing->people) {
            epmt_strbuf_reset(text);
            epmt_feature_add(text, numbers[i - 3], feature->unit);
            values[i] = epmt_db_text(epmt_strbuf_text(text), text->len);
        } else {
            values[i] = epmt_real_value(text, numbers[i - 3]);
        }
    }
    values[FEATURE_PEOPLE] = text_of(feature->unit);
    epmt_output_row(showing->output, values);
    return 0;
}

static int show_features(struct epmt_db *db, int64_t id, const char *section,
                         struct epmt_output *output, struct epmt_error *err) {
    struct showing showing = {.output = output, .people = output->format == EPMT_FORMAT_TABLE};
    bool failed = false;

    epmt_output_rows(output, section, feature_columns,
                     showing.people ? FEATURE_PEOPLE : FEATURE_COLUMNS);
    int result = epmt_models_features(db, id, show_feature, &showing, err);
    epmt_output_close_section(output);
    for (int i = 0; i < FEATURE_COLUMNS; i++) {
        failed = failed || showing.texts[i].failed;
        epmt_strbuf_free(&showing.texts[i]);
    }
    return !result && failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : result;
}

static int take_id(void *context, const struct epmt_model *model) {
    *(int64_t *)context = model->id;
    return 0;
}

static int show(struct epmt_db *db, const char *name, struct epmt_output *output,
                struct epmt_error *err) {
    static const struct epmt_table_column jobs[] = {
        {"jobid", false, false}, {"uuid", false, false}, {"there", false, false}};
    struct listing listing = {.output = output, .pairs = true};
    int64_t id;

    if (epmt_models_list(db, name, take_id, &id, err))
        return -1;
    if (output->format == EPMT_FORMAT_CSV)
        return show_features(db, id, NULL, output, err);
    epmt_output_pairs(output, "model");
    if (epmt_models_list(db, name, list_model, &listing, err))
        return -1;
    epmt_output_rows(output, "jobs", jobs, 3);
    if (epmt_models_jobs(db, id, show_job, output, err))
        return -1;
    return show_features(db, id, "features", output, err);
}

static const char *tags_text(struct epmt_strbuf *text) {
    const struct epmt_selection *selection = &choice.selection;

    for (int i = 0; i < selection->tag_count; i++)
        epmt_strbuf_printf(text, "%s%s", i ? ";" : "", selection->tags[i]);
    return selection->tag_count ? epmt_strbuf_text(text) : NULL;
}

static int create(struct epmt_db *db, int argc, char **argv, struct epmt_error *err) {
    const struct passwd *user = getpwuid(getuid());
    struct epmt_strbuf tags = {0};

    if (!argc)
        return epmt_errf(err, EPMT_ERR_USAGE, "give the model a name, and jobs or a tag");
    if (epmt_choose_jobs(&choice, db, argc - 1, argv + 1, err))
        return -1;
    if (!choice.count)
        return epmt_errf(err, EPMT_ERR_USAGE, "say which jobs are usual: JOB ..., --tag, ...");
    fresh.name = argv[0];
    fresh.jobs = choice.ids;
    fresh.job_count = choice.count;
    fresh.user = user ? user->pw_name : NULL;
    fresh.tags = tags_text(&tags);
    int result = epmt_models_create(db, &fresh, err);
    epmt_strbuf_free(&tags);
    if (!result)
        printf("Created - model: %s jobs: %zu\n", epmt_printable(fresh.name), choice.count);
    return result;
}

static int enable(struct epmt_db *db, const char *name, struct epmt_error *err) {
    return epmt_models_set_enabled(db, name, true, err);
}

static int disable(struct epmt_db *db, const char *name, struct epmt_error *err) {
    return epmt_models_set_enabled(db, name, false, err);
}

static const struct action {
    const char *name, *done;
    int (*change)(struct epmt_db *db, const char *name, struct epmt_error *err);
} actions[] = {
    {"enable", "Enabled", enable},
    {"disable", "Disabled", disable},
    {"delete", "Deleted", epmt_models_delete},
};

static const struct action *find_action(const char *name) {
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (!strcmp(actions[i].name, name))
            return &actions[i];
    }
    return NULL;
}

static int change(const struct action *action, struct epmt_db *db, int argc, char **argv,
                  struct epmt_error *err) {
    struct epmt_error why;
    int result = 0;

    if (!argc)
        return epmt_errf(err, EPMT_ERR_USAGE, "say which models");
    for (int i = 0; i < argc; i++) {
        if (!action->change(db, argv[i], &why)) {
            printf("%s - model: %s\n", action->done, epmt_printable(argv[i]));
            continue;
        }
        // The last one is the command's own complaint.
        if (result)
            epmt_say("models", "%s", err->text);
        *err = why;
        result = -1;
    }
    return result;
}

static int look(struct epmt_db *db, bool one, int argc, char **argv, struct epmt_error *err) {
    struct epmt_output output;

    if (argc != one)
        return epmt_errf(err, EPMT_ERR_USAGE, one ? "give one model" : "list takes no arguments");
    epmt_output_begin(&output, stdout, format);
    int result = one ? show(db, argv[0], &output, err) : list(db, &output, err);
    if (epmt_output_end(&output, result ? NULL : err))
        result = -1;
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    const char *verb = argc ? argv[0] : "list";
    const struct action *action = find_action(verb);
    bool shows = !strcmp(verb, "show"), creates = !strcmp(verb, "create");

    if (!action && !shows && !creates && strcmp(verb, "list") != 0) {
        epmt_errf(err, EPMT_ERR_USAGE,
                  "%s is none of list, create, show, enable, disable and delete", verb);
        return err->code;
    }
    if (argc) {
        argc--;
        argv++;
    }
    // Not made where there is none.
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (db && (action || creates)) {
        epmt_db_close(db);
        db = epmt_db_open(cli->settings.db_url, EPMT_DB_WRITE, cli->envp, err);
    }
    if (!db)
        return err->code;
    int result = action    ? change(action, db, argc, argv, err)
                 : creates ? create(db, argc, argv, err)
                           : look(db, shows, argc, argv, err);
    free(choice.ids);
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_models = {
    .name = "models",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "[list | create NAME [JOB ...] | show NAME | enable|disable|delete NAME ...]",
    .summary = "Keep reference models: jobs that are taken as usual, for epmt outliers.",
    .examples = "epmt models create ocean --tag exp:cm4 --key op\n"
                "epmt models create small 4711 4712 4713 -f duration,rssmax\n"
                "epmt models                    # those there are\n"
                "epmt models show ocean         # what is usual\n"
                "epmt models disable ocean      # not to be used now\n"
                "epmt outliers 4715 --model ocean\n",
    .options = options,
    .option = option,
    .run = run,
};

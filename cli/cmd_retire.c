// SPDX-License-Identifier: Apache-2.0
// epmt retire: takes jobs out of the database that ended long ago, and old reference models.
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/printable.h"
#include "common/fmt.h"
#include "storage/retire.h"

#define DAY_US INT64_C(86400000000)
#define DAYS_MAX 1000000
// Where the setting says nothing.
#define CHUNK 2000

static int64_t days_wanted = -1;

static const struct epmt_option options[] = {
    {'n', "dry-run", NULL, "only tell what would be retired"},
    {0, "days", "N",
     "jobs that ended more than N days ago, instead of the setting retire_jobs_ndays"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row;
    if (!epmt_parse_whole_i64(argument, &days_wanted) || days_wanted < 1 || days_wanted > DAYS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "option --days takes a number of days, 1 or more");
    return 0;
}

struct retiring {
    const struct epmt_cli *cli;
    uint64_t count;
};

static void say_retired(void *context, const char *jobid) {
    struct retiring *retiring = context;

    retiring->count++;
    printf("%s - job: %s\n", retiring->cli->dry_run ? "Would be retired" : "Retired",
           epmt_printable(jobid));
}

static void say_model(void *context, const char *name) {
    struct retiring *retiring = context;

    retiring->count++;
    printf("%s - model: %s\n", retiring->cli->dry_run ? "Would be retired" : "Retired",
           epmt_printable(name));
}

static int64_t days_ago(int64_t days) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 - days * DAY_US;
}

// Models that were made before then go; INT64_MIN: none.
static int64_t models_before(const struct epmt_cli *cli) {
    int64_t days = (int64_t)cli->settings.retire_models_ndays;

    return days < 1 || days > DAYS_MAX ? INT64_MIN : days_ago(days);
}

static int retire_jobs(struct epmt_cli *cli, struct epmt_db *db, int64_t days,
                       struct epmt_error *err) {
    struct retiring retiring = {.cli = cli};
    uint64_t chunk = cli->settings.retire_jobs_per_delete_max;
    int status = epmt_db_retire(db, days_ago(days), cli->dry_run ? models_before(cli) : INT64_MIN,
                                chunk && chunk < CHUNK ? (unsigned)chunk : CHUNK, cli->dry_run,
                                say_retired, &retiring, err);

    printf("%" PRIu64 " jobs that ended more than %" PRId64 " days ago\n", retiring.count, days);
    return status;
}

// Before the jobs: those of a model are left alone.
static int retire_models(struct epmt_cli *cli, struct epmt_db *db, struct epmt_error *err) {
    struct retiring retiring = {.cli = cli};
    int64_t before = models_before(cli);

    if (before == INT64_MIN)
        return 0;
    int status = epmt_db_retire_models(db, before, cli->dry_run, say_model, &retiring, err);
    printf("%" PRIu64 " models that were made more than %" PRIu64 " days ago\n", retiring.count,
           (uint64_t)cli->settings.retire_models_ndays);
    return status;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    const struct epmt_settings *settings = &cli->settings;
    int64_t days = days_wanted >= 0 ? days_wanted : (int64_t)settings->retire_jobs_ndays;

    (void)argv;
    if (argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "it takes no arguments; epmt delete takes jobs");
        return err->code;
    }
    bool jobs = days >= 1 && days <= DAYS_MAX;
    if (!jobs && !settings->retire_models_ndays) {
        puts("Nothing is retired: the setting retire_jobs_ndays says never");
        return EPMT_ERR_OK;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    epmt_db_close(db);
    if (!db)
        return err->code;
    db = epmt_db_open(cli->settings.db_url, cli->dry_run ? EPMT_DB_READ : EPMT_DB_WRITE, cli->envp,
                      err);
    if (!db)
        return err->code;
    int status = retire_models(cli, db, err) || (jobs && retire_jobs(cli, db, days, err));
    epmt_db_close(db);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_retire = {
    .name = "retire",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "",
    .summary = "Delete jobs from the database that ended long ago, and old reference models.",
    .examples = "epmt retire                   # older than the setting retire_jobs_ndays says\n"
                "epmt retire -n --days 365     # what is older than a year\n",
    .options = options,
    .option = option,
    .run = run,
};

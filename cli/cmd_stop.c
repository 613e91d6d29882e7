// SPDX-License-Identifier: Apache-2.0
// epmt stop: ends the job and makes its job file of all that was left in the job directory.
#include <stdio.h>
#include <string.h>

#include "cli/collect.h"
#include "cli/say.h"
#include "cli/session.h"
#include "common/fmt.h"

static bool strict;
static struct epmt_session_end end = {.exitcode = -1, .submitted = -1};

static const struct epmt_option options[] = {
    {'e', "error", NULL, "a job that is not started, or stopped already, is an error"},
    {'x', "exitcode", "CODE", "exit code of the job; else, under a scheduler, its first process's"},
    {0, "submitted", "SECONDS", "when the job was submitted, in seconds since 1970"},
    {0, "reason", "TEXT", "why the job ended, as the scheduler says: TIMEOUT, CANCELLED, ..."},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    int64_t number = 0;

    (void)cli;
    strict |= row->letter == 'e';
    if (!strcmp(row->name, "reason"))
        end.reason = argument;
    else if (argument && (!epmt_parse_whole_i64(argument, &number) || number < 0))
        return epmt_errf(err, EPMT_ERR_USAGE, "--%s: %s is no number", row->name, argument);
    if (!strcmp(row->name, "exitcode") && number > 255)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is no exit code (0 to 255)", argument);
    if (!strcmp(row->name, "exitcode"))
        end.exitcode = number;
    if (!strcmp(row->name, "submitted"))
        end.submitted = number;
    return 0;
}

static void report(const struct epmt_cli *cli, const struct epmt_job_place *place,
                   const struct epmt_jobdir_result *result) {
    if (result->damage.gaps)
        epmt_say("stop", "%lu damaged stretches (%lu bytes) of the journals were passed over: %s",
                 (unsigned long)result->damage.gaps, (unsigned long)result->damage.gap_bytes,
                 result->damage.first.text);
    if (cli->verbose)
        epmt_say("stop", "job %s: %lu processes, %lu threads in %s", place->jobid,
                 (unsigned long)result->processes, (unsigned long)result->threads, place->dir);
}

// A session's next job is not started while its last one is stopped: that is the one meant then.
// Makes *place that of the last one; false where there was none.
static bool take_last_of_session(const struct epmt_cli *cli, struct epmt_job_place *place) {
    char *dash = strrchr(place->jobid, '-');
    int64_t number;
    char jobid[EPMT_JOBID_MAX];

    if (place->source != EPMT_JOB_FROM_SESSION || !dash || !epmt_parse_whole_i64(dash + 1, &number))
        return false;
    *dash = '\0';
    if (number > 2)
        epmt_fmt(jobid, sizeof jobid, "%s-%ld", place->jobid, (long)number - 1);
    else
        epmt_fmt(jobid, sizeof jobid, "%s", place->jobid);
    return !epmt_job_place_of(place, &cli->settings, cli->envp, jobid, NULL);
}

// What was not as it should be: an error with -e, else a warning.
static int complain(enum epmt_session_stop outcome, const struct epmt_job_place *place,
                    struct epmt_error *err) {
    const char *jobid = place->jobid;

    if (outcome == EPMT_SESSION_STOPPED)
        return EPMT_ERR_OK;
    if (outcome == EPMT_SESSION_NOT_STARTED)
        epmt_errf(err, EPMT_ERR_NOT_FOUND,
                  "job %s was not started; what was left of it is in its job file", jobid);
    else if (outcome == EPMT_SESSION_NOT_OURS)
        epmt_errf(err, EPMT_ERR_IO, "job %s is another user's: %s is not ours", jobid, place->dir);
    else if (outcome == EPMT_SESSION_IS_STOPPED)
        epmt_errf(err, EPMT_ERR_EXISTS, "job %s is already stopped", jobid);
    else
        epmt_errf(err, EPMT_ERR_NOT_FOUND, "job %s was not started: nothing in %s", jobid,
                  place->dir);
    if (strict)
        return err->code;
    epmt_say("stop", "%s", err->text);
    return err->code = EPMT_ERR_OK;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_job_place place;
    struct epmt_jobdir_result result;
    enum epmt_session_stop outcome;
    uint64_t hosts;

    (void)argv;
    if (argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "it takes no arguments");
        return err->code;
    }
    if (epmt_job_place_find(&place, &cli->settings, cli->envp, err))
        return err->code;
    // A host that gives nothing must not keep the rest from its job file.
    enum epmt_err remote =
        epmt_collect(cli, "stop", place.dir, place.dir, epmt_job_place_shared(&place), &hosts);
    if (epmt_session_stop(cli, &place, &end, &outcome, &result, err))
        return err->code;
    if (outcome == EPMT_SESSION_NOTHING && take_last_of_session(cli, &place))
        outcome = EPMT_SESSION_IS_STOPPED;
    report(cli, &place, &result);
    int status = complain(outcome, &place, err);
    return status ? status : (int)remote;
}

const struct epmt_command epmt_command_stop = {
    .name = "stop",
    .group = EPMT_GROUP_COLLECT,
    .arguments = "",
    .summary = "End a job: make its job file of all that it left.",
    .examples = "epmt stop                  # at the end of a job script\n",
    .options = options,
    .option = option,
    .run = run,
};

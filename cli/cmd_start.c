// SPDX-License-Identifier: Apache-2.0
// epmt start: makes the job directory and notes when, where and in which environment the job began.
#include <stdio.h>

#include "cli/say.h"
#include "cli/session.h"

static bool strict;

static const struct epmt_option options[] = {
    {'e', "error", NULL, "a job that is started already is an error, not a warning"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)argument, (void)err;
    strict |= row->letter == 'e';
    return 0;
}

// Without a scheduler the session id is the job id.
static void hint_at_session(const char *jobid) {
    epmt_say("start", "no job id in the environment: the session id %s is the job id", jobid);
    epmt_say("start", "run, stop and submit must be called from this session");
    epmt_say("start", "another start in this session, after the stop, makes a job of its own");
    epmt_say("start", "set EPMT_JOB_ID to choose a job id, and to be without these lines");
}

static void complain(enum epmt_session_start outcome, const struct epmt_job_place *place,
                     struct epmt_error *err) {
    if (outcome == EPMT_SESSION_IS_FOREIGN)
        epmt_errf(err, EPMT_ERR_IO, "job %s is another user's: %s is not ours", place->jobid,
                  place->dir);
    else if (outcome == EPMT_SESSION_IS_COMPLETE)
        epmt_errf(err, EPMT_ERR_EXISTS, "job %s is already complete", place->jobid);
    else
        epmt_errf(err, EPMT_ERR_EXISTS, "job %s is already started%s", place->jobid,
                  epmt_session_is_open(place->dir)
                      ? ""
                      : " by a session that is gone (`epmt stop` ends it)");
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_job_place place;
    enum epmt_session_start outcome;

    (void)argv;
    if (argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "it takes no arguments");
        return err->code;
    }
    if (epmt_job_place_find(&place, &cli->settings, cli->envp, err) ||
        epmt_session_start(cli, &place, &outcome, err))
        return err->code;
    if (outcome == EPMT_SESSION_STARTED) {
        if (place.source == EPMT_JOB_FROM_SESSION)
            hint_at_session(place.jobid);
        if (cli->verbose)
            epmt_say("start", "job %s is in %s", place.jobid, place.dir);
        return EPMT_ERR_OK;
    }
    complain(outcome, &place, err);
    if (strict)
        return err->code;
    epmt_say("start", "%s, ignoring", err->text);
    return err->code = EPMT_ERR_OK;
}

const struct epmt_command epmt_command_start = {
    .name = "start",
    .group = EPMT_GROUP_COLLECT,
    .arguments = "",
    .summary = "Begin a job: make its directory and note time, host and environment.",
    .examples = "epmt start                 # at the head of a job script\n"
                "epmt -v start              # says where the job directory is\n",
    .options = options,
    .option = option,
    .run = run,
};

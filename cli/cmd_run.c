// SPDX-License-Identifier: Apache-2.0
// epmt run: executes a command under the preload. No shell stands between: the arguments reach the
// command untouched, and its exit status is ours.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/collect.h"
#include "cli/events_ask.h"
#include "cli/instrument.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/shell.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, SIGNALED = 128 };

static const struct epmt_option options[] = {
    {'a', "auto", NULL, "start the job before and stop it after, where nobody else has started it"},
    {'n', "dry-run", NULL, "only print what would be executed"},
    {0},
};

static int dry_run(const struct epmt_instrument *instrument, char **argv, struct epmt_error *err) {
    struct epmt_strbuf line = {0};

    for (int i = 0; i < instrument->count; i++) {
        epmt_strbuf_printf(&line, "%s%s=", i ? " " : "", instrument->variables[i].name);
        epmt_shell_quote(&line, instrument->variables[i].value);
    }
    epmt_strbuf_puts(&line, " LD_PRELOAD=");
    epmt_shell_quote(&line, instrument->preload);
    for (; *argv; argv++) {
        epmt_strbuf_puts(&line, " ");
        epmt_shell_quote(&line, *argv);
    }
    int result = line.failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
    if (!result)
        puts(epmt_strbuf_text(&line));
    epmt_strbuf_free(&line);
    return result;
}

// Never returns but with the status of a command that cannot be executed, after saying so.
static int execute(char **argv) {
    execvp(argv[0], argv);
    int status = errno == ENOENT || errno == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE;
    epmt_say("run", "cannot execute %s: %s", argv[0], strerror(errno));
    return status;
}

static volatile sig_atomic_t child;

static void pass_on(int signal) {
    if (child > 0)
        kill((pid_t)child, signal);
}

struct dispositions {
    struct sigaction interrupt, quit, terminate, hangup;
    sigset_t mask;
};

// The terminal sends INT and QUIT to the command too, so that they are its business; TERM and HUP
// came to us alone.
static void wait_quietly(struct dispositions *before) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction pass = {.sa_handler = pass_on};
    sigset_t block;

    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGHUP);
    sigprocmask(SIG_BLOCK, &block, &before->mask); // until the child is known
    sigaction(SIGINT, &ignore, &before->interrupt);
    sigaction(SIGQUIT, &ignore, &before->quit);
    sigaction(SIGTERM, &pass, &before->terminate);
    // Under nohup it stays ignored.
    sigaction(SIGHUP, NULL, &before->hangup);
    if (before->hangup.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &pass, NULL);
}

static void restore(const struct dispositions *before) {
    sigaction(SIGINT, &before->interrupt, NULL);
    sigaction(SIGQUIT, &before->quit, NULL);
    sigaction(SIGTERM, &before->terminate, NULL);
    sigaction(SIGHUP, &before->hangup, NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

// Runs the command and waits. Returns its exit status as a shell has it, -1 where it cannot fork.
static int run_and_wait(char **argv, const struct epmt_instrument *instrument,
                        struct epmt_error *err) {
    struct dispositions before;
    int status = -1;

    wait_quietly(&before);
    pid_t pid = fork();
    if (pid == 0) {
        restore(&before);
        _exit(epmt_instrument_apply(instrument, NULL) ? NOT_EXECUTABLE : execute(argv));
    }
    if (pid < 0)
        epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot fork");
    child = pid;
    sigprocmask(SIG_SETMASK, &before.mask, NULL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot wait for %s", argv[0]);
            pid = -1;
        }
    }
    child = 0;
    restore(&before);
    if (pid < 0)
        return -1;
    return WIFSIGNALED(status) ? SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
}

static void stop(const struct epmt_cli *cli, const struct epmt_job_place *place, int status) {
    struct epmt_error err;
    const struct epmt_session_end end = {.exitcode = status, .submitted = -1};
    enum epmt_session_stop outcome;
    struct epmt_jobdir_result result;
    uint64_t hosts;

    epmt_collect(cli, "run", place->dir, place->dir, epmt_job_place_shared(place), &hosts);
    if (epmt_session_stop(cli, place, &end, &outcome, &result, &err))
        epmt_say("run", "%s", err.text);
}

static int run_auto(struct epmt_cli *cli, const struct epmt_job_place *place,
                    const struct epmt_instrument *instrument, char **argv, struct epmt_error *err) {
    enum epmt_session_start outcome = EPMT_SESSION_IS_STARTED;
    struct epmt_error start_err;

    // What fails here must not keep the command from running.
    if (epmt_session_start(cli, place, &outcome, &start_err))
        epmt_say("run", "%s", start_err.text);
    if (outcome == EPMT_SESSION_IS_FOREIGN) {
        epmt_say("run", "%s is another user's; running without measuring", place->dir);
        return execute(argv);
    }
    int status = run_and_wait(argv, instrument, err);
    // Who started the job stops it.
    if (outcome == EPMT_SESSION_STARTED || outcome == EPMT_SESSION_IS_COMPLETE)
        stop(cli, place, status);
    return status < 0 ? (int)err->code : status;
}

static void say_problem(void *unused, const char *event, const char *reason) {
    (void)unused;
    epmt_say("run", "event %s is not counted: %s", event, reason);
}

static void say_events(const struct epmt_cli *cli) {
    struct epmt_strbuf events = {0};
    struct epmt_error err;

    epmt_events_wanted(cli, &events);
    if (epmt_events_check(cli, epmt_strbuf_text(&events), say_problem, NULL, &err) < 0)
        epmt_say("run", "%s", err.text);
    epmt_strbuf_free(&events);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_job_place place;
    struct epmt_instrument instrument = {0};
    int status;

    if (!argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "give a command to run");
        return err->code;
    }
    // Without a job or the library the command still runs, unmeasured.
    if (epmt_job_place_find(&place, &cli->settings, cli->envp, err) ||
        epmt_instrument_init(&instrument, cli, &place, err)) {
        epmt_say("run", "%s; running without measuring", err->text);
        err->code = EPMT_ERR_OK;
        epmt_instrument_fini(&instrument);
        return cli->dry_run ? EPMT_ERR_FAIL : execute(argv);
    }
    if (cli->verbose)
        say_events(cli);
    if (cli->dry_run) {
        status = dry_run(&instrument, argv, err) ? (int)err->code : EPMT_ERR_OK;
    } else if (cli->automatic) {
        status = run_auto(cli, &place, &instrument, argv, err);
    } else if (epmt_instrument_apply(&instrument, err)) {
        status = err->code;
    } else {
        status = execute(argv);
    }
    epmt_instrument_fini(&instrument);
    return status;
}

const struct epmt_command epmt_command_run = {
    .name = "run",
    .group = EPMT_GROUP_COLLECT,
    .arguments = "COMMAND [ARGUMENTS ...]",
    .summary = "Run a command under the preload; its exit status is returned.",
    .examples = "epmt -a run ./model in.nml     # one job: start, run, stop\n"
                "epmt run ./model in.nml        # in a job that `epmt start` has begun\n"
                "epmt -n run ./model            # only print what would be executed\n"
                "epmt run -- prog -x            # everything behind -- is the command\n",
    .options = options,
    .passes_arguments = true,
    .run = run,
};

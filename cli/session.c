// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/jobinfo.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/procstat.h"
#include "storage/jobmeta.h"

#define BOOT_ID_MAX 64

static int64_t now_us(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void boot_id(char text[BOOT_ID_MAX]) {
    if (epmt_read_small("/proc/sys/kernel/random/boot_id", text, BOOT_ID_MAX) < 0)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

// When a process started, us since boot, as precisely as proc(5) has it; INT64_MIN: there is none.
static int64_t process_start(int64_t pid) {
    struct epmt_procstat stat;
    long ticks = sysconf(_SC_CLK_TCK);

    if (ticks <= 0 || !epmt_procstat_of(pid, &stat))
        return INT64_MIN;
    return (int64_t)(stat.field[22] * 1000000 / (uint64_t)ticks);
}

// A session that began outside of the pid namespace is 0 in it, and may last as long as that does:
// containers run commands so.
static int64_t session_start(int64_t session) {
    return process_start(session ? session : 1);
}

static bool path_in(char path[PATH_MAX], const char *dir, const char *name) {
    return epmt_fmt(path, PATH_MAX, "%s/%s", dir, name);
}

static const char *source_name(enum epmt_job_source source) {
    static const char *const names[] = {"environment", "session", "launcher"};

    return names[source];
}

// INT64_MIN: the scheduler did not start the job again.
static int64_t restart_count(char *const *envp) {
    const char *text = epmt_environment_get(envp, "SLURM_RESTART_COUNT");
    int64_t count;

    return text && epmt_parse_whole_i64(text, &count) ? count : INT64_MIN;
}

// What the environment tells.
static int set_from_environment(struct epmt_jobmeta *meta, char *const *envp,
                                struct epmt_error *err) {
    const char *root = epmt_environment_get(envp, "SLURM_TASK_PID");

    if (epmt_jobinfo_start(meta, envp, err))
        return -1;
    meta->restart = restart_count(envp);
    if (!root || !epmt_parse_whole_i64(root, &meta->root))
        meta->root = INT64_MIN;
    return epmt_jobmeta_set_environment(&meta->start_environment, envp, err);
}

static int fill_in(struct epmt_jobmeta *meta, const struct epmt_cli *cli,
                   const struct epmt_job_place *place, struct epmt_error *err) {
    char hostname[256] = "", boot[BOOT_ID_MAX], uuid[EPMT_UUID_LEN];

    gethostname(hostname, sizeof hostname - 1);
    boot_id(boot);
    meta->uid = getuid();
    meta->start = now_us();
    meta->session = getsid(0);
    meta->session_start = session_start(meta->session);
    if (set_from_environment(meta, cli->envp, err))
        return -1;
    epmt_jobmeta_uuid(uuid, meta->cluster, place->jobid,
                      meta->submit != INT64_MIN ? meta->submit : meta->start, meta->restart);
    return epmt_jobmeta_set_text(&meta->jobid, place->jobid, err) ||
                   epmt_jobmeta_set_text(&meta->uuid, uuid, err) ||
                   (!meta->user && epmt_jobmeta_set_text(&meta->user, place->user, err)) ||
                   epmt_jobmeta_set_text(&meta->hostname, hostname, err) ||
                   epmt_jobmeta_set_text(&meta->bootid, boot, err) ||
                   epmt_jobmeta_set_text(&meta->source, source_name(place->source), err)
               ? -1
               : 0;
}

// Writes the metadata where there are none yet: of two starts at the same time one wins. Returns 1
// where there were some, 0, or -1 with err.
static int write_new(const struct epmt_jobmeta *meta, const char *dir, struct epmt_error *err) {
    char path[PATH_MAX], beside[PATH_MAX], name[64];
    uint64_t random = 0;
    int result = 0;

    // The directory may be shared by hosts on which somebody has the same pid.
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint64_t)now_us();
    epmt_fmt(name, sizeof name, ".start.%d.%016lx", (int)getpid(), (unsigned long)random);
    if (!path_in(path, dir, EPMT_METADATA_NAME) || !path_in(beside, dir, name))
        return epmt_errf(err, EPMT_ERR_USAGE, "the path of the job directory is too long");
    if (epmt_jobmeta_write(meta, beside, err))
        return -1;
    if (link(beside, path))
        result = errno == EEXIST ? 1 : epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", path);
    unlink(beside);
    return result;
}

// Whether the scheduler has started the job again since its job file was made: that one is part of
// the same job.
static bool is_restart(const struct epmt_cli *cli, const struct epmt_job_place *place) {
    int64_t count = restart_count(cli->envp);

    return count > 0 && count > epmt_jobdir_restart(place->dir, place->jobid);
}

// True where the job directory, or that of the user above it, is another user's.
static bool is_foreign(const struct epmt_job_place *place) {
    return epmt_check_dirs(place->dir, epmt_job_place_shared(place)) == -EPERM;
}

int epmt_session_start(const struct epmt_cli *cli, const struct epmt_job_place *place,
                       enum epmt_session_start *outcome, struct epmt_error *err) {
    struct epmt_jobdir_state state = {0};
    struct epmt_jobmeta meta;

    int made = epmt_make_dirs(place->dir, epmt_job_place_shared(place));
    if (made < 0 && is_foreign(place)) {
        *outcome = EPMT_SESSION_IS_FOREIGN;
        return 0;
    }
    if (made < 0) {
        errno = -made;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make the job directory %s", place->dir);
    }
    if (epmt_jobdir_look(place->dir, place->jobid, &state, err))
        return -1;
    if (state.has_metadata || (state.has_jobfile && !is_restart(cli, place))) {
        *outcome = state.has_metadata ? EPMT_SESSION_IS_STARTED : EPMT_SESSION_IS_COMPLETE;
        return 0;
    }
    epmt_jobmeta_init(&meta);
    int result = fill_in(&meta, cli, place, err);
    if (!result)
        result = write_new(&meta, place->dir, err);
    epmt_jobmeta_fini(&meta);
    *outcome = result > 0 ? EPMT_SESSION_IS_STARTED : EPMT_SESSION_STARTED;
    return result < 0 ? -1 : 0;
}

bool epmt_session_is_open(const char *dir) {
    char path[PATH_MAX], hostname[256] = "", boot[BOOT_ID_MAX];
    struct epmt_jobmeta meta;
    bool open = false;

    if (!path_in(path, dir, EPMT_METADATA_NAME) || epmt_jobmeta_read(&meta, path, NULL))
        return false;
    gethostname(hostname, sizeof hostname - 1);
    boot_id(boot);
    // A stop that did not come to its end can be taken up by anybody.
    if (meta.stop != INT64_MIN)
        open = false;
    else if (!meta.hostname || strcmp(meta.hostname, hostname))
        open = true;
    else if (meta.bootid && !strcmp(meta.bootid, boot) && meta.session >= 0)
        open = meta.session_start == session_start(meta.session) && meta.session_start != INT64_MIN;
    epmt_jobmeta_fini(&meta);
    return open;
}

// Adds the end to the metadata file; a stop that is taken up again keeps the first one. *gone is
// set, and 0 returned, where another stop has been faster.
static int complete(const struct epmt_cli *cli, const char *dir, const struct epmt_session_end *end,
                    bool *gone, struct epmt_error *err) {
    char path[PATH_MAX];
    struct epmt_jobmeta meta;
    struct epmt_error why;
    int result = 0;

    if (!path_in(path, dir, EPMT_METADATA_NAME))
        return epmt_errf(err, EPMT_ERR_USAGE, "the path of the job directory is too long");
    if (epmt_jobmeta_read(&meta, path, &why)) {
        *gone = why.code == EPMT_ERR_NOT_FOUND;
        return *gone ? 0 : epmt_errf(err, why.code, "%s", why.text);
    }
    if (meta.stop == INT64_MIN) {
        meta.stop = now_us();
        if (end->exitcode >= 0)
            meta.exitcode = end->exitcode;
        if (end->submitted >= 0 && meta.submit == INT64_MIN)
            meta.submit = end->submitted * 1000000;
        if (end->reason)
            result = epmt_jobmeta_set_text(&meta.reason, end->reason, err);
        if (!result)
            result = epmt_jobmeta_set_environment(&meta.stop_environment, cli->envp, err);
        if (!result)
            result = epmt_jobinfo_stop(&meta, cli->envp, err);
        if (!result)
            result = epmt_jobmeta_write(&meta, path, err);
    }
    epmt_jobmeta_fini(&meta);
    return result;
}

// The directory is locked: another stop may be removing what it has folded, and epmt annotate may
// be changing the metadata.
static int stop_locked(const struct epmt_cli *cli, const struct epmt_job_place *place,
                       const struct epmt_session_end *end, enum epmt_session_stop *outcome,
                       struct epmt_error *err) {
    struct epmt_jobdir_state state = {0};
    bool gone = false;

    if (epmt_jobdir_look(place->dir, place->jobid, &state, err))
        return -1;
    if (state.has_metadata) {
        if (complete(cli, place->dir, end, &gone, err))
            return -1;
        *outcome = gone ? EPMT_SESSION_IS_STOPPED : EPMT_SESSION_STOPPED;
    } else if (state.journals || state.streams) {
        *outcome = EPMT_SESSION_NOT_STARTED;
    } else {
        *outcome = state.has_jobfile ? EPMT_SESSION_IS_STOPPED : EPMT_SESSION_NOTHING;
    }
    return 0;
}

int epmt_session_stop(const struct epmt_cli *cli, const struct epmt_job_place *place,
                      const struct epmt_session_end *end, enum epmt_session_stop *outcome,
                      struct epmt_jobdir_result *result, struct epmt_error *err) {
    struct epmt_jobdir_state state = {0};
    struct epmt_error look;

    *result = (struct epmt_jobdir_result){0};
    *outcome = EPMT_SESSION_NOTHING;
    if (epmt_jobdir_look(place->dir, place->jobid, &state, &look)) {
        if (look.code == EPMT_ERR_NOT_FOUND)
            return 0;
        if (is_foreign(place)) {
            *outcome = EPMT_SESSION_NOT_OURS;
            return 0;
        }
        if (err)
            *err = look;
        return -1;
    }
    if (is_foreign(place)) {
        *outcome = EPMT_SESSION_NOT_OURS;
        return 0;
    }
    int lock = epmt_jobdir_hold(place->dir, err);
    if (lock < 0)
        return -1;
    int status = stop_locked(cli, place, end, outcome, err);
    close(lock);
    if (status || *outcome == EPMT_SESSION_IS_STOPPED || *outcome == EPMT_SESSION_NOTHING)
        return status;
    return epmt_jobdir_fold(place->dir, place->jobid, true, NULL, 0, result, err);
}

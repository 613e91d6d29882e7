// SPDX-License-Identifier: Apache-2.0
#include "metadata/jobplace.h"

#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "common/iox.h"
#include "common/prim.h"
#include "metadata/launcher.h"
#include "metadata/scheduler.h"

#include "common/poison.h"

// The name of the user with this uid in /etc/passwd, which is read piece by piece: the usual
// functions load name services and allocate. Returns false where it is not there.
static bool passwd_name(char name[EPMT_USER_MAX], uint64_t uid) {
    char text[16384]; // local users stand first; a larger file is not searched further
    ssize_t len = epmt_read_small("/etc/passwd", text, sizeof text);

    for (const char *line = text, *end = text + (len > 0 ? len : 0); line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        const char *colon = memchr(line, ':', (size_t)(end - line));
        const char *password = colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
        uint64_t number;
        if (!next || !password || password > next)
            return false;
        const char *at = password + 1;
        if (epmt_parse_u64(&at, next, &number) && *at == ':' && number == uid && colon > line)
            return epmt_fmt(name, EPMT_USER_MAX, "%.*s", (int)(colon - line), line);
        line = next + 1;
    }
    return false;
}

static bool copy_component(char *to, size_t cap, const char *from) {
    bool fits = epmt_fmt(to, cap, "%s", from);

    for (char *p = to; *p; p++) {
        if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '_';
    }
    if (to[0] == '.')
        to[0] = '_';
    return fits && to[0];
}

void epmt_user_name(char name[EPMT_USER_MAX], char *const *envp) {
    static const char variables[][8] = {"USER", "LOGNAME"};

    for (unsigned i = 0; i < 2; i++) {
        const char *value = epmt_environment_get(envp, variables[i]);
        if (value && copy_component(name, EPMT_USER_MAX, value))
            return;
    }
    uid_t uid = epmt_prim_exec_euid();
    if (!passwd_name(name, uid))
        epmt_fmt(name, EPMT_USER_MAX, "uid%u", uid);
}

// Apart, so that its room on the stack is taken only where it is needed.
static __attribute__((noinline)) void add_current_directory(struct epmt_text_buffer *dir) {
    char current[PATH_MAX];

    if (epmt_prim_getcwd(current, sizeof current) > 0)
        epmt_text_fmt(dir, "%s%s", current, current[1] ? "/" : "");
}

static int make_dir_path(struct epmt_job_place *place, const struct epmt_settings *settings,
                         struct epmt_error *err) {
    const char *prefix = settings->output_prefix;
    size_t len = strlen(prefix);
    struct epmt_text_buffer dir;

    while (len > 1 && prefix[len - 1] == '/')
        len--;
    epmt_text_init(&dir, place->dir, sizeof place->dir);
    // The program may go elsewhere before its last record.
    if (prefix[0] != '/')
        add_current_directory(&dir);
    epmt_text_fmt(&dir, "%.*s%s%s/%s", (int)len, prefix, len > 1 ? "/" : "", place->user,
                  place->jobid);
    // Names inside the directory must fit behind it.
    if (dir.cut || dir.len + NAME_MAX + 2 > PATH_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "the path of the job directory is too long");
    return 0;
}

size_t epmt_job_place_shared(const struct epmt_job_place *place) {
    return strlen(place->dir) - strlen(place->jobid) - strlen(place->user) - 2;
}

static bool exists_inside(const struct epmt_job_place *place, const char *name) {
    char path[PATH_MAX];

    return epmt_fmt(path, sizeof path, "%s/%s", place->dir, name) && epmt_prim_access(path) == 0;
}

// True for a job that a job file closed: the file is there and no metadata wait for `epmt stop`.
static bool ended(const struct epmt_job_place *place) {
    char name[EPMT_JOBID_MAX + sizeof EPMT_JOBFILE_SUFFIX];

    epmt_fmt(name, sizeof name, "%s%s", place->jobid, EPMT_JOBFILE_SUFFIX);
    return exists_inside(place, name) && !exists_inside(place, EPMT_METADATA_NAME);
}

static int session_place(struct epmt_job_place *place, const struct epmt_settings *settings,
                         int64_t sid, struct epmt_error *err) {
    place->source = EPMT_JOB_FROM_SESSION;
    for (unsigned n = 1;; n++) {
        if (n == 1)
            epmt_fmt(place->jobid, sizeof place->jobid, "%ld", (long)sid);
        else
            epmt_fmt(place->jobid, sizeof place->jobid, "%ld-%u", (long)sid, n);
        if (make_dir_path(place, settings, err))
            return -1;
        if (!ended(place))
            return 0;
    }
}

static void rank_hints(struct epmt_job_place *place, char *const *envp) {
    static const char variables[][2][24] = {
#define NAMES(rank, size) {#rank, #size},
        EPMT_RANK_VARIABLES(NAMES)
#undef NAMES
    };

    place->rank_hint = place->size_hint = -1;
    for (unsigned i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *rank = epmt_environment_get(envp, variables[i][0]);
        if (!rank || !epmt_parse_whole_i64(rank, &place->rank_hint))
            continue;
        const char *size = epmt_environment_get(envp, variables[i][1]);
        if (size)
            epmt_parse_whole_i64(size, &place->size_hint);
        return;
    }
}

static int set_user_and_jobid(struct epmt_job_place *place, char *const *envp, const char *jobid,
                              struct epmt_error *err) {
    epmt_user_name(place->user, envp);
    if (!copy_component(place->jobid, sizeof place->jobid, jobid))
        return epmt_errf(err, EPMT_ERR_USAGE, "job id is empty or too long");
    return 0;
}

int epmt_job_place_of(struct epmt_job_place *place, const struct epmt_settings *settings,
                      char *const *envp, const char *jobid, struct epmt_error *err) {
    place->source = EPMT_JOB_FROM_ENVIRONMENT;
    place->step[0] = '\0';
    rank_hints(place, envp);
    if (set_user_and_jobid(place, envp, jobid, err))
        return -1;
    return make_dir_path(place, settings, err);
}

int epmt_job_place_find(struct epmt_job_place *place, const struct epmt_settings *settings,
                        char *const *envp, struct epmt_error *err) {
    const char *jobid = epmt_scheduler_fact(envp, EPMT_JOB_FACT_jobid);
    struct epmt_launcher launcher = {.key = ""};

    rank_hints(place, envp);
    // SLURM_PROCID alone says that srun started the process, not that it is of an MPI world; the
    // key is harmless then, since only MPI itself makes a process a rank.
    if (place->rank_hint >= 0)
        epmt_launcher_find(&launcher, envp);
    epmt_fmt(place->step, sizeof place->step, "%s", launcher.key);
    if (jobid) {
        place->source = EPMT_JOB_FROM_ENVIRONMENT;
        if (set_user_and_jobid(place, envp, jobid, err))
            return -1;
        return make_dir_path(place, settings, err);
    }
    epmt_user_name(place->user, envp);
    if (launcher.key[0]) {
        // mpirun inside `epmt start ... stop`: the session's job, if the launcher is local.
        if (launcher.sid >= 0) {
            if (session_place(place, settings, launcher.sid, err))
                return -1;
            if (exists_inside(place, EPMT_METADATA_NAME))
                return 0;
        }
        place->source = EPMT_JOB_FROM_LAUNCHER;
        copy_component(place->jobid, sizeof place->jobid, launcher.key);
        return make_dir_path(place, settings, err);
    }
    return session_place(place, settings, epmt_prim_getsid(), err);
}

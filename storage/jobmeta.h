// SPDX-License-Identifier: Apache-2.0
// The metadata of a job, as a JSON file: `epmt start` writes it, `epmt stop` completes it, and
// folding the job directory takes it over into the job file.
#ifndef EPMT_STORAGE_JOBMETA_H
#define EPMT_STORAGE_JOBMETA_H

#include "storage/fold.h"

// X(type, field, key of the attribute of scope "job", description). A TEXT is NULL, a NUMBER
// INT64_MIN, where it is not known. The name of the field is also that in the JSON file.
#define EPMT_JOBMETA_FIELDS(X)                                                            \
    X(TEXT, jobid, "jobid", "job id, as the directory has it")                            \
    X(TEXT, uuid, "uuid", "UUID of the job")                                              \
    X(TEXT, user, "user", "user name")                                                    \
    X(NUMBER, uid, "uid", "user id")                                                      \
    X(TEXT, hostname, "hostname", "host of `epmt start`")                                 \
    X(TEXT, jobname, "jobname", "name of the job")                                        \
    X(TEXT, cluster, "cluster", "name of the cluster")                                    \
    X(TEXT, scheduler, "scheduler", "scheduler of the job: slurm, pbs, ...")              \
    X(TEXT, account, "account", "account, or project, that pays for the job")             \
    X(TEXT, queue, "queue", "queue, or partition, of the job")                            \
    X(NUMBER, nodes, "nodes", "nodes of the job")                                         \
    X(TEXT, nodelist, "nodelist", "their names, as the scheduler writes them")            \
    X(TEXT, script, "script", "script of the job")                                        \
    X(TEXT, source, "source", "where the job id came from")                               \
    X(TEXT, tags, "tags", "tags of the job, key:value;key:value")                         \
    X(NUMBER, submit, "submit", "submission, us since epoch")                             \
    X(NUMBER, start, "start", "start, us since epoch")                                    \
    X(NUMBER, stop, "end", "stop, us since epoch")                                        \
    X(NUMBER, restart, "restart", "times that the scheduler restarted the job")           \
    X(NUMBER, exitcode, "exitcode", "exit code of the job")                               \
    X(TEXT, reason, "reason", "why it ended")                                             \
    X(NUMBER, root, "root", "pid of the job's first process, where a scheduler tells it") \
    X(TEXT, bootid, "bootid", "boot of the kernel of the host of `epmt start`")           \
    X(NUMBER, session, "session", "session id of `epmt start`")                           \
    X(NUMBER, session_start, "session_start", "start of the session's leader, us since boot")

#define EPMT_JOBMETA_TEXT char *
#define EPMT_JOBMETA_NUMBER int64_t

struct epmt_jobmeta_environment {
    char **entries; // NAME=value, filtered; NULL-terminated, NULL: not known
};

struct epmt_jobmeta {
#define EPMT_JOBMETA_FIELD(type, field, key, description) EPMT_JOBMETA_##type field;
    EPMT_JOBMETA_FIELDS(EPMT_JOBMETA_FIELD)
#undef EPMT_JOBMETA_FIELD
    struct epmt_jobmeta_environment start_environment, stop_environment;
    struct epmt_jobmeta_environment annotations; // KEY=value, as they are
};

// Makes everything unknown / frees what the fields hold and makes everything unknown.
void epmt_jobmeta_init(struct epmt_jobmeta *meta);
void epmt_jobmeta_fini(struct epmt_jobmeta *meta);

// Puts a copy of value (NULL: unknown) in place of what *field had. Returns 0 or -1 with err.
int epmt_jobmeta_set_text(char **field, const char *value, struct epmt_error *err);

// Takes over an environment, filtered (see storage/envfilter.h). Returns 0 or -1 with err.
int epmt_jobmeta_set_environment(struct epmt_jobmeta_environment *environment, char *const *envp,
                                 struct epmt_error *err);

// The version 5 UUID of a job: the same for the same cluster, job id, time (submission, else
// start) and restart. cluster may be NULL; a time or restart that is unknown is INT64_MIN.
#define EPMT_UUID_LEN 37
void epmt_jobmeta_uuid(char uuid[EPMT_UUID_LEN], const char *cluster, const char *jobid,
                       int64_t time, int64_t restart);

// Writes the file, mode 0600, at once. Returns 0, or -1 with err (IO, MEMORY) and path as it was.
int epmt_jobmeta_write(const struct epmt_jobmeta *meta, const char *path, struct epmt_error *err);

// Reads the file into meta, which was not yet init. Returns 0; or -1 with err (NOT_FOUND, IO,
// BAD_INPUT, VERSION, each text names the file) and meta as after epmt_jobmeta_init.
int epmt_jobmeta_read(struct epmt_jobmeta *meta, const char *path, struct epmt_error *err);

// Adds what is known as attributes: the fields with scope "job", the environment at the start with
// scope "env", and what was otherwise at the stop with scope "env stop". Returns 0 or -1 with err.
int epmt_jobmeta_to_fold(const struct epmt_jobmeta *meta, struct epmt_jobfold *fold,
                         struct epmt_error *err);

// Adds the annotations: `newer` ones in the place of those that the fold has, else those whose key
// it lacks. Returns 0 or -1 with err.
int epmt_jobmeta_annotate(const struct epmt_jobmeta *meta, bool newer, struct epmt_jobfold *fold,
                          struct epmt_error *err);

#endif

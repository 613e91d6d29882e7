// SPDX-License-Identifier: Apache-2.0
#include "cli/jobinfo.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ancestors.h"
#include "common/fmt.h"
#include "metadata/scheduler.h"
#include "metadata/settings.h"
#include "storage/strbuf.h"

enum { HOST_LEN_MAX = 256 };

// The hosts of a list as LSF and SLURM's file have them: each name once, where they stand together
// or not; numbers (slots) are no names.
struct hosts {
    struct epmt_strbuf names; // separated by commas
    int64_t count;
};

static bool has_host(const struct hosts *hosts, const char *name, size_t len) {
    for (const char *at = epmt_strbuf_text(&hosts->names); *at;) {
        size_t other = strcspn(at, ",");
        if (other == len && !strncmp(at, name, len))
            return true;
        at += other + (at[other] == ',');
    }
    return false;
}

static void add_host(struct hosts *hosts, const char *name, size_t len) {
    if (!len || strspn(name, "0123456789") >= len || has_host(hosts, name, len))
        return;
    epmt_strbuf_puts(&hosts->names, hosts->count ? "," : "");
    epmt_strbuf_add(&hosts->names, name, len);
    hosts->count++;
}

static void add_list(struct hosts *hosts, const char *list) {
    while (*list) {
        size_t len = strcspn(list, " ");
        add_host(hosts, list, len);
        list += len + (list[len] == ' ');
    }
}

// A file with one host per line, in the first word; a host stands there once per slot.
static void add_file(struct hosts *hosts, const char *path) {
    FILE *file = fopen(path, "re");
    char line[4 * HOST_LEN_MAX];

    while (file && fgets(line, sizeof line, file))
        add_host(hosts, line, strcspn(line, " \t\r\n"));
    if (file)
        fclose(file);
}

static int set_nodes(struct epmt_jobmeta *meta, char *const *envp, struct epmt_error *err) {
    const char *count = epmt_scheduler_fact(envp, EPMT_JOB_FACT_nodes);
    const char *list = epmt_scheduler_fact(envp, EPMT_JOB_FACT_nodelist);
    const char *file = epmt_scheduler_fact(envp, EPMT_JOB_FACT_nodefile);
    struct hosts hosts = {0};

    if (list)
        add_list(&hosts, list);
    else if (file)
        add_file(&hosts, file);
    if (!count || !epmt_parse_whole_i64(count, &meta->nodes) || meta->nodes < 0)
        meta->nodes = hosts.count && !(list && strchr(list, '[')) ? hosts.count : INT64_MIN;
    // A list in brackets stays as it is.
    int result = epmt_jobmeta_set_text(&meta->nodelist,
                                       list          ? list
                                       : hosts.count ? epmt_strbuf_text(&hosts.names)
                                                     : NULL,
                                       err);
    epmt_strbuf_free(&hosts.names);
    return result;
}

// The script that the shell above us runs, where the scheduler names none.
static int set_script(struct epmt_jobmeta *meta, char *const *envp, struct epmt_error *err) {
    const char *told = epmt_scheduler_fact(envp, EPMT_JOB_FACT_script);
    char script[PATH_MAX];

    if (!told && epmt_ancestor_script(script))
        told = script;
    return epmt_jobmeta_set_text(&meta->script, told, err);
}

int epmt_jobinfo_start(struct epmt_jobmeta *meta, char *const *envp, struct epmt_error *err) {
    const struct {
        char **field;
        enum epmt_job_fact fact;
    } rows[] = {
        {&meta->jobname, EPMT_JOB_FACT_jobname}, {&meta->cluster, EPMT_JOB_FACT_cluster},
        {&meta->account, EPMT_JOB_FACT_account}, {&meta->queue, EPMT_JOB_FACT_queue},
        {&meta->user, EPMT_JOB_FACT_user},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (epmt_jobmeta_set_text(rows[i].field, epmt_scheduler_fact(envp, rows[i].fact), err))
            return -1;
    }
    if (epmt_jobmeta_set_text(&meta->scheduler, epmt_scheduler_name(envp), err) ||
        epmt_jobmeta_set_text(&meta->tags, epmt_environment_get(envp, "EPMT_JOB_TAGS"), err) ||
        set_nodes(meta, envp, err))
        return -1;
    return set_script(meta, envp, err);
}

int epmt_jobinfo_stop(struct epmt_jobmeta *meta, char *const *envp, struct epmt_error *err) {
    const char *tags = epmt_environment_get(envp, "EPMT_JOB_TAGS");

    return tags && *tags ? epmt_jobmeta_set_text(&meta->tags, tags, err) : 0;
}

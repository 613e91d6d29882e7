// SPDX-License-Identifier: Apache-2.0
// What can be listed.
#include <string.h>

#include "analysis/listing.h"
#include "storage/common_sql.h"

// clang-format off
#define SECONDS(of) "round(CAST(" EPMT_SQL_SUM_REAL("(" of ")") " AS NUMERIC) / 1000000.0, 6)"

// Processes that have the same value in a column.
#define COUNTED(column) \
    "SELECT p.\"" column "\" AS \"" column "\", count(DISTINCT p.\"job_id\") AS \"jobs\", " \
    "count(*) AS \"processes\", count(p.\"mpirank\") AS \"ranks\", "
#define STORED \
    "min(p.\"start\") AS \"start\", max(p.\"end\") AS \"end\", " \
    EPMT_SQL_SUM("p.\"end\" - p.\"start\"") " AS \"duration\", " \
    EPMT_SQL_SUM("p.\"usertime\"") " AS \"usertime\", " \
    EPMT_SQL_SUM("p.\"systemtime\"") " AS \"systemtime\", max(p.\"rssmax\") AS \"rssmax\", "
#define FOR_PEOPLE \
    SECONDS("p.\"end\" - p.\"start\"") " AS \"duration_s\", " \
    SECONDS("p.\"usertime\"") " AS \"usertime_s\", " \
    SECONDS("p.\"systemtime\"") " AS \"systemtime_s\", " \
    "round(CAST(max(p.\"rssmax\") AS NUMERIC) / 1024.0, 1) AS \"rssmax_mib\""
#define OF(column) " FROM \"processes\" p WHERE p.\"" column "\" IS NOT NULL"
#define GROUP(title, second, column) \
    {.name = title, .other_name = second, .table = -1, .job = "p.\"job_id\" IN (%s)", \
     .people = COUNTED(column) FOR_PEOPLE OF(column), \
     .programs = COUNTED(column) STORED FOR_PEOPLE OF(column), \
     .group = " GROUP BY p.\"" column "\"", .order = column}

#define USERS \
    "SELECT j.\"user\" AS \"user\", count(*) AS \"jobs\", sum(j.\"processes\") AS \"processes\", " \
    SECONDS("j.\"end\" - j.\"start\"") " AS \"duration_s\" FROM \"jobs\" j " \
    "WHERE j.\"user\" IS NOT NULL"

static const struct epmt_listing listings[] = {
    {.name = "jobs", .table = EPMT_TABLE_JOBS, .view = "job_summary",
     .shown = "jobid,user,jobname,start,duration_s,processes,threads,ranks,complete",
     .job = "t.\"id\" IN (%s)", .order = "start,id"},
    {.name = "steps", .table = EPMT_TABLE_STEPS, .view = "step_summary",
     .shown = "jobid,step,numranks,ranks_reported,complete,start,duration_s",
     .job = "t.\"job_id\" IN (%s)", .order = "job_id,start,id"},
    // What brought the others up is no part of what the user ran.
    {.name = "processes", .other_name = "procs", .table = EPMT_TABLE_PROCESSES,
     .view = "process_summary", .people = "coalesce(t.\"launcher\", 0) = 0",
     .shown = "jobid,mpirank,hostname,exename,pid,state,exitcode,exitsignal,start,duration_s,"
              "usertime_s,systemtime_s,rssmax_mib,numtids",
     .job = "t.\"job_id\" IN (%s)", .order = "id"},
    {.name = "threads", .other_name = "thread_metrics", .table = EPMT_TABLE_THREADS,
     .view = "thread_summary",
     .shown = "jobid,mpirank,hostname,exename,pid,tid,start,duration_s,usertime_s,systemtime_s,"
              "processor",
     .job = "t.\"process_id\" IN (SELECT p.\"id\" FROM \"processes\" p WHERE p.\"job_id\" IN (%s))",
     .order = "process_id,id"},
    GROUP("hosts", NULL, "hostname"),
    GROUP("programs", NULL, "exename"),
    GROUP("tags", "job_proc_tags", "tags"),
    {.name = "users", .table = -1, .job = "j.\"id\" IN (%s)", .people = USERS, .programs = USERS,
     .group = " GROUP BY j.\"user\"", .order = "user"},
};
// clang-format on

const struct epmt_listing *epmt_listing_at(int i) {
    return i >= 0 && (size_t)i < sizeof listings / sizeof *listings ? &listings[i] : NULL;
}

const struct epmt_listing *epmt_listing_find(const char *name) {
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++) {
        if (!strcmp(name, listings[i].name) ||
            (listings[i].other_name && !strcmp(name, listings[i].other_name)))
            return &listings[i];
    }
    return NULL;
}

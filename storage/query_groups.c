// SPDX-License-Identifier: Apache-2.0
// Listings of what jobs and processes have in common: hosts, programs, tags, users.
#include "storage/query.h"

#define SECONDS(of) "round(CAST(sum(" of ") AS NUMERIC) / 1000000.0, 6)"

// Processes that have the same value in a column.
#define PEOPLE(column)                                                                                                                                                       \
    "SELECT p.\"" column "\" AS \"" column "\", count(DISTINCT p.\"job_id\") AS \"jobs\", "                                                                                  \
    "count(*) AS \"processes\", count(p.\"mpirank\") AS \"ranks\", " SECONDS(                                                                                                \
        "p.\"end\" - p.\"start\"") " AS \"duration_s\", " SECONDS("p.\"usertime\"") " AS "                                                                                   \
                                                                                    "\"usertime_"                                                                            \
                                                                                    "s\","                                                                                   \
                                                                                    " " SECONDS(                                                                             \
                                                                                        "p."                                                                                 \
                                                                                        "\"system"                                                                           \
                                                                                        "time\"") " AS \"systemtime_s\", "                                                   \
                                                                                                  "round(CAST(max(p.\"rssmax\") AS NUMERIC) / 1024.0, 1) AS \"rssmax_mib\" " \
                                                                                                  "FROM \"processes\" p"
#define PROGRAMS(column)                                                                    \
    "SELECT p.\"" column "\" AS \"" column "\", count(DISTINCT p.\"job_id\") AS \"jobs\", " \
    "count(*) AS \"processes\", count(p.\"mpirank\") AS \"ranks\", "                        \
    "min(p.\"start\") AS \"start\", max(p.\"end\") AS \"end\", "                            \
    "sum(p.\"end\" - p.\"start\") AS \"duration\", sum(p.\"usertime\") AS \"usertime\", "   \
    "sum(p.\"systemtime\") AS \"systemtime\", max(p.\"rssmax\") AS \"rssmax\" "             \
    "FROM \"processes\" p"
#define ALL(column) " WHERE p.\"" column "\" IS NOT NULL"
#define OF_JOB(column) ALL(column) " AND p.\"job_id\" = $1"
#define GROUPED(column) " GROUP BY p.\"" column "\" ORDER BY p.\"" column "\""

#define GROUP(variable, title, column)                                          \
    const struct epmt_query variable = {                                        \
        .name = title,                                                          \
        .for_people = PEOPLE(column) ALL(column) GROUPED(column),               \
        .for_programs = PROGRAMS(column) ALL(column) GROUPED(column),           \
        .of_job_for_people = PEOPLE(column) OF_JOB(column) GROUPED(column),     \
        .of_job_for_programs = PROGRAMS(column) OF_JOB(column) GROUPED(column), \
    }

GROUP(epmt_query_hosts, "hosts", "hostname");
GROUP(epmt_query_programs, "programs", "exename");
GROUP(epmt_query_tags, "tags", "tags");

#define USERS                                               \
    "SELECT j.\"user\" AS \"user\", count(*) AS \"jobs\", " \
    "sum(j.\"processes\") AS \"processes\", " SECONDS(      \
        "j.\"end\" - j.\"start\"") " AS "                   \
                                   "\"duration_s\" FROM \"jobs\" j"
#define USERS_GROUPED " GROUP BY j.\"user\" ORDER BY j.\"user\""

const struct epmt_query epmt_query_users = {
    .name = "users",
    .for_people = USERS USERS_GROUPED,
    .for_programs = USERS USERS_GROUPED,
    .of_job_for_people = USERS " WHERE j.\"id\" = $1" USERS_GROUPED,
    .of_job_for_programs = USERS " WHERE j.\"id\" = $1" USERS_GROUPED,
};

// SPDX-License-Identifier: Apache-2.0
// The views do the work (ddl_views.c), so that this SQL is common to both dialects.
#include "storage/query.h"

#include "storage/common_sql.h"

const char epmt_query_job_by_jobid[] =
    "SELECT \"id\", \"jobid\", \"uuid\", \"user\", \"start\" FROM \"job_summary\" "
    "WHERE \"jobid\" = $1 ORDER BY \"start\"";
const char epmt_query_job_by_uuid[] =
    "SELECT \"id\", \"jobid\", \"uuid\", \"user\", \"start\" FROM \"job_summary\" "
    "WHERE length($1) >= 4 AND \"uuid\" >= $1 AND \"uuid\" < $1 || '~' ORDER BY \"start\"";

const struct epmt_query epmt_query_job = {
    .name = "job",
    .of_job_for_people = "SELECT * FROM \"job_summary\" WHERE \"id\" = $1",
    .of_job_for_programs = "SELECT * FROM \"jobs\" WHERE \"id\" = $1",
};

#define STEPS_PEOPLE                                                                          \
    "SELECT \"jobid\", \"step\", \"numranks\", \"ranks_reported\", \"complete\", \"start\", " \
    "\"duration_s\" FROM \"step_summary\""
#define STEPS_PROGRAMS "SELECT * FROM \"steps\""
#define STEPS_ORDER " ORDER BY \"job_id\", \"start\", \"id\""

const struct epmt_query epmt_query_steps = {
    .name = "steps",
    .of_job_for_people = STEPS_PEOPLE " WHERE \"job_id\" = $1" STEPS_ORDER,
    .of_job_for_programs = STEPS_PROGRAMS " WHERE \"job_id\" = $1" STEPS_ORDER,
};

#define PROCESSES_PEOPLE                                                             \
    "SELECT \"jobid\", \"mpirank\", \"hostname\", \"exename\", \"pid\", \"state\", " \
    "\"exitcode\", \"exitsignal\", \"start\", \"duration_s\", \"usertime_s\", "      \
    "\"systemtime_s\", \"rssmax_mib\", \"numtids\" FROM \"process_summary\""
#define PROCESSES_PROGRAMS "SELECT * FROM \"processes\""
#define PROCESSES_ORDER " ORDER BY \"id\""

// What brought the others up is no part of what the user ran.
#define NO_LAUNCHERS "coalesce(\"launcher\", 0) = 0"

const struct epmt_query epmt_query_processes = {
    .name = "processes",
    .of_job_for_people =
        PROCESSES_PEOPLE " WHERE \"job_id\" = $1 AND " NO_LAUNCHERS PROCESSES_ORDER,
    .of_job_for_programs = PROCESSES_PROGRAMS " WHERE \"job_id\" = $1" PROCESSES_ORDER,
};

#define THREADS_PEOPLE                                                                        \
    "SELECT \"jobid\", \"mpirank\", \"hostname\", \"exename\", \"pid\", \"tid\", \"start\", " \
    "\"duration_s\", \"usertime_s\", \"systemtime_s\", \"processor\" FROM \"thread_summary\""
#define THREADS_PROGRAMS \
    "SELECT t.* FROM \"processes\" p JOIN \"threads\" t ON t.\"process_id\" = p.\"id\""
#define THREADS_PEOPLE_ORDER " ORDER BY \"process_id\", \"id\""
#define THREADS_PROGRAMS_ORDER " ORDER BY t.\"process_id\", t.\"id\""

const struct epmt_query epmt_query_threads = {
    .name = "threads",
    .of_job_for_people = THREADS_PEOPLE " WHERE \"job_id\" = $1" THREADS_PEOPLE_ORDER,
    .of_job_for_programs = THREADS_PROGRAMS " WHERE p.\"job_id\" = $1" THREADS_PROGRAMS_ORDER,
};

const struct epmt_query epmt_query_counters = {
    .name = "counters",
    .of_job_for_people = "SELECT \"event\", \"value\", \"unit\", \"threads\", \"missing\", "
                         "\"estimated\", \"excluded\", \"reason\" FROM \"counter_summary\" "
                         "WHERE \"job_id\" = $1 ORDER BY \"event\"",
    .of_job_for_programs =
        "SELECT p.\"mpirank\", p.\"hostname\", p.\"exename\", p.\"pid\", c.* "
        "FROM \"processes\" p JOIN \"counters\" c ON c.\"process_id\" = p.\"id\" "
        "WHERE p.\"job_id\" = $1 ORDER BY c.\"id\"",
};

// The steps that have statistics, those that spent most time in MPI first.
const struct epmt_query epmt_query_mpi_steps = {
    .name = "mpi steps",
    .of_job_for_people = "SELECT \"step\" FROM \"mpi_function_summary\" WHERE \"job_id\" = $1 AND "
                         "\"function\" = 'all' ORDER BY coalesce(\"time_s\", 0) DESC, \"step\"",
    .of_job_for_programs =
        "SELECT * FROM \"mpi_step_summary\" WHERE \"job_id\" = $1 ORDER BY \"id\"",
};

const struct epmt_query epmt_query_mpi_step = {
    .name = "mpi step",
    .units = true,
    .of_job_for_people =
        "SELECT \"step\", \"library\" AS \"library_line\", \"libversion\" AS \"version_line\", "
        "\"standard\", \"numranks\" AS \"ranks\", \"nodes\", \"launcher\", \"parent\", "
        "\"thread_asked\" AS \"threads asked_level\", "
        "\"thread_level\" AS \"threads given_level\", "
        "\"min_share\" AS \"MPI share of the run, least_share\", "
        "\"avg_share\" AS \"MPI share of the run, mean_share\", "
        "\"max_share\" AS \"MPI share of the run, most_share\" "
        "FROM \"mpi_step_summary\" WHERE \"job_id\" = $1 AND \"step\" = $2",
};

const struct epmt_query epmt_query_mpi_imbalance = {
    .name = "mpi imbalance",
    .units = true,
    .of_job_for_people =
        "SELECT \"function\", \"calls\", \"time_s\", \"mpi_share\" AS \"share_share\", "
        "\"out_bytes\", \"in_bytes\", \"min_s\", \"mean_s\", \"max_s\", \"stddev_s\", "
        "\"min_rank\", \"max_rank\" FROM \"mpi_function_summary\" "
        "WHERE \"job_id\" = $1 AND \"step\" = $2 ORDER BY coalesce(\"time_s\", 0) DESC, "
        "\"function\" LIMIT 11",
    .of_job_for_programs = "SELECT * FROM \"mpi_imbalance\" WHERE \"job_id\" = $1 ORDER BY \"id\"",
};

const struct epmt_query epmt_query_mpi_functions = {
    .name = "mpi functions",
    .of_job_for_programs =
        "SELECT p.\"step\", p.\"mpirank\", p.\"hostname\", f.* FROM \"processes\" p "
        "JOIN \"mpi_functions\" f ON f.\"process_id\" = p.\"id\" WHERE p.\"job_id\" = $1 "
        "ORDER BY f.\"id\"",
};

const struct epmt_query epmt_query_mpi_ranks = {
    .name = "mpi ranks",
    .of_job_for_programs =
        "SELECT \"id\" AS \"process_id\", \"step\", \"mpirank\", \"hostname\", \"mpiprocessor\", "
        "\"mpilocalrank\", \"start\", \"end\", \"mpitime\", \"mpicalls\", \"mpibytes_out\", "
        "\"mpibytes_in\" FROM \"processes\" WHERE \"job_id\" = $1 AND \"mpitime\" IS NOT NULL "
        "ORDER BY \"id\"",
};

#define RANKS                                                                                   \
    "SELECT \"mpirank\" AS \"rank\", \"hostname\", \"duration_s\" AS \"run_s\", "               \
    "\"mpitime_s\" AS \"MPI_s\", \"mpi_share\" AS \"share_share\", \"mpicalls\" AS \"calls\", " \
    "\"out_bytes\", \"in_bytes\" FROM \"mpi_rank_summary\" WHERE \"job_id\" = $1 AND "          \
    "\"step\" = $2 ORDER BY \"mpitime_s\""

const struct epmt_query epmt_query_mpi_slowest = {
    .name = "slowest ranks",
    .units = true,
    .of_job_for_people = RANKS ", \"mpirank\" LIMIT 3",
};

const struct epmt_query epmt_query_mpi_waiting = {
    .name = "waiting ranks",
    .units = true,
    .of_job_for_people = RANKS " DESC, \"mpirank\" LIMIT 3",
};

// What is recorded only where a setting asks for it.
#define OF_PROCESSES(table)                                                           \
    "FROM \"processes\" p JOIN \"" table "\" m ON m.\"process_id\" = p.\"id\" WHERE " \
    "p.\"job_id\" = $1 "
#define WHOLE_ROWS(table)                                                                    \
    "SELECT p.\"step\", p.\"mpirank\", p.\"hostname\", m.* " OF_PROCESSES(table) "ORDER BY " \
                                                                                 "m.\"id\""

const struct epmt_query epmt_query_mpi_messages = {
    .name = "mpi messages",
    .units = true,
    .of_job_for_people =
        "SELECT p.\"mpirank\" AS \"from rank\", m.\"peer\" AS \"to rank\", m.\"messages\", "
        "m.\"bytes\" AS \"sent_bytes\" " OF_PROCESSES(
            "mpi_messages") "AND p.\"step\" = $2 ORDER BY m.\"bytes\" DESC, m.\"messages\" DESC, "
                            "m.\"id\" LIMIT 10",
    .of_job_for_programs = WHOLE_ROWS("mpi_messages"),
};

const struct epmt_query epmt_query_mpi_callsites = {
    .name = "mpi callsites",
    .units = true,
    .of_job_for_people = "SELECT m.\"function\", sum(m.\"calls\") AS \"calls\", " EPMT_SQL_SUM_REAL(
        "m.\"time\"") " / 1000000000.0 AS \"time_s\", sum(m.\"bytes_out\") AS \"out_bytes\", "
                      "sum(m.\"bytes_in\") AS \"in_bytes\", "
                      "coalesce(m.\"names\", m.\"stack\") AS \"called by_callers\" " OF_PROCESSES(
                          "mpi_callsites") "AND p.\"step\" = $2 GROUP BY m.\"function\", "
                                           "coalesce(m.\"names\", m.\"stack\") "
                                           "ORDER BY coalesce(" EPMT_SQL_SUM_REAL(
                                               "m.\"time\"") ", 0) DESC, 1, 6 LIMIT 10",
    .of_job_for_programs = WHOLE_ROWS("mpi_callsites"),
};

const struct epmt_query epmt_query_mpi_sizes = {
    .name = "mpi sizes",
    .units = true,
    .of_job_for_people =
        "SELECT m.\"bucket\" AS \"up to_bytes\", sum(m.\"calls\") AS \"calls\", "
        "sum(m.\"bytes\") AS \"moved_bytes\" " OF_PROCESSES(
            "mpi_sizes") "AND p.\"step\" = $2 GROUP BY m.\"bucket\" ORDER BY m.\"bucket\"",
    .of_job_for_programs = WHOLE_ROWS("mpi_sizes"),
};

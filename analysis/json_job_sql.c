// SPDX-License-Identifier: Apache-2.0
// Threads are put into 100 by 32 cells, processes of one program into 20 stretches of time: what a
// screen can show.
#include "analysis/json_job_sql.h"

#include <stddef.h>

#include "analysis/process_sql.h"

// What brought the others up is no part of what the user ran.
#define NO_LAUNCHERS "coalesce(p.launcher, 0) = 0"

// clang-format off
const char epmt_job_head_sql[] =
    "SELECT j.id, j.uuid, j.jobid, j.cluster, j.\"user\", j.hostname, j.jobname, j.scheduler,"
    " j.account, j.queue, j.nodes, j.script, s.submit, s.start, s.\"end\","
    " " EPMT_SECONDS("j.duration") " AS duration_s, j.exitcode, j.reason, j.restart,"
    " j.processes, j.threads, j.hosts, j.failed, j.ranks_reported, j.ranks_expected,"
    " j.complete, j.ended, j.cpus, " EPMT_SECONDS("j.cpu_time") " AS cpu_s,"
    " " EPMT_SECONDS("j.usertime") " AS user_s, " EPMT_SECONDS("j.systemtime") " AS system_s,"
    " j.efficiency AS efficiency_share, j.mpi_share, j.imbalance AS imbalance_share,"
    " " EPMT_SECONDS_OF_NS("j.mpitime") " AS mpi_s, j.mpicalls AS mpi_calls,"
    " j.mpibytes_out AS mpi_out_bytes, j.mpibytes_in AS mpi_in_bytes,"
    " j.rssmax * 1024 AS rssmax_bytes, j.rchar AS asked_to_read_bytes,"
    " j.wchar AS asked_to_write_bytes, j.read_bytes, j.write_bytes AS written_bytes,"
    " " EPMT_SECONDS("j.delayacct_blkio_time") " AS io_wait_s,"
    " " EPMT_SECONDS_OF_NS("j.time_waiting") " AS cpu_wait_s, j.minflt AS minor_faults,"
    " j.majflt AS major_faults, j.vol_ctxsw AS voluntary_switches,"
    " j.invol_ctxsw AS involuntary_switches, j.creator "
    "FROM jobs j JOIN job_summary s ON s.id = j.id WHERE j.id = $1";

#define STEPS \
    "SELECT s.step, s.numranks AS ranks, s.ranks_reported, s.complete," \
    " " EPMT_SECONDS("s.start - j.start") " AS start_s," \
    " " EPMT_SECONDS("s.\"end\" - j.start") " AS end_s," \
    " m.library AS library_line, m.standard, m.nodes, m.launcher," \
    " m.min_share AS mpi_least_share, m.avg_share AS mpi_mean_share," \
    " m.max_share AS mpi_most_share " \
    "FROM steps s JOIN jobs j ON j.id = s.job_id JOIN mpi_step_summary m ON m.id = s.id " \
    "WHERE s.id IN (SELECT id FROM steps WHERE job_id = $1 ORDER BY start, id LIMIT 50) " \
    "ORDER BY s.start, s.id"

#define PROCESS \
    "SELECT p.id, substr(p.exename, 1, 100) AS program, p.mpirank AS rank, p.hostname AS host," \
    " p.pid, p.state, p.exitcode, p.exitsignal AS signal," \
    " " EPMT_SECONDS("p.start - j.start") " AS start_s," \
    " " EPMT_SECONDS("p.\"end\" - j.start") " AS end_s," \
    " " EPMT_SECONDS("p.\"end\" - p.start") " AS duration_s," \
    " " EPMT_SECONDS("p.cpu_time") " AS cpu_s, p.rssmax * 1024 AS rssmax_bytes," \
    " p.numtids AS threads, substr(p.args, 1, 300) AS arguments " \
    "FROM processes p JOIN jobs j ON j.id = p.job_id " \
    "WHERE p.job_id = $1 AND " NO_LAUNCHERS " "

// The processes of one program and step, by when they began.
#define GROUPS \
    "WITH j AS (SELECT id, start," \
    "  CASE WHEN \"end\" > start THEN \"end\" - start ELSE 0 END + 1 AS span" \
    "  FROM jobs WHERE id = $1)," \
    " g AS (SELECT coalesce(p.step, '') AS step, coalesce(p.exename, '?') AS program," \
    "  sum(coalesce(p.\"end\" - p.start, 0)) AS span" \
    "  FROM processes p WHERE p.job_id = $1 AND " NO_LAUNCHERS \
    "  GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 25) " \
    "SELECT substr(g.program, 1, 100) AS program, substr(g.step, 1, 100) AS step," \
    " (p.start - j.start) * 20 / j.span AS stretch, count(*) AS processes," \
    " " EPMT_SECONDS("min(p.start) - min(j.start)") " AS start_s," \
    " " EPMT_SECONDS("max(coalesce(p.\"end\", j.start + j.span)) - min(j.start)") " AS end_s," \
    " " EPMT_SECONDS("sum(p.cpu_time)") " AS cpu_s " \
    "FROM j JOIN processes p ON p.job_id = j.id" \
    " JOIN g ON g.step = coalesce(p.step, '') AND g.program = coalesce(p.exename, '?') " \
    "WHERE " NO_LAUNCHERS " GROUP BY g.program, g.step, 3 " \
    "ORDER BY max(g.span) DESC, 1, 2, 3 LIMIT 500"

#define SUMS \
    "count(*) AS processes, count(p.mpirank) AS ranks," \
    " " EPMT_SECONDS("sum(p.cpu_time)") " AS cpu_s, max(p.rssmax) * 1024 AS rssmax_bytes," \
    " sum(p.rchar) AS asked_to_read_bytes, sum(p.wchar) AS asked_to_write_bytes," \
    " sum(p.read_bytes) AS read_bytes, sum(p.write_bytes) AS written_bytes," \
    " " EPMT_SECONDS("sum(p.delayacct_blkio_time)") " AS io_wait_s," \
    " " EPMT_SECONDS_OF_NS(EPMT_SQL_SUM_REAL("p.time_waiting")) " AS cpu_wait_s," \
    " sum(p.majflt) AS major_faults " \
    "FROM processes p WHERE p.job_id = $1 AND " NO_LAUNCHERS " " \
    "GROUP BY 1 ORDER BY coalesce(sum(p.cpu_time), 0) DESC, 1 LIMIT 50"

// Of processes of more than one thread: the n-th threads of neighbouring processes.
#define THREADS \
    "WITH t AS (SELECT t.process_id, p.mpirank, t.usertime + t.systemtime AS cpu," \
    "  t.\"end\" - t.start AS span, t.time_waiting AS waiting," \
    "  row_number() OVER (PARTITION BY t.process_id ORDER BY t.start, t.id) - 1 AS number," \
    "  count(*) OVER (PARTITION BY t.process_id) AS siblings" \
    "  FROM processes p JOIN threads t ON t.process_id = p.id" \
    "  WHERE p.job_id = $1 AND " NO_LAUNCHERS ")," \
    " u AS (SELECT t.*, dense_rank() OVER (ORDER BY CASE WHEN mpirank IS NULL THEN 1 ELSE 0 END," \
    "  mpirank, process_id) - 1 AS unit FROM t WHERE siblings > 1)," \
    " w AS (SELECT (max(unit) + 100) / 100 AS width FROM u) " \
    "SELECT u.unit / w.width AS bucket, u.number AS thread, min(u.mpirank) AS first_rank," \
    " max(u.mpirank) AS last_rank, min(u.process_id) AS process, count(*) AS threads," \
    " " EPMT_SECONDS("avg(u.cpu)") " AS mean_cpu_s, " EPMT_SECONDS("max(u.cpu)") " AS most_cpu_s," \
    " " EPMT_SECONDS("avg(u.span)") " AS mean_life_s," \
    " " EPMT_SECONDS_OF_NS("avg(u.waiting)") " AS mean_cpu_wait_s," \
    " round(CAST(sum(u.cpu) AS NUMERIC) * 1.0 / nullif(sum(u.span), 0), 4) AS busy_share " \
    "FROM w JOIN u ON 1 = 1 " \
    "WHERE u.number < 32 GROUP BY u.unit / w.width, u.number ORDER BY 1, 2"

#define THREAD_PROCESSES \
    "SELECT p.id AS process, substr(p.exename, 1, 100) AS program, p.mpirank AS rank," \
    " p.hostname AS host, p.pid, count(*) AS threads," \
    " " EPMT_SECONDS("sum(t.usertime + t.systemtime)") " AS cpu_s," \
    " " EPMT_SECONDS("min(t.usertime + t.systemtime)") " AS least_cpu_s," \
    " " EPMT_SECONDS("max(t.usertime + t.systemtime)") " AS most_cpu_s," \
    " " EPMT_SECONDS_OF_NS(EPMT_SQL_SUM_REAL("t.time_waiting")) " AS cpu_wait_s," \
    " count(DISTINCT t.processor) AS cpus " \
    "FROM processes p JOIN threads t ON t.process_id = p.id " \
    "WHERE p.job_id = $1 AND " NO_LAUNCHERS " " \
    "GROUP BY p.id, p.exename, p.mpirank, p.hostname, p.pid HAVING count(*) > 1 " \
    "ORDER BY coalesce(sum(t.usertime + t.systemtime), 0) DESC, 1 LIMIT 20"

// Processes of the same name below the same names are one node.
#define TREE \
    "WITH RECURSIVE t(id, depth, path) AS (" \
    " SELECT p.id, 0, coalesce(substr(p.exename, 1, 80), '?')" \
    "  FROM processes p WHERE p.job_id = $1 AND p.parent_id IS NULL" \
    " UNION ALL SELECT p.id, t.depth + 1," \
    "  t.path || '/' || coalesce(substr(p.exename, 1, 80), '?')" \
    "  FROM t JOIN processes p ON p.parent_id = t.id WHERE t.depth < 11) " \
    "SELECT t.path, t.depth, count(*) AS processes, count(p.mpirank) AS ranks," \
    " " EPMT_SECONDS("sum(p.inclusive_cpu_time)") " AS inclusive_cpu_s," \
    " " EPMT_SECONDS("sum(p.cpu_time)") " AS cpu_s," \
    " " EPMT_SECONDS("max(p.\"end\") - min(p.start)") " AS span_s," \
    " sum(CASE WHEN coalesce(p.exitcode, 0) <> 0 OR coalesce(p.exitsignal, 0) <> 0" \
    "  OR p.state = 'killed' THEN 1 ELSE 0 END) AS failed," \
    " CASE WHEN count(*) = 1 THEN min(p.pid) END AS pid," \
    " CASE WHEN count(*) = 1 THEN min(substr(p.args, 1, 300)) END AS arguments " \
    "FROM t JOIN processes p ON p.id = t.id GROUP BY t.path, t.depth " \
    "ORDER BY coalesce(sum(p.inclusive_cpu_time), 0) DESC, t.depth, t.path LIMIT 300"

#define CRASHES \
    "SELECT p.state, p.exitsignal AS signal, p.exitcode, substr(p.exename, 1, 100) AS program," \
    " count(*) AS processes, min(p.mpirank) AS first_rank, max(p.mpirank) AS last_rank," \
    " min(p.hostname) AS host, min(p.pid) AS pid, p.crashstack AS stack " \
    "FROM processes p WHERE p.job_id = $1 AND (coalesce(p.exitsignal, 0) <> 0" \
    " OR coalesce(p.exitcode, 0) <> 0 OR p.state = 'killed') " \
    "GROUP BY p.state, p.exitsignal, p.exitcode, p.exename, p.crashstack " \
    "ORDER BY CASE WHEN p.crashstack IS NULL THEN 1 ELSE 0 END, count(*) DESC, min(p.id) LIMIT 50"

#define COUNTERS \
    "SELECT event, \"value\", unit, threads, missing, estimated, excluded, source, reason " \
    "FROM counter_summary WHERE job_id = $1 ORDER BY event LIMIT 100"

const struct epmt_job_section epmt_job_sections[] = {
    {"steps", STEPS},
    {"processes", PROCESS "ORDER BY coalesce(p.\"end\" - p.start, 0) DESC, p.id LIMIT 100"},
    {"consumers", PROCESS "ORDER BY coalesce(p.cpu_time, 0) DESC, p.id LIMIT 20"},
    {"groups", GROUPS},
    {"programs", "SELECT coalesce(substr(p.exename, 1, 100), '?') AS program, " SUMS},
    {"hosts", "SELECT coalesce(p.hostname, '?') AS host, " SUMS},
    {"threads", THREADS},
    {"thread_processes", THREAD_PROCESSES},
    {"tree", TREE},
    {"counters", COUNTERS},
    {"crashes", CRASHES},
    {"tags", "SELECT \"key\" AS tag, \"value\" FROM job_tags WHERE job_id = $1"
             " ORDER BY 1 LIMIT 200"},
    {"attributes", "SELECT scope, \"key\" AS attribute, \"value\" FROM job_attributes"
                   " WHERE job_id = $1 ORDER BY 1, 2 LIMIT 400"},
    {NULL, NULL},
};
// clang-format on

-- SPDX-License-Identifier: Apache-2.0
-- A job of 10,000 ranks of four threads, whose rank 7777 is slow, and of 2,000 short processes.
-- In the SQL of both databases; ids from 1,000,000 on are its own.
insert into jobs (id, uuid, digest, jobid, "user", start, "end", duration, processes, threads,
    ranks_reported, ranks_expected, complete, ended, hosts, failed, cpu_time, mpitime)
  values (1000000, '10000000-0000-5000-8000-000000000000', 0, 'large', 'somebody',
    1700000000000000, 1700000100000000, 100000000, 12001, 42001, 10000, 10000, 1, 1, 79, 0,
    600000000000, 400000000000000);
insert into steps (id, job_id, step, numranks, ranks_reported, complete, start, "end")
  values (1000000, 1000000, 'large.0', 10000, 10000, 1, 1700000001000000, 1700000099000000);
insert into processes (id, job_id, parent_id, depth, cpu_time, inclusive_cpu_time, hostname,
    exename, args, pid, start, "end", state, exitcode, exitsignal, launcher)
  values (1000000, 1000000, null, 0, 1000, 600000001000, 'node0', 'mpirun', '["-n","10000"]', 1,
    1700000000000000, 1700000100000000, 'exited', 0, 0, 1);
insert into processes (id, job_id, parent_id, depth, cpu_time, inclusive_cpu_time, hostname,
    exename, args, pid, start, "end", state, exitcode, exitsignal, launcher, step, mpirank,
    numranks, numtids, usertime, systemtime, rssmax, read_bytes, write_bytes, mpitime, mpicalls)
  with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i < 9999)
  select 1000001 + i, 1000000, 1000000, 1,
    60000000 + (case i when 7777 then 30000000 else 0 end),
    60000000 + (case i when 7777 then 30000000 else 0 end), 'node' || (i / 128), 'model', '[]',
    1000 + i, 1700000001000000 + i, 1700000099000000 + i, 'finalized', 0, 0, 0, 'large.0', i,
    10000, 4, 60000000, 0, 100000 + i, 4096 * i, 1000000,
    case i when 7777 then 10000000000 else 38000000000 + (i % 7) * 1000000000 end, 1000 from n;
insert into processes (id, job_id, parent_id, depth, cpu_time, inclusive_cpu_time, hostname,
    exename, args, pid, start, "end", state, exitcode, exitsignal, launcher)
  with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i < 1999)
  select 1020000 + i, 1000000, null, 0, 1000, 1000, 'node0', 'tool' || (i % 40), '[]', 20000 + i,
    1700000000000000 + i * 50000, 1700000000020000 + i * 50000, 'exited', 0, 0, 0 from n;
insert into threads (id, process_id, tid, mpirank, start, "end", usertime, systemtime, time_waiting)
  with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i < 39999)
  select 1000000 + i, 1000001 + i / 4, i, i / 4, 1700000001000000 + i % 4, 1700000099000000,
    15000000 + (i % 4) * 1000, 0, 1000000 from n;
insert into mpi_functions (id, process_id, function, class, calls, "time", time_min, time_max,
    bytes_out, bytes_in)
  with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i < 149999)
  select 1000000 + i, 1000001 + i / 15, 'MPI_Function_' || (i % 15), 'other', 10 + i % 15,
    (i % 15 + 1) * 1000000 + i / 15 * 1000, 1, 100, 8, 8 from n;

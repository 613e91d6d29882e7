#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From the ranks to `epmt show --mpi`: the rows of the functions, the statistics over the ranks from
# the reduction and from journals, the tables of the job file and of the database.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Runs an example and submits what it left.
run_example() { # FAMILY NP PROGRAM ARGUMENTS...
    local family=$1 np=$2 program=$3
    shift 3
    rm -rf "$EPMT_OUTPUT_PREFIX" "$TEST_DB"
    mpi_run "$family" "$np" "$(examples "$family")/$program" "$@" >"$TEST_DIR/out" 2>&1
    epmt submit "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/submit" 2>&1
    jobid=$(sql 'select jobid from jobs')
    jobfile=$(find "$EPMT_OUTPUT_PREFIX" -name '*.h5')
}

# Rows of the statistics that are not what SQL makes of the functions' rows; a rank without one
# counts as 0. The variance of SQL is of squares, good to some digits only.
wrong_statistics() {
    sql "with world as (select step, mpirank, id from processes p where mpirank is not null and
             exists (select 1 from mpi_functions where process_id = p.id)),
         called as (select step, mpirank, function, calls, time, bytes_out, bytes_in
             from world join mpi_functions f on f.process_id = world.id
             union all select step, mpirank, 'all', sum(calls), sum(time), sum(bytes_out),
             sum(bytes_in) from world join mpi_functions f on f.process_id = world.id
             group by step, mpirank),
         names as (select distinct step, function from called),
         filled as (select w.step, n.function, w.mpirank, coalesce(c.calls, 0) calls,
             coalesce(c.time, 0) time, coalesce(c.bytes_out, 0) bytes_out,
             coalesce(c.bytes_in, 0) bytes_in
             from world w join names n on n.step = w.step left join called c
             on c.step = w.step and c.mpirank = w.mpirank and c.function = n.function),
         measured as (
             select step, function, mpirank, 'calls' measure, calls v from filled union all
             select step, function, mpirank, 'time', time from filled union all
             select step, function, mpirank, 'bytes_out', bytes_out from filled union all
             select step, function, mpirank, 'bytes_in', bytes_in from filled),
         right as (select step, function, measure, count(*) ranks, min(v) least, max(v) most,
             avg(v) mean, avg(1.0 * v * v) - avg(v) * avg(v) variance from measured
             group by step, function, measure having max(v) > 0)
         select coalesce(r.function, i.function), coalesce(r.measure, i.measure)
         from right r full join mpi_imbalance i on i.step = r.step and i.function = r.function
             and i.measure = r.measure
         where r.ranks is not i.ranks or r.least is not i.min or r.most is not i.max
             or not abs(r.mean - i.mean) <= 1e-9 * r.mean
             or not abs(i.stddev * i.stddev - r.variance) <= 1e-6 * r.mean * r.mean + 1e-6
             or not exists (select 1 from measured m where m.step = i.step and
                 m.function = i.function and m.measure = i.measure and m.mpirank = i.max_rank
                 and m.v = i.max)
             or not exists (select 1 from measured m where m.step = i.step and
                 m.function = i.function and m.measure = i.measure and m.mpirank = i.min_rank
                 and m.v = i.min)"
}

# What `epmt show --mpi` says, checked against the rows.
check_show() { # WHAT
    local shown slowest
    shown=$(epmt show "$jobid" --mpi)
    check "$1: one screen" test "$(wc -l <<<"$shown")" -le 40
    contains "$1: functions" MPI_Allreduce "$shown"
    slowest=$(sql 'select mpirank from processes where mpitime is not null order by mpitime limit 1')
    equal "$1: the rank that the others wait for comes first" "$slowest" \
        "$(sed -n '/least time in MPI/,/most time/p' <<<"$shown" | awk 'NR == 3 {print $1}')"
    equal "$1: rows of all tables as json" "$(sql "select (select count(*) from steps) || ' ' ||
            (select count(*) from mpi_imbalance) || ' ' ||
            (select count(*) from processes where mpitime is not null) || ' ' ||
            (select count(*) from mpi_functions)")" \
        "$(epmt show "$jobid" --mpi --format json | python3 -c 'import json, sys
d = json.load(sys.stdin)
print(*(len(d[k]) for k in ("steps", "imbalance", "ranks", "functions")))')"
    equal "$1: raw nanoseconds as csv" "$(sql 'select sum(time) from mpi_functions')" \
        "$(epmt show "$jobid" --mpi --format csv | python3 -c 'import csv, sys
print(sum(int(r["time"] or 0) for r in csv.DictReader(sys.stdin)))')"
    equal "$1: the same rows in the job file" "$(sql "select (select count(*) from mpi_functions)
            || ' ' || (select count(*) from mpi_imbalance)
            || ' ' || (select sum(time) from mpi_functions)")" \
        "$(epmt dump "$jobfile" --format json | python3 -c 'import json, sys
d = json.load(sys.stdin)
print(len(d["mpi_functions"]), len(d["mpi_imbalance"]), sum(r["time"] or 0 for r in d["mpi_functions"]))')"
}

for family in $(families); do
    run_example "$family" 4 imbalance
    equal "$family: every rank has its functions" 4 \
        "$(sql 'select count(distinct process_id) from mpi_functions')"
    # The clock is read in ticks, and each sum of them rounded to a nanosecond.
    equal "$family: a process is the sum of its functions" 4 "$(sql \
        'select count(*) from (select p.mpicalls, p.mpitime, p.mpibytes_out, sum(calls) calls,
             sum(time) time, sum(bytes_out) bytes_out, count(*) functions from processes p
             join mpi_functions on process_id = p.id group by p.id)
         where mpicalls = calls and mpibytes_out = bytes_out
             and abs(mpitime - time) <= functions')"
    equal "$family: statistics over all ranks" "4 4" \
        "$(sql 'select min(ranks) || " " || max(ranks) from mpi_imbalance')"
    equal "$family: as SQL computes them" "" "$(wrong_statistics)"
    contains "$family: submit again" "Already in the database" \
        "$(epmt submit "$EPMT_OUTPUT_PREFIX")"
    equal "$family: references hold" "" "$(sql 'pragma foreign_key_check')"
    check_show "$family"

    # Only one rank calls it: the others count as 0.
    run_example "$family" 3 hello
    equal "$family: statistics of another program" "" "$(wrong_statistics)"

    # What came by journals, since nobody finalized.
    run_example "$family" 3 abort
    equal "$family: statistics of what the journals have" "" "$(wrong_statistics)"

    EPMT_MPI_PROFILE=0 run_example "$family" 2 imbalance
    equal "$family: nothing where the profile is off" "0 0" "$(sql 'select (select count(*)
        from mpi_functions) || " " || (select count(*) from processes where mpitime is not null)')"
    fail_if "$family: which show says" epmt show "$jobid" --mpi
    contains "$family: in words" "no profile of MPI" "$(epmt show "$jobid" --mpi 2>&1)"
done
finish

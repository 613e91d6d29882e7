#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# Call sites of MPI: who called what, how often and with how many bytes, of threads too; more of
# them than there is room for; none where nobody asks, and none without libunwind.
. "$(dirname "$0")/../lib.sh"

run_way() { # FAMILY DEPTH WAY [STATUS [PROGRAM [NP]]]
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1-$2-$3/
    TEST_DB=$TEST_DIR/$1-$2-$3.db
    export EPMT_DB_URL=sqlite:///$TEST_DB EPMT_MPI_CALLSITES=$2
    MPI_OPTIONS=()
    [ "$1" = openmpi ] &&
        MPI_OPTIONS=(-x EPMT_MPI_CALLSITES -x EPMT_MPI_MESSAGES -x EPMT_MPI_SIZES)
    mpi_run "$1" "${6:-2}" "$TEST_DIR/${5:-callsites}-$1" "$3" >"$TEST_DIR/out" 2>&1
    equal "$1, $3 $2: exit status" "${4:-0}" $?
    [ -n "${4:-}" ] || equal "$1, $3 $2: output" "" "$(cat "$TEST_DIR/out")"
    check "$1, $3 $2: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
}

# Of what a setting asked for a section, of the innermost caller a name; else none of them.
shown() { epmt show "$(sql 'select jobid from jobs')" --mpi | sed 's/  */ /g; s/ *$//'; }

# Of the innermost caller (its name is in front of the first +), summed over the ranks.
callers() { # FUNCTION...
    local list
    printf -v list "'%s'," "$@"
    sql "select group_concat(line, ', ') from (select function || ' of ' ||
        json_extract(names, '\$[0]') || ': ' || sum(calls) || ' ' || sum(bytes_out) || ' ' ||
        sum(bytes_in) line from mpi_callsites where function in (${list%,}) group by function,
        json_extract(names, '\$[0]') order by line)" | sed 's/+0x[0-9a-f]*//g'
}

sums_fit() { # FAMILY WHAT [NANOSECONDS]
    equal "$1, $2: call sites add up to the functions" 0 "$(sql "select count(*) from mpi_functions f
        left join (select process_id, function, sum(calls) calls, coalesce(sum(time), 0) time,
            sum(bytes_out) bytes_out, sum(bytes_in) bytes_in from mpi_callsites group by 1, 2) c
        using (process_id, function) where f.calls is not c.calls or
        abs(coalesce(f.time, 0) - c.time) > ${3:-0} or f.bytes_out is not c.bytes_out or
        f.bytes_in is not c.bytes_in")"
    check "$1, $2: there are functions" test "$(sql 'select count(*) from mpi_functions')" -ge 3
}

for family in $(families); do
    run=mpirun_$family
    for source in callsites profile_ways; do
        check "$family: compile $source" "${!run/mpirun/mpicc}" -D_GNU_SOURCE -w -O2 \
            "$EPMT_SOURCE/tests/mpi/$source.c" -o "$TEST_DIR/$source-$family" -pthread
    done

    export EPMT_MPI_MESSAGES=1 EPMT_MPI_SIZES=1
    run_way "$family" 3 plain
    export EPMT_MPI_MESSAGES=0 EPMT_MPI_SIZES=0
    shown >"$TEST_DIR/shown"
    for part in "calls by call site over all ranks" "who sent most to whom" \
        "calls by size over all ranks and functions" "from rank to rank messages sent"; do
        contains "$family, shown: $part" "$part" "$(cat "$TEST_DIR/shown")"
    done
    equal "$family, shown: the call sites that took most time, with their callers" \
        "$(sql "select function || ' ' || sum(calls) || ' ' || replace(replace(replace(replace(names,
            '[\"', ''), '\"]', ''), '\",\"', ' < '), '\"\"', '?') from mpi_callsites
            group by function, names order by coalesce(sum(time), 0) desc limit 10" |
            sed 's/<  </< ? </g; s/< $/< ?/')" \
        "$(awk '/^calls by call site/ { on = 1 } !NF { on = 0 } on && /^MPI_/ {
            line = $1 " " $2; for (i = 3; $(i + 1) != "<"; i++);
            for (; i <= NF; i++) line = line " " $i; print line }' "$TEST_DIR/shown")"
    equal "$family, shown: messages are those of the table" \
        "$(sql "select p.mpirank || ' ' || peer || ' ' || messages || ' ' || bytes || ' B'
            from processes p join mpi_messages m on m.process_id = p.id
            order by bytes desc, messages desc, m.id")" \
        "$(sed -n '/^who sent/,/^$/p' "$TEST_DIR/shown" | sed -n 's/^ *\([0-9]\)/\1/p')"
    equal "$family, shown to programs too: call sites" "$(sql 'select count(*) from mpi_callsites')" \
        "$(epmt show "$(sql 'select jobid from jobs')" --mpi --format json |
            python3 -c 'import json, sys; print(len(json.load(sys.stdin)["callsites"]))')"
    equal "$family: sends by function" \
        "MPI_Send of send_left: 10 160 0, MPI_Send of send_right: 10 80 0" "$(callers MPI_Send)"
    equal "$family: reductions by function" "MPI_Allreduce of reduce_large: 6 4800 4800, \
MPI_Allreduce of reduce_small: 14 56 56" "$(callers MPI_Allreduce)"
    equal "$family: a receive's bytes count where it began" "MPI_Irecv of begin_large: 10 0 160, \
MPI_Irecv of begin_small: 10 0 80" "$(callers MPI_Irecv)"
    equal "$family: a persistent one's where it was started" "MPI_Start of start_it: 12 48 48" \
        "$(callers MPI_Start)"
    sums_fit "$family" plain
    equal "$family: all have a stack" 0 "$(sql \
        "select count(*) from mpi_callsites where stack is null or time is null and
         function <> 'MPI_Finalize'")"
    equal "$family: no more frames than asked for" 3 \
        "$(sql "select max(json_array_length(stack)) from mpi_callsites")"
    equal "$family: no frame of this library" 0 \
        "$(sql "select count(*) from mpi_callsites where stack like '%libepmt%'")"

    run_way "$family" 2 threads
    equal "$family: 8 threads, twice, on 2 ranks" \
        "MPI_Send of send_left: 3200 51200 0, MPI_Send of send_right: 3200 25600 0, \
MPI_Irecv of begin_large: 3200 0 51200, MPI_Irecv of begin_small: 3200 0 25600" \
        "$(callers MPI_Send), $(callers MPI_Irecv)"
    sums_fit "$family" threads

    # Those that have no place have no stack, but they are not lost.
    run_way "$family" 16 many
    equal "$family: more stacks than places" "16384|1" "$(sql "select sum(calls),
        sum(stack is null) = 2 from mpi_callsites where function = 'MPI_Comm_size'")"
    check "$family: many have one" test "$(sql "select count(*) from mpi_callsites
        where function = 'MPI_Comm_size' and calls = 1")" -gt 6000
    sums_fit "$family" many

    run_way "$family" 4 jump 0 profile_ways 1
    sums_fit "$family" "jumps out of calls"
    # The call under way is timed once for each table.
    run_way "$family" 4 exit_inside 5 profile_ways 1
    sums_fit "$family" "exit inside a call" 1000000000
    run_way "$family" 4 fork 0 profile_ways 1
    sums_fit "$family" fork

    run_way "$family" 0 plain
    equal "$family: none where nobody asks" 0 "$(sql 'select count(*) from mpi_callsites')"
    equal "$family: nor shown" "" "$(shown | grep -e 'call site' -e 'to whom' -e 'by size')"
done

# An installation without libunwind.
cp -r "$EPMT_PREFIX" "$TEST_DIR/installed"
rm "$TEST_DIR/installed/lib/epmt/libepmt-crash.so"
PRELOAD=$TEST_DIR/installed/lib/libepmt.so
family=${mpi_families%% *}
if [ -n "$family" ]; then
    run_way "$family" 5 plain 0
    equal "without libunwind: functions, no call sites" "20|0" "$(sql "select sum(calls),
        (select count(*) from mpi_callsites) from mpi_functions where function = 'MPI_Send'")"
fi
finish

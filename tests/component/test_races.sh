#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 180
# One journal that hundreds of processes append to while `epmt stop` and `epmt submit` fold, trim and
# remove it all the time: each process has its row, once, with how it ended.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # job files are made durable: in memory that is quick
. "$(dirname "$0")/../lib.sh"

rounds=6 # of folding, at least; the processes go on as long as they last
cat >"$TEST_DIR/work.sh" <<'W'
n=0
while [ ! -e "$TEST_DIR/enough" ]; do
    n=$((n + 1))
    (exit $((n % 100 + 1)))
    /bin/true "$1" $n
done
echo $n >"$TEST_DIR/done.$1"
W
export TEST_DIR

# While three workers run, COMMAND again and again.
race() { # COMMAND...
    local pids=() worker round
    rm -f "$TEST_DIR/enough"
    for worker in 1 2 3; do
        preload sh "$TEST_DIR/work.sh" $worker &
        pids+=($!)
    done
    for ((round = 0; round < rounds; round++)); do
        "$@" >"$TEST_DIR/said" 2>&1 || cat "$TEST_DIR/said" >>"$TEST_DIR/trouble"
    done
    : >"$TEST_DIR/enough"
    wait "${pids[@]}"
    each=$(cat "$TEST_DIR"/done.* | awk '{ n += $1 } END { print n }')
}

stop_and_submit() { epmt stop && epmt submit "$EPMT_OUTPUT_PREFIX"; }

number=0
for how in "epmt stop" "epmt submit" stop_and_submit; do
    number=$((number + 1))
    : >"$TEST_DIR/trouble"
    TEST_DB=$TEST_DIR/$number.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$number/ EPMT_JOB_ID=race EPMT_DB_URL=sqlite:///$TEST_DB
    [ "$how" = "epmt submit" ] && epmt start
    # shellcheck disable=SC2086
    race $how
    check "$how beside processes: there were enough of them ($each)" test "$each" -ge 40
    equal "$how beside processes: it never failed" "" "$(sort -u "$TEST_DIR/trouble")"
    epmt stop 2>/dev/null
    check "$how beside processes: submit in the end" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$how beside processes: one job" 1 "$(sql 'select count(*) from jobs')"
    equal "$how beside processes: each program, once" "$each|$each" \
        "$(sql "select count(*), count(distinct args) from processes where exename = 'true'")"
    equal "$how beside processes: each subshell" "$each" \
        "$(sql "select count(*) from processes where state = 'exited' and exitcode > 0")"
    equal "$how beside processes: nobody's end is missing" "" \
        "$(sql "select state, exename, args from processes where state not in ('exited', 'exec')")"
    equal "$how beside processes: nothing but the job file is left" race.h5 \
        "$(ls -A "$EPMT_OUTPUT_PREFIX"/*/race)"
done
finish

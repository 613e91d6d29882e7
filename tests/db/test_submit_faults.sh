#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# timeout: 400
# epmt submit when things go wrong around it: submitted twice at once, killed at any time, no room,
# files that vanish. A job is in the database wholly or not at all, an input is removed only when it
# is, and submitting again finishes.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
user=${USER:-$(id -un)}
export TMPDIR=$TEST_DIR/tmp
mkdir tmp
count=24
EPMT_JOB_ID=seed epmt run -a /bin/sh -c '/bin/true; /bin/true; exit 0'
EPMT_JOB_ID=seed2 preload /bin/sh -c '/bin/true; /bin/true; exit 0'
journal=$(find "$EPMT_OUTPUT_PREFIX$user/seed2" -name '*.journal')

# Jobs that differ: each has its journal under a name of its own, and metadata with its id.
mkdir -p made
for i in $(seq $count); do
    mkdir "made/j$i"
    cp "$journal" "made/j$i/"
    python3 -c 'import json, sys
print(json.dumps({"format": "epmt-job-metadata", "format_version": 1, "jobid": sys.argv[1],
                  "start": 1700000000000000 + int(sys.argv[1][1:]), "stop": 1800000000000000}))' \
        "j$i" >"made/j$i/job_metadata.json"
done
mkdir packed
for i in $(seq $count); do
    tar -C "made/j$i" -czf "packed/j$i.tgz" .
done
fresh() {
    if [ "${EPMT_TEST_DB:-sqlite}" = sqlite ]; then
        rm -f "$TEST_DB" "$TEST_DB-journal"
    else
        sql 'delete from jobs' 2>/dev/null
    fi
}
again() { rm -rf jobs && cp -a "$1" jobs; } # made|packed
each=$(epmt dump --format csv "$EPMT_OUTPUT_PREFIX$user/seed/seed.h5" | tail -n +2 | wc -l)

whole() { # DESCRIPTION : every job there is is there wholly, and once
    equal "$1: whole jobs" "" "$(sql "select jobid from jobs where processes <> $each or
        (select count(*) from processes p where p.job_id = jobs.id) <> $each" 2>/dev/null)"
    equal "$1: once" "" "$(sql 'select jobid from jobs group by jobid having count(*) > 1' 2>/dev/null)"
}
all() { # DESCRIPTION
    whole "$1"
    equal "$1: all jobs" "$count" "$(sql 'select count(*) from jobs')"
}

# Two at once, each with two processes.
for kind in made packed; do
    fresh
    again $kind
    epmt submit -p 2 jobs >out.1 2>&1 &
    first=$!
    epmt submit -p 2 jobs >out.2 2>&1
    check "$kind: two at once: the second" test $? = 0
    check "$kind: two at once: the first" wait $first
    all "$kind: two at once"
    equal "$kind: each is imported once" $count "$(cat out.1 out.2 | grep -c '^Imported')"
done
fresh
again made
epmt submit -r jobs >out.1 2>&1 &
first=$!
epmt submit -r jobs >out.2 2>&1
status=$?
check "two at once with -r: the second" test $status = 0 -o \
    "$status $(grep -c 'there are no jobs' out.2)" = "3 1" # the first was that fast
check "two at once with -r: the first" wait $first
all "two at once with -r"
equal "two at once with -r: nothing is left" "" "$(find jobs -type f)"

# Killed at any time, workers too; what was removed is in the database.
for kind in made packed; do
    fresh
    again $kind
    for delay in 0.01 0.05 0.08 0.1 0.12 0.15 0.2 0.25 0.3; do
        setsid epmt submit -r -p 2 jobs >/dev/null 2>&1 &
        pid=$!
        sleep $delay
        kill -9 -- -$pid 2>/dev/null
        wait $pid 2>/dev/null
        whole "$kind: killed after $delay s" >>"$TEST_DIR/checks"
        there=$(sql 'select count(*) from jobs' 2>/dev/null)
        left=$(find jobs -name '*.tgz' -o -name '*.journal' -o -name '*.h5' | wc -l)
        [ $((${there:-0} + left)) -ge $count ] ||
            equal "$kind: killed after $delay s: nothing is lost" "$count jobs" "$there and $left files"
    done
    equal "$kind: whole after every kill" 0 "$(grep -c '^not ok' "$TEST_DIR/checks")"
    status=0
    epmt submit -r jobs >out 2>&1 || status=$?
    check "$kind: again" test $status = 0 -o \
        "$status $(grep -c 'there are no jobs' out)" = "3 1" # the last that was not killed was that fast
    all "$kind: killed, then again"
    equal "$kind: nothing is left" "" "$(find jobs -type f)"
done

# What the killed ones left in the temporary directory goes when it is old enough to be nobody's.
find tmp -maxdepth 1 -name 'epmt-submit.*' -exec touch -d '10 minutes ago' {} +
check "submit of an archive" epmt submit packed/j1.tgz
equal "no temporary directories are left" "" "$(ls -A tmp)"

# A worker that dies takes no other job along. It is this test's own: a child of our epmt.
fresh
again packed
epmt submit -p 2 jobs >out 2>said &
pid=$!
for _ in $(seq 200); do
    worker=$(ps -o pid= --ppid $pid 2>/dev/null | head -n 1)
    [ -n "$worker" ] && kill -9 "$worker" 2>/dev/null && break
    sleep 0.01
done
wait $pid
status=$?
whole "a worker was killed"
check "submit again" epmt submit jobs
all "a worker was killed, then again"
echo "# status $status, $(wc -l <said) lines"

# Interrupted: it stops in order.
rm -rf tmp/epmt-submit.*
fresh
again packed
setsid epmt submit jobs >/dev/null 2>said &
pid=$!
sleep 0.15
kill -INT $pid
kill -TERM $pid 2>/dev/null
wait $pid
whole "interrupted"
equal "interrupted: no temporary directory is left" "" "$(ls -A tmp)"

# Files that vanish while they are submitted.
fresh
again packed
(for i in $(seq $count -1 1); do rm -f "jobs/j$i.tgz"; done) &
epmt submit jobs >/dev/null 2>said
check "vanishing files are no failure" test $? = 0 -o "$(grep -c 'no jobs' said)" = 1
wait $!
whole "vanishing files"
mkdir -p jobs
fail_if "a named file that is not there" epmt submit jobs/nothing.tgz

# No room.
if can_mount; then
    fresh
    mkdir small
    head -c 3M /dev/zero >filler.journal
    tar -cf filled.tar filler.journal
    said=$(TEST_DB=$TEST_DB unshare -m sh -c '
        mount -t tmpfs -o size=1m none small
        TMPDIR=$PWD/small epmt submit filled.tar packed/j1.tgz 2>&1; echo "status $?"; ls -A small')
    contains "no room: it names the file and says so" "filled.tar: cannot unpack filler.journal: " "$said"
    contains "no room: the reason" "No space left" "$said"
    contains "no room: the rest is done" "Imported successfully - job: j1" "$said"
    contains "no room: it fails, and nothing is left" "status 6" "$(echo "$said" | tail -n 1)"
fi
# One job that claims to have begun before all times and to end after them: it is there, without these,
# and nobody else's questions fail for it.
for id in always never; do
    EPMT_JOB_ID=$id epmt start
    EPMT_JOB_ID=$id epmt run true
    sed -i 's/"start": [0-9]*/"start": -9223372036854775807/; s/"session_start"/"stop": 9223372036854775807, "session_start"/' \
        "$(find "$EPMT_OUTPUT_PREFIX" -path "*/$id/job_metadata.json")"
    check "impossible times: $id" epmt submit "$(find "$EPMT_OUTPUT_PREFIX" -type d -name "$id")"
done
equal "they are not taken for times" 2 \
    "$(sql "select count(*) from jobs where jobid in ('always', 'never') and coalesce(\"end\", 0) < 7258118400000000")"
for what in jobs users hosts; do
    check "list $what goes on" epmt list $what
done
check "so does the report" epmt show always
check "and a comparison" epmt compare always never
finish

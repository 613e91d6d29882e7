#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt stage: what a job left goes to one place, whatever host it was on; nothing is lost where
# that cannot be, and what is not over is left for later.
. "$(dirname "$0")/../lib.sh"

user=${USER:-$(id -un)}
dest=$TEST_DIR/dest
there() { (cd "$dest" 2>/dev/null && find . -type f | sort | tr '\n' ' '); }

export EPMT_JOB_ID=one
check "start" epmt start
preload /bin/true
equal "a job that is not stopped is left" "0|" "$(epmt stage -d "$dest" 2>/dev/null)$?|$(there)"
fail_if "with -e it is an error" epmt stage -e -d "$dest"
check "stop" epmt stop
equal "its path is printed" "$dest/one" "$(epmt stage -d "$dest/")"
equal "the job file is there" "./one/one.h5 " "$(there)"
check "nothing is left of it here" test ! -e "$EPMT_OUTPUT_PREFIX$user/one"
check "submit" epmt submit "$dest/one"
equal "its process is there" 1 "$(sql "select count(*) from processes where exename = 'true'")"
fail_if "there is nothing more of it" epmt stage "$EPMT_OUTPUT_PREFIX$user/one"

# Journals of several hosts, one by one; each host has a directory of its own.
export EPMT_JOB_ID=two
rm -rf "$dest"
use_db "${EPMT_TEST_DB:-sqlite}"
for host in 1 2 3; do
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/host$host/
    preload /bin/true
    check "host $host" epmt stage -d "$dest"
    check "host $host: nothing is left" test -z "$(find "$EPMT_OUTPUT_PREFIX" -type f)"
done
equal "three journals of one host name keep apart" 3 "$(there | wc -w)"
check "submit" epmt submit "$dest"
equal "one job of all three" "1|3|3" "$(sql \
    "select count(distinct job_id), count(*), count(case when state = 'exited' then 1 end) from processes")"

# Each host has a job file: that of rank 0's host, and that of the batch script's.
export EPMT_JOB_ID=parts
rm -rf "$dest"
use_db "${EPMT_TEST_DB:-sqlite}"
for host in 1 2 3; do
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/host$host/
    epmt run -a true
    check "part $host of a job" epmt stage -d "$dest"
    check "part $host: nothing is left" test -z "$(find "$EPMT_OUTPUT_PREFIX" -type f)"
done
equal "one job file, the others as streams" "h5 stream stream " \
    "$(find "$dest" -type f | sed 's/.*\.//' | sort | tr '\n' ' ')"
check "submit of the parts" epmt submit "$dest"
equal "one job of all parts" "1|3" \
    "$(sql 'select count(distinct job_id), count(*) from processes')"

# A process that still runs; a destination that is none.
export EPMT_JOB_ID=three
env LD_PRELOAD="$PRELOAD" sleep 30 &
pid=$!
for _ in $(seq 100); do
    [ -n "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal')" ] && break
    sleep 0.02
done
contains "a job that runs is left" "still running" "$(epmt stage -d "$dest" 2>&1)"
kill $pid
wait $pid 2>/dev/null
: >"$TEST_DIR/file"
fail_if "a destination that is a file" epmt stage -d "$TEST_DIR/file"
equal "then the journal is where it was" 1 "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | wc -l)"
equal "a dry run changes nothing" 1 "$(epmt stage -n -d "$dest" >/dev/null
    find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | wc -l)"

# Packed: round trip.
(
    export EPMT_JOB_ID=four EPMT_OUTPUT_PREFIX=$TEST_DIR/prefix/
    epmt run -a true
    echo of mine >"$EPMT_OUTPUT_PREFIX$user/four/notes"
    rm -rf "$dest"
    contains "packed: what is not ours stays" "$dest/four.tgz" "$(epmt stage -z -d "$dest")"
    equal "packed: only that" notes "$(ls "$EPMT_OUTPUT_PREFIX$user/four")"
    rm "$EPMT_OUTPUT_PREFIX$user/four/notes"
    contains "packed: submit and remove" "Imported successfully - job: four processes: 1" \
        "$(epmt submit -r "$dest/four.tgz")"
    check "packed: it is gone" test ! -e "$dest/four.tgz"
    epmt run -a true
    fail_if "packed: one of that name is there" sh -c ': >"$1/four.tgz" && epmt stage -z -d "$1"' x "$dest"
    check "packed: then the job stays" test -e "$EPMT_OUTPUT_PREFIX$user/four/four.h5"
    rm "$dest/four.tgz"
    equal "packed: the old name is taken again" "$dest/four.tgz" "$(epmt stage -z -d "$dest")"
    check "packed: nothing is left" test ! -e "$EPMT_OUTPUT_PREFIX$user/four"
    env LD_PRELOAD="$PRELOAD" sleep 30 &
    pid=$!
    for _ in $(seq 100); do
        [ -n "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal')" ] && break
        sleep 0.02
    done
    contains "packed: a job that runs is left" "still running" "$(epmt stage -z -d "$dest" 2>&1)"
    kill $pid
    wait $pid 2>/dev/null
)
equal "the setting says where to" "$TEST_DIR/set/three" \
    "$(EPMT_STAGE_COMMAND_DEST=$TEST_DIR/set epmt stage)"
finish

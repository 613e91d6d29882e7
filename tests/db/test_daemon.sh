#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt daemon: what comes into a directory is submitted; it stops when it is told to, and holds out
# where something is wrong.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

in=$TEST_DIR/in
mkdir "$in"
make_job() { # ID: its job file, in $TEST_DIR
    EPMT_JOB_ID=$1 epmt -a run true
    mv "$(find "$EPMT_OUTPUT_PREFIX" -name "$1.h5")" "$TEST_DIR/$1.h5"
}
jobs() { # [ID]
    [ -e "$TEST_DB" ] && sql "select count(*) from jobs where jobid like '${1:-%}'" 2>/dev/null || echo 0
}
until_true() { # COMMAND...
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "not within 30 s: $*"
    return 1
}
has_jobs() { [ "$(jobs)" = "$1" ]; }
start_daemon() { # ARGUMENTS...
    epmt daemon "$@" >"$TEST_DIR/log" 2>&1 &
    daemon=$!
    until_true grep 'starting daemon loop' "$TEST_DIR/log"
}
stop_daemon() { # SIGNAL
    local status=0
    kill -"$1" "$daemon"
    wait "$daemon" || status=$?
    return "$status"
}
for id in a b c d e; do make_job $id; done

cp "$TEST_DIR/a.h5" "$in"
check "it starts" start_daemon --keep "$in"
check "what is there is submitted" until_true has_jobs 1
mv "$TEST_DIR/b.h5" "$in"
check "what is moved there" until_true has_jobs 2
cp "$TEST_DIR/c.h5" "$in/.c.h5"
mv "$in/.c.h5" "$in/c.h5"
check "what is renamed there" until_true has_jobs 3
head -c 1000 "$TEST_DIR/d.h5" >"$in/d.h5"
check "what is damaged is told" until_true grep -q 'd.h5' "$TEST_DIR/log"
cat "$TEST_DIR/d.h5" >"$in/d.h5"
check "what is whole later is submitted then" until_true has_jobs 4
echo none >"$in/notes.txt"
fail_if "a second daemon there is refused" epmt daemon "$in"
check "--keep keeps" test -e "$in/a.h5"
equal "other files are left alone" none "$(cat "$in/notes.txt")"
check "SIGTERM: it stops with 0" stop_daemon TERM
contains "it says so" stopped "$(cat "$TEST_DIR/log")"
equal "each source was submitted once" 1 "$(grep -c 'job: a ' "$TEST_DIR/log")"

# Without inotify events the interval brings it; a database that is away is tried again.
rm -f "$in"/*
mkdir "$TEST_DIR/away"
EPMT_INGEST_INTERVAL=1 EPMT_INGEST_REMOVE_ON_SUCCESS=0 \
    EPMT_DB_URL=sqlite:///$TEST_DIR/away start_daemon --ingest "$in"
cp "$TEST_DIR/e.h5" "$in"
check "a database that cannot be used" until_true grep -q 'tried again later' "$TEST_DIR/log"
rmdir "$TEST_DIR/away"
TEST_DB=$TEST_DIR/away
check "it is submitted once there is one" until_true has_jobs 1
check "SIGINT: it stops too" stop_daemon INT
TEST_DB=$TEST_DIR/test.db

# By default what was submitted is removed, and what is damaged moved away.
rm -f "$in"/* "$TEST_DB"
mkdir "$TEST_DIR/failed"
cp "$TEST_DIR/a.h5" "$in"
head -c 1000 "$TEST_DIR/c.h5" >"$in/b.h5"
status_is() { # STATUS COMMAND...
    local expected=$1
    shift
    "$@"
    [ $? = "$expected" ]
}
once() { EPMT_INGEST_FAILED_DIR=$TEST_DIR/failed timeout 60 epmt daemon --once "$in"; }
check "once more, without --keep: its status tells of what is damaged" status_is 4 once
equal "what was submitted is removed" "1|b.h5" "$(jobs)|$(ls "$in")"
equal "what may still be on its way stays" "" "$(ls "$TEST_DIR/failed")"
touch -d '2 minutes ago' "$in/b.h5"
check "it is looked at again" status_is 4 once
equal "what is damaged is moved away" "b.h5|" "$(ls "$TEST_DIR/failed")|$(ls "$in")"
check "nothing is left: 0" once

# Job directories below it: those that are over, at once or later.
export EPMT_JOB_ID=below
epmt start
check "--once ends" timeout 60 epmt daemon --once --keep -r "$EPMT_OUTPUT_PREFIX"
equal "a job that is not stopped is left" 0 "$(jobs below)"
epmt run true
check "it can be stopped as if nothing had been" epmt stop -e
check "--once again" timeout 60 epmt daemon --once --keep -r "$EPMT_OUTPUT_PREFIX"
equal "the job below is there" 1 "$(sql "select count(*) from jobs where jobid = 'below'")"

fail_if "a directory that is none" epmt daemon "$TEST_DIR/none"
fail_if "a file" epmt daemon "$in/e.h5"
unit=$EPMT_PREFIX/share/epmt/systemd/epmt-daemon.service
check "the unit is installed" test -r "$unit"
equal "the unit calls what there is" "epmt daemon" "$(sed -n 's/^ExecStart=//p' "$unit")"
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# Each job is in the database wholly or not at all, and once: whoever is killed, comes at the same
# time, loses the connection, finds the database locked or the disk full. Submitting again
# finishes it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

kind=${EPMT_TEST_DB:-sqlite}
jobdir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}
complaint() { { "$@" >/dev/null; } 2>&1; } # COMMAND...

# Everything in the database, in numbers.
content() {
    sql 'select (select count(*) from jobs), (select count(*) from processes),
        (select count(*) from threads), (select count(*) from job_attributes),
        (select count(*) from process_tags), (select count(*) from job_tags),
        (select count(*) from steps), (select sum(processes) from jobs),
        (select sum(usertime) from processes), (select sum(usertime) from jobs),
        (select count(*) from processes c join processes p on p.id = c.parent_id
         where p.job_id = c.job_id)'
}

# A job, and the same when it has grown.
export EPMT_JOB_ID=a EPMT_JOB_TAGS='exp:one;draft' EPMT_TAGS='op:loop'
epmt run -a sh -c 'i=0; while [ $i -lt 60 ]; do /bin/true; i=$((i + 1)); done'
cp "$jobdir/a/a.h5" "$TEST_DIR/first.h5"
epmt run -a sh -c 'i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i + 1)); done'
cp "$jobdir/a/a.h5" "$TEST_DIR/grown.h5"
EPMT_JOB_ID=b epmt run -a sh -c '/bin/true; /bin/true'
cp "$jobdir/b/b.h5" "$TEST_DIR/other.h5"
unset EPMT_JOB_ID EPMT_JOB_TAGS EPMT_TAGS
cd "$TEST_DIR" || exit 1

nothing="0|0|0|0|0|0|0|||"
contains "submit" "Imported successfully - job: a" "$(epmt submit first.h5)"
first=$(content)
contains "the same again" "Already in the database" "$(epmt submit first.h5)"
equal "adds nothing" "$first" "$(content)"
contains "what has grown" "completes an earlier state" "$(epmt submit grown.h5)"
grown=$(content)
equal "all of it" "1|82" "$(echo "$grown" | cut -d'|' -f1,2)"

# Killed at many points, a first time and while it grows.
case $kind in
sqlite) call=pwrite64 ;;
*) call=sendto ;;
esac
use_db "$kind"
epmt submit none.h5 >/dev/null 2>&1 # makes the tables
halves=0 killed=0
points="1 2 3 4 5 6 8 10 13 17 24"
kill_at() { # POINT FILE
    # Where a process of its own reads the file, that one is killed, and this one says so.
    strace -f -qq -o /dev/null -e trace=$call -e "inject=$call:signal=KILL:when=$1" \
        epmt submit "$2" >/dev/null 2>&1 || killed=$((killed + 1))
}
for point in $points; do
    kill_at "$point" first.h5
    case $(content | cut -d'|' -f1-7) in
    0\|0\|0\|0\|0\|0\|0 | "$(echo "$first" | cut -d'|' -f1-7)") ;;
    *) halves=$((halves + 1)) ;;
    esac
done 2>/dev/null
equal "killed while it puts a job in: never half of it" 0 $halves
check "submitting again finishes it" epmt submit first.h5
equal "it is whole" "$first" "$(content)"
for point in $points; do
    kill_at "$point" grown.h5
    case $(content) in
    "$first" | "$grown") ;;
    *) halves=$((halves + 1)) ;;
    esac
done 2>/dev/null
equal "killed while it completes a job: the old or the new, never a mixture" 0 $halves
check "submitting again completes it" epmt submit grown.h5
equal "it is complete" "$grown" "$(content)"
check "they were killed, most of the times" test $killed -ge 16

# Several at once: the same job, and others.
use_db "$kind"
pids=()
for i in 1 2 3 4; do
    epmt submit grown.h5 >"said.$i" 2>&1 &
    pids+=($!)
done
epmt submit other.h5 >said.5 2>&1 &
pids+=($!)
failed=0
for pid in "${pids[@]}"; do
    wait "$pid" || failed=$((failed + 1))
done
equal "several submitters at once: all succeed" 0 $failed
equal "one of them put the job in" 1 "$(cat said.[1-4] | grep -c Imported)"
equal "the others found it" 3 "$(cat said.[1-4] | grep -c Already)"
epmt submit other.h5 >/dev/null
equal "each job is there once" "a|1
b|1" "$(sql 'select jobid, count(*) from jobs group by jobid order by jobid')"
equal "its rows too" 82 "$(sql "select count(*) from processes p join jobs j on j.id = p.job_id
    where jobid = 'a'")"

# Somebody else has it locked: one line after the time that is set, and then it goes in.
use_db "$kind"
epmt submit other.h5 >/dev/null
if [ "$kind" = sqlite ]; then
    mkfifo hold
    sqlite3 "$TEST_DB" <hold >locked &
    holder=$!
    exec 7>hold
    echo "begin exclusive; select 'locked';" >&7
    until grep -q locked locked; do sleep 0.05; done
else
    mkfifo hold
    psql -X -q -A -t -h "$PG_DIR" -U epmt -d epmt <hold >locked &
    holder=$!
    exec 7>hold
    echo "begin; lock table steps in access exclusive mode; select 'locked';" >&7
    until grep -q locked locked; do sleep 0.05; done
fi
contains "a locked database" "in use by another program (waited 1 s)" \
    "$(EPMT_DB_TIMEOUT=1 complaint epmt submit first.h5)"
equal "is no success" 7 "$(EPMT_DB_TIMEOUT=1 epmt submit first.h5 >/dev/null 2>&1; echo $?)"
if [ "$kind" = postgresql ]; then
    # All rows are in, and the transaction waits for this lock: now the connection is lost.
    epmt submit first.h5 >said 2>&1 7>&- &
    submitter=$!
    waiting="from pg_stat_activity where application_name = 'epmt' and wait_event_type = 'Lock'"
    until [ "$(pg_sql postgres "select count(*) $waiting")" = 1 ]; do sleep 0.05; done
    pg_sql postgres "select pg_terminate_backend(pid) $waiting" >/dev/null
    fail_if "a terminated connection is a failure" wait $submitter
    contains "it is told" "lost the connection to database postgresql://epmt@" "$(cat said)"
    # What is left gets another connection, each of which is lost here too.
    cp first.h5 second.h5 && cp first.h5 third.h5
    epmt submit first.h5 second.h5 third.h5 >said 2>&1 7>&- &
    submitter=$!
    : >servers
    while kill -0 $submitter 2>/dev/null; do
        pg_sql postgres "select pid, pg_terminate_backend(pid) $waiting" | grep -o '^[0-9]*' >>servers
        sleep 0.05
    done
    fail_if "connections that are terminated are a failure" wait $submitter
    check "the rest of the sources had another connection" test "$(sort -u servers | wc -l)" -ge 2
    equal "each source is told" 3 "$(grep -c 'lost the connection' said)"
    epmt submit first.h5 >said 2>&1 7>&- &
    submitter=$!
    until [ "$(pg_sql postgres "select count(*) $waiting")" = 1 ]; do sleep 0.05; done
    pg_stop
    fail_if "a server that goes is a failure" wait $submitter
    contains "that is told too" "lost the connection" "$(cat said)"
    contains "a server that is not there" "cannot connect to database" \
        "$(complaint epmt submit first.h5)"
    exec 7>&-
    wait $holder 2>/dev/null
    check "the server is back" pg_start
else
    epmt submit first.h5 >said 2>&1 7>&- &
    submitter=$!
    sleep 0.3
    echo "rollback;" >&7
    exec 7>&-
    wait $holder
    check "whoever waits gets it" wait $submitter
fi
check "then it goes in" epmt submit first.h5
equal "both are there" "61|3" "$(sql "select count(case when jobid = 'a' then 1 end),
    count(case when jobid = 'b' then 1 end) from processes p join jobs j on j.id = p.job_id")"

# A full disk, within the name space of this shell's child.
full_disk_sqlite() {
    mount -t tmpfs -o size=64k none disk || exit 1
    complaint epmt submit first.h5 >complaint.new
    find disk -type f >left.new
    mount -o remount,size=16m disk
    epmt submit other.h5 >/dev/null
    mount -o remount,size=$(($(stat -c %s disk/full.db) / 1024 + 40))k disk
    complaint epmt submit grown.h5 >complaint.more
    sqlite3 disk/full.db 'select count(*), (select count(*) from processes) from jobs;
        pragma integrity_check' >state.full
    mount -o remount,size=16m disk
    epmt submit grown.h5 >/dev/null && TEST_DB=$TEST_DIR/disk/full.db sql \
        'select count(*), (select count(*) from processes) from jobs' >state.after
}

# The server finds no room for the table (error) or for its log (it ends, and comes again).
full_disk_postgresql() {
    mount -t tmpfs -o size=96m none "$PG_DIR" || exit 1
    pg_up && export EPMT_DB_URL=$PG_URL && epmt submit other.h5 >/dev/null || exit 1
    pg_as dd if=/dev/zero of="$PG_DIR/filler" bs=64k 2>/dev/null
    complaint epmt submit grown.h5 >complaint.more
    rm -f "$PG_DIR/filler"
    pg_sql epmt 'select 1' >/dev/null 2>&1 || { pg_stop; pg_start; }
    sql 'select count(*), (select count(*) from processes) from jobs' >state.full
    epmt submit grown.h5 >/dev/null
    sql 'select count(*), (select count(*) from processes) from jobs' >state.after
    pg_stop
}

if can_mount; then
    umask 022
    mkdir -p disk
    chmod 755 "$TEST_DIR"
    export TEST_DIR
    export -f full_disk_sqlite full_disk_postgresql complaint sql pg_up pg_start pg_stop pg_as \
        pg_bin pg_sql
    if [ "$kind" = sqlite ]; then
        EPMT_DB_URL=sqlite:///$PWD/disk/full.db unshare -m bash -c full_disk_sqlite
        contains "no room for a new database" "cannot make database" "$(cat complaint.new)"
        equal "nothing is left of it" "" "$(cat left.new)"
        contains "no room for a job" "full" "$(cat complaint.more)"
        equal "what was there is there, and whole" "1|3
ok" "$(cat state.full)"
    else
        mkdir pg
        chmod 777 pg
        PG_DIR=$PWD/pg unshare -m bash -c full_disk_postgresql
        contains "no room for a job" "epmt: submit: " "$(cat complaint.more)"
        equal "what was there is there" "1|3" "$(cat state.full)"
    fi
    equal "with room it goes in" "2|85" "$(cat state.after)"
fi
finish

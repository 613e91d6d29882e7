#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# timeout: 300
# epmt submit of everything that it takes: job files, directories, archives of all kinds, standard
# input; with its options; and what becomes of the inputs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export TMPDIR=$TEST_DIR/tmp # nobody else's temporary directories are looked at
mkdir "$TMPDIR"

cd "$TEST_DIR" || exit 1
user=${USER:-$(id -un)}
prefix=$EPMT_OUTPUT_PREFIX$user
jobs() { sql 'select count(*) from jobs'; }
names() { sql 'select jobid from jobs order by jobid' | paste -sd ' '; }
status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}
fresh() {
    if [ "${EPMT_TEST_DB:-sqlite}" = sqlite ]; then
        rm -f "$TEST_DB"
    else
        sql 'delete from jobs' 2>/dev/null
    fi
}
field() { # KEY : of every row of the JSON on standard input
    python3 -c 'import json, sys
print(*[row[sys.argv[1]] for row in json.load(sys.stdin)])' "$1"
}

# Three jobs: a stopped one, one that left its journal only, one with metadata and journal.
EPMT_JOB_ID=stopped epmt run -a true
EPMT_JOB_ID=crashed preload /bin/true
EPMT_JOB_ID=started setsid -w epmt start
EPMT_JOB_ID=started preload /bin/sh -c '/bin/true; exit 3'
equal "stopped: a job file" stopped.h5 "$(ls "$prefix/stopped")"
check "crashed: a journal" test -n "$(find "$prefix/crashed" -name '*.journal')"
cp -a "$prefix" kept
restore() { rm -rf "$prefix" && cp -a kept "$prefix"; }

# A dry run reads everything and touches nothing.
find kept -printf '%P %s %T@\n' | sort >before
contains "dry run: a job file" "Would be imported - job: stopped processes: " \
    "$(epmt submit -n kept)"
contains "dry run: what was not folded" "Would be imported - job: started processes: " \
    "$(epmt -n submit kept/started)"
find kept -printf '%P %s %T@\n' | sort >after
check "dry run: nothing is touched" cmp before after
[ "${EPMT_TEST_DB:-sqlite}" = postgresql ] || check "dry run: no database" test ! -e "$TEST_DB"

# Archives of one job, as `tar -C DIR -c .` makes them, in every compression.
for suffix in tar tar.gz tgz tar.zst tar.xz tar.bz2; do
    fresh
    tar -C kept/started -caf "started.$suffix" . 2>/dev/null ||
        tar -C kept/started -czf "started.$suffix" .
    contains "$suffix" "Imported successfully - job: started processes: 2 rate: " \
        "$(epmt submit "started.$suffix" 2>&1)"
    contains "$suffix again" "Already in the database - job: started" \
        "$(epmt submit "started.$suffix")"
done
cp -a kept/started again
contains "the directory is the same job" "Already in the database - job: started" \
    "$(cp -a again started && epmt submit started)"
equal "its user" "$user" "$(sql 'select "user" from jobs')"
mv started.tgz renamed.tar.gz
contains "the name of the archive does not matter" "Already in the database - job: started" \
    "$(epmt submit renamed.tar.gz)"
fresh
tar -C kept/crashed -czf crashed.tgz .
epmt submit crashed.tgz
equal "without metadata the archive's name is the job's" crashed "$(names)"
uuid=$(sql 'select uuid from jobs')
fresh
epmt submit kept/crashed
equal "the uuid is the directory's" "$uuid" "$(sql 'select uuid from jobs')"

# Archives of many, and archives in an archive.
fresh
mkdir -p month/more
tar -C "$prefix" -cf month/all.tar .
tar -C "$prefix/stopped" -czf month/more/stopped.tgz .
check "a directory of archives" epmt submit month
equal "all jobs are there, once" "crashed started stopped" "$(names)"
fresh
tar -czf outer.tgz month
check "archives in an archive" epmt submit outer.tgz
equal "all of them" "crashed started stopped" "$(names)"
tar -czf outermost.tgz outer.tgz
fail_if "archives in an archive in an archive" epmt submit outermost.tgz
contains "it says so" "outermost.tgz: outer.tgz" "$(epmt submit outermost.tgz 2>&1)"

# Standard input.
fresh
check "standard input: a job file" epmt submit - <"$prefix/stopped/stopped.h5"
check "standard input: an archive" epmt submit - <outer.tgz
check "standard input: from a pipe" sh -c 'cat outer.tgz | epmt submit -'
equal "standard input: the jobs" "crashed started stopped" "$(names)"
fail_if "standard input: nothing" epmt submit - </dev/null
fail_if "standard input: a journal does not say whose" sh -c "cat $prefix/crashed/*.journal | epmt submit -"
equal "standard input: once" 2 "$(status_of epmt submit - -)"

# --format json, several processes, failures among them.
fresh
mkdir bad
echo nothing >bad/text.h5
echo nothing >bad/text.tgz
epmt submit --format json -p 3 month bad "$prefix" missing >out.json 2>said
equal "the first failure is the status" 3 $?
equal "json: outcomes" "failed failed failed imported imported imported unchanged unchanged unchanged unchanged" \
    "$(field outcome <out.json | tr ' ' '\n' | sort | paste -sd ' ')"
equal "json: statuses" "0 0 0 0 0 0 0 3 4 4" \
    "$(field status <out.json | tr ' ' '\n' | sort | paste -sd ' ')"
equal "json: nothing is said besides" "" "$(cat said)"
equal "the rest is done" "crashed started stopped" "$(names)"
restore

# -e stops; a named job that is there is a failure then.
fresh
equal "-e: the first failure" 4 "$(status_of epmt submit -e bad/text.h5 "$prefix/stopped")"
equal "-e: nothing behind it" 0 "$(jobs)"
check "-e: a good one" epmt submit -e "$prefix/stopped"
contains "-e: one that is there" "job stopped is already in the database" \
    "$(epmt submit -e "$prefix/stopped" 2>&1)"
equal "-e: its status" 8 "$(status_of epmt submit -e "$prefix/stopped")"

# --drop, which asks.
fail_if "--drop: nobody says yes" epmt submit --drop "$prefix/stopped" </dev/null
equal "--drop: then everything is there" stopped "$(names)"
equal "--drop with a dry run" 2 "$(status_of epmt submit --drop -n "$prefix/stopped")"
equal "--drop with standard input" 2 "$(status_of epmt submit --drop - <"$prefix/stopped/stopped.h5")"
check "--drop: yes" sh -c 'echo yes | epmt submit --drop "$1"' x "$prefix/crashed"
equal "--drop: the others are gone" crashed "$(names)"
check "--drop --force" epmt submit --drop --force -p 2 month
equal "--drop: all are there" "crashed started stopped" "$(names)"

# -r removes what is in the database, and nothing else.
fresh
cp month/all.tar all.tar
touch "$prefix/crashed/notes"
check "-r" epmt submit -r "$prefix/stopped/stopped.h5" "$prefix/crashed" all.tar
check "-r: the job file is gone" test ! -e "$prefix/stopped/stopped.h5"
check "-r: the archive is gone" test ! -e all.tar
equal "-r: what is not ours stays" notes "$(ls -A "$prefix/crashed")"
cp month/more/stopped.tgz stopped.tgz
check "-r: what is there already" epmt submit -r stopped.tgz
check "-r: is removed too" test ! -e stopped.tgz
restore
check "-r: all" epmt submit -r "$prefix"
equal "-r: nothing is left" "" "$(find "$prefix" -type f)"
cp bad/text.h5 damaged.h5
fail_if "-r: damaged" epmt submit -r damaged.h5
check "-r: stays" test -e damaged.h5
restore
ln -s "$prefix/stopped/stopped.h5" link.h5
check "-r of a link submits" epmt submit -r link.h5
check "-r of a link removes nothing" test -e "$prefix/stopped/stopped.h5" -a -L link.h5

# -m moves what is damaged.
mkdir aside
cp damaged.h5 aside/damaged.h5
fail_if "-m" epmt submit -m aside damaged.h5 "$prefix/stopped" bad/text.tgz
equal "-m: they are there" "damaged.h5 damaged.h5.2 text.tgz" "$(find aside -type f -printf '%f\n' | sort | paste -sd ' ')"
check "-m: the good one is not" test -e "$prefix/stopped/stopped.h5"
fail_if "-m: without a database" env EPMT_DB_URL=sqlite:////nowhere/x.db epmt submit -m aside \
    "$prefix/stopped"
check "-m: then everything stays" test -e "$prefix/stopped/stopped.h5"
equal "-m: no directory" 3 "$(status_of epmt submit -m nowhere "$prefix")"

# A job that runs is left, whether it is a directory or packed.
env LD_PRELOAD="$PRELOAD" EPMT_JOB_ID=running sleep 60 &
pid=$!
for _ in $(seq 100); do
    [ -s "$(find "$prefix/running" -name '*.journal' 2>/dev/null | head -n 1)" ] && break
    sleep 0.05
done
tar -C "$prefix/running" -czf running.tgz .
equal "running" "running running" "$(epmt submit -r --format json running.tgz "$prefix/running" | field outcome)"
check "running: nothing is removed" test -e running.tgz -a -n "$(ls "$prefix/running")"
kill $pid
wait $pid 2>/dev/null
equal "then it is taken" "imported" "$(epmt submit --format json running.tgz | field outcome)"

# Without arguments.
fresh
contains "nothing named: all" "Imported successfully - job: stopped" "$(epmt submit)"
contains "nothing new" "Nothing new in" "$(epmt submit)"
contains "this job" "Already in the database - job: started" "$(EPMT_JOB_ID=started epmt submit)"

equal "no temporary directory is left" "" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'epmt-submit.*' \
    -newer before -user "$(id -u)" 2>/dev/null)"
finish

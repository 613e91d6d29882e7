#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# start, run, stop, submit, list, show, dump of serial programs; and submitting again.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export EPMT_JOB_ID=serial
jobdir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}/serial
status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}

check "start" epmt start
check "start again is a warning" epmt start
equal "start -e again is an error" 8 "$(status_of epmt start -e)"
equal "the exit status is the program's" 3 "$(status_of epmt run sh -c '/bin/true; exit 3')"
equal "a signal is the program's" 143 "$(status_of epmt run sh -c 'kill -TERM $$')"
equal "not found" 127 "$(status_of epmt run /nonexistent)"
equal "not executable" 126 "$(status_of epmt run /etc/passwd)"
# shellcheck disable=SC2016
equal "arguments are untouched" '[a  b][it'\''s][*][]' \
    "$(epmt run sh -c 'printf "[%s]" "$@"' x 'a  b' "it's" '*' '')"
check "stop" epmt stop
check "stop again is a warning" epmt stop
equal "stop -e again is an error" 8 "$(status_of epmt stop -e)"
equal "only the job file is left" "serial.h5" "$(ls -A "$jobdir")"

contains "a dry run says what would be" "Would be imported - job: serial" "$(epmt -n submit)"
check "a dry run makes no database" test ! -e "$TEST_DB"
contains "submit" "Imported successfully - job: serial processes: " "$(epmt submit)"
contains "submit again" "Already in the database - job: serial" "$(epmt submit)"
check "submit again is no failure" epmt submit "$jobdir" "$jobdir/serial.h5"
equal "one job" 1 "$(sql 'select count(*) from jobs')"
equal "rows in the database and in the file" \
    "$(epmt dump --format json "$jobdir" | python3 -c 'import json, sys
d = json.load(sys.stdin); print(len(d["processes"]), len(d["threads"]))')" \
    "$(sql 'select (select count(*) from processes), (select count(*) from threads)' | tr '|' ' ')"
equal "rows as the job says" "$(sql 'select count(*) from processes')" \
    "$(sql 'select processes from jobs')"
equal "the child of sh" 1 "$(sql "select count(*) from processes c join processes p
    on p.id = c.parent_id where c.exename = 'true' and p.exename = 'sh'")"
case $EPMT_DB_URL in
sqlite:*) equal "references hold" "" "$(sql 'pragma foreign_key_check')" ;;
esac

# A job that grows.
check "a second run in the job" epmt run -a true
before=$(sql 'select id || uuid from jobs')
contains "submit what grew" "completes an earlier state" "$(epmt submit)"
equal "the job is the same" "$before" "$(sql 'select id || uuid from jobs')"
equal "its new process is there" 2 \
    "$(sql "select count(*) from processes where exename = 'true'")"

for format in table json csv; do
    for what in jobs steps processes threads; do
        check "list $what as $format" epmt list "$what" --format "$format"
    done
    check "show as $format" epmt show serial -t --format "$format"
    check "dump as $format" epmt dump "$jobdir" -t --format "$format"
done
equal "json" serial "$(epmt list --format json | python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["jobid"])')"
equal "csv" serial "$(epmt list --format csv | python3 -c 'import csv, sys
print(next(csv.DictReader(sys.stdin))["jobid"])')"
equal "a key" serial "$(epmt dump -k jobid "$jobdir")"
equal "an unknown key" 3 "$(status_of epmt dump -k nothing "$jobdir")"
equal "an unknown job" 3 "$(status_of epmt show nothing)"
uuid=$(sql 'select uuid from jobs')
contains "a job by its uuid" "$uuid" "$(epmt show "${uuid:0:8}")"

# A relative prefix is one place, wherever the job goes from there.
cd "$TEST_DIR" || exit 1
mkdir elsewhere
check "a relative prefix" env EPMT_OUTPUT_PREFIX=relative EPMT_JOB_ID=here \
    epmt -a run sh -c 'cd elsewhere && /bin/true'
# shellcheck disable=SC2016
check "a relative prefix, by source" env EPMT_OUTPUT_PREFIX=relative EPMT_JOB_ID=there \
    sh -c 'eval `epmt source --bash`; cd elsewhere; /bin/true; exec epmt stop'
equal "a relative prefix: its job files, and nothing elsewhere" "here.h5 there.h5" \
    "$(find relative elsewhere -type f -exec basename {} \; | sort | paste -sd ' ')"
equal "a relative prefix: every process" "sh true" "$(epmt dump --format csv relative/*/here |
    python3 -c 'import csv, sys
print(*sorted(row["exename"] for row in csv.DictReader(sys.stdin)))')"
contains "an empty prefix is the usual one" "EPMT_OUTPUT_PREFIX='/tmp/epmt/'" \
    "$(EPMT_OUTPUT_PREFIX='' epmt run -n true)"

# Nothing there.
equal "stop of nothing is a warning" 0 "$(EPMT_JOB_ID=nothing status_of epmt stop)"
equal "stop -e of nothing is an error" 3 "$(EPMT_JOB_ID=nothing status_of epmt stop -e)"
finish

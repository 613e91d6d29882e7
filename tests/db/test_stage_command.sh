#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt stage by the configured command: one file, its path on standard output, and nothing lost
# where the command fails.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

user=${USER:-$(id -un)}
dest="$TEST_DIR/dest; touch bad"
mkdir "$dest"
export EPMT_STAGE_COMMAND_DEST=$dest
left() { find "$EPMT_OUTPUT_PREFIX$user" -mindepth 1 | sed "s|$EPMT_OUTPUT_PREFIX$user/||" | sort | xargs; }

cat >"$TEST_DIR/bring" <<'S'
#!/bin/sh
# What people's commands do: talk, take options, a file and a place.
echo "bringing $2 to $3"
[ "$1" = --flag ] && cp "$2" "$3/"
S
chmod +x "$TEST_DIR/bring"
for command in mv cp "$TEST_DIR/bring --flag"; do
    export EPMT_JOB_ID=whole EPMT_STAGE_COMMAND=$command
    rm -f "$dest"/* "$TEST_DB"
    epmt -a run true
    equal "$command: the path, and nothing else, is printed" "$dest/whole.h5" "$(epmt stage 2>/dev/null)"
    equal "the command moves the job file ($command)" whole.h5 "$(ls "$dest")"
    equal "nothing is left here" "" "$(left)"
    check "it can be submitted" epmt submit "$dest/whole.h5"
done
check "no shell looked at it" test ! -e bad

# A host that has only a part of the job: its journal.
export EPMT_JOB_ID=part EPMT_STAGE_COMMAND=mv
rm -f "$dest"/*
preload /bin/true
equal "a part is an archive" "$dest/part.tgz" "$(epmt stage)"
contains "with its journal" .journal "$(tar -tzf "$dest/part.tgz" 2>&1)"
equal "nothing is left here" "" "$(left)"
check "the archive can be submitted" epmt submit "$dest/part.tgz"
equal "with its process" 1 "$(sql "select count(*) from jobs j join processes p on p.job_id = j.id where jobid = 'part'")"

for command in false /no/such/command; do
    export EPMT_JOB_ID=fails EPMT_STAGE_COMMAND=$command
    preload /bin/true
    before=$(left)
    fail_if "$command: a failure" epmt stage
    equal "$command: the job is where it was" "$before" "$(left)"
done
export EPMT_JOB_ID=open EPMT_STAGE_COMMAND=mv
epmt start
before=$(left)
epmt stage >/dev/null 2>&1
equal "a job that is not stopped is left" "$before" "$(left)"
equal "a dry run changes nothing" "$before" "$(epmt stage -n >/dev/null; left)"
finish

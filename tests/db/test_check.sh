#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt check of the installation: a line for each check, what to do where one fails, and the status.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

checks="settings database output_prefix perf events preload mpi writer stage scheduler"
result() { # CHECK: its line and the advice below it
    epmt check 2>/dev/null | grep -A 1 "^$1 "
}
status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}
mkdir "$TEST_DIR/tmp"
export TMPDIR=$TEST_DIR/tmp

out=$(epmt check)
equal "all is well here: status" 0 $?
equal "a line for each check" "$checks" "$(awk '{ print $1 }' <<<"$out" | xargs)"
equal "none fails" "" "$(grep Fail <<<"$out")"
contains "the library recorded a program" "recorded" "$(grep ^preload <<<"$out")"
equal "nothing is left of it" "" "$(ls -A "$TMPDIR"; find "$EPMT_OUTPUT_PREFIX" -mindepth 2 2>/dev/null)"
equal "as json" "$checks" "$(epmt check --format json | python3 -c 'import json, sys
print(*[row["check"] for row in json.load(sys.stdin)])')"
equal "as csv" 10 "$(epmt check --format csv --columns result | tr -d '\r' | grep -cE '^(Pass|Note)$')"

# Each of them, broken. The status is 1 whichever fails.
broken() { # CHECK PART ENVIRONMENT...
    local name=$1 part=$2 said
    shift 2
    said=$(env "$@" epmt check 2>/dev/null | grep -A 1 "^$name ")
    contains "$name fails: says what" "Fail  " "$said"
    contains "$name fails: says why" "$part" "$said"
    contains "$name fails: says what to do" "what to do: " "$said"
    equal "$name fails: status" 1 "$(status_of env "$@" epmt check)"
}
: >"$TEST_DIR/file"
broken settings "setting verbose" EPMT_VERBOSE=x
broken database "the database URL" EPMT_DB_URL=none://x
broken output_prefix "$TEST_DIR/file" EPMT_OUTPUT_PREFIX="$TEST_DIR/file/"
broken events "no-such-event" EPMT_EVENTS=no-such-event
broken preload "no record" EPMT_DISABLE=1
broken stage "$TEST_DIR/file" EPMT_STAGE_COMMAND_DEST="$TEST_DIR/file"
broken stage "no-such-command" EPMT_STAGE_COMMAND="no-such-command -cd"
contains "stage: a command" "cp -n ... " "$(EPMT_STAGE_COMMAND='cp -n' epmt check | grep ^stage)"
contains "scheduler: which" "slurm, job 5" "$(SLURM_JOB_ID=5 epmt check | grep ^scheduler)"
contains "events: which" "task-clock" "$(EPMT_EVENTS=task-clock epmt check | grep ^events)"

# An installation with holes.
tree=$TEST_DIR/tree
cp -a "$EPMT_PREFIX" "$tree"
check "the tree may be moved" "$tree/bin/epmt" check
mv "$tree/libexec/epmt/epmt-jobwriter" "$TEST_DIR/writer"
contains "writer fails" "Fail" "$("$tree/bin/epmt" check | grep ^writer)"
printf '#!/bin/sh\nexit 0\n' >"$tree/libexec/epmt/epmt-jobwriter"
chmod +x "$tree/libexec/epmt/epmt-jobwriter"
contains "a writer that writes nothing fails" "Fail" "$("$tree/bin/epmt" check | grep ^writer)"
mv "$TEST_DIR/writer" "$tree/libexec/epmt/epmt-jobwriter"
: >"$tree/lib/epmt/libepmt-mpi-broken.so"
contains "a back end that cannot be loaded" "libepmt-mpi-broken.so" "$("$tree/bin/epmt" check | grep ^mpi)"
rm "$tree"/lib/epmt/libepmt-mpi-*
contains "no back end" "Fail" "$("$tree/bin/epmt" check | grep ^mpi)"
: >"$tree/lib/libepmt.so"
contains "a library that is none" "Fail" "$("$tree/bin/epmt" check | grep ^preload)"
fail_if "the status says so" "$tree/bin/epmt" check
finish

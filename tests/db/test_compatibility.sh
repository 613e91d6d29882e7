#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people know from the old tool and no other test has: its variables, its options, the
# acceptance cases of its own tests that concern commands.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

user=${USER:-$(id -un)}
cd "$TEST_DIR" || exit 1

export EPMT_JOB_ID=dry
contains "run -n: the command is printed" "/bin/sleep '1'" "$(epmt run -n /bin/sleep 1 | tr -d "'" | sed "s/sleep 1/sleep '1'/")"
check "run -n makes no directory" test ! -e "$EPMT_OUTPUT_PREFIX$user/dry"
equal "run -- CMD" "-x" "$(epmt run -- printf '%s\n' -x)"
unset EPMT_JOB_ID

# As the old guide's scripts set them.
EPMT_JOB_ID=tags PAPIEX_TAGS='op:old;x:1' epmt -a run true
equal "PAPIEX_TAGS are the tags" 'op:old;x:1' \
    "$(epmt dump --format csv --columns tags "$EPMT_OUTPUT_PREFIX$user/tags" | tr -d '\r' | sed 1d)"
# shellcheck disable=SC2016
env -u EPMT_OUTPUT_PREFIX PAPIEX_OUTPUT="$TEST_DIR/papiex/" EPMT_JOB_ID=output PRELOAD="$PRELOAD" \
    bash -c 'epmt start; epmt run true; LD_PRELOAD=$PRELOAD /bin/true; epmt stop'
equal "PAPIEX_OUTPUT is where the job goes" "output.h5" "$(ls "$TEST_DIR/papiex/$user/output")"
equal "the library alone goes there too" "true true" "$(epmt dump --format csv --columns exename \
    "$TEST_DIR/papiex/$user/output" | tr -d '\r' | sed 1d | xargs)"
equal "EPMT_OUTPUT_PREFIX counts more" "$TEST_DIR/new/" \
    "$(PAPIEX_OUTPUT=/old/ EPMT_OUTPUT_PREFIX=$TEST_DIR/new/ epmt config output_prefix)"
contains "epmt config tells" PAPIEX "$(env -u EPMT_OUTPUT_PREFIX PAPIEX_OUTPUT=/old/ epmt config | grep output_prefix)"
equal "PAPIEX_OPTIONS names events" PERF_COUNT_SW_CPU_CLOCK \
    "$(PAPIEX_OPTIONS=PERF_COUNT_SW_CPU_CLOCK epmt config events)"
equal "EPMT_EVENTS counts more" task-clock \
    "$(PAPIEX_OPTIONS=PERF_COUNT_SW_CPU_CLOCK EPMT_EVENTS=task-clock epmt config events)"
EPMT_JOB_ID=script pp_script=/the/script epmt -a run true
equal "pp_script" /the/script "$(epmt dump -k script "$EPMT_OUTPUT_PREFIX$user/script")"
EPMT_JOB_ID=db epmt -a run true
check "submit where the old variables say" env -u EPMT_DB_URL EPMT_DB_PROVIDER=sqlite \
    EPMT_DB_FILENAME="$TEST_DIR/old.db" EPMT_JOB_ID=db epmt submit
equal "EPMT_DB_PROVIDER and EPMT_DB_FILENAME" db "$(sqlite3 "$TEST_DIR/old.db" 'select jobid from jobs')"
mkdir "$TEST_DIR/tmp"
check "TMPDIR" env TMPDIR="$TEST_DIR/tmp" EPMT_JOB_ID=tmp epmt -a run true

mkdir -p "$XDG_CONFIG_HOME/epmt"
cat >"$XDG_CONFIG_HOME/epmt/epmt.conf" <<C
[epmt]
events = task-clock
[host $(uname -n | cut -c 1-2)*]
events = cpu-clock
[host no-such-host]
events = none
C
equal "a section for this host" cpu-clock "$(epmt config events)"
rm "$XDG_CONFIG_HOME/epmt/epmt.conf"

# Its acceptance cases: job ids of three variables; start and stop twice.
for variable in SLURM_JOB_ID SLURM_JOBID PBS_JOB_ID PBS_JOBID; do
    check "start with $variable" env $variable=1$variable epmt start
    check "its directory" test -d "$EPMT_OUTPUT_PREFIX$user/1$variable"
done
# Words that shells and CSV files stumble over come back as they were given.
export EPMT_JOB_ID=escape
# shellcheck disable=SC1003
words=('\\' ',' "'" '"' '-d" -f2' '\\\\\\' ' b' '\' $'\t' '\n' '\a' '\b' '\.' '-e \tHello' '' 'a,b' '#' $'two\nlines')
epmt start
for word in "${words[@]}"; do
    epmt run /bin/echo "$word" >/dev/null
done
epmt stop
epmt submit >/dev/null
equal "a process for each" "${#words[@]}" "$(sql "select count(*) from processes where exename = 'echo'")"
equal "the words are as they were" "$(printf '%s\0' "${words[@]}" | sort -z | od -An -tx1)" \
    "$(epmt list processes escape --format json | python3 -c 'import json, sys
words = sorted((p["args"][0] for p in json.load(sys.stdin)), key=lambda w: w.encode())
sys.stdout.buffer.write(b"".join(w.encode() + b"\0" for w in words))' | od -An -tx1)"
finish

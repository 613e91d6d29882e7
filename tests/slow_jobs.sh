#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The jobs of docs/analysis.md, run and submitted: usual1..usual4, late, uneven, input, crowded. Sourced
# behind lib.sh, which says where they go. A machine with much other work makes everything longer:
# what is late there is later.

slow_run() { # JOBID FAMILY NP PROGRAM ARGUMENTS...
    local job=$1 family=$2 np=$3 run=mpirun_$2 options=()
    shift 3
    [ "$family" = openmpi ] && options+=(--oversubscribe --bind-to none)
    [ "$family" = openmpi ] && [ "$(id -u)" = 0 ] && options+=(--allow-run-as-root)
    EPMT_JOB_ID=$job EPMT_JOB_TAGS="exp_name:$SLOW_TAG" timeout -s KILL 300 epmt run -a "${SLOW_BEFORE[@]}" \
        "${!run}" "${options[@]}" -n "$np" "$@" </dev/null
}

slow_jobs() { # FAMILY
    local family=$1 programs cpu longest
    programs=$(examples "$family")
    SLOW_BEFORE=() SLOW_TAG=walk
    for n in 1 2 3 4; do
        slow_run usual$n "$family" 4 "$programs/straggler" 0
    done
    epmt submit "$EPMT_OUTPUT_PREFIX"
    longest=$(sql "select max(duration) / 1000 + 500 from jobs where jobid like 'usual%'")
    slow_run late "$family" 4 "$programs/straggler" $((longest * 5 / 2)) 2
    SLOW_TAG=others
    slow_run uneven "$family" 4 "$programs/imbalance" 768
    slow_run input "$family" 4 "$programs/slow_input" $((longest * 16 / 1000)) 4 # 4 times as long
    cpu=$(taskset -pc $$ | sed 's/.*: *//; s/[-,].*//') # the first that we may use
    SLOW_BEFORE=(taskset -c "$cpu")
    slow_run crowded "$family" 2 "$programs/hybrid" 8 20
    SLOW_BEFORE=()
    epmt submit "$EPMT_OUTPUT_PREFIX"
}

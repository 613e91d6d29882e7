#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TaskEpilog= of slurm.conf: slurmd runs it as the user, after each task of a step and after the
# batch script, which closes the job. It never fails.
#
# Where nodes have no output prefix in common (the default one is /tmp/epmt/), the setting
# stage_command_dest, or EPMT_STAGE_COMMAND_DEST here, names a directory that they do have: what each
# node has is moved there, for `epmt submit`.

unset LD_PRELOAD
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
epmt=${EPMT:-$here/../../../bin/epmt}
[ -x "$epmt" ] || exit 0
[ "${SLURM_LOCALID:-0}" = 0 ] || exit 0

# Slurm alone knows why it ended a job, and when the job was submitted: one question per job. A job
# that ends by itself is still RUNNING here.
ask_slurm() {
    local answer state why restarts submitted
    answer=$(timeout 5 scontrol -o show job "$SLURM_JOB_ID" </dev/null 2>/dev/null)
    [[ $answer =~ \ JobState=([A-Z_]+) ]] && state=${BASH_REMATCH[1]}
    [[ $answer =~ \ Reason=([A-Za-z_]+) ]] && why=${BASH_REMATCH[1]}
    [[ $answer =~ \ Restarts=([0-9]+) ]] && restarts=${BASH_REMATCH[1]}
    [[ $answer =~ \ SubmitTime=([-0-9T:]+) ]] && submitted=$(date -d "${BASH_REMATCH[1]}" +%s 2>/dev/null)
    if [ "${restarts:-0}" -gt "${SLURM_RESTART_COUNT:-0}" ]; then
        told+=(--reason REQUEUED)
    else
        case $state/$why in
        /* | RUNNING/* | COMPLETED/*) ;;
        COMPLETING/None) told+=(--reason CANCELLED) ;;
        COMPLETING/TimeLimit) told+=(--reason TIMEOUT) ;;
        COMPLETING/OutOfMemory) told+=(--reason OUT_OF_MEMORY) ;;
        COMPLETING/NodeDown) told+=(--reason NODE_FAIL) ;;
        COMPLETING/DeadLine) told+=(--reason DEADLINE) ;;
        COMPLETING/*) told+=(--reason "$why") ;;
        *) told+=(--reason "$state") ;;
        esac
    fi
    [ -z "$submitted" ] || told+=(--submitted "$submitted")
}

if [ -z "${SLURM_STEP_ID-}" ]; then
    told=()
    ask_slurm
    "$epmt" stop "${told[@]}" </dev/null >/dev/null 2>&1
elif [ "${ENVIRONMENT-}" != BATCH ] && [ "${SLURM_PROCID:-0}" = 0 ]; then
    "$epmt" stop </dev/null >/dev/null 2>&1
fi
if "$epmt" config stage_command_dest </dev/null 2>/dev/null | grep -q '^/'; then
    "$epmt" stage </dev/null >/dev/null 2>&1
fi
exit 0

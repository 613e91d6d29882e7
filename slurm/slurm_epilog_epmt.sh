#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Epilog= of slurm.conf, for whole nodes: slurmd runs it as root on each node of a job when the job is
# over there. It closes what no task epilog has closed (the batch script was killed, the node's steps
# crashed) and moves what the node has, as the user, to stage_command_dest where that is set. It never
# fails: a failing epilog would drain the node.

unset LD_PRELOAD
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
epmt=${EPMT:-$here/../../../bin/epmt}
[ -x "$epmt" ] && [ -n "${SLURM_JOB_ID-}" ] && [ -n "${SLURM_JOB_UID-}" ] || exit 0

as_user() {
    timeout 60 setpriv --reuid "$SLURM_JOB_UID" --regid "${SLURM_JOB_GID:-$SLURM_JOB_UID}" \
        --clear-groups env USER="$SLURM_JOB_USER" LOGNAME="$SLURM_JOB_USER" "$@" </dev/null 2>/dev/null
}

as_user "$epmt" stop >/dev/null
if as_user "$epmt" config stage_command_dest | grep -q '^/'; then
    as_user "$epmt" stage >/dev/null
fi
exit 0

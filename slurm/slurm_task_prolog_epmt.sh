#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TaskProlog= of slurm.conf: switches the collection on for every task of every job. slurmd runs it
# as the user, before the batch script and before each task of a step, and takes over what it prints
# (`export NAME=value`). It never fails: a job runs without epmt rather than not at all.

# The prolog itself is no part of the job; a batch script hands the preload on to it.
unset LD_PRELOAD
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
epmt=${EPMT:-$here/../../../bin/epmt}
[ -x "$epmt" ] || exit 0

# The beginning of the job is its batch script, or its first step where there is none (srun, salloc).
# Steps of a batch job have ENVIRONMENT=BATCH from it.
if [ "${SLURM_PROCID:-0}" = 0 ] && { [ -z "${SLURM_STEP_ID-}" ] || [ "${ENVIRONMENT-}" != BATCH ]; }; then
    "$epmt" start </dev/null >/dev/null 2>&1
fi
"$epmt" source --slurm </dev/null 2>/dev/null
exit 0

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prolog= of slurm.conf, for whole nodes: slurmd runs it as root before a job's first task on a node.
# Makes the directory that all users' jobs are in, so that no user can be the first to make it in a
# world-writable parent. It never fails: a failing prolog would drain the node.

unset LD_PRELOAD
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
epmt=${EPMT:-$here/../../../bin/epmt}
[ -x "$epmt" ] || exit 0

prefix=$("$epmt" config output_prefix </dev/null 2>/dev/null)
case $prefix in
/*) [ -e "$prefix" ] || { mkdir -p "$prefix" && chmod 1777 "$prefix"; } 2>/dev/null ;;
esac
exit 0

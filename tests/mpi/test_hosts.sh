#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 900
# Four hosts by name (UTS namespaces, as root): rows of all hosts in one file, nothing left of any
# host's journal.
. "$(dirname "$0")/../lib.sh"

if [ "$(id -u)" != 0 ] || ! unshare -u true 2>/dev/null; then
    echo "# no host names of one's own here: that takes root, outside of a container"
    check "the other tests run without root" true
    finish
fi

hosts=$TEST_DIR/hosts
mkdir -p "$hosts"
cat >"$hosts/sh" <<EOF
#!/bin/sh
# Runs a command on an emulated host, as rsh does.
while [ "\${1#-}" != "\$1" ]; do shift; done
h=\$1; shift
exec nsenter -t "\$(cat "$hosts/\$h.pid")" -u -m -- sh -c "\$*"
EOF
chmod +x "$hosts/sh"
mkdir "$TEST_DIR/own" # another one on each host
for h in h1 h2 h3 h4; do
    unshare -u -m sh -c "mount -t tmpfs own $TEST_DIR/own; hostname $h; exec sleep 1200" \
        </dev/null >/dev/null 2>&1 &
    echo $! >"$hosts/$h.pid"
done
stop_hosts() { for h in h1 h2 h3 h4; do kill "$(cat "$hosts/$h.pid")" 2>/dev/null; done; }
trap 'stop_hosts; test_exit' EXIT
for h in h1 h2 h3 h4; do
    for _ in $(seq 100); do
        [ "$(nsenter -t "$(cat "$hosts/$h.pid")" -u hostname)" = $h ] && break
        sleep 0.02
    done
done

on_hosts() { # FAMILY PLACEMENT PROGRAM ARGUMENTS...
    local family=$1 placement=$2 options
    shift 2
    case $family in
    openmpi)
        options="--host h1:2,h2:2,h3:2,h4:2"
        [ "$placement" = cyclic ] && options+=" --map-by node"
        [ "$placement" = irregular ] && options="--host h1:3,h2:2,h3:2,h4:1"
        timeout -s KILL 100 "$hosts/sh" h1 "$mpirun_openmpi --allow-run-as-root --oversubscribe \
            --mca plm_rsh_agent $hosts/sh --mca oob_tcp_if_include lo --mca btl_tcp_if_include lo \
            --mca btl self,vader,tcp $options --bind-to none -x EPMT_OUTPUT_PREFIX -x EPMT_LOG \
            -x EPMT_VERBOSE -x EPMT_PARTIAL_TIMEOUT -x EPMT_FINALIZE_TIMEOUT -x EPMT_ARRIVAL_TIMEOUT \
            -x LD_PRELOAD=$PRELOAD $*" </dev/null
        ;;
    mpich)
        options="-hosts h1,h2,h3,h4"
        [ "$placement" = block ] && options+=" -ppn 2"
        [ "$placement" = irregular ] && options="-hosts h1:3,h2:2,h3:2,h4:1"
        timeout -s KILL 100 "$hosts/sh" h1 "$mpirun_mpich -localhost 127.0.0.1 -iface lo \
            -launcher ssh -launcher-exec $hosts/sh $options -n 8 \
            -genv LD_PRELOAD $PRELOAD $*" </dev/null
        ;;
    esac
}

fresh() { # NAME
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_DB_URL=sqlite:///$TEST_DB EPMT_LOG=$TEST_DIR/$1.log EPMT_VERBOSE=1
}

# What the ranks agreed on: kind (1 block, 2 cyclic, 3 irregular) and width.
placement_block="8 placement 1 of 2" placement_cyclic="8 placement 2 of 4"
placement_irregular="8 placement 3 of 0"
each_irregular="h1 3,h2 2,h3 2,h4 1"

for family in $(families); do
    for placement in block cyclic irregular; do
        what="$family, $placement" wanted=placement_$placement each=each_$placement
        fresh "$family-$placement"
        on_hosts "$family" $placement "$(examples "$family")/fork_exec" \
            >"$TEST_DIR/out" 2>"$TEST_DIR/err"
        equal "$what: exit status" 0 $?
        equal "$what: one file is left" 1 "$(find "$EPMT_OUTPUT_PREFIX" -type f | wc -l)"
        equal "$what: one directory is left" 1 \
            "$(find "$EPMT_OUTPUT_PREFIX" -mindepth 2 -type d | wc -l)"
        equal "$what: all ranks take the same tree, by hosts" "${!wanted}" \
            "$(grep -o 'placement . of [0-9]*' "$EPMT_LOG" | sort | uniq -c | sed 's/^ *//')"
        check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
        equal "$what: ranks of all hosts" "${!each:-h1 2,h2 2,h3 2,h4 2}" "$(sql \
            "select group_concat(hostname || ' ' || n) from (select hostname, count(*) n
             from processes where mpirank is not null group by hostname order by hostname)")"
        equal "$what: nodes" 4 "$(sql "select nodes from mpi_step_summary")"
        equal "$what: each rank once" 0,1,2,3,4,5,6,7 "$(sql \
            'select group_concat(mpirank) from (select mpirank from processes
             where mpirank is not null order by 1)')"
        equal "$what: children on every host" 4 "$(sql \
            "select count(distinct hostname) from processes where exename = 'true'")"
        equal "$what: every rank's child is there" 8 \
            "$(sql "select count(*) from processes where exename = 'true'")"
    done

    # A rank of the last host dies while the others wait for it.
    export EPMT_PARTIAL_TIMEOUT=2 EPMT_FINALIZE_TIMEOUT=2 EPMT_ARRIVAL_TIMEOUT=2
    export EPMT_JOB_ID=crash-$family
    run=mpirun_$family what="$family, a rank dies"
    check "$family: compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE \
        "$EPMT_SOURCE/tests/mpi/fault.c" -o "$TEST_DIR/fault"
    fresh "$family-crash"
    on_hosts "$family" block env "EPMT_JOB_ID=$EPMT_JOB_ID" "$TEST_DIR/fault" kill 7 \
        >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    check "$what: mpirun fails" test $? != 0
    equal "$what: each host has its journal" 4 \
        "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | wc -l)"
    check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    unset EPMT_JOB_ID EPMT_ARRIVAL_TIMEOUT
    export EPMT_PARTIAL_TIMEOUT=60 EPMT_FINALIZE_TIMEOUT=120
    equal "$what: every rank once, in one job" "1|8|8" "$(sql "select count(distinct job_id),
        count(*), count(distinct mpirank) from processes where mpirank is not null")"
    equal "$what: the dead one" "7|killed|h4" \
        "$(sql "select mpirank, state, hostname from processes where mpirank = 7")"
    equal "$what: the job is not complete" "8|0" "$(sql 'select numranks, complete from steps')"

    # The same with a directory of its own on each host, collected by `epmt stage` on one.
    what="$what, remote_command"
    export EPMT_PARTIAL_TIMEOUT=2 EPMT_FINALIZE_TIMEOUT=2 EPMT_ARRIVAL_TIMEOUT=2
    export EPMT_JOB_ID=remote-$family EPMT_REMOTE_COMMAND=$hosts/sh EPMT_REMOTE_HOSTS="h[1-4]"
    fresh "$family-remote"
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/own/
    on_hosts "$family" block env "EPMT_JOB_ID=$EPMT_JOB_ID" "$TEST_DIR/fault" kill 7 \
        >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    check "$what: mpirun fails" test $? != 0
    check "$what: stage" \
        "$hosts/sh" h1 "$EPMT_PREFIX/bin/epmt stage -d $TEST_DIR/$family-remote"
    equal "$what: nothing is left on any host" "" "$(for h in h1 h2 h3 h4; do
        "$hosts/sh" $h "find $TEST_DIR/own -type f"; done)"
    # A directory that the hosts share gives nothing twice.
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-shared/
    mkdir -p "$EPMT_OUTPUT_PREFIX/$(id -un)"
    mv "$TEST_DIR/$family-remote/$EPMT_JOB_ID" "$EPMT_OUTPUT_PREFIX/$(id -un)/"
    journals=$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | sed 's|.*/||' | sort)
    check "$what: of a directory that is shared" env USER="$(id -un)" \
        "$hosts/sh" h1 "$EPMT_PREFIX/bin/epmt stage -d $TEST_DIR/$family-remote"
    equal "$what: the journals are the same, and each once" "$journals" \
        "$(find "$TEST_DIR/$family-remote" -type f | sed 's|.*/||' | sort)"
    check "$what: submit" submit_ended "$TEST_DIR/$family-remote"
    unset EPMT_JOB_ID EPMT_ARRIVAL_TIMEOUT EPMT_REMOTE_COMMAND EPMT_REMOTE_HOSTS
    export EPMT_PARTIAL_TIMEOUT=60 EPMT_FINALIZE_TIMEOUT=120
    equal "$what: every rank once, in one job" "1|8|8" "$(sql "select count(distinct job_id),
        count(*), count(distinct mpirank) from processes where mpirank is not null")"
done
finish

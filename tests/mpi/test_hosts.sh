#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1200
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
exec nsenter -t "\$(cat "$hosts/\$h.pid")" -u -- sh -c "\$*"
EOF
chmod +x "$hosts/sh"
for h in h1 h2 h3 h4; do
    unshare -u sh -c "hostname $h; exec sleep 1200" </dev/null >/dev/null 2>&1 &
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

on_hosts() { # FAMILY PROGRAM
    case $1 in
    openmpi)
        timeout -s KILL 200 "$hosts/sh" h1 "$mpirun_openmpi --allow-run-as-root --oversubscribe \
            --mca plm_rsh_agent $hosts/sh --mca oob_tcp_if_include lo --mca btl_tcp_if_include lo \
            --mca btl self,vader,tcp --host h1:2,h2:2,h3:2,h4:2 --bind-to none \
            -x EPMT_OUTPUT_PREFIX -x EPMT_PARTIAL_TIMEOUT -x EPMT_FINALIZE_TIMEOUT \
            -x LD_PRELOAD=$PRELOAD $2"
        ;;
    mpich)
        timeout -s KILL 200 "$hosts/sh" h1 "$mpirun_mpich -localhost 127.0.0.1 -iface lo \
            -launcher ssh -launcher-exec $hosts/sh -hosts h1,h2,h3,h4 -n 8 \
            -genv LD_PRELOAD $PRELOAD $2"
        ;;
    esac
}

for family in $(families); do
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family/
    TEST_DB=$TEST_DIR/$family.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    on_hosts "$family" "$(examples "$family")/fork_exec" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$family: exit status" 0 $?
    equal "$family: one file is left" 1 "$(find "$EPMT_OUTPUT_PREFIX" -type f | wc -l)"
    equal "$family: one directory is left" 1 "$(find "$EPMT_OUTPUT_PREFIX" -mindepth 2 -type d | wc -l)"
    check "$family: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$family: ranks of all hosts" "h1 2,h2 2,h3 2,h4 2" "$(sql \
        "select group_concat(hostname || ' ' || n) from (select hostname, count(*) n
         from processes where mpirank is not null group by hostname order by hostname)")"
    equal "$family: each rank once" 0,1,2,3,4,5,6,7 "$(sql \
        'select group_concat(mpirank) from (select mpirank from processes
         where mpirank is not null order by 1)')"
    equal "$family: children on every host" 4 "$(sql \
        "select count(distinct hostname) from processes where exename = 'true'")"
done
finish

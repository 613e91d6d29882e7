#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# Four whole hosts (as root, Open MPI): own name, network, /dev/shm and /tmp, and so an output
# directory of their own each. After a clean job there is the job file at rank 0's host, and nothing
# anywhere else; after a crashed one `epmt stage` on each host collects all that there is.
. "$(dirname "$0")/../lib.sh"

if [ "$(id -u)" != 0 ] || [[ " $(families) " != *" openmpi "* ]]; then
    echo "# whole hosts need root and Open MPI: checked by the continuous integration"
    check "the other tests run without" true
    finish
fi

hosts=$TEST_DIR/hosts
mkdir -p "$hosts" "$TEST_DIR/shared"
{ echo "127.0.0.1 localhost"; for i in 1 2 3 4; do echo "10.77.0.$i h$i"; done; } >"$hosts/hosts"
cat >"$hosts/sh" <<S
#!/bin/sh
# Runs a command on an emulated host, as rsh does.
while [ "\${1#-}" != "\$1" ]; do shift; done
h=\$1; shift
exec nsenter -t "\$(cat "$hosts/\$h.pid")" -n -u -i -m -- sh -c "\$*"
S
# The host's own /tmp: of the one outside it has this test's directory, and a checkout that is there.
cat >"$hosts/boot" <<S
#!/bin/sh
hostname "\$1"
mount --bind "$hosts/hosts" /etc/hosts
mount -t tmpfs shm /dev/shm
mount --rbind /tmp /mnt
mount -t tmpfs tmp /tmp
for i in "$TEST_DIR" "$EPMT_SOURCE" "$EPMT_BUILD" "$EPMT_PREFIX"; do
    [ -d "\$i" ] || { mkdir -p "\$i" && mount --bind "/mnt/\${i#/tmp/}" "\$i"; }
done
umount -l /mnt
touch /tmp/booted
exec sleep 600
S
# As ssh has it: the words are one line for a shell there, and nothing of our environment.
cat >"$hosts/ssh-like" <<S
#!/bin/sh
h=\$1; shift
exec nsenter -t "\$(cat "$hosts/\$h.pid")" -n -u -i -m -- env -i PATH=/usr/bin:/bin USER=$(id -un) \
    sh -c "echo 'Welcome to '; \$*"
S
# As srun has it: the words go as they are.
cat >"$hosts/srun" <<S
#!/bin/sh
h=\$2; shift 2
exec nsenter -t "\$(cat "$hosts/\$h.pid")" -n -u -i -m -- env -i PATH=/usr/bin:/bin "\$@"
S
chmod +x "$hosts/sh" "$hosts/boot" "$hosts/ssh-like" "$hosts/srun"
unshare -n sleep 600 </dev/null >/dev/null 2>&1 &
switch=$!
for i in 1 2 3 4; do
    unshare -n -u -i -m "$hosts/boot" h$i </dev/null >/dev/null 2>&1 &
    echo $! >"$hosts/h$i.pid"
done
# shellcheck disable=SC2046
trap 'kill $switch $(cat "$hosts"/*.pid); test_exit' EXIT
for i in 1 2 3 4; do
    for _ in $(seq 100); do
        "$hosts/sh" h$i test -e /tmp/booted 2>/dev/null && break
        sleep 0.02
    done
done
nsenter -t $switch -n sh -c "ip link add br0 type bridge; ip link set br0 up"
for i in 1 2 3 4; do
    pid=$(cat "$hosts/h$i.pid")
    nsenter -t $switch -n ip link add v$i type veth peer name eth0 netns "$pid"
    nsenter -t $switch -n ip link set v$i master br0 up
    nsenter -t "$pid" -n sh -c \
        "ip link set lo up; ip addr add 10.77.0.$i/24 dev eth0; ip link set eth0 up"
done

agent=$hosts/sh # what starts the ranks of the other hosts
export EPMT_OUTPUT_PREFIX=/tmp/out/ EPMT_FINALIZE_TIMEOUT=10
on_hosts() { # PROGRAM ARGUMENTS...
    # shellcheck disable=SC2154
    timeout -s KILL 60 "$hosts/sh" h1 "$mpirun_openmpi --allow-run-as-root --oversubscribe \
        --mca plm_rsh_agent $agent --mca oob_tcp_if_include eth0 --mca btl_tcp_if_include eth0 \
        --mca btl self,vader,tcp --host h1:2,h2:2,h3:2,h4:2 --bind-to none -x EPMT_OUTPUT_PREFIX \
        -x EPMT_FINALIZE_TIMEOUT -x LD_PRELOAD=$PRELOAD $*" </dev/null
}
files_on() { "$hosts/sh" "$1" "find /tmp/out /dev/shm -name '*epmt*' -o -path '/tmp/out/*' -type f
    2>/dev/null" 2>/dev/null | sed 's/.*\.//' | sort | tr '\n' ' '; }
all_files() { for h in h1 h2 h3 h4; do echo "$h: $(files_on $h)"; done; }

on_hosts "$(examples openmpi)/fork_exec" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
equal "a clean job: exit status" 0 $?
equal "a clean job: one file at rank 0, nothing elsewhere" "h1: h5 
h2: 
h3: 
h4: " "$(all_files)"
for h in h2 h3 h4; do
    equal "a clean job: no directory on $h either" "" \
        "$("$hosts/sh" $h 'find /tmp/out -mindepth 1 2>/dev/null')"
done
equal "epmt stage moves the job file" "$TEST_DIR/shared/" \
    "$("$hosts/sh" h1 "$EPMT_PREFIX/bin/epmt stage -d $TEST_DIR/shared /tmp/out" |
        sed 's/mpi-[^/]*$//')"
check "submit" epmt submit "$TEST_DIR/shared"
equal "ranks of all hosts, children too" "h1 4,h2 4,h3 4,h4 4" "$(sql \
    "select group_concat(hostname || ' ' || n) from (select hostname, count(*) n
     from processes where mpirank is not null or exename = 'true' group by hostname order by hostname)")"
equal "it is complete" "8|8|1" "$(sql 'select numranks, ranks_reported, complete from steps')"

check "compile" mpicc.openmpi -D_GNU_SOURCE "$EPMT_SOURCE/tests/mpi/fault.c" -o "$TEST_DIR/fault"
rm -rf "$TEST_DIR/shared" "$TEST_DB"
on_hosts "$TEST_DIR/fault" kill 7 >"$TEST_DIR/out" 2>"$TEST_DIR/err"
check "a crashed job: mpirun fails" test $? != 0
equal "a crashed job: a journal on every host" "h1: journal 
h2: journal 
h3: journal 
h4: journal " "$(all_files)"
for h in h1 h2 h3 h4; do
    staged=$("$hosts/sh" $h "$EPMT_PREFIX/bin/epmt stage -d $TEST_DIR/shared /tmp/out")
    check "a crashed job: $h is staged to $staged" test -d "$staged"
done
equal "a crashed job: nothing is left on any host" "h1: 
h2: 
h3: 
h4: " "$(all_files)"
check "a crashed job: submit" epmt submit "$TEST_DIR/shared"
equal "a crashed job: all ranks in one job" "1|8" "$(sql \
    'select count(distinct job_id), count(distinct mpirank) from processes')"
equal "a crashed job: the dead rank" "h4|killed" \
    "$(sql 'select hostname, state from processes where mpirank = 7')"
equal "a crashed job: it is not complete" "8|0" "$(sql 'select numranks, complete from steps')"

# The same by one call on one host.
all_gone="h1: 
h2: 
h3: 
h4: "
all_ranks() { # WHAT
    equal "$1: all ranks once, in one job" "1|8|8" "$(sql "select count(distinct job_id),
        count(*), count(distinct mpirank) from processes where mpirank is not null")"
    equal "$1: the dead rank" "h4|killed" \
        "$(sql 'select hostname, state from processes where mpirank = 7')"
}
epmt_on() { # HOST ARGUMENTS...
    local host=$1
    shift
    "$hosts/sh" "$host" "$EPMT_PREFIX/bin/epmt $*"
}
for way in ssh-like "srun -w %h"; do
    what="stage by ${way%% *}"
    rm -rf "$TEST_DIR/shared" "$TEST_DB"
    on_hosts "$TEST_DIR/fault" kill 7 >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    check "$what: mpirun fails" test $? != 0
    export EPMT_REMOTE_COMMAND="$hosts/$way" EPMT_REMOTE_HOSTS="h[1-4]" EPMT_REMOTE_TIMEOUT=20
    staged=$(epmt_on h1 stage -d "$TEST_DIR/shared" /tmp/out)
    equal "$what: status" 0 $?
    check "$what: said where to" test -d "$staged"
    equal "$what: nothing is left on any host" "$all_gone" "$(all_files)"
    for h in h1 h2 h3 h4; do
        equal "$what: no directory on $h either" "" \
            "$("$hosts/sh" $h 'find /tmp/out -mindepth 2 2>/dev/null')"
    done
    check "$what: submit" epmt submit "$TEST_DIR/shared"
    all_ranks "$what"
done

# A host that does not answer, and one that is not there: the rest comes, and later they do.
what="a host is down"
rm -rf "$TEST_DIR/shared" "$TEST_DB"
on_hosts "$TEST_DIR/fault" kill 7 >"$TEST_DIR/out" 2>"$TEST_DIR/err"
cat >"$hosts/lame" <<S
#!/bin/sh
case \$1 in
h2) exec sleep 600 ;;
h3) exit 255 ;;
esac
exec "$hosts/ssh-like" "\$@"
S
chmod +x "$hosts/lame"
EPMT_REMOTE_TIMEOUT=2 EPMT_REMOTE_COMMAND=$hosts/lame \
    epmt_on h1 stage -d "$TEST_DIR/shared" /tmp/out >"$TEST_DIR/out" 2>"$TEST_DIR/err"
equal "$what: status" 6 $?
contains "$what: which one hangs" "h2: nothing comes (remote_timeout)" "$(cat "$TEST_DIR/err")"
contains "$what: which one fails" "h3: the command ended before all had come" \
    "$(cat "$TEST_DIR/err")"
equal "$what: what they have is still there" "h1: 
h2: journal 
h3: journal 
h4: " "$(all_files)"
staged=$(sed -n "s|^$TEST_DIR/shared/||p" "$TEST_DIR/out")
user=$("$hosts/sh" h2 ls /tmp/out)
EPMT_REMOTE_COMMAND=$hosts/ssh-like epmt_on h1 stage -d "$TEST_DIR/shared" \
    "/tmp/out/$user/$staged" >"$TEST_DIR/out" 2>&1
check "$what: a directory that is not here" test $? != 0
export EPMT_JOB_ID=$staged
check "$what: the rest by the job's id" \
    env EPMT_REMOTE_COMMAND="$hosts/ssh-like" "$hosts/sh" h1 "$EPMT_PREFIX/bin/epmt" stage -d "$TEST_DIR/shared"
unset EPMT_JOB_ID
equal "$what: nothing is left" "$all_gone" "$(all_files)"
check "$what: submit" epmt submit "$TEST_DIR/shared"
all_ranks "$what"

# What could not be stored here stays there.
what="no room"
rm -rf "$TEST_DIR/shared" "$TEST_DB"
on_hosts "$TEST_DIR/fault" kill 7 >"$TEST_DIR/out" 2>"$TEST_DIR/err"
"$hosts/sh" h1 "mkdir -p /tmp/full; mount -t tmpfs -o size=4k full /tmp/full
    mkdir /tmp/full/d; head -c 4096 /dev/zero >/tmp/full/filler"
EPMT_REMOTE_COMMAND=$hosts/ssh-like epmt_on h1 stage -d /tmp/full/d /tmp/out >"$TEST_DIR/out" 2>&1
check "$what: it fails" test $? != 0
equal "$what: every host has what it had" "h1: journal 
h2: journal 
h3: journal 
h4: journal " "$(all_files)"
EPMT_REMOTE_COMMAND=$hosts/ssh-like epmt_on h1 stage -d "$TEST_DIR/shared" /tmp/out >"$TEST_DIR/out" 2>&1
check "$what: then elsewhere" epmt submit "$TEST_DIR/shared"
all_ranks "$what"

# Between start and stop: the other hosts' ranks go by the key of their world, not by the job id.
what="start and stop"
rm -rf "$TEST_DB"
agent=$hosts/ssh-like
check "$what: start" env EPMT_JOB_ID=started "$hosts/sh" h1 "$EPMT_PREFIX/bin/epmt" start
EPMT_JOB_ID=started on_hosts "$TEST_DIR/fault" kill 7 >"$TEST_DIR/out" 2>"$TEST_DIR/err"
equal "$what: the job's directory here, the world's elsewhere" "h1 started
h2 mpi
h3 mpi
h4 mpi" "$(for h in h1 h2 h3 h4; do echo "$h $("$hosts/sh" $h ls "/tmp/out/$user" | sed 's/-.*//')"; done)"
check "$what: stop" env EPMT_JOB_ID=started EPMT_REMOTE_COMMAND="$hosts/ssh-like" \
    "$hosts/sh" h1 "$EPMT_PREFIX/bin/epmt" stop
equal "$what: one job file, nothing elsewhere" "h1: h5 
h2: 
h3: 
h4: " "$(all_files)"
"$hosts/sh" h1 "cat /tmp/out/$user/started/started.h5" >"$TEST_DIR/started.h5"
check "$what: submit" epmt submit "$TEST_DIR/started.h5"
all_ranks "$what"
finish

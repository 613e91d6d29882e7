#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2153
# A Slurm of the test's own: munged, slurmctld and a slurmd per node, each under its own host name
# (n1, n2, ...), all on the loopback interface. Sourced after lib.sh; the state is in $TEST_DIR/slurm.

SLURM_DIR=$TEST_DIR/slurm
export SLURM_CONF=$SLURM_DIR/slurm.conf

# A range of ports of this process's own.
SLURM_PORT=$((20000 + $$ % 300 * 100))

slurm_down() {
    local file
    for file in "$SLURM_DIR"/slurmd.*.pid "$SLURM_DIR"/slurmctld.pid "$SLURM_DIR"/munge/pid; do
        [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    for _ in $(seq 50); do # they write their state on the way out
        [ -e "$SLURM_DIR/slurmctld.pid" ] || break
        sleep 0.1
    done
}

slurm_configuration() { # NODES
    local host
    host=$(hostname -s)
    cat <<C
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$SLURM_PORT
SlurmdPort=$((SLURM_PORT + 1))
SrunPortRange=$((SLURM_PORT + 40))-$((SLURM_PORT + 99))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$SLURM_DIR/munge/sock
CryptoType=crypto/munge
StateSaveLocation=$SLURM_DIR/state
SlurmdSpoolDir=$SLURM_DIR/spool/%n
SlurmctldPidFile=$SLURM_DIR/slurmctld.pid
SlurmdPidFile=$SLURM_DIR/slurmd.%n.pid
SlurmctldLogFile=$SLURM_DIR/log/slurmctld.log
SlurmdLogFile=$SLURM_DIR/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
SwitchType=switch/none
TmpFS=$SLURM_DIR/tmp/%n
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=2
MinJobAge=300
InactiveLimit=0
OverTimeLimit=0
$SLURM_MORE
C
    for i in $(seq "$1"); do
        echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((SLURM_PORT + 1 + i)) CPUs=4" \
            "Sockets=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=1000 State=UNKNOWN"
    done
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:16"
}

# Starts it; SLURM_MORE is further lines of slurm.conf. Fails where it does not come up.
slurm_up() { # NODES
    mkdir -p "$SLURM_DIR"/{state,log,munge}
    for i in $(seq "$1"); do mkdir -p "$SLURM_DIR/tmp/n$i" "$SLURM_DIR/spool/n$i"; done
    chmod 755 "$TEST_DIR" "$SLURM_DIR" "$SLURM_DIR/munge"
    (umask 077 && head -c 1024 /dev/urandom >"$SLURM_DIR/munge/key") || return 1
    munged --key-file="$SLURM_DIR/munge/key" --socket="$SLURM_DIR/munge/sock" --force \
        --pid-file="$SLURM_DIR/munge/pid" --log-file="$SLURM_DIR/munge/log" \
        --seed-file="$SLURM_DIR/munge/seed" --num-threads=2 || return 1
    slurm_configuration "$1" >"$SLURM_CONF"
    slurmctld -c || return 1
    for i in $(seq "$1"); do
        unshare -u sh -c "hostname n$i; exec slurmd -N n$i -c" || return 1
    done
    for _ in $(seq 300); do
        sinfo -h -o '%D %t' 2>/dev/null | grep -q "^$1 idle" && return 0
        sleep 0.1
    done
    sinfo
    return 1
}

# Waits until a job's nodes are free again, their epilogs done.
slurm_wait() { # JOBID
    for _ in $(seq 1500); do
        scontrol -o show job "$1" 2>/dev/null | grep 'JobState=' |
            grep -qvE 'JobState=(COMPLETING|RUNNING|PENDING|REQUEUED)' && return 0
        sleep 0.1
    done
    return 1
}

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The setting remote_command without hosts: a command that goes to another directory instead, and
# ones that misbehave. Real hosts: tests/mpi/test_hosts.sh, test_whole_hosts.sh.
. "$(dirname "$0")/../lib.sh"

# As ssh: one line for a shell, in an environment of its own; "host" X has its jobs in X/ of here.
cat >"$TEST_DIR/go" <<S
#!/bin/sh
h=\$1; shift
exec env -i PATH=/usr/bin:/bin sh -c "\$(echo "\$*" | sed "s|$TEST_DIR/prefix/|$TEST_DIR/\$h/|g")"
S
chmod +x "$TEST_DIR/go"
export EPMT_REMOTE_COMMAND=$TEST_DIR/go EPMT_REMOTE_HOSTS="a[1-2],localhost,$(hostname)"
user=$(id -un)
export USER=$user EPMT_JOB_ID=7
on() { (export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/ && shift && preload "$@"); }
left() { (cd "$TEST_DIR" && find prefix a1 a2 -type f 2>/dev/null | sort | tr '\n' ' '); }

check "start" epmt start
on prefix /bin/true
on a1 /bin/true
on a2 sh -c 'kill -9 $$' 2>/dev/null
check "stop" epmt stop
equal "one job file, and nothing elsewhere" "prefix/$user/7/7.h5 " "$(left)"
check "submit" epmt submit
equal "processes of all" "exited,exited,killed" \
    "$(sql 'select group_concat(state) from (select state from processes order by 1)')"
equal "no directory is left there" "" "$(ls "$TEST_DIR/a1/$user" "$TEST_DIR/a2/$user" | grep 7)"
equal "a second stop has nothing to do" "epmt: stop: job 7 is already stopped" "$(epmt stop 2>&1)"

# Nothing here, and something there.
export EPMT_JOB_ID=8
on a1 /bin/true
mkdir "$TEST_DIR/shared"
equal "stage says where to" "$TEST_DIR/shared/8" "$(epmt stage -d "$TEST_DIR/shared")"
equal "and it is there" 1 "$(find "$TEST_DIR/shared/8" -name '*.journal' | wc -l)"

# A job that runs there.
export EPMT_JOB_ID=9
on a1 sleep 60 &
sleeper=$!
for _ in $(seq 200); do [ -n "$(left)" ] && [[ "$(left)" = *a1/$user/9/* ]] && break; sleep 0.05; done
on a2 /bin/true
said=$(epmt stage -d "$TEST_DIR/shared" 2>&1 >/dev/null)
equal "what runs is left for later: status" 1 "$(epmt stage -e -d "$TEST_DIR/shared" >/dev/null 2>&1; echo $?)"
contains "what runs is left for later" "a1: job 9 is still running: left for later" "$said"
contains "it is there" "a1/$user/9/" "$(left)"
equal "the other has given" 1 "$(find "$TEST_DIR/shared/9" -name '*.journal' | wc -l)"
pkill -P $sleeper sleep 2>/dev/null || kill $sleeper
wait $sleeper 2>/dev/null

# Commands that misbehave: each is said of its host, and nothing is written but in the target.
export EPMT_JOB_ID=10 EPMT_REMOTE_HOSTS=b
answer() { # NAME WHAT IT PRINTS
    printf '#!/bin/sh\nprintf "%s"\n' "$2" >"$TEST_DIR/$1"
    chmod +x "$TEST_DIR/$1"
    EPMT_REMOTE_COMMAND=$TEST_DIR/$1 epmt stage -d "$TEST_DIR/evil/in" 2>&1
}
mkdir -p "$TEST_DIR/evil/in"
contains "no greeting" "b: the command ended before all had come" "$(answer none 'hello\\\\n')"
contains "half of a file" "b: the command ended before all had come" \
    "$(answer half 'epmt stage 1\\nfile 100 a.journal\\nabc')"
for name in ../x.journal /tmp/x.journal .x.journal x.txt a/b.journal; do
    contains "a name that is none of ours: $name" "b: this is not what" \
        "$(answer name "epmt stage 1\\\\nfile 3 $name\\\\nabcend\\\\n")"
done
contains "no number" "b: this is not what" "$(answer number 'epmt stage 1\\nfile x a.journal\\nabc')"
equal "nothing is left of them" "" "$(find "$TEST_DIR/evil" -type f)"
contains "no such command" "cannot execute $TEST_DIR/missing" \
    "$(EPMT_REMOTE_COMMAND=$TEST_DIR/missing epmt stage -d "$TEST_DIR/evil/in" 2>&1)"
contains "hosts that are none" 'epmt: stage: "-oProxyCommand=x" is no name of a host' \
    "$(EPMT_REMOTE_HOSTS=-oProxyCommand=x epmt stage -d "$TEST_DIR/evil/in" 2>&1)"
contains "a path that a shell would take apart" "cannot be passed to another host" \
    "$(EPMT_OUTPUT_PREFIX="$TEST_DIR/two words/" epmt stage -d "$TEST_DIR/evil/in" 2>&1)"

# The side that gives keeps all where nobody says that it is stored.
on a1 /bin/true
equal "without an answer: status" 6 \
    "$(epmt stage --send none "$TEST_DIR/a1/$user/10" </dev/null >/dev/null 2>&1; echo $?)"
contains "without an answer it stays" "a1/$user/10/" "$(left)"
finish

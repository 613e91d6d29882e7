#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the preload adds to each process, where it can be counted: system calls and page faults. Times
# are for bench/, on a quiet machine; a call or a page more shows here.
. "$(dirname "$0")/../lib.sh"

export EPMT_JOB_ID=cost USER=nobody # else /etc/passwd is read for the name
preload /bin/true                   # the journal is there

calls() { # COMMAND...
    strace -f -o "$TEST_DIR/calls" "$@" && wc -l <"$TEST_DIR/calls"
}

bare=$(calls /bin/true)
with=$(calls -E LD_PRELOAD="$PRELOAD" /bin/true)
# In a pid namespace, as a container's, the boot id is read too.
most=69
[ "$(readlink /proc/self/ns/pid)" = "pid:[4026531836]" ] || most=71
check "system calls of a process: $with with, $bare without, $most more at most" \
    test $((with - bare)) -le $most
check "system calls: the records are among them" \
    test "$(grep -c '^[0-9]* *write(' "$TEST_DIR/calls")" = 2

cat >"$TEST_DIR/faults.py" <<'P'
import os, sys

def faults(environment):
    pid = os.posix_spawn("/bin/true", ["true"], environment)
    return os.wait4(pid, 0)[2].ru_minflt

bare = dict(os.environ)
loaded = dict(bare, LD_PRELOAD=sys.argv[1])
both = sorted(faults(bare) for _ in range(51)), sorted(faults(loaded) for _ in range(51))
print(both[1][25] - both[0][25])
P
faults=$(python3 "$TEST_DIR/faults.py" "$PRELOAD")
check "page faults of a process: $faults more, 10 at most" test "$faults" -le 10
check "page faults: some" test "$faults" -ge 3
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The writer of the job file dies, or its disk fails, at each of its system calls in turn: the final
# name holds the old file or the new one, whole, nothing of the sources is lost, and the next
# folding completes the job.
# timeout: 600
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
writer=$EPMT_PREFIX/libexec/epmt/epmt-jobwriter

# The old state: a job file, and beside it a stream and a journal that it has not got yet.
export EPMT_JOB_ID=7
made=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}/7
for argument in one two; do
    preload /bin/true $argument
    mkdir -p state
    cp "$made"/*.journal "state/$argument.stream"
    rm -f "$made"/*
done
preload /bin/true three
cp "$made"/*.journal state/
epmt merge -j 7 state/one.stream -o state/7.h5 >/dev/null
cp state/one.stream sent # and what comes down the pipe
rm state/one.stream
old=$(cksum <state/7.h5)

fresh() { rm -rf dir && cp -a state dir; }
fold() { "$writer" -d dir -j 7 <sent; } # as at the end of a step
fresh
strace -f -o calls "$writer" -d dir -j 7 <sent
equal "undisturbed: it works" 0 $?
new=$(cksum <dir/7.h5)
processes=$(epmt dump --format csv dir/7.h5 | wc -l)
equal "undisturbed: all processes" 4 "$processes"
check "undisturbed: another file than before" test "$old" != "$new"
left=$(ls dir)

# Between the old and the new state there is nothing.
wrong=
tried=0
failed=0
inspect() { # WHAT STATUS
    local now=missing
    [ -e dir/7.h5 ] && now=$(cksum <dir/7.h5)
    [ "$now" = "$old" ] || [ "$now" = "$new" ] || wrong+="$1: the file is neither; "
    # A folding that said it worked has.
    [ "$2" != 0 ] || [ "$now" = "$new" ] || wrong+="$1: status 0, but the file is the old one; "
    epmt check -q dir/7.h5 >>said 2>&1 || wrong+="$1: check; "
    fold || wrong+="$1: the next folding fails; "
    [ "$(cksum <dir/7.h5)" = "$new" ] || wrong+="$1: the next folding gives something else; "
    [ "$(ls dir)" = "$left" ] || wrong+="$1: left over: $(find dir -type f | paste -sd ' '); "
}

# Which of its calls have to do with the directory: those that name something in it, or that come
# once it was opened and name nothing.
calls_of() { awk -v call="$1" '{ sub(/^[0-9]+ +/, "") } /"dir/ { seen = 1 }
    index($0, call "(") == 1 { n++; if (/"dir/ || (seen && !/"\//)) print n }' calls; }
disturbed() { # CALL HOW N COMMAND...
    (
        strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:$2:when=$3" "${@:4}"
        exit $?
    ) >/dev/null 2>&1
}
for how in signal=KILL error=EIO error=ENOSPC; do
    for call in openat write pwrite64 fsync fdatasync rename renameat renameat2 unlink unlinkat \
        ftruncate close flock; do
        # A disk that is full does not keep anybody from locking or removing.
        case $how$call in error=ENOSPCflock | error=ENOSPCunlink*) continue ;; esac
        for n in $(calls_of $call); do
            fresh
            status=0
            disturbed "$call" "$how" "$n" "$writer" -d dir -j 7 <sent || status=$?
            tried=$((tried + 1))
            [ $status = 0 ] || failed=$((failed + 1))
            inspect "$how at $call $n" $status
        done
    done
done
equal "whatever fails, there is the old file or the new one, and the next folding completes it" "" \
    "$wrong"
check "it was tried often enough ($tried times, $failed of them failed)" \
    test $tried -ge 40 -a $failed -ge 20

# The same of `epmt merge`, which has no directory of its own.
fresh
epmt merge dir -o dir/7.h5 >/dev/null
strace -f -o calls epmt merge dir -o dir/7.h5 >/dev/null
wrong=
tried=0
for how in signal=KILL error=ENOSPC; do
    for call in write fsync rename; do
        for n in $(calls_of $call); do
            fresh
            disturbed "$call" "$how" "$n" epmt merge dir -o dir/7.h5
            tried=$((tried + 1))
            epmt check -q dir/7.h5 >>said 2>&1 || wrong+="$how at $call $n: check; "
            epmt merge dir -o dir/7.h5 >/dev/null || wrong+="$how at $call $n: again; "
            equal "merge, $how at $call $n: nothing is lost" "$processes" \
                "$(epmt dump --format csv dir/7.h5 | wc -l)"
        done
    done
done
equal "merge: whatever fails, the target is whole, and again works" "" "$wrong"
check "merge: it was tried ($tried times)" test $tried -ge 4
finish

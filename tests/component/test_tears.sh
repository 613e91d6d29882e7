#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# Journals that are torn, disks that are full, and crashes between any two writes: nothing that was
# written is lost, and what is missing is counted and said.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # hundreds of jobs are made durable: in memory that is quick
. "$(dirname "$0")/../lib.sh"

cat >"$TEST_DIR/tear.py" <<'P'
import os, random, sqlite3, struct, sys

HEADER = struct.Struct("<4sHHIIQQiIQ")

def fragments(data):
    at, found = 0, []
    while at < len(data):
        fields = HEADER.unpack_from(data, at)
        assert fields[0] == b"EMTF", at
        found.append((at, fields[3], fields[9], bool(fields[2] & 8)))
        at += fields[3]
    return found

def tears(data):
    """NAME -> list of (pieces of the journal as files, indexes of the fragments that are whole, gaps)"""
    parts = fragments(data)
    every = list(range(len(parts)))
    piece = lambda i: data[parts[i][0]:parts[i][0] + parts[i][1]]
    at = lambda byte: next(i for i in every if byte < parts[i][0] + parts[i][1])
    random.seed(1)
    noise = random.randbytes(1000)
    fake = HEADER.pack(b"EMTF", 1, 0, 1 << 20, 1, 2, 3, -1, 4, 5)
    half, inside = parts[len(parts) // 2][0], parts[len(parts) // 2][0] + 20
    zeros = lambda a, n: data[:a] + bytes(n) + data[a + n:]
    table = {name: [] for name in (
        "cut at every 37th byte", "a byte changed at every 37th byte", "a stretch of zeros",
        "garbage inserted", "a header that lies", "two journals", "the same journal twice",
        "a fragment that lacks its end", "only garbage", "an empty journal")}
    for n in range(0, len(data), 37):
        whole = [i for i in every if sum(parts[i][:2]) <= n]
        torn = bool(n) and n not in {sum(p[:2]) for p in parts}
        table["cut at every 37th byte"].append(([data[:n]], whole, torn))
        bad = data[:n] + bytes([data[n] ^ 0x55]) + data[n + 1:]
        whole = [i for i in every if i != at(n)]
        table["a byte changed at every 37th byte"].append(([bad], whole, 1))
    for n, length in ((0, 5), (0, 700), (half, 48), (half - 3, 2000), (len(data) - 600, 600)):
        whole = [i for i in every if sum(parts[i][:2]) <= n or parts[i][0] >= n + length]
        table["a stretch of zeros"].append(([zeros(n, length)], whole, 1))
    for junk in (b"\n", b"EMTF", noise, bytes(4096), fake, fake[:40], piece(1)[:-1]):
        for place in (0, half, len(data)):
            table["garbage inserted"].append(([data[:place] + junk + data[place:]], every, 1))
        whole = [i for i in every if i != at(inside)]
        table["garbage inserted"].append(([data[:inside] + junk + data[inside:]], whole, 1))
    for length in (0, 1, 47, 48, len(data), 0xffffffff):
        lie = data[:half + 8] + struct.pack("<I", length) + data[half + 12:]
        table["a header that lies"].append(([lie], [i for i in every if i != at(half)], 1))
    odd, even = (b"".join(piece(i) for i in every[n::2]) for n in (0, 1))
    table["two journals"] += [([odd, even], every, 0), ([odd, even[:-9]], every[:-1] if len(every) % 2 == 0
                              else every[:-2] + every[-1:], 1)]
    table["the same journal twice"] += [([data, data], every, 0), ([data + data], every, 0)]
    for i in every:
        less = b"".join(piece(j)[:-7] if j == i else piece(j) for j in every)
        table["a fragment that lacks its end"].append(([less], [j for j in every if j != i], 1))
    table["only garbage"].append(([noise], [], 1))
    table["an empty journal"].append(([b""], [], 0))
    return parts, table

def make(journal, prefix):
    parts, table = tears(open(journal, "rb").read())
    for name, rows in table.items():
        for n, (pieces, _, _) in enumerate(rows):
            directory = f"{prefix}/tears/{name.replace(' ', '-')}.{n}"
            os.makedirs(directory)
            for host, piece in zip("ab", pieces):
                open(f"{directory}/{host}.journal", "wb").write(piece)

def compare(journal, database, said):
    parts, table = tears(open(journal, "rb").read())
    lines = open(said).read().splitlines()
    db = sqlite3.connect(database)
    for name, rows in table.items():
        wrong = []
        for n, (_, whole, gaps) in enumerate(rows):
            job = f"{name.replace(' ', '-')}.{n}"
            images = {parts[i][2] for i in whole} - {0}  # 0: no process's
            final = {parts[i][2] for i in whole if parts[i][3]}
            want = (len(images), len(final), int(gaps))
            got = db.execute("select count(*), coalesce(sum(state not in ('killed', 'running')), 0) "
                             "from processes join jobs on jobs.id = job_id where jobid = ?",
                             [job]).fetchone()
            got += (sum(f"/{job}:" in line and "damaged" in line for line in lines),)
            if want != got:
                wrong.append(f"{n}: (rows, ended, lines) {got} instead of {want}")
        print(f"{name}, {len(rows)} times: every whole record is there, and a line says what is not"
              f"\t{'; '.join(wrong) or 'same'}")

globals()[sys.argv[1]](*sys.argv[2:])
P

report() { # lines DESCRIPTION<tab>RESULT
    local what result
    while IFS=$'\t' read -r what result; do
        equal "$what" same "$result"
    done
}

summary() { # of the database: jobs, processes, those that ended, threads
    sql "select (select count(*) from jobs), count(*),
         sum(state not in ('killed', 'running')), (select count(*) from threads) from processes"
}

# A job whose journal is the sample of all that follows.
export EPMT_JOB_ID=sample
preload sh -c '/bin/true 1; /bin/echo 2 | /bin/cat; /bin/sh -c "kill -TERM \$\$"; (exit 4); exit 5' \
    >/dev/null 2>&1
journal=$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal')
cp "$journal" "$TEST_DIR/sample"
check "submit of the sample" epmt submit
whole=$(summary)
unset EPMT_JOB_ID

# Tears of every kind; one submit for all of them.
python3 "$TEST_DIR/tear.py" make "$TEST_DIR/sample" "$TEST_DIR/torn"
TEST_DB=$TEST_DIR/torn.db
EPMT_DB_URL=sqlite:///$TEST_DB epmt submit "$TEST_DIR/torn/tears" >"$TEST_DIR/out" 2>"$TEST_DIR/said"
python3 "$TEST_DIR/tear.py" compare "$TEST_DIR/sample" "$TEST_DB" "$TEST_DIR/said" \
    >"$TEST_DIR/report"
equal "all tears were compared" 0 $?
report <"$TEST_DIR/report"
equal "nothing else is said" "" "$(grep -v damaged "$TEST_DIR/said")"
equal "a damaged journal is put aside whole" "" "$(
    for dir in "$TEST_DIR"/torn/tears/*; do
        grep -q "$(basename "$dir"):.*damaged" "$TEST_DIR/said" || continue
        find "$dir" -name '*damaged*' | grep -q . || echo "$dir"
    done
)"

# A full disk while processes run.
cat >"$TEST_DIR/full.sh" <<'S'
mount -t tmpfs -o size=64k none "$EPMT_OUTPUT_PREFIX" || exit 99
for i in $(seq 150); do
    LD_PRELOAD=$PRELOAD /bin/sh -c "exit $((i % 100))" ARGUMENT-$i
    [ $? = $((i % 100)) ] || echo "process $i changed"
done
echo "whole: $(python3 - "$EPMT_OUTPUT_PREFIX"/*/full/*.journal <<'P'
import re, struct, sys
data = open(sys.argv[1], "rb").read()
at = 0
while data[at:at + 4] == b"EMTF" and len(data) - at >= 48:
    at += struct.unpack_from("<I", data, at + 8)[0]
print(len(data) > 50000, len(set(re.findall(rb"ARGUMENT-\d+\0", data))))
print("torn:", int(at != len(data))) # now and then the last record ends where the disk does
P
)"
cat "$EPMT_OUTPUT_PREFIX"/*/full/*.journal >"$TEST_DIR/before"
epmt submit >"$TEST_DIR/said" 2>&1
echo "status where the disk is full: $?, lines: $(wc -l <"$TEST_DIR/said")"
cmp "$TEST_DIR/before" "$EPMT_OUTPUT_PREFIX"/*/full/*.journal && echo "the journal stands"
mount -o remount,size=20m "$EPMT_OUTPUT_PREFIX"
LD_PRELOAD=$PRELOAD /bin/sh -c "exit 9" ARGUMENT-later
epmt submit >"$TEST_DIR/said" 2>&1
echo "status: $?, lines on damage: $(grep -c damaged "$TEST_DIR/said")"
S
export PRELOAD TEST_DIR
mkdir -p "$EPMT_OUTPUT_PREFIX"
if can_mount; then
    TEST_DB=$TEST_DIR/full.db
    export EPMT_JOB_ID=full EPMT_DB_URL=sqlite:///$TEST_DB
    unshare -m bash "$TEST_DIR/full.sh" >"$TEST_DIR/out" 2>&1
    equal "a full disk changes no process" "" "$(grep -v -E '^(whole|torn|status|the)' "$TEST_DIR/out")"
    contains "a full disk: it was filled" "whole: True" "$(cat "$TEST_DIR/out")"
    contains "a full disk: submit fails in one line" "is full: 6, lines: 1" "$(cat "$TEST_DIR/out")"
    contains "a full disk: the journal stands" "the journal stands" "$(cat "$TEST_DIR/out")"
    contains "a full disk: with room it works, and says what is missing" \
        "status: 0, lines on damage: $(sed -n 's/^torn: //p' "$TEST_DIR/out")" "$(cat "$TEST_DIR/out")"
    there=$(sed -n 's/whole: True //p' "$TEST_DIR/out")
    equal "a full disk: each process whose record came to the disk has a row" 0 "$(sql \
        "select $there + 1 - count(distinct args) not in (0, 1) from processes")"
    equal "a full disk: what ran with room again has a row" exited \
        "$(sql "select state from processes where args like '%later%'")"
else
    echo "# no mount namespace here: the full disk is left out"
fi

# A crash between any two system calls of a process: CALL.N dies on entry to the Nth of those calls.
calls="mkdir mkdirat write pwrite64 flock fsync fdatasync rename renameat renameat2 unlink unlinkat
    ftruncate"
die_at() { # CALL N COMMAND...; false where there are not so many
    local inject=$1:signal=KILL:when=$2
    # Of a command that has a child, either may be the one.
    (strace -f -q -o "$TEST_DIR/died" -e "trace=$1" -e "inject=$inject" "${@:3}") >/dev/null 2>&1
    grep -q 'killed by SIGKILL' "$TEST_DIR/died"
}
die_at_each() { # FUNCTION COMMAND...: calls FUNCTION CALL N after each death; sets $deaths
    local call n
    deaths=0
    for call in $calls; do
        for ((n = 1; n < 200; n += n < 8 ? 1 : 6)); do
            "$1" before "$call" "$n"
            die_at "$call" "$n" "${@:2}" || break
            deaths=$((deaths + 1))
            "$1" after "$call" "$n"
        done
    done
}
strace=
strace -qq -o /dev/null true 2>/dev/null && strace=yes
equal "strace works here: crashes at each call are tried" yes "$strace"

if [ -n "$strace" ]; then
    TEST_DB=$TEST_DIR/crash.db
    export EPMT_DB_URL=sqlite:///$TEST_DB EPMT_OUTPUT_PREFIX=$TEST_DIR/crash/
    job_of_its_own() { export EPMT_JOB_ID=$2.$3; }
    calls="openat close $calls" die_at_each job_of_its_own -E LD_PRELOAD="$PRELOAD" /bin/true
    check "a process that dies at a call: there are some ($deaths)" test $deaths -ge 12
    epmt submit "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/out" 2>"$TEST_DIR/said"
    equal "a process that dies at a call: submit" 0 $?
    equal "a process that dies at a call: no record is torn" "" "$(cat "$TEST_DIR/said")"
    equal "a process that dies at a call: before and in its first write there is no row" 0 "$(
        sql "select count(*) from processes join jobs on jobs.id = job_id
             where jobid in ('flock.1', 'write.1')")"
    equal "a process that dies at a call: from then on there is" 'killed killed' "$(
        sql "select state from processes join jobs on jobs.id = job_id
             where jobid in ('flock.2', 'write.2')" | paste -sd ' ')"
fi

# `epmt stop` and `epmt submit` killed at any moment, and again: the job is complete, not doubled.
fresh() { # a job directory with the sample, not yet stopped
    rm -rf "$TEST_DB" "$TEST_DB"-* "$EPMT_OUTPUT_PREFIX"
    epmt start 2>/dev/null
    cp "$TEST_DIR/sample" "$(dirname "$(find "$EPMT_OUTPUT_PREFIX" -name job_metadata.json)")/a.journal"
}
again() { # what must be true after the next try
    epmt submit >"$TEST_DIR/out" 2>"$TEST_DIR/said" || cat "$TEST_DIR/said"
    summary
    find "$EPMT_OUTPUT_PREFIX" -type f ! -name 'stopping.h5'
}
TEST_DB=$TEST_DIR/stopping.db
export EPMT_DB_URL=sqlite:///$TEST_DB EPMT_OUTPUT_PREFIX=$TEST_DIR/stopping/ EPMT_JOB_ID=stopping
fresh
check "stop, not disturbed" epmt stop
equal "submit, not disturbed: all is there, and nothing is left over" "$whole" "$(again)"
for command in stop submit; do
    wrong=
    killed=0
    for n in $(seq 30); do
        fresh
        [ $command = submit ] && [ $((n % 2)) = 0 ] && epmt stop 2>/dev/null
        epmt $command >/dev/null 2>&1 &
        sleep "0.0$(printf %02d $((n * 7 % 30)))"
        kill -9 $! 2>/dev/null
        { wait $!; } 2>/dev/null
        [ $? = 137 ] && killed=$((killed + 1))
        got=$(again)
        [ "$got" = "$whole" ] || wrong+="try $n: $got; "
    done
    equal "$command killed at 30 moments, then again: complete, not doubled" "" "$wrong"
    check "$command was killed at some of them ($killed)" test $killed -ge 3
    [ -n "$strace" ] || continue
    wrong=
    try_again() {
        [ "$1" = before ] && fresh && return
        got=$(again)
        [ "$got" = "$whole" ] || wrong+="$2 $3: $got; "
    }
    die_at_each try_again epmt $command
    equal "$command killed at each of its calls, then again: complete, not doubled" "" "$wrong"
    check "$command: there are some calls ($deaths)" test $deaths -ge 12
done
finish

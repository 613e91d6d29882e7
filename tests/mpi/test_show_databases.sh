#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 60
# What `epmt show --mpi` answers of call sites, messages and sizes, from SQLite and from PostgreSQL: the
# same, and what the program did.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

family=${mpi_families%% *}
run=mpirun_$family
check "compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE -w -O2 "$EPMT_SOURCE/tests/mpi/callsites.c" \
    -o "$TEST_DIR/callsites" -pthread
export EPMT_JOB_ID=both EPMT_MPI_CALLSITES=1 EPMT_MPI_MESSAGES=1 EPMT_MPI_SIZES=1
[ "$family" = openmpi ] &&
    MPI_OPTIONS=(-x EPMT_MPI_CALLSITES -x EPMT_MPI_MESSAGES -x EPMT_MPI_SIZES -x EPMT_JOB_ID)
mpi_run "$family" 3 "$TEST_DIR/callsites" plain >"$TEST_DIR/out" 2>&1
equal "the program's output" "" "$(cat "$TEST_DIR/out")"
jobfile=$(find "$EPMT_OUTPUT_PREFIX" -name '*.h5')

for kind in sqlite postgresql; do
    use_db "$kind"
    check "$kind: submit" epmt submit "$jobfile"
    for format in table json csv; do
        check "$kind: show as $format" epmt show both --mpi --format "$format"
        cp "$TEST_DIR/.said" "$TEST_DIR/$kind.$format"
    done
    # By SQL of our own, in figures; ranks send to themselves.
    equal "$kind: messages" "0 0 13 144
1 1 13 144
2 2 13 144" "$(sql "select p.mpirank || ' ' || peer || ' ' || messages || ' ' || bytes from processes p
        join mpi_messages m on m.process_id = p.id order by 1")"
    equal "$kind: shown" "0 0 13 144 B
1 1 13 144 B
2 2 13 144 B" "$(sed -n '/^who sent/,/^$/p' "$TEST_DIR/$kind.table" | grep '^ *[0-9]' |
        sed 's/  */ /g; s/^ //; s/ $//' | sort)"
    equal "$kind: sizes shown" "$(sql "select bucket || ' ' || sum(calls) || ' ' || sum(bytes) from mpi_sizes
            group by bucket order by bucket")" \
        "$(python3 - "$TEST_DIR/$kind.json" <<'END'
import collections, json, sys
sums = collections.defaultdict(lambda: [0, 0])
for row in json.load(open(sys.argv[1]))["sizes"]:
    sums[row["bucket"]][0] += row["calls"]
    sums[row["bucket"]][1] += row["bytes"]
for bucket in sorted(sums):
    print(bucket, *sums[bucket])
END
)"
    check "$kind: there are sizes" test "$(sql 'select count(distinct bucket) from mpi_sizes')" -ge 4
    equal "$kind: as many lines of sizes" "$(sql 'select count(distinct bucket) from mpi_sizes')" \
        "$(sed -n '/^calls by size/,/^$/p' "$TEST_DIR/$kind.table" | grep -c '^ *[0-9]')"
    equal "$kind: call sites with their callers" "MPI_Allreduce 21 84 B 84 B reduce_small
MPI_Allreduce 9 7.03 KiB 7.03 KiB reduce_large" "$(sed -n '/^calls by call site/,/^$/p' "$TEST_DIR/$kind.table" |
        sed -n 's/  */ /g; s/^\(MPI_Allreduce [0-9]*\) [0-9.]* [a-z]* /\1 /; s/+0x.*//; /^MPI_All/p' | sort)"
done

for format in table csv; do
    check "both show the same as $format" diff "$TEST_DIR/sqlite.$format" "$TEST_DIR/postgresql.$format"
done
check "both show the same as json" python3 - "$TEST_DIR"/{sqlite,postgresql}.json <<'END'
import json, math, sys

def same(x, y): # sums of floating point numbers come in any order
    if isinstance(x, float) and isinstance(y, float):
        return math.isclose(x, y, rel_tol=1e-12)
    return x == y

a, b = (json.load(open(name)) for name in sys.argv[1:])
assert list(a) == list(b), (list(a), list(b))
for part in a:
    assert a[part] and len(a[part]) == len(b[part]), part
    for r, s in zip(a[part], b[part]):
        assert list(r) == list(s), (part, list(r), list(s))
        assert all(same(r[k], s[k]) for k in r), (part, [(k, r[k], s[k]) for k in r if r[k] != s[k]])
END
finish

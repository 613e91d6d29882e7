#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The job file as a public format: the tools of the distribution read every table, a reader written
# from docs/jobfile.md finds what `epmt dump` does, `epmt check` finds it good, older versions are
# read and rewritten, newer ones refused.
# timeout: 600
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
cd "$TEST_DIR" || exit 1
user=${USER:-$(id -un)}

# A job with odd texts, a crash with its stack, several threads.
export EPMT_JOB_ID=odd EPMT_CRASH_STACK=2 EPMT_TAGS=$'op:run;odd:\xff\\x41'
check "start" epmt start
epmt run sh -c '/bin/true "a  b" "" "$(printf "\377\303\251\n\134x41")" "$1"' x "$(printf '%0700d' 7)"
epmt run sh -c 'kill -SEGV $$' 2>/dev/null
epmt run "$EPMT_BUILD/tests/component/crash" segv 2>/dev/null
epmt run "$EPMT_BUILD/tests/component/begins" >/dev/null 2>&1
check "stop" epmt stop
files=("$EPMT_OUTPUT_PREFIX$user/odd/odd.h5")
unset EPMT_TAGS

for family in $(families); do
    export EPMT_JOB_ID=$family EPMT_MPI_MESSAGES=1 EPMT_MPI_CALLSITES=3 EPMT_MPI_SIZES=1
    MPI_OPTIONS=()
    mpi_run "$family" 3 "$(examples "$family")/imbalance" >/dev/null 2>"$TEST_DIR/said"
    equal "$family: a job with all tables of MPI" 0 $?
    epmt stop 2>/dev/null # where the reduction did not come to its end on a busy machine
    files+=("$EPMT_OUTPUT_PREFIX$user/$family/$family.h5")
done
unset EPMT_MPI_MESSAGES EPMT_MPI_CALLSITES EPMT_MPI_SIZES
for file in "$EPMT_SOURCE"/tests/fixtures/jobfile/v1-*.h5; do
    cp "$file" . && files+=("$(basename "$file")")
done

cat >all_tables.py <<'P'
import sys, warnings, tables, h5py
warnings.simplefilter("ignore")
with h5py.File(sys.argv[1]) as f:
    there = {}
    f.visititems(lambda name, item: there.update({"/" + name: item.shape[0]})
                 if isinstance(item, h5py.Dataset) and item.dtype.names else None)
    columns = {name: list(f[name].dtype.names) for name in there}
with tables.open_file(sys.argv[1]) as t:
    seen = {n._v_pathname: n.nrows for n in t.walk_nodes("/", "Table")}
    names = {n._v_pathname: n.colnames for n in t.walk_nodes("/", "Table")}
    rows = sum(len(n.read()) for n in t.walk_nodes("/", "Table"))
    for node in t.walk_nodes("/", "Table") if int(t.root._v_attrs.format_version) > 1 else []:
        assert node._v_attrs.CLASS == "TABLE", node
        assert node._v_attrs.FIELD_0_NAME == node.colnames[0], node
assert seen == there, (seen, there)
assert names == columns
print(rows > 0)
P
cat >pandas_line.py <<'P'
import sys, h5py, pandas as pd
processes = pd.DataFrame(h5py.File(sys.argv[1])["processes"][:])
threads = pd.DataFrame(h5py.File(sys.argv[1])["threads"][:])
assert len(threads.merge(processes, on="image")) == len(threads)
print(len(processes) > 0)
P
# The examples of docs/jobfile.md, as they stand there.
cat >examples.py <<'P'
import re, sys, warnings
warnings.simplefilter("ignore")
blocks = re.findall(r"```python\n(.*?)```", open(sys.argv[1]).read(), flags=re.S)
space = {"sys": sys}
for block in blocks:
    exec(block.replace('"77.h5"', "sys.argv[2]"), space)
print(len(blocks) >= 3, file=sys.stderr)
P
for file in "${files[@]:0:2}"; do
    equal "$(basename "$file"): the examples of the documentation" True \
        "$($python examples.py "$EPMT_SOURCE/docs/jobfile.md" "$file" 2>&1 >/dev/null)"
done

for file in "${files[@]}"; do
    name=$(basename "$file")
    check "$name: h5dump" h5dump -o /dev/null "$file"
    equal "$name: nothing in it is newer than HDF5 1.8" True \
        "$($python "$EPMT_SOURCE/tests/db/old_hdf5.py" "$file" 2>&1)"
    check "$name: h5stat" h5stat "$file"
    # shellcheck disable=SC2016
    equal "$name: h5ls reads every table" "" "$(h5ls -r "$file" |
        awk '$2 == "Dataset" { print $1 }' | while read -r table; do
        h5ls -d "$file$table" >/dev/null 2>>said && h5dump -d "$table" -o /dev/null "$file" \
            >/dev/null 2>>said || echo "$table"
    done)"
    equal "$name: PyTables opens every table as one" True "$($python all_tables.py "$file" 2>&1)"
    equal "$name: h5py and pandas" True "$($python pandas_line.py "$file" 2>&1)"
    epmt dump --format json "$file" >dump.json
    check "$name: a reader made from the documentation alone" \
        $python "$EPMT_SOURCE/tests/db/read_jobfile.py" "$file" dump.json
    contains "$name: epmt check" "$file: good: " "$(epmt check "$file" 2>&1)"
done
equal "the comparison can fail" 1 "$(sed -E 's/"pid": [0-9]+/"pid": 1/' dump.json >other.json
    $python "$EPMT_SOURCE/tests/db/read_jobfile.py" "${files[-1]}" other.json >/dev/null
    echo $?)"
contains "the crash, for a person" "crash_inner" "$(h5dump -d /crash_frames "${files[0]}")"

# A file of version 1 becomes one of today when its job is folded, and nothing of it is lost.
export EPMT_JOB_ID=mpi
mkdir -p "$EPMT_OUTPUT_PREFIX$user/mpi"
cp v1-mpi.h5 "$EPMT_OUTPUT_PREFIX$user/mpi/mpi.h5"
cat >kept.py <<'P'
import csv, sys
before, after = ({row["image"]: row for row in csv.DictReader(open(name))} for name in sys.argv[1:])
print([(image, column) for image, row in before.items() for column, value in row.items()
       if value and after[image][column] != value])
P
epmt dump --format csv v1-mpi.h5 >before.csv
check "one more process in an old job" epmt run -a true
contains "it is of today's version" "good: format version 2, 4 processes" \
    "$(epmt check "$EPMT_OUTPUT_PREFIX$user/mpi/mpi.h5")"
epmt dump --format csv "$EPMT_OUTPUT_PREFIX$user/mpi/mpi.h5" >after.csv
equal "and has the rows it had" "[]" "$($python kept.py before.csv after.csv 2>&1)"
check "rewritten by merge" epmt merge v1-mpi.h5 -o today.h5
check "once more, and with itself" epmt merge today.h5 v1-mpi.h5 today.h5 -o again.h5
check "the same bytes" cmp today.h5 again.h5

# Parts: two journals and a job file; other jobs; no part.
export EPMT_JOB_ID=parts
preload /bin/true one
preload /bin/true two
mkdir parts
mv "$EPMT_OUTPUT_PREFIX$user/parts/"*.journal parts/first.journal
epmt run -a true three
cp "$EPMT_OUTPUT_PREFIX$user/parts/parts.h5" parts/
before=$(cat parts/* | cksum)
check "merge parts" epmt merge parts/parts.h5 parts/first.journal -o both.h5
check "merge a directory, twice" epmt merge parts parts -o twice.h5
check "the same bytes" cmp both.h5 twice.h5
check "the parts are as they were" test "$before" = "$(cat parts/* | cksum)"
equal "all processes" "one three two" "$(epmt dump --format csv both.h5 | $python -c 'import csv, json, sys
print(*sorted(json.loads(row["args"])[-1] for row in csv.DictReader(sys.stdin)))')"

refused() { # DESCRIPTION PART COMMAND...
    local description=$1 part=$2 status=0
    shift 2
    "$@" >"$TEST_DIR/said" 2>"$TEST_DIR/complaint" </dev/null || status=$?
    check "$description: fails in order" test $status -ge 1 -a $status -le 125
    equal "$description: one line" 1 "$(wc -l <"$TEST_DIR/complaint")"
    contains "$description: says what" "$part" "$(cat "$TEST_DIR/complaint")"
}
refused "parts of different jobs" "of another job" epmt merge both.h5 today.h5 -o x.h5
check "nothing was written" test ! -e x.h5
check "unless told" epmt merge -f both.h5 today.h5 -o x.h5
refused "a target of another job" "today.h5 is there" epmt merge parts -o today.h5
refused "no part" "neither a job file nor a journal" epmt merge all_tables.py -o y.h5
refused "no output" "-o FILE" epmt merge both.h5
mkdir hollow
refused "an empty directory" "no part of a job in hollow" epmt merge hollow -o y.h5
equal "a journal alone, with the id it does not say" 0 "$(
    epmt merge parts/first.journal -j parts -e -o y.h5 >/dev/null 2>&1; echo $?)"

# What `epmt start` noted is a part too, and the job ends as `epmt stop` would have it.
export EPMT_JOB_ID=meta
epmt start
# shellcheck disable=SC2016
preload sh -c 'echo $$ >pid; exit 3'
cp -a "$EPMT_OUTPUT_PREFIX$user/meta" meta
cat >attributes.py <<'P'
import sys, h5py
with h5py.File(sys.argv[1]) as f:
    job = {r["key"].decode(): r["value"].decode() for r in f["job/attributes"][:]}
    print(f.attrs["jobid"].decode(), f.attrs["ended"], *(job.get(k) for k in sys.argv[2:]))
P
cat >edit.py <<'P'
import json, sys
meta = json.load(open("meta/job_metadata.json"))
for pair in sys.argv[1:]:
    key, value = pair.split("=")
    meta[key] = int(value) if value.isdigit() else value
json.dump(meta, open("meta/job_metadata.json", "w"))
P
check "metadata are merged" epmt merge meta -o m.h5
equal "a job that goes on" "meta 0 None None None" \
    "$($python attributes.py m.h5 exitcode reason end 2>&1)"
equal "its start is there" "$($python -c 'import json
print(json.load(open("meta/job_metadata.json"))["start"])')" \
    "$($python attributes.py m.h5 start | cut -d ' ' -f 3)"
$python edit.py "root=$(cat pid)"
check "a job that is over" epmt merge -e meta -o m.h5
equal "ended as its first process did" "meta 1 3 exited" \
    "$($python attributes.py m.h5 exitcode reason 2>&1)"
$python edit.py stop=1700000000000000 exitcode=7 reason=TIMEOUT
check "metadata that are complete" epmt merge meta -o m.h5
equal "ended as they say" "meta 1 7 TIMEOUT 1700000000000000" \
    "$($python attributes.py m.h5 exitcode reason end 2>&1)"
check "in another order, and with itself" epmt merge m.h5 meta/*.journal meta/job_metadata.json \
    m.h5 -o m2.h5
check "the same bytes" cmp m.h5 m2.h5
refused "metadata of another job" "of another job" epmt merge both.h5 meta/job_metadata.json -o x2.h5
echo '{"what": ' >broken.json
refused "metadata that are none" "broken.json" epmt merge both.h5 broken.json -o x2.h5
check "and nothing is written" test ! -e x2.h5

# A file of a later version, whatever is asked of it.
cp both.h5 newer.h5
$python -c 'import h5py
with h5py.File("newer.h5", "r+") as f: f.attrs.modify("format_version", f.attrs["format_version"] + 1)'
cp newer.h5 newer.before
for command in "dump newer.h5" "submit newer.h5" "check newer.h5" "merge newer.h5 -o z.h5" \
    "merge both.h5 newer.h5 -o z.h5"; do
    # shellcheck disable=SC2086
    refused "$command" "newer.h5: made by a newer epmt (format version 3, this one reads 2)" \
        epmt $command
done
mkdir -p "$EPMT_OUTPUT_PREFIX$user/newer"
cp newer.h5 "$EPMT_OUTPUT_PREFIX$user/newer/newer.h5"
epmt_said=$(EPMT_JOB_ID=newer epmt run -a true 2>&1)
contains "folding into it" "made by a newer epmt" "$epmt_said"
check "it stands" cmp newer.before "$EPMT_OUTPUT_PREFIX$user/newer/newer.h5"
check "the new record waits" test -n "$(ls "$EPMT_OUTPUT_PREFIX$user/newer/"*.journal)"

# What a later epmt may add without a new version, and what somebody changed with h5py.
cp both.h5 series.h5
$python -c 'import h5py, numpy as np
with h5py.File("series.h5", "r+") as f:
    f["/series/cpu"] = np.zeros(5, dtype=[("image", "<u8"), ("time", "<i8"), ("usertime", "<u8")])'
equal "an unknown table is passed over" "$(epmt dump both.h5)" "$(epmt dump series.h5)"
contains "check says so" "note: /series is nothing that this epmt knows" "$(epmt check series.h5)"
contains "and that it was changed" "note: it has no checksum" "$(epmt check series.h5)"
refused "it is not written anew without it" "/series" epmt merge series.h5 -o z.h5
$python -c 'import h5py
with h5py.File("both.h5", "r+") as f:
    f["threads"][1:2] = f["threads"][0:1]
    row = f["processes"][0]; row["end"] = 5; f["processes"][0] = row'
epmt check both.h5 >said
equal "check: status" 4 $?
contains "check: where" "both.h5: /processes row 0 column end: 5 is before the start" "$(cat said)"
contains "check: the digest" "both.h5: the digest is" "$(cat said)"
equal "check -q of good ones" "" "$(epmt check -q today.h5 twice.h5)"
equal "check: several, one of them bad" 4 "$(epmt check today.h5 both.h5 >/dev/null; echo $?)"
refused "check: none" "none.h5" epmt check none.h5
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt dump of a job wherever it is: the same from its file, its directory, an archive and the
# database.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
prefix=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}
status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}
same() { # DESCRIPTION FILE FILE : JSON, numbers as numbers
    check "$1" python3 -c 'import json, sys
a, b = (json.load(open(f, errors="surrogateescape")) for f in sys.argv[1:])
for key in sorted(set(a) | set(b)):
    if a.get(key) != b.get(key):
        x, y = a.get(key), b.get(key)
        if isinstance(x, list) and isinstance(y, list) and len(x) == len(y):
            x, y = next((p, q) for p, q in zip(x, y) if p != q)
        print(key, x, y)
sys.exit(a != b)' "$2" "$3"
}

export EPMT_JOB_ID=serial EPMT_TAGS='op:a;b' EPMT_JOB_TAGS='exp:1'
check "start" epmt start
epmt annotate note='two words' n=1
# shellcheck disable=SC2016
epmt run sh -c 'true; (exit 3); "$0" x; exit 4' "$(printf 'not\there')" 'a"b\c' ''
epmt run python3 -c 'import threading
t = [threading.Thread(target=lambda: None) for _ in range(3)]
[x.start() for x in t]; [x.join() for x in t]'
EPMT_TAGS=stop:1 epmt stop
jobs=serial
for family in $(families); do
    jobs="$jobs $family"
    EPMT_JOB_ID=$family EPMT_MPI_SIZES=1 EPMT_MPI_MESSAGES=1 mpi_run "$family" 2 \
        "$(examples "$family")/hello" >/dev/null
done
unset EPMT_JOB_ID EPMT_TAGS EPMT_JOB_TAGS
check "submit" submit_ended "$prefix"
for job in $jobs; do
    file=$prefix/$job/$job.h5
    check "$job: dump of the file" sh -c "epmt dump --format json '$file' >file.json"
    check "$job: dump of the database" sh -c "epmt dump --format json '$job' >job.json"
    same "$job: they are the same" file.json job.json
    equal "$job: as a table" "$(epmt dump -t "$file" | tr -s ' ')" "$(epmt dump -t "$job" | tr -s ' ')"
    equal "$job: as csv" "$(epmt dump --format csv "$file")" "$(epmt dump --format csv "$job")"
    equal "$job: its threads as csv" "$(epmt dump -t --format csv "$file")" \
        "$(epmt dump -t --format csv "$job")"
done
[ "$jobs" = serial ] || check "statistics of MPI are in it" grep -q '"mpi_imbalance": \[' job.json
check "can the comparison fail?" sh -c '! python3 -c "import json
a = json.load(open(\"file.json\")); b = json.load(open(\"job.json\")); b[\"processes\"][0][\"pid\"] = 0
exit(a != b)"'

file=$prefix/serial/serial.h5
epmt dump --format json "$file" >file.json
epmt dump --format json "$prefix/serial" >other.json
same "a directory" file.json other.json
tar -C "$prefix/serial" -czf serial.tgz .
epmt dump --format json serial.tgz >other.json
same "an archive" file.json other.json
equal "annotations" '{"n": "1", "note": "two words"}' "$(python3 -c 'import json
print(json.dumps(json.load(open("file.json"))["annotations"]))')"
equal "what was not folded: is shown, and left" "true $(EPMT_JOB_ID=left preload /bin/true
    ls "$prefix/left")" "$(epmt dump --format csv "$prefix/left" | python3 -c 'import csv, sys
print(*(row["exename"] for row in csv.DictReader(sys.stdin)))') $(ls "$prefix/left")"

# Keys.
for where in "$file" "$prefix/serial" serial.tgz serial; do
    equal "-k jobid of $where" serial "$(epmt dump -k jobid "$where")"
    equal "-k of an annotation of $where" "two words" "$(epmt dump -k note "$where")"
    equal "-k of the environment of $where" 'exp:1' "$(epmt dump -k EPMT_JOB_TAGS "$where")"
    contains "-k of what is not in $where" "there is no key nothing; there are " \
        "$(epmt dump -k nothing "$where" 2>&1)"
    equal "-k of it fails" 3 "$(status_of epmt dump -k nothing "$where")"
done

# Several.
equal "several as json" "serial serial left" "$(epmt dump --format json "$file" serial "$prefix/left" |
    python3 -c 'import json, sys
print(*(d["job"]["jobid"] for d in json.load(sys.stdin)))')"
mkdir two && cp "$file" two/ && cp -r "$prefix/left" two/
tar -cf two.tar two
equal "an archive of several" "left serial" "$(epmt dump --format json two.tar |
    python3 -c 'import json, sys
print(*sorted(d["job"]["jobid"] for d in json.load(sys.stdin)))')"
contains "for people they are named" "two.tar: two/left:" "$(epmt dump two.tar)"
equal "one of two is not there" 3 "$(status_of epmt dump nothing "$file")"
equal "the other is shown" serial "$(epmt dump -k jobid nothing "$file" 2>/dev/null)"
equal "none named" 2 "$(status_of epmt dump)"
equal "an empty directory" 3 "$(mkdir hollow && status_of epmt dump hollow)"
finish

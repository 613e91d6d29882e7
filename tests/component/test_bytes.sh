#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# Any bytes in arguments, tags, program names, paths and the environment reach the job file and the
# database, and come back as they were, argument boundaries kept.
. "$(dirname "$0")/../lib.sh"

cat >"$TEST_DIR/bytes.py" <<'P'
import csv, io, json, os, re, shutil, sqlite3, subprocess, sys

odd = b"\t\n\r'\"`,;:\\$*#%| \x01\x1b\x7f\xff\xc3\xa9\xc3\xf0\x9f\x98\x80\xed\xa0\x80\xfe"
every = bytes(range(1, 256))
# NAME, ARGUMENTS, TAGS, NAME OF THE PROGRAM
cases = [
    ("none", [], None, b"plain"),
    ("tabs and newlines", [b"a\tb", b"c\nd", b"\r\n", b"\t"], b"a:\tb\nc", b"tab\tnew\nline"),
    ("quotes", [b"'", b'"', b'a"b\'c', b"`x`", b"$HOME"], b"a:'\"", b"quote'\""),
    ("commas and brackets", [b"a,b", b'","', b"[", b"]", b"{}"], b"a:1,2;b:3", b"a,b"),
    ("backslashes", [b"\\", b"\\\\", b"\\n", b"\\u0041", b"\\x41"], b"a:\\;b:\\\\", b"back\\slash"),
    ("empty arguments", [b"", b"", b"x", b"", b""], b"", b"plain"),
    ("only an empty argument", [b""], b":", b"plain"),
    ("UTF-8", ["é€😀".encode(), "\u202e".encode()], "ключ:値".encode(), "прог".encode()),
    ("invalid UTF-8", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5x", odd], b"a:\xff\xfe", b"n\xffm"),
    ("every byte", [every, every[::-1]], every, every.replace(b"/", b"")),
    ("one long argument", [b"y" * 131000], b"t:" + b"z" * 100000, b"n" * 255),
    ("10000 arguments", [b"%d\n" % i for i in range(10000)], None, b"plain"),
    ("10000 empty arguments", [b""] * 10000, None, b"plain"),
    ("2 MB of arguments", [odd * 2600] * 20, None, b"plain"),
    ("letters that look escaped", [b"\\udcff", b"\\xff"], b"a:\\xff", b"n\\xffm"),
]

def run(directory, preload):
    for _, arguments, tags, name in cases:
        place = os.path.join(os.fsencode(directory), odd, b"")
        os.makedirs(place, exist_ok=True)
        program = place + name
        if not os.path.exists(program):
            shutil.copy("/bin/true", program)
        environment = {**os.environb, b"LD_PRELOAD": os.fsencode(preload)}
        if tags is not None:
            environment[b"EPMT_TAGS"] = tags
        subprocess.run([program, *arguments], env=environment, check=True)

def text(value):
    """The bytes of a text of the database: \\xHH is a byte that is no UTF-8."""
    if value is None:
        return None
    value = value if isinstance(value, bytes) else os.fsencode(value)
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), value)

def arguments(cell):
    if isinstance(cell, (str, bytes)):
        cell = json.loads(cell)
    return [os.fsencode(a) for a in cell or []]

def say(wrong, what):
    print(f"{what}\t{wrong or 'same'}")

def look(what, rows, directory):
    say("" if len(rows) == len(cases) else len(rows), f"{what}: number of rows")
    for (name, args, tags, program), row in zip(cases, rows):
        place = os.path.join(os.fsencode(directory), odd, b"")
        pairs = {"arguments": (args, arguments(row["args"])),
                 "tags": (tags or None, text(row["tags"]) or None),
                 "name": (program, text(row["exename"])),
                 "path": (os.path.realpath(place + program), text(row["path"]))}
        bad = [f"{k} {str(w)[:70]} is {str(g)[:70]}" for k, (w, g) in pairs.items() if w != g]
        say("; ".join(bad), f"{what}: {name}")

def compare(directory, job, database, file):
    connection = sqlite3.connect(database)
    connection.text_factory = bytes
    connection.row_factory = sqlite3.Row
    look("database", connection.execute("select * from processes order by start").fetchall(), directory)
    for what, command in (("dump", ["dump", "--format", "json", file]),
                          ("show", ["show", "--format", "json", job])):
        out = subprocess.run(["epmt", *command], stdout=subprocess.PIPE, check=True).stdout
        look(what, sorted(json.loads(out)["processes"], key=lambda r: r["start"]), directory)
    csv.field_size_limit(1 << 30)
    out = subprocess.run(["epmt", "dump", "--format", "csv", file], stdout=subprocess.PIPE, check=True)
    rows = list(csv.DictReader(io.StringIO(out.stdout.decode(), newline="")))
    look("csv", sorted(rows, key=lambda r: int(r["start"])), directory)

def environment(file, database):
    out = subprocess.run(["epmt", "dump", "--format", "json", file], stdout=subprocess.PIPE, check=True)
    connection = sqlite3.connect(database)
    connection.text_factory = bytes
    rows = connection.execute("select key, value from job_attributes join jobs on id = job_id "
                              "where jobid = 'environment' and scope = 'env'")
    places = {"dump": json.loads(out.stdout)["environment"],
              "database": {os.fsdecode(key): value for key, value in rows}}
    for what, got in places.items():
        for name, value in os.environb.items():
            if name.startswith(b"ODD"):
                there = got.get(name.decode())
                say("" if there is not None and text(there) == value else repr(there)[:200],
                    f"environment, {what}: {name.decode()}")
    job = connection.execute("select tags from jobs where jobid = 'environment'").fetchone()[0]
    say("" if text(job) == os.environb[b"EPMT_JOB_TAGS"] else repr(job), "tags of the job, database")

globals()[sys.argv[1]](*sys.argv[2:])
P

report() { # lines DESCRIPTION<tab>RESULT; the result is `same` where all is well
    local what result
    while IFS=$'\t' read -r what result; do
        equal "$what" same "$result"
    done
}

export EPMT_JOB_ID=bytes
ulimit -s 65536 # allows 6 MB of arguments
check "programs run" python3 "$TEST_DIR/bytes.py" run "$TEST_DIR" "$PRELOAD"
check "submit" epmt submit
file=$(find "$EPMT_OUTPUT_PREFIX" -name bytes.h5)
python3 "$TEST_DIR/bytes.py" compare "$TEST_DIR" bytes "$TEST_DB" "$file" >"$TEST_DIR/report" \
    2>"$TEST_DIR/trouble"
equal "everything was compared" 0 $?
explain <"$TEST_DIR/trouble"
report <"$TEST_DIR/report"
equal "as many comparisons as there are" 64 "$(wc -l <"$TEST_DIR/report")"

export EPMT_JOB_ID=environment ODD1=$'\t\n\'"\\,;' ODD2=$'\xff\xc3\xa9\xfe' ODD3=
ODD4=$(printf '%0100000d' 7)
export ODD4 EPMT_JOB_TAGS=$'a:\t\n,"\'\\;b:\xff\xc3\xa9'
check "a job with odd variables" epmt -a run /bin/true
file=$(find "$EPMT_OUTPUT_PREFIX" -name environment.h5)
check "submit" epmt submit
python3 "$TEST_DIR/bytes.py" environment "$file" "$TEST_DB" >"$TEST_DIR/report"
report <"$TEST_DIR/report"
equal "as many comparisons as there are" 9 "$(wc -l <"$TEST_DIR/report")"
finish

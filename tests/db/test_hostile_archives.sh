#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Archives, names and directories of somebody who means ill: one clear line that names the file,
# nothing is written outside, the rest is done, memory and disk stay bounded.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
user=${USER:-$(id -un)}
export TMPDIR=$TEST_DIR/tmp
mkdir tmp
for id in good other; do
    EPMT_JOB_ID=$id epmt run -a true
done
good=$EPMT_OUTPUT_PREFIX$user/good/good.h5
other=$EPMT_OUTPUT_PREFIX$user/other/other.h5

# make.py ARCHIVE JOBFILE ENTRY...: each entry is NAME|TYPE|LINK; files are copies of the job file.
cat >make.py <<'P'
import io, sys, tarfile
path, good = sys.argv[1:3]
mode = "w:gz" if path.endswith("gz") else "w"
types = {"file": tarfile.REGTYPE, "sym": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
         "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "fifo": tarfile.FIFOTYPE,
         "dir": tarfile.DIRTYPE}
with tarfile.open(path, mode) as tar:
    for spec in sys.argv[3:]:
        name, kind, link = (spec.encode().decode("unicode_escape") + "||").split("|")[:3]
        info = tarfile.TarInfo(name)
        info.type = types[kind or "file"]
        info.linkname = link
        data = open(good, "rb").read() if info.type == tarfile.REGTYPE else b""
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
P
make() { python3 make.py "$1" "$good" "${@:2}"; } # NAME ENTRY...

canary() { find / -xdev -maxdepth 2 -newer stamp -name 'epmt-canary*' 2>/dev/null; }
touch stamp

# It fails in order, says one line that names the archive and has nothing of a terminal's commands in
# it, leaves nothing in the temporary directory; and a good job beside it is submitted.
refused() { # DESCRIPTION FILE PART [SHOWN]
    local status=0
    rm -f "$TEST_DB"
    timeout -s KILL 120 epmt submit "$2" "$other" >out 2>complaint </dev/null || status=$?
    check "$1: fails in order" test $status -ge 1 -a $status -le 125
    equal "$1: one line" 1 "$(wc -l <complaint)"
    contains "$1: it names the file" "${4:-$(basename "$2")}" "$(cat complaint)"
    contains "$1: and the reason" "$3" "$(cat complaint)"
    check "$1: no control characters" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" complaint'
    equal "$1: the other job is in" other "$(sql 'select jobid from jobs')"
    equal "$1: nothing is left" "" "$(ls -A tmp)"
}

make absolute.tgz "/tmp/epmt-canary.h5"
refused "an absolute path" absolute.tgz "would be written elsewhere"
make up.tgz "good.h5" "../../../../tmp/epmt-canary.h5"
refused ".." up.tgz "would be written elsewhere"
make within.tgz "a/../../epmt-canary.h5"
refused ".. within" within.tgz "would be written elsewhere"
for kind in sym hard char block fifo; do
    make "$kind.tar" "7.h5|$kind|$good"
    refused "7.h5 is a $kind" "$kind.tar" "is a link or a device"
done
make through.tar "7|sym|/tmp" "7/epmt-canary.h5"
rm -f "$TEST_DB"
check "a directory that was a link is a directory" epmt submit through.tar
make late.tar "7/good.h5" "7/good.h5|sym|/etc/passwd"
refused "a link behind the file of that name" late.tar "is a link or a device"
make blocked.tar "7.h5" "7.h5/7.h5"
refused "a file where a directory should be" blocked.tar "cannot unpack 7.h5/7.h5"
equal "nothing was written elsewhere" "" "$(canary)"

make strange.tar 'a\x1b]0;x\x07/\x1b[31m"'"'"';drop table jobs;--\n.h5'
rm -f "$TEST_DB"
check "names full of quotes, SQL and escapes" epmt submit strange.tar
equal "the table is still there" good "$(sql 'select jobid from jobs')"
cp "$good" $'cut\e[31m\n.h5'
truncate -s 2000 $'cut\e[31m\n.h5'
refused "a name with escapes" $'cut\e[31m\n.h5' "cut off" 'cut\x1b[31m\n.h5'

# Bombs and crowds.
truncate -s 4G zeros.h5
tar -czf bomb.tgz --hole-detection=raw zeros.h5 2>/dev/null || tar -czf bomb.tgz zeros.h5
refused "a bomb" bomb.tgz "packed too tightly"
tar -cf sparse.tar -S zeros.h5
refused "a sparse bomb" sparse.tar "packed too tightly"
rm zeros.h5
export EPMT_ARCHIVE_MAX_MIB=1
head -c 3M /dev/urandom >large.h5
tar -cf large.tar large.h5
refused "a large one" large.tar "too large unpacked (setting archive_max_mib)"
fail_if "a large standard input" epmt submit - <large.tar
unset EPMT_ARCHIVE_MAX_MIB
python3 - <<'P'
import tarfile, io
with tarfile.open("crowd.tgz", "w:gz", compresslevel=1) as tar:
    info = tarfile.TarInfo()
    for i in range(30000):
        info.name = "d%d/f" % i
        tar.addfile(info)
P
EPMT_ARCHIVE_MAX_ENTRIES=20000 refused "a crowd" crowd.tgz "too many entries"
cp crowd.tgz twice.gz && gzip -c twice.gz >layers.tar.gz
refused "packed twice" layers.tar.gz "compressed more than once"

# Damage.
tar -czf whole.tgz -C "$(dirname "$good")" .
size=$(stat -c %s whole.tgz)
for cut in 1 10 $((size / 2)) $((size - 20)); do
    head -c "$cut" whole.tgz >cut.tgz
    refused "cut off after $cut" cut.tgz "cut.tgz"
done
python3 - <<'P'
data = bytearray(open("whole.tgz", "rb").read())
data[len(data) // 2] ^= 0x55
open("flipped.tgz", "wb").write(data)
P
refused "a flipped bit" flipped.tgz "flipped.tgz"
head -c 5000 /dev/urandom >noise.tgz
refused "noise" noise.tgz "neither a job file nor an archive"
: >empty.tgz
refused "nothing" empty.tgz "empty.tgz"
tar -czf no-jobs.tgz stamp
refused "no jobs" no-jobs.tgz "there are no jobs in it"
touch job_metadata host-papiex.tsv
tar -czf old.tgz job_metadata host-papiex.tsv
refused "of the old tool" old.tgz "EPMT in Python"

# Job files that somebody has changed, without the checksum: some make libhdf5 crash.
mkdir mutated
python3 - "$good" <<'P'
import random, sys
random.seed(8)
whole = open(sys.argv[1], "rb").read()
for i in range(48):
    data = bytearray(whole[:-24] if i % 2 else whole)
    for _ in range(1 + i % 7):
        data[random.randrange(len(data))] = random.randrange(256)
    open("mutated/%02d.h5" % i, "wb").write(data)
P
rm -f "$TEST_DB"
status=0
timeout -s KILL 120 epmt submit --format json -p 2 mutated "$other" >out 2>complaint || status=$?
check "changed job files: it ends in order" test $status -le 125
equal "changed job files: each is answered for" 49 "$(python3 -c 'import json
print(len(json.load(open("out"))))')"
equal "changed job files: the good one is in" other "$(sql "select jobid from jobs where jobid = 'other'")"

# What has the name of a job file and is none.
mkdir odd
mkfifo odd/pipe.h5
ln -s /etc/passwd odd/link.h5
ln -s / odd/root
mkdir odd/dir.h5
rm -f "$TEST_DB"
cp "$other" odd/
check "a directory of pipes and links" timeout -s KILL 60 epmt submit odd
equal "only the file counts" other "$(sql 'select jobid from jobs')"
mkfifo pipe.h5
fail_if "a pipe that is named" timeout -s KILL 60 epmt submit pipe.h5
fail_if "a device" timeout -s KILL 60 epmt submit /dev/zero
mkdir -p linked/7
ln -s "$good" linked/7/7.h5
contains "a job directory whose job file is a link" "is a symbolic link" \
    "$(epmt submit linked/7 2>&1)"
cp -a "$EPMT_OUTPUT_PREFIX$user/other" linked/8
mv linked/8/other.h5 linked/8/8.h5
ln -s /etc/passwd linked/8/job_metadata.json
contains "whose metadata are" "job_metadata.json" "$(epmt submit linked/8 2>&1)"

# A symbolic link that comes and goes under the reader.
mkdir -p race/a secret
cp "$other" race/a/x.h5
cp "$good" secret/x.h5
rm -f "$TEST_DB"
(
    while [ -d race ]; do
        mv race/a race/b && ln -s ../secret race/a
        rm race/a && mv race/b race/a
    done
) 2>/dev/null &
pid=$!
for _ in $(seq 40); do
    timeout -s KILL 60 epmt submit race >/dev/null 2>&1
done
kill "$pid" # before, or it may put something there while that is removed
wait "$pid"
rm -rf race
equal "a directory that is a link now and then" "" \
    "$(sql "select jobid from jobs where jobid <> 'other'" 2>/dev/null)"

# Another user's directory: read, and left as it is.
if [ "$(id -u)" = 0 ]; then
    EPMT_JOB_ID=foreign preload /bin/true
    mv "$EPMT_OUTPUT_PREFIX$user/foreign" foreign
    chown -R nobody foreign
    find foreign -printf '%P %s %u %T@\n' | sort >before
    check "another user's journals" epmt submit foreign
    find foreign -printf '%P %s %u %T@\n' | sort >after
    check "are as they were" cmp before after
    equal "it is that user's job" nobody "$(sql "select \"user\" from jobs where jobid = 'foreign'")"
    check "with -r" epmt submit -r foreign
    check "they go" test ! -e foreign
    mkdir closed closed/inner
    cp "$other" closed/inner/
    chmod 0 closed/inner
    chmod 755 "$TEST_DIR" tmp closed && chmod 1777 tmp
    cp -R "$EPMT_PREFIX" tree # where that user can reach it
    contains "what may not be read is said" "closed/inner" \
        "$(setpriv --reuid 65534 --clear-groups env EPMT_DB_URL=sqlite:////tmp/none.db \
            tree/bin/epmt submit -n closed 2>&1)"

    # The service for all users: no root, but with the capabilities of share/epmt/systemd. A job that
    # was begun and never stopped comes with all that its start has noted.
    caps=$(sed -n 's/^AmbientCapabilities=//p' "$EPMT_PREFIX"/share/epmt/{slurm/epmt-submit,systemd/epmt-daemon}.service |
        tr 'A-Z ' 'a-z\n' | sed 's/^cap_/+/' | sort -u | paste -sd,)
    equal "units have the capabilities to read and to remove" "+dac_override,+fowner" "$caps"
    service() {
        setpriv --reuid 65534 --clear-groups --inh-caps "$caps" --ambient-caps "$caps" "$@"
    }
    mkdir -m 1777 spool && mkdir -m 777 own
    EPMT_JOB_ID=all EPMT_JOB_TAGS=of:all EPMT_OUTPUT_PREFIX=$PWD/spool setsid -w bash -c 'epmt start; epmt run true'
    check "a service with capabilities" service env EPMT_DB_URL="sqlite:///$PWD/own/jobs.db" TMPDIR="$PWD/own" \
        tree/bin/epmt submit --remove spool
    equal "knows what the start noted" "of:all" "$(sqlite3 own/jobs.db "select tags from jobs where jobid = 'all'")"
    equal "and has removed what it read" "" "$(find spool -type f)"
fi
finish

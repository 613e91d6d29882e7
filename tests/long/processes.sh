#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A job script of 20,000 processes: it compiles with make -j2 and runs many small commands. All rows
# must arrive, from one journal; then the CPU time of the children is held against what the kernel
# told their parents (docs/accounting.md). Not part of ctest: it takes minutes.
# usage: tests/long/processes.sh [PROCESSES]
. "$(dirname "$0")/../lib.sh"

wanted=${1:-20000}
units=$((wanted / 40))
mkdir "$TEST_DIR/src"
for ((i = 0; i < units; i++)); do
    cat >"$TEST_DIR/src/unit$i.c" <<C
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int unit$i(char *line) {
    for (size_t i = 0; i < strlen(line); i++)
        line[i] = (char)(line[i] + rand() % $((i + 2)));
    return printf("%s\n", line);
}
C
done
cat >"$TEST_DIR/src/Makefile" <<'M'
objects := $(patsubst %.c,%.o,$(wildcard unit*.c))
all.a: $(objects)
	ar rc $@ $^
%.o: %.c
	gcc -O1 -c -o $@ $<
M
cat >"$TEST_DIR/job.sh" <<'S'
#!/bin/sh
cd "$TEST_DIR/src" || exit 1
make -s -j2 || exit 1
i=0
while [ $i -lt "$COMMANDS" ]; do
    /bin/true
    (exit 3)
    echo $i | /bin/cat >/dev/null
    /usr/bin/expr $i + 1 >/dev/null
    i=$((i + 1))
done
echo "done"
S
# A unit is gcc, cc1 and as; a round of commands is true, a subshell, echo, cat and expr.
export TEST_DIR COMMANDS=$(((wanted - units * 3) / 5 + 21))

export EPMT_JOB_ID=long
begin=$(date +%s.%N)
said=$(sh "$TEST_DIR/job.sh")
middle=$(date +%s.%N)
equal "the job script without the preload" "done" "$said"
rm -f "$TEST_DIR"/src/*.o "$TEST_DIR"/src/*.a
check "start" epmt start
again=$(date +%s.%N)
said=$(preload perl -e 'system @ARGV; my @t = times; open my $f, ">", "$ENV{TEST_DIR}/times";
    print $f join " ", map { int($_ * 1e6) } @t[2, 3]; exit($? >> 8)' sh "$TEST_DIR/job.sh")
end=$(date +%s.%N)
equal "the job script with the preload" "done" "$said"
equal "one journal" 1 "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | wc -l)"
journal=$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal')
images=$(python3 - "$journal" <<'P'
import struct, sys
data, at, images = open(sys.argv[1], "rb").read(), 0, set()
while at < len(data):
    assert data[at:at + 4] == b"EMTF", at
    images.add(data[at + 40:at + 48])
    at += struct.unpack_from("<I", data, at + 8)[0]
print(len(images - {bytes(8)})) # what stands in front of the journal is of no process
P
)
size=$(stat -c %s "$journal")
stopping=$(date +%s.%N)
check "stop" epmt stop
stopped=$(date +%s.%N)
check "submit" epmt submit
submitted=$(date +%s.%N)
equal "every image has a row" "$images" "$(sql 'select count(*) from processes')"
equal "every row says how it ended" 0 \
    "$(sql "select count(*) from processes where state not in ('exited', 'exec')")"
equal "every program's rows are there: true, expr" "$COMMANDS $COMMANDS" "$(sql \
    "select group_concat(n, ' ') from (select count(*) n from processes
     where exename in ('true', 'expr') and state = 'exited' group by exename)")"
equal "every unit was compiled once: cc1, as" "$units $units" "$(sql \
    "select group_concat(n, ' ') from (select count(*) n from processes
     where exename in ('cc1', 'as') and state = 'exited' group by exename)")"
equal "no row is without a parent but the first" 1 \
    "$(sql 'select count(*) from processes where parent_id is null')"

# The images of a process run one after the other, each with what it used itself. A parent's cutime is
# to be the sum over the processes that it began. A pid may come up again; with its start it does not.
sql "create table began as select pid, starttime, parent_id, min(generation) g,
         sum(usertime) u, sum(systemtime) s, sum(cutime) cu, sum(cstime) cs
     from processes group by pid, starttime"
sql "create index began_key on began(pid, starttime)"
sql "create table family as select began.rowid as process, u, s, cu, cs,
         (select b.rowid from processes p join began b on b.pid = p.pid and b.starttime = p.starttime
          where p.id = began.parent_id) as parent
     from began"
sql "create index family_parent on family(parent)"
read -r count low high ratio <<<"$(sql "
    select count(*), printf('%.0f', min(missing)), printf('%.0f', max(missing)),
           printf('%.4f', sum(told) * 1.0 / sum(seen))
    from (select p.cu + p.cs as told, sum(c.u + c.s + c.cu + c.cs) as seen,
                 (p.cu + p.cs - sum(c.u + c.s + c.cu + c.cs)) * 1.0 / count(*) as missing
          from family p join family c on c.parent = p.process group by p.process)" | tr '|' ' ')"
read -r user system <<<"$(cat "$TEST_DIR/times")"
own=$(sql "select sum(u + s) from family where parent is not null")
processes=$(sql 'select count(*) - 1 from family')
check "as many processes as wanted ($processes)" test "$processes" -ge "$wanted"
equal "each process is one: no image has another's generation" 0 "$(sql \
    'select count(*) from (select 1 from processes group by pid, starttime, generation having count(*) > 1)')"
missing=$(((user + system - own) / processes))
check "the sums agree with the parents' to 25 %" \
    awk "BEGIN { exit !($own > 0.75 * ($user + $system) && $own <= 1.001 * ($user + $system)) }"
awk -v plain="$(awk "BEGIN { print $middle - $begin }")" -v with="$(awk "BEGIN { print $end - $again }")" \
    -v stop="$(awk "BEGIN { print $stopped - $stopping }")" \
    -v submit="$(awk "BEGIN { print $submitted - $stopped }")" \
    -v images="$images" -v pids="$processes" -v size="$size" 'BEGIN {
    printf "# %d images in %d pids: %.1f s without, %.1f s with the preload (%.0f us an image)\n",
        images, pids, plain, with, (with - plain) / images * 1e6
    printf "# journal %.1f MB, stop %.1f s, submit %.1f s\n", size / 1e6, stop, submit }'
echo "# CPU time by the rows $own us, by the kernel $((user + system)) us: $missing us a process is in no row"
echo "# over $count parents: kernel / rows $ratio, missing per child from $low to $high us"
finish

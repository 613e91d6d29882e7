#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The questions of docs/database.md have the same answers in both databases, and right ones; so has
# everything that is dumped; the diagram there has every reference. Names full of SQL do no harm.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

doc=$EPMT_SOURCE/docs/database.md
jobdir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}

# Jobs to ask about.
export EPMT_TAGS='op:compute' EPMT_JOB_TAGS='exp_name:cm4;exp_component:ocean'
EPMT_JOB_ID=4711 EPMT_TAGS='op:compute' epmt run -a sh -c '
    EPMT_TAGS=op:move; export EPMT_TAGS
    head -c 3000000 /dev/zero >"$1"; (cat "$1"; cat "$1") | md5sum; /bin/false; true' x "$TEST_DIR/big" \
    >/dev/null
EPMT_JOB_ID=4712 EPMT_JOB_TAGS='exp_name:cm4;exp_component:land' SLURM_JOB_CPUS_PER_NODE='2(x2)' \
    epmt run -a sh -c 'sleep 0.1'
family=$(families | cut -d' ' -f1)
if [ "$family" = openmpi ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# shellcheck disable=SC2046 # the words of the options
EPMT_JOB_ID=4713 epmt run -a "$([ "$family" = openmpi ] && echo mpirun.openmpi || echo mpirun.mpich)" \
    $([ "$family" = openmpi ] && echo --oversubscribe --bind-to none) \
    -n 3 "$(examples "$family")/imbalance" >/dev/null 2>&1
hostile="x'); DROP TABLE jobs;--\"\$1 \\ %s é"
printf '#!/bin/sh\n' >"$TEST_DIR/$hostile"
chmod +x "$TEST_DIR/$hostile"
EPMT_JOB_ID=hostile EPMT_TAGS="$hostile:$hostile;\";drop table threads" \
    EPMT_JOB_TAGS="$hostile:$hostile;;:;a:b:c; blank : x ;twice:1;twice:2" \
    epmt run -a "$TEST_DIR/$hostile" "$hostile"
unset EPMT_TAGS EPMT_JOB_TAGS

# Every question as a file of its own.
awk -v dir="$TEST_DIR" '/^```sql$/ { n++; file = sprintf("%s/question.%02d", dir, n); next }
    /^```$/ { file = "" } file { print >file }' "$doc"
questions=("$TEST_DIR"/question.*)
check "there are ten questions or more" test ${#questions[@]} -ge 10

# Numbers to six digits: the two print them in other ways.
evenly() {
    awk -F'|' -v OFS='|' '{ for (i = 1; i <= NF; i++)
        if ($i ~ /^-?[0-9]+\.?[0-9]*(e[-+][0-9]+)?$/) $i = sprintf("%.6g", $i); print }'
}

hostile_sql=${hostile//\'/\'\'}
for kind in sqlite postgresql; do
    use_db $kind
    for job in 4711 4712 4713 hostile; do
        check "$kind: submit $job" epmt submit "$jobdir/$job/$job.h5"
    done
    for question in "${questions[@]}"; do
        sql "$(cat "$question")" 2>&1 | evenly >"$question.$kind"
        mv "$question.$kind" "$TEST_DIR/answer.$(basename "$question").$kind"
    done
    equal "$kind: hostile tags of a job" 2 "$(sql "select count(*) from job_tags
        where \"key\" in ('x'')', 'DROP TABLE jobs') and value = '1'")"
    equal "$kind: and of a process" 1 "$(sql "select count(*) from process_tags
        where \"key\" = '\"' and value = '1'")"
    equal "$kind: tags are parsed" 'a=b:c
blank=x
twice=2' "$(sql "select \"key\" || '=' || value from job_tags t join jobs j on j.id = t.job_id
        where jobid = 'hostile' and \"key\" in ('a', 'blank', 'twice') order by 1")"
    equal "$kind: a hostile name of a program" 1 "$(sql "select count(*) from processes
        where exename = '$hostile_sql'")"
    fail_if "$kind: a hostile job id is only not found" epmt show "x' or '1'='1"
    equal "$kind: all tables are there" 4 "$(sql 'select count(*) from jobs')"
    epmt list --format json >"$TEST_DIR/list.$kind"
    for job in 4711 4713 hostile; do
        epmt show -t "$job" >"$TEST_DIR/show.$job.$kind"
        epmt dump -t --format json "$job" >"$TEST_DIR/dump.$job.$kind"
    done
done
for question in "${questions[@]}"; do
    name=$(basename "$question")
    check "$name: there is an answer" test -s "$TEST_DIR/answer.$name.sqlite"
    check "$name: the same in both databases" \
        diff "$TEST_DIR/answer.$name.sqlite" "$TEST_DIR/answer.$name.postgresql"
done
for job in 4711 4713 hostile; do
    check "epmt dump $job has the job" grep -q "\"jobid\": \"$job\"" "$TEST_DIR/dump.$job.sqlite"
    check "epmt dump $job is the same" cmp "$TEST_DIR/dump.$job.sqlite" \
        "$TEST_DIR/dump.$job.postgresql"
    check "epmt show $job is the same" diff "$TEST_DIR/show.$job.sqlite" \
        "$TEST_DIR/show.$job.postgresql"
done

# Right ones.
answer() { cat "$TEST_DIR/answer.$(basename "$(grep -l "$1" "${questions[@]}" | head -n 1)").sqlite"; }
contains "the imbalanced job is found" "4713|" "$(answer rank_balance)"
contains "the idle one too" "4712|" "$(answer 'efficiency < 0.5')"
contains "what failed" "4711|" "$(answer "'killed', 'signaled'")"
contains "the component" "cm4|ocean|2" "$(answer exp_component)"
contains "the operation" "move|" "$(answer "'op'")"
contains "the tree" "  md5sum|" "$(answer process_tree)"

# The diagram.
diagram() { sed -n 's/^ *\([a-z_]*\) ||--o{ \([a-z_]*\) : \([a-z_]*\)$/\1 \2 \3/p' "$doc" | sort; }
use_db sqlite
epmt submit "$jobdir/4711/4711.h5" >/dev/null
equal "the diagram has every reference" "$(sql "select f.\"table\" || ' ' || m.name || ' ' || f.\"from\"
    from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = 'table'" | sort)" \
    "$(diagram)"
finish

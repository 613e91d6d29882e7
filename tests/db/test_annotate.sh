#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt annotate, wherever a job is; tags as rows; epmt delete and epmt retire.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
user=${USER:-$(id -un)}
prefix=$EPMT_OUTPUT_PREFIX$user
status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}
annotations() { # JOBID : in the database
    sql "select key || '=' || value from job_attributes a join jobs j on j.id = a.job_id
        where j.jobid = '$1' and scope = 'annotation' order by key" | paste -sd ' '
}
tags() { # JOBID
    sql "select key || ':' || value from job_tags t join jobs j on j.id = t.job_id
        where j.jobid = '$1' order by key" | paste -sd ' '
}

# The chain: before, in between, after, in the archive, in the database.
export EPMT_JOB_ID=989 EPMT_TAGS='op:check;step:1'
check "start" env EPMT_JOB_TAGS='exp:a;odd one' epmt start
check "annotate a job that runs" epmt annotate inbetween_1=1 a=0 'text=two words; and = more'
epmt run true
check "annotate it again" epmt annotate a=100 b=1 b=2
equal "no annotation" "epmt: annotate: No annotations found" "$(epmt annotate 2>&1)"
equal "no annotation of a target" "epmt: annotate: No annotations found" "$(epmt annotate 989 2>&1)"
for bad in =1 k= word=x\ k=; do
    contains "malformed: $bad" "Annotations must be of the form <key>=<value>" \
        "$(epmt annotate good=1 "$bad" x= 2>&1)"
done
check "stop" epmt stop
check "annotate a stopped job" epmt annotate c=200
check "annotate its directory" epmt annotate "$prefix/989" d=400 e=x
tar -C "$prefix/989" -czf 989.tgz .
echo of mine >notes
mkdir extra && cp -a "$prefix/989/." notes extra/ && ln -s notes extra/link
tar -C extra -cf with.tar .
check "annotate an archive" epmt annotate 989.tgz e=300
check "annotate an archive with other things" epmt annotate with.tar e=300
equal "the other things are still in it" "./ ./989.h5 ./link ./notes " \
    "$(tar -tf with.tar | sort | tr '\n' ' ')"
equal "as they were" "of mine" "$(tar -xOf with.tar ./notes)"
fail_if "a malformed one" epmt annotate 989.tgz e=1 f=
check "submit the archive" epmt submit 989.tgz
want="a=100 b=2 c=200 d=400 e=300 inbetween_1=1 text=two words; and = more"
equal "all of the chain" "$want" "$(annotations 989)"
contains "both archives hold the same" "Already in the database" "$(epmt submit with.tar)"
equal "tags of the start, as rows" "exp:a odd one:1" "$(tags 989)"
equal "tags of processes, as rows" "op:check step:1" "$(sql "select distinct key || ':' || value
    from process_tags order by 1" | paste -sd ' ')"

listed() { # ARGUMENTS...
    epmt list --format csv "$@" | python3 -c 'import csv, sys
print(*sorted(row["jobid"] for row in csv.DictReader(sys.stdin)))'
}
EPMT_JOB_ID=990 EPMT_JOB_TAGS='exp:a;size:2' epmt run -a true
check "submit another" epmt submit "$prefix/990"
equal "jobs by a tag" "989 990" "$(listed --tag exp:a)"
equal "jobs by two tags" "990" "$(listed --tag exp:a --tag size:2)"
equal "jobs by a tag of any value" "989" "$(listed --tag 'odd one')"
equal "jobs by a tag that none has" "" "$(listed --tag exp:b --tag exp:a)"
equal "of named ones" "990" "$(listed --tag exp:a 990)"
equal "a tag full of SQL" "" "$(listed --tag "x' or '1'='1:y")"
equal "processes of jobs with a tag" 1 "$(epmt list processes --tag size:2 --format csv | tail -n +2 | wc -l)"
check "delete it" epmt delete 990

# In the database: these stand from now on.
check "annotate in the database" epmt annotate 989 f=600 a=db "quote=it's; \"drop\" table jobs;--"
equal "they are added" "a=db b=2 c=200 d=400 e=300 f=600 inbetween_1=1 quote=it's; \"drop\" table jobs;-- text=two words; and = more" "$(annotations 989)"
check "tags in the database" epmt annotate 989 "EPMT_JOB_TAGS=exp:b;who:it's"
equal "the tags are others" "exp:b who:it's" "$(tags 989)"
equal "in jobs too" "exp:b;who:it's" "$(sql 'select tags from jobs')"
check "the file changes" epmt annotate 989.tgz g=700 a=file
contains "submit what has grown" "completes an earlier state" "$(epmt submit 989.tgz)"
contains "new ones come in" " g=700 " "$(annotations 989)"
contains "those of the database stand" "a=db " "$(annotations 989)"
equal "its tags too" "exp:b who:it's" "$(tags 989)"
check "--replace" epmt annotate --replace 989 only=1
equal "the others are gone" "only=1" "$(annotations 989)"
check "the file changes again" epmt annotate 989.tgz h=1
contains "submit" "completes an earlier state" "$(epmt submit 989.tgz)"
equal "what was dropped does not come back" "h=1 only=1" "$(annotations 989)"
equal "an unknown job" 3 "$(status_of epmt annotate nothing a=1)"
equal "a missing file" 3 "$(status_of epmt annotate ./nothing.tgz a=1)"

# Files.
check "--replace in a file" epmt annotate --replace "$prefix/989/989.h5" EPMT_JOB_TAGS=exp:c
equal "only that is left" "annotation EPMT_JOB_TAGSexp" "$(h5dump -y -d /job/attributes "$prefix/989/989.h5" |
    tr -d ' ",\n' | grep -o 'annotation[A-Za-z_]*' | sed 's/annotation/& /')"
rm -rf "$prefix/989"
EPMT_JOB_ID=crashed preload /bin/true
check "annotate what a job left" epmt annotate "$prefix/crashed" why=killed
check "it is a job file then" test -e "$prefix/crashed/crashed.h5"
check "submit" epmt submit "$prefix/crashed"
equal "with its annotation" "why=killed" "$(annotations crashed)"
echo nothing >text.h5
cp text.h5 before.h5
fail_if "annotate what is no job file" epmt annotate text.h5 a=1
check "it is as it was" cmp text.h5 before.h5
tar -czf two.tgz -C "$prefix" . -C "$TEST_DIR" extra
fail_if "annotate an archive of two" epmt annotate two.tgz a=1
equal "annotate at the same time" 5 "$(for i in 1 2 3 4 5; do
    epmt annotate "$prefix/crashed" "key$i=$i" &
done; wait; epmt submit "$prefix/crashed" >/dev/null; annotations crashed | grep -o 'key[1-5]' | wc -l)"

# Delete.
equal "delete what is not there" 3 "$(status_of epmt delete nothing)"
contains "a dry run" "Would be deleted - job: crashed" "$(epmt delete -n crashed)"
equal "one of two is not there" 3 "$(status_of epmt delete crashed nothing)"
equal "the other is gone" "989" "$(sql 'select jobid from jobs')"
equal "with all that was its own" "0" "$(sql "select count(*) from processes
    where job_id not in (select id from jobs)")"
check "delete by the uuid" epmt delete "$(sql 'select uuid from jobs' | cut -c 1-8)"
equal "nothing is left" "0 0 0 0" "$(for table in jobs job_attributes job_tags process_tags; do
    sql "select count(*) from $table"
done | paste -sd ' ')"
equal "delete without a name" 2 "$(status_of epmt delete)"
check "it can be submitted again" epmt submit 989.tgz

# Retire: ten jobs, one a day, the last one today.
for i in $(seq 0 9); do
    mkdir "day$i"
    python3 -c 'import json, sys, time
day = int(sys.argv[1]); end = int(time.time() * 1e6) - day * 86400000000 - 3600000000
print(json.dumps({"format": "epmt-job-metadata", "format_version": 1, "jobid": "day%d" % day,
                  "start": end - 1000000, "stop": end}))' "$i" >"day$i/job_metadata.json"
done
check "submit ten" epmt submit day?
left() { sql "select jobid from jobs where jobid like 'day%' order by jobid" | paste -sd ' '; }
equal "retire: by default two weeks" "0 jobs that ended more than 14 days ago" "$(epmt retire)"
equal "retire -n" "4 jobs that ended more than 6 days ago" "$(epmt retire -n --days 6 | tail -n 1)"
equal "retire -n changes nothing" 10 "$(left | wc -w)"
# A job that cannot be deleted holds up the transaction that it is in, and no other.
if [ "${EPMT_TEST_DB:-sqlite}" = sqlite ]; then
    hold="create trigger hold before delete on jobs when old.jobid = 'day9' begin select raise(abort, 'held'); end"
    release="drop trigger hold"
else
    hold="create table hold as select id from jobs where jobid = 'day9';
        alter table hold add foreign key (id) references jobs (id)"
    release="drop table hold"
fi
sql "$hold"
equal "retire, by threes: the first three" "Retired - job: day6 Retired - job: day7 Retired - job: day8 3 jobs that ended more than 6 days ago" \
    "$(EPMT_RETIRE_JOBS_PER_DELETE_MAX=3 epmt retire --days 6 2>/dev/null | paste -sd ' ')"
sql "$release"
equal "retire, the rest" "Retired - job: day9 1 jobs that ended more than 6 days ago" \
    "$(EPMT_RETIRE_JOBS_PER_DELETE_MAX=3 epmt retire --days 6 | paste -sd ' ')"
equal "the young ones stay" "day0 day1 day2 day3 day4 day5" "$(left)"
check "by the setting" env EPMT_RETIRE_JOBS_NDAYS=2 epmt retire
equal "the setting" "day0 day1" "$(left)"
contains "never" "says never" "$(EPMT_RETIRE_JOBS_NDAYS=0 epmt retire)"
equal "the job of today stays" 989 "$(sql "select jobid from jobs where jobid = '989'")"
equal "wrong days" 2 "$(status_of epmt retire --days 0)"
if [ "${EPMT_TEST_DB:-sqlite}" = sqlite ]; then
    equal "no database: not made" 3 "$(EPMT_DB_URL=sqlite:///none.db status_of epmt retire)"
    check "no database" test ! -e none.db
fi
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt list: which jobs, by who, what, when and how they ended; their order, and pages of them.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/db/rows.sh
. "$EPMT_SOURCE/tests/db/rows.sh"

make_tables
# 10:00 to 10:10, 11:00 to 12:00, the whole day, 23:00 to 01:00 of the next.
job 1 a 36000 36600 "user='alice'" "jobname='ocean'" exitcode=0 failed=0 ended=1 complete=1 cpu_time=500
job 2 b 39600 43200 "user='bob'" "jobname='Ocean'" exitcode=3 failed=2 ended=1 complete=1 cpu_time=70 efficiency=0.3
job 3 c 0 86400 "user='alice'" "jobname='land%'" "reason='signal 9'" failed=1 ended=1 complete=0
job 4 d 82800 90000 "user='carol'" failed=1 ended=0 complete=1 cpu_time=9000 efficiency=0.25
{
    process 1 1 36000000 36600000 cm4 "hostname='n1'"
    process 2 1 36000000 36600000 sh "hostname='n1'"
    process 3 2 39600000 43200000 cm4x "hostname='n2'"
    process 4 3 0 86400000 sh "hostname='n1'"
    process 5 4 82800000 90000000 land "hostname='n[1]'" exitcode=1
    job_tag 1 exp a
    job_tag 1 note 1
    job_tag 2 exp a
    job_tag 3 exp ab
} | add_rows
complaint() { epmt list "$@" 2>&1; }
ids() { epmt list jobs "$@" --columns jobid --format csv 2>&1 | tr -d '\r' | sed 1d | xargs; }

equal "all, by their start" "c a b d" "$(ids)"
equal "of a user" "c a" "$(ids --user alice)"
equal "of users" "c a d" "$(ids -u '*a*')"
equal "user=NAME" "b" "$(ids user=bob)"
equal "by name" "a" "$(ids --name ocean)"
equal "by name: small letters are not large ones" "a" "$(ids --name 'ocea*')"
equal "by name: a percent sign is one" "c" "$(ids --name 'lan?%')"
equal "by tag" "a b" "$(ids --tag exp:a)"
equal "by tag, any value" "c a b" "$(ids --tag exp)"
equal "by tag, a pattern" "c a b" "$(ids --tag 'exp:a*')"
equal "by two tags" "a" "$(ids --tag exp:a --tag note)"
equal "these tags and no others" "b" "$(ids --tag exp:a --exact-tags)"
equal "no tags at all" "d" "$(ids --exact-tags)"
equal "by host" "c a" "$(ids --host n1)"
equal "by host, a pattern" "c a b" "$(ids --host 'n?')"
equal "by host: brackets are no pattern" "d" "$(ids --host 'n[*')"
equal "by program" "a" "$(ids --program cm4)"
equal "by program, a pattern" "a b" "$(ids program='cm*')"
equal "by program and user" "c a" "$(ids --program sh --user alice)"
equal "ended well" "a" "$(ids --exit ok)"
equal "failed: by code, by signal, by its processes where neither is known" "c b d" "$(ids --exit failed)"
equal "with failures" "c b d" "$(ids --exit failures)"
equal "running" "d" "$(ids --exit running)"
equal "incomplete" "c" "$(ids --exit incomplete)"
equal "by exit code" "b" "$(ids --exit 3)"

equal "after a moment" "b d" "$(ids --after '2026-11-20 10:00:01')"
equal "after a day begins" "c a b d" "$(ids --after 2026-11-20)"
equal "the day after" "" "$(ids --after 2026-11-21)"
equal "before a moment: what had ended" "a b" "$(ids --before '2026-11-20 12:00:01')"
equal "before, not at" "a" "$(ids --before 2026-11-20T12:00)"
equal "between" "b" "$(ids --after '11/20/2026 10:30' --before '11/20/2026 13:00')"
equal "seconds since 1970" "b d" "$(ids --after $((day + 39600)))"
equal "when: a minute" "c a" "$(ids --when '2026-11-20 10:05')"
equal "when: a day" "d" "$(ids --when 2026-11-21)"
equal "when: beside a job" "c b" "$(ids --when b)"
equal "days ago" "c a b d" "$(ids --before -0)"
days=$((($(date +%s) - day) / 86400)) # may be negative: before that day
if [ "$days" -ge 0 ]; then
    equal "some days ago" "c a b d" "$(ids --after "$((days + 1)) days ago")"
    equal "-N" "c a b d" "$(ids --after "-$((days + 1))")"
fi
equal "yesterday, and today" "" "$(ids --after yesterday --before today --name no-such)"
contains "a time that is none" "is no time" "$(complaint --after someday)"
contains "no month has 31 days in November" "is no time" "$(complaint --after 2026-11-31)"
contains "neither a time nor a job" "is no time" "$(complaint --when nobody)"
contains "neither an end nor a code" "with an exit code, not well" "$(complaint --exit well)"

equal "ordered" "b a d c" "$(ids --order cpu_time)"
equal "ordered the other way, missing last" "d a b c" "$(ids --order -cpu_time)"
equal "ordered, as the old tool has it" "d a b c" "$(ids order='desc(cpu_time)')"
equal "ordered by two" "c a b d" "$(ids --order user,-duration)"
equal "ordered by a column of the view" "c d b a" "$(ids --order duration_s:desc)"
equal "a page" "a b" "$(ids --limit 2 --offset 1)"
equal "an offset alone" "b d" "$(ids --offset 2)"
equal "limit=N offset=N" "b" "$(ids limit=1 offset=2)"
contains "an order by nothing" "there is no column no_such of jobs" "$(complaint --order no_such)"
contains "no injection by an order" "there is no column" "$(complaint --order 'id" desc; drop table jobs; --')"
contains "people see what is ordered by" "cpu" "$(epmt list --order -cpu_time --limit 1 | head -n 1)"
equal "and see it in its unit" "d 9.00 ms" "$(epmt list --order -cpu_time --limit 1 --columns jobid,cpu | sed 1d | xargs)"

rows() { epmt list "$@" --format csv 2>&1 | tr -d '\r' | sed 1d | xargs; }
equal "processes of jobs" "1 2 4" "$(rows processes --user alice --columns id)"
equal "processes by time, a page" "5 3" "$(rows processes --order -start,id --limit 2 --columns id)"
equal "processes by a value, of jobs" "5" "$(rows processes exitcode=1 --user carol --columns id)"
equal "hosts of jobs" "n1" "$(rows hosts --user alice --columns hostname)"
equal "hosts of two jobs at once" "1 n1 2" "$(rows hosts a c --columns ranks,hostname,jobs | tr , ' ' | sed 's/^0/1/')"
equal "programs, the most first" "sh cm4 cm4x land" "$(rows programs --order -processes,exename --columns exename)"
equal "programs by their number" "sh" "$(rows programs processes=2 --columns exename)"
equal "users" "carol" "$(rows users --exit running --columns user)"
equal "for people too" "sh" "$(epmt list programs processes=2 --columns exename | sed 1d | xargs)"

# Numbers are compared as numbers, however they are written, in tables, views and groups.
for two in 600 600.0 600.000000 6e2 +600 0600; do
    equal "a number of a view: $two" "a" "$(ids "duration_s=$two")"
    equal "and of groups: $two" "cm4" "$(epmt list programs "duration_s=$two" | awk 'NR > 1 { print $1 }')"
done
for two in 2 2.0 2e0; do
    equal "a number of a table: $two" "b" "$(ids "failed=$two")"
done
equal "a decimal fraction" "a" "$(ids cpu_s=0.0005)"
equal "one that is none of the rows" "" "$(ids cpu_s=0.00050001)"
equal "a whole column beside a fraction" "b" "$(ids 'failed>1.5')"
equal "a real column" "b d" "$(ids 'efficiency>=.25')"
equal "a real column, the very number" "b" "$(ids efficiency=0.3)"
equal "more" "c b d" "$(ids 'duration_s>600')"
equal "at least" "c a b d" "$(ids 'duration_s>=600')"
equal "less" "a b" "$(ids 'duration_s<7200')"
equal "at most, and a range" "b d" "$(ids 'duration_s<=7200' 'duration_s>600')"
equal "others, missing ones not" "b" "$(ids 'exitcode!=0')"
equal "other texts" "b d" "$(ids 'user!=alice')"
equal "others by a pattern" "c b" "$(ids 'jobname!=ocean*')"
equal "texts in their order" "b d" "$(ids 'user>alice')"
equal "a pattern of whole numbers" "b" "$(ids 'exitcode=?' 'exitcode!=0')"
contains "no number" "duration_s is a number, and long is none" "$(complaint duration_s=long)"
contains "no number of groups" "is a number, and 1x is none" "$(complaint programs 'processes>1x')"
contains "nothing is no number" "and an empty text is none" "$(complaint exitcode=)"
contains "infinity is no number" "and inf is none" "$(complaint cpu_s=inf)"

# Sums of a job of very many ranks: 2.8 million hours in MPI are more than an integer holds.
{
    for id in 101 102; do
        process $id 3 0 86400000 big "mpirank=$((id - 101))" "step='s'" mpitime=5000000000000000001
        echo "insert into counters (process_id, event, value) values ($id, 'cycles', 9000000000000000000);"
        echo "insert into counters (process_id, event, value) values ($id, 'few', $id);"
    done
} | add_rows
equal "sums beyond integers" "1|1" "$(sql "select
    (select count(*) from rank_balance where mpitime_s = 10000000000),
    (select count(*) from counter_summary where event = 'cycles' and value > 1.79e19 and value < 1.81e19)")"
equal "sums within them" "203" "$(sql "select value from counter_summary where event = 'few'")"
check "and show" epmt show c --counters

# Whatever the number of jobs, a page of theirs is found by an index.
case $EPMT_DB_URL in
sqlite:*)
    plan() { sqlite3 "$TEST_DB" "explain query plan $1"; }
    contains "a program leads to its jobs" "processes_exename_job (exename=? AND job_id=?)" "$(plan "select id
        from jobs j where exists (select 1 from processes p where p.job_id = j.id and p.exename = 'a')")"
    contains "a host leads to its jobs" "processes_hostname_job (hostname=? AND job_id=?)" "$(plan "select id
        from jobs j where exists (select 1 from processes p where p.job_id = j.id and p.hostname = 'a')")"
    # Beside 60,000 processes of another job, in 40 MB: what is asked of a small one reads pages of its own.
    sqlite3 "$TEST_DB" "begin; update processes set tags = 'op:x';
        insert into processes (id, job_id, pid, start, \"end\", exename, hostname, args, tags)
        with recursive n(i) as (select 1000 union all select i + 1 from n where i < 61000)
        select i, 3, i, ${day}000000 + i, ${day}000000 + 2 * i, 'sh', 'n1', printf('%.300c', 'x'), 'op:x' from n;
        insert into threads (process_id, start, tid) select id, start, pid from processes;
        insert into process_tags select id, 'op', 'x' from processes;
        insert into counters (process_id, event, value) select id, 'cycles', 1 from processes;
        insert into mpi_functions (process_id, function, time) select id, 'MPI_Send', 1 from processes; commit"
    while read -r command; do
        # shellcheck disable=SC2086 # the words of the command
        strace -f -qq -e trace=pread64 -o "$TEST_DIR/reads" epmt $command >/dev/null 2>&1
        reads=$(grep -c pread64 "$TEST_DIR/reads")
        check "few pages are read ($reads) for: $command" [ "$reads" -gt 5 -a "$reads" -lt 100 ]
    done <<'COMMANDS'
list
list --user bob
list --tag exp:a
list --program cm4x
list --host n2
list --exit failed
list --after 2026-11-20
list --when b
list --order -cpu_time
list jobid=b
list processes --limit 20
list processes b
list processes --user bob
list processes exename=cm4x
list processes hostname=n2
list threads --limit 20
list threads b
list hosts b
list programs b
list tags b
show b
show b --full
show b --counters
operations b
operations --user bob
compare a b
outliers --feature all
outliers operations a b d -k op
outliers processes a b d
outliers ranks b
outliers threads b
outliers jobs a b d -f counter:cycles
dump b
COMMANDS
    ;;
postgresql:*)
    # Beside those of another job, that come first.
    sql "insert into processes (id, job_id, pid, start, \"end\", exename, hostname, tags)
        select i, 3, i, ${day}000000 + i, ${day}000000 + 2 * i, 'sh', 'n1', 'op:x' from generate_series(1000, 61000) i;
        insert into processes (id, job_id, pid, start) select i, 2, i, ${day}000000 from generate_series(70000, 70100) i;
        insert into threads (process_id, start, tid) select id, start, pid from processes"
    sql "vacuum analyze processes; vacuum analyze threads" 2>/dev/null || { sql "analyze processes"; sql "analyze threads"; }
    read_of() { sql "select sum(idx_tup_read) + (select sum(seq_tup_read) from pg_stat_user_tables)
        from pg_stat_user_indexes"; }
    for command in "list threads b --limit 20" "list processes b --limit 20" "list hosts b" "show b" "operations --user bob"; do
        before=$(read_of)
        # shellcheck disable=SC2086 # the words of the command
        epmt $command >/dev/null 2>&1
        sleep 0.2
        rows=$(($(read_of) - before))
        check "few rows are read ($rows) for: $command" [ "$rows" -gt 0 -a "$rows" -lt 20000 ]
    done
    ;;
esac
finish

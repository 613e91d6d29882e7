#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt migrate: databases of every released schema forward in place, with their jobs; of the same
# version with other columns; not of a newer one. And epmt schema, drop and dbsize.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

fixtures=$EPMT_SOURCE/tests/fixtures
complaint() { { "$@" >/dev/null; } 2>&1; } # COMMAND...

# The columns of all tables, and the names of all views and indexes, in any order of making.
shape() { # DATABASE
    sqlite3 "$1" "select m.name, c.name, c.type, c.pk, c.\"notnull\" from sqlite_master m
        join pragma_table_info(m.name) c where m.type = 'table' order by 1, 2;
        select type, name from sqlite_master where type <> 'table' order by 1, 2;
        select m.name, f.\"table\", f.\"from\", f.on_delete from sqlite_master m
        join pragma_foreign_key_list(m.name) f order by 1, 3"
}

sqlite3 "$TEST_DB" <"$fixtures/database-1.sql"
before=$(sql 'select id, uuid, digest, jobid, "user", tags, start, processes, threads from jobs;
    select id, job_id, parent_id, pid, exename, usertime, args, image from processes;
    select * from threads; select * from mpi_functions; select * from job_attributes')
for command in "list" "show 4711" "submit"; do
    # shellcheck disable=SC2086 # the words of the command
    contains "an older database is not touched by $command, which says what to do" \
        "epmt migrate" "$(complaint epmt $command)"
done
equal "it still has its version" 1 "$(sql 'pragma user_version')"
contains "migrate" "from schema version 1 to 2" "$(epmt migrate)"
equal "its jobs and rows are there" "$before" "$(sql 'select id, uuid, digest, jobid, "user", tags,
    start, processes, threads from jobs;
    select id, job_id, parent_id, pid, exename, usertime, args, image from processes;
    select * from threads; select * from mpi_functions; select * from job_attributes')"
contains "migrate again" "Up to date" "$(epmt migrate)"
EPMT_DB_URL=sqlite:///$TEST_DIR/fresh.db epmt submit "$TEST_DIR/none" 2>/dev/null
equal "the schema is that of a new database" "$(shape "$TEST_DIR/fresh.db")" "$(shape "$TEST_DB")"
equal "references hold" "" "$(sql 'pragma foreign_key_check')"
equal "tags of jobs are rows" "1|draft|1
1|exp_component|ocean
1|exp_name|it's
2|exp_name|mpi" "$(sql 'select * from job_tags order by 1, 2')"
equal "tags of processes are rows" "10|10" "$(sql "select
    (select count(*) from process_tags where key = 'op' and value = 'run'),
    (select count(*) from process_tags where key = 'note' and value = 'a\"b')")"
equal "CPU time of the root is that of all" 0 "$(sql 'select count(*) from processes p where
    inclusive_cpu_time <> (with recursive below(id) as (select p.id union all
        select c.id from processes c join below b on c.parent_id = b.id)
    select sum(usertime + systemtime) from processes join below using (id))')"
equal "depths" 0 "$(sql 'select count(*) from processes c join processes p on p.id = c.parent_id
    where c.depth <> p.depth + 1')"
equal "sums of the jobs" "$(sql 'select sum(usertime), sum(rchar), max(rssmax), sum(mpitime)
    from processes group by job_id')" "$(sql 'select usertime, rchar, rssmax, mpitime from jobs')"
equal "shares of an MPI job" "1|1|1" "$(sql 'select mpi_share between 0.5 and 1,
    efficiency > 0, imbalance between 0 and 1 from jobs where id = 2')"
check "show" epmt show 4711
check "show --mpi" epmt show 4712 --mpi

# A new job beside the old ones.
EPMT_JOB_ID=new epmt run -a true
check "submit into a migrated database" epmt submit "$EPMT_OUTPUT_PREFIX"
equal "three jobs" 3 "$(sql 'select count(*) from jobs')"

# Another build of this version may have had fewer columns.
sqlite3 "$TEST_DB" 'drop view mpi_rank_summary; drop view mpi_step_summary;
    alter table processes drop column mpilocalrank;
    update epmt_schema set value = 1 where key = "dictionary"'
contains "other columns" "epmt migrate" "$(complaint epmt list)"
contains "they are added" ", of schema version 2: 1 column, 2 views added" "$(epmt migrate)"
contains "then there is nothing to do" "Up to date" "$(epmt migrate)"
sqlite3 "$TEST_DB" 'drop table mpi_sizes; drop index threads_process; drop index jobs_start'
contains "tables and indexes that are missing" ": 1 table, 3 indexes added" "$(epmt migrate)"
contains "then they are there" "Up to date" "$(epmt migrate)"
sqlite3 "$TEST_DB" "update epmt_schema set value = 'f' where key = 'views'"
equal "views of another day" "version 2: views made anew" "$(epmt migrate | sed 's/.* of schema //')"
sqlite3 "$TEST_DB" "delete from epmt_schema where key = 'views'; drop view rank_balance; drop view process_tree"
contains "views that are missing" "version 2: 2 views added" "$(epmt migrate)"
equal "the views are those of a new database" "$(sqlite3 "$TEST_DIR/fresh.db" "select sql from sqlite_master
    where type = 'view' order by name")" "$(sql "select sql from sqlite_master where type = 'view' order by name")"
check "then it is used" epmt list
sqlite3 "$TEST_DB" 'alter table processes add column foreseen integer;
    update epmt_schema set value = 1 where key = "dictionary"'
contains "columns of another epmt are not passed over" "column foreseen" "$(complaint epmt migrate)"

# A newer epmt's.
sqlite3 "$TEST_DB" 'pragma user_version = 3'
for command in "list" "migrate" "submit" "drop -f"; do
    # shellcheck disable=SC2086 # the words of the command
    contains "a newer database: $command" "newer epmt" "$(complaint epmt $command)"
done
equal "it is as it was" 3 "$(sql 'select count(*) from jobs')"

# Killed while it migrates: then it is as it was, and can be migrated.
sqlite3 "$TEST_DIR/killed.db" <"$fixtures/database-1.sql"
export EPMT_DB_URL=sqlite:///$TEST_DIR/killed.db
for call in 1 2 4 8; do
    strace -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when=$call \
        epmt migrate >/dev/null 2>&1
    version=$(sqlite3 "$TEST_DIR/killed.db" 'pragma user_version')
    equal "killed at write $call: still whole" "1|2" \
        "$version|$(sqlite3 "$TEST_DIR/killed.db" 'select count(*) from jobs')"
done
contains "then it is migrated" "to 2" "$(epmt migrate)"
equal "whole" ok "$(sqlite3 "$TEST_DIR/killed.db" 'pragma integrity_check')"

for kind in sqlite postgresql; do
    use_db $kind
    contains "$kind: nothing to migrate" "there is no" "$(complaint epmt migrate)"
    epmt submit "$EPMT_OUTPUT_PREFIX" >/dev/null
    contains "$kind: migrate of today's" "Up to date" "$(epmt migrate)"
    check "$kind: the statements of epmt schema are what it has" \
        grep -q "CREATE TABLE \"processes\"" <(epmt schema)
    contains "$kind: its columns, for programs" \
        '"column": "rssmax", "type": "'"$([ $kind = sqlite ] && echo INTEGER || echo BIGINT)"'", "unit": "KiB", "meaning": "peak' \
        "$(epmt schema --tables --format json)"
    contains "$kind: the size" '"processes"' "$(epmt dbsize --format json)"
    for what in all database table index tablespace; do
        check "$kind: the size of $what" epmt dbsize $what
    done
    fail_if "$kind: an unknown size" epmt dbsize moon
    fail_if "$kind: drop asks" sh -c 'echo no | epmt drop'
    fail_if "$kind: no answer is no" sh -c 'epmt drop </dev/null'
    equal "$kind: nothing is gone" 1 "$(sql 'select count(*) from jobs')"
    check "$kind: drop" sh -c 'echo yes | epmt drop'
    contains "$kind: it is empty" "no epmt database" "$(complaint epmt list)"
    check "$kind: and can be filled again" epmt submit "$EPMT_OUTPUT_PREFIX"
    check "$kind: drop by force" epmt drop -f
done

# What is made by hand from epmt schema is an epmt database.
pg_sql postgres "create database byhand"
epmt schema postgresql | psql -X -q -v ON_ERROR_STOP=1 -h "$PG_DIR" -U epmt -d byhand
EPMT_DB_URL=${PG_URL/epmt?host/byhand?host}
check "a database made by hand is used" epmt submit "$EPMT_OUTPUT_PREFIX"
equal "every column has its comment" 0 "$(pg_sql byhand "select count(*) from pg_attribute a
    join pg_class c on c.oid = attrelid and relkind = 'r' and relnamespace = 'public'::regnamespace
    where attnum > 0 and col_description(attrelid, attnum) is null")"
contains "comments are the dictionary's" "CPU time in user mode [us]" "$(pg_sql byhand "select
    col_description('processes'::regclass, attnum) from pg_attribute
    where attrelid = 'processes'::regclass and attname = 'usertime'")"
pg_sql byhand "alter table processes drop column mpilocalrank cascade; drop table counters cascade;
    update epmt_schema set value = '1' where key = 'dictionary'" 2>/dev/null
contains "other columns on PostgreSQL" "epmt migrate" "$(complaint epmt list)"
contains "they are added there too" "of schema version 2: 1 table, 1 column, 1 index, 3 views added" "$(epmt migrate)"
contains "then there is nothing to do there either" "Up to date" "$(epmt migrate)"
pg_sql byhand "create role reader; grant select on job_summary to reader; drop index jobs_start"
contains "an index alone" "version 2: 1 index added" "$(epmt migrate)"
equal "who may read the views still may" t "$(pg_sql byhand "select has_table_privilege('reader', 'job_summary', 'select')")"
pg_sql byhand "update epmt_schema set value = 'f' where key = 'views'"
contains "views of another day there" "version 2: views made anew" "$(epmt migrate)"
equal "with their comment" "rank among the ranks of the same node" "$(pg_sql byhand "select
    col_description('processes'::regclass, attnum) from pg_attribute
    where attrelid = 'processes'::regclass and attname = 'mpilocalrank'")"
check "and the views" epmt list
pg_sql byhand "update epmt_schema set value = '3' where key = 'version'"
contains "a newer database on PostgreSQL" "newer epmt" "$(complaint epmt list)"
pg_sql postgres "create database foreigner"
pg_sql foreigner "create table jobs (a int)"
EPMT_DB_URL=${PG_URL/epmt?host/foreigner?host}
contains "somebody else's tables" "not an epmt database" \
    "$(complaint epmt submit "$EPMT_OUTPUT_PREFIX")"
equal "they are untouched" 1 "$(pg_sql foreigner \
    "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")"
finish

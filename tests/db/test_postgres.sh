#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What only PostgreSQL has: ways to name a server, passwords that nobody sees, rights of users.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

use_db postgresql
jobdir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}
EPMT_JOB_ID=one EPMT_JOB_TAGS='exp:one' epmt run -a sh -c '/bin/true; /bin/true'
EPMT_JOB_ID=two epmt run -a /bin/true
job=$jobdir/one/one.h5
secret='s3cr@t word'
pg_sql postgres "create role secretive login password '$secret'; create role reader login"
pg_sql postgres "create database secretive owner secretive"
# The first line that fits counts.
pg_as sh -c "echo 'local all secretive scram-sha-256' | cat - '$PG_DIR/data/pg_hba.conf' \
    >'$PG_DIR/data/hba.new' && mv '$PG_DIR/data/hba.new' '$PG_DIR/data/pg_hba.conf'"
pg_sql postgres "select pg_reload_conf()" >/dev/null

url() { echo "postgresql://secretive:$1@/secretive?host=$PG_DIR"; } # PASSWORD
said=$TEST_DIR/said
# Runs a command that must fail, and must not show the password.
silent() { # DESCRIPTION COMMAND...
    local description=$1
    shift
    fail_if "$description" "$@"
    cp "$TEST_DIR/.said" "$said"
    equal "$description: no password is shown" 0 "$(grep -c 's3cr\|wr0ng' "$said")"
}

export EPMT_DB_URL
EPMT_DB_URL=$(url 's3cr%40t%20word') check "a URL with a password" epmt submit "$job"
EPMT_DB_URL=$(url 's3cr%40t%20word') epmt -v list >"$said" 2>&1
equal "it is not shown where all is well" 0 "$(grep -c s3cr "$said")"
EPMT_DB_URL=$(url wr0ng) silent "a wrong password" epmt submit "$job"
contains "it says so" "password authentication failed" "$(cat "$said")"
EPMT_DB_URL=$(url 's3cr%zz') silent "a URL that is none" epmt list
EPMT_DB_URL="$(url 's3cr%40t')&nonsense=1" silent "an unknown option" epmt list
EPMT_DB_URL="postgresql://secretive:s3cr@127.0.0.1:1/x" silent "no server" epmt list
contains "it says where" "127.0.0.1:1/x" "$(cat "$said")"
EPMT_DB_URL=$(url '') silent "no password" epmt list

printf '%s\n' "*:*:*:secretive:$secret" >"$TEST_DIR/pgpass"
chmod 600 "$TEST_DIR/pgpass"
export PGPASSFILE=$TEST_DIR/pgpass
EPMT_DB_URL="postgresql://secretive@/secretive?host=$PG_DIR" check ".pgpass" epmt list
printf '[jobs]\nhost=%s\ndbname=secretive\nuser=secretive\n' "$PG_DIR" >"$TEST_DIR/service"
EPMT_DB_URL="postgresql:///?service=jobs" PGSERVICEFILE=$TEST_DIR/service check "a service file" \
    epmt list
EPMT_DB_URL="postgres:///secretive" PGHOST=$PG_DIR PGUSER=secretive check "PGHOST and PGUSER" \
    epmt list
EPMT_DB_URL="postgresql+psycopg2://secretive@/secretive?host=$PG_DIR" check "SQLAlchemy's driver" \
    epmt list
unset PGPASSFILE EPMT_DB_URL

export EPMT_DB_PROVIDER=postgres EPMT_DB_USER=secretive EPMT_DB_PASSWORD=$secret \
    EPMT_DB_HOST=$PG_DIR EPMT_DB_DBNAME=secretive
check "the variables of the tool before" epmt list
EPMT_DB_PASSWORD=wr0ng silent "with a wrong password" epmt list
EPMT_DB_PROVIDER=mysql silent "an unknown provider" epmt list
EPMT_DB_HOST=127.0.0.1:1 silent "a host with a port" epmt list
contains "the port is taken" "127.0.0.1:1/" "$(cat "$said")"
unset EPMT_DB_USER EPMT_DB_PASSWORD EPMT_DB_HOST EPMT_DB_DBNAME
EPMT_DB_PROVIDER=sqlite EPMT_DB_FILENAME=$TEST_DIR/var.db check "a file" epmt submit "$job"
check "it is there" test -s "$TEST_DIR/var.db"
unset EPMT_DB_PROVIDER

# Who may only read can read, and nothing else.
export EPMT_DB_URL=$PG_URL
check "submit" epmt submit "$job"
pg_sql epmt 'grant select on all tables in schema public to reader' >/dev/null
EPMT_DB_URL="postgresql://reader@/epmt?host=$PG_DIR"
check "a reader lists" epmt list
check "and shows" epmt show one
fail_if "a reader cannot submit" epmt submit "$jobdir/two/two.h5"
contains "it is told why" "permission denied" "$(epmt submit "$jobdir/two/two.h5" 2>&1)"
fail_if "nor drop" epmt drop -f
equal "nothing is changed" 1 "$(pg_sql epmt 'select count(*) from jobs')"
EPMT_DB_URL=$PG_URL
EPMT_DB_TIMEOUT=soon fail_if "a timeout that is no number" epmt list
finish

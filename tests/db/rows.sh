# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Rows made by hand, for tests that must know the answer. Sourced after lib.sh.

# Makes the tables in an empty database.
make_tables() {
    epmt submit "$TEST_DIR/no-such-file" >/dev/null 2>&1
    epmt list >/dev/null
}

# A job; further columns as NAME=VALUE in SQL. Times are seconds, of the day 2026-11-20 in UTC.
day=1795132800
job() { # ID JOBID START END [NAME=VALUE...]
    local columns values pair id=$1
    columns='id, uuid, digest, jobid, start, "end", duration'
    values="$1, '$(printf %08d "$1")-0000-5000-8000-000000000000', $1, '$2', $((day + $3))000000,
        $((day + $4))000000, $(($4 - $3))000000"
    shift 4
    for pair; do
        columns+=", \"${pair%%=*}\""
        values+=", ${pair#*=}"
    done
    sql "insert into jobs ($columns) values ($values)" || echo "job $id" >&2
}

# A process; times are milliseconds since the day began.
process() { # ID JOB START END EXENAME [NAME=VALUE...]
    local columns values pair
    columns='id, job_id, pid, start, "end", exename'
    values="$1, $2, $1, $((day * 1000 + $3))000, $((day * 1000 + $4))000, '$5'"
    shift 5
    for pair; do
        columns+=", \"${pair%%=*}\""
        values+=", ${pair#*=}"
    done
    echo "insert into processes ($columns) values ($values);"
}

job_tag() { echo "insert into job_tags values ($1, '$2', '$3');"; }         # JOB KEY VALUE
process_tag() { echo "insert into process_tags values ($1, '$2', '$3');"; } # PROCESS KEY VALUE

# Runs the statements of standard input, however many, in one transaction.
add_rows() {
    case $EPMT_DB_URL in
    postgresql:*) { echo "begin;"; cat; echo "commit;"; } |
        psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$PG_DIR" -U epmt -d epmt -f - ;;
    *) { echo "begin;"; cat; echo "commit;"; } | sqlite3 -batch -noheader "$TEST_DB" ;;
    esac
}

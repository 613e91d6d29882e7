#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The helper library of the shell tests, which source it first. It makes a temporary directory of
# the test's own ($TEST_DIR), takes every job variable of the surroundings away, and prints TAP.
# EPMT_BUILD (default: build/ of this checkout) and EPMT_PREFIX (default: <build>/stage) say what
# is tested.
set -u

EPMT_SOURCE=${EPMT_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
EPMT_BUILD=${EPMT_BUILD:-$EPMT_SOURCE/build}
EPMT_PREFIX=${EPMT_PREFIX:-$EPMT_BUILD/stage}

clean_environment() {
    local name
    while read -r name; do
        case $name in
        EPMT_SOURCE | EPMT_BUILD | EPMT_PREFIX | EPMT_TEST_DB) ;;
        EPMT_* | PAPIEX_* | SLURM* | PBS_* | LSB_* | LOADL_* | OAR_* | FLUX_* | COBALT_* | JOB_ID | \
            OMPI_* | ORTE_* | PMIX_* | PMI_* | PALS_* | MV2_* | HYDRA_* | HYDI_* | MPIR_* | MPICH_* | \
            PGHOST | PGPORT | PGUSER | PGDATABASE | PGPASS* | PGSERVICE* | PGOPTIONS | PGDATA | \
            LD_PRELOAD | LD_LIBRARY_PATH) unset "$name" ;;
        esac
    done < <(compgen -e)
}

clean_environment
exec 3>&- 4>&- 5>&- 6>&- # what the test driver left open would show in what is compared
TEST_DIR=$(mktemp -d "${TMPDIR:-/tmp}/epmt-test.XXXXXX") || exit 1
TEST_DB=$TEST_DIR/test.db
TEST_OK=$TEST_DIR/.passed # one line per check, so that a check in a subshell counts too
TEST_BAD=$TEST_DIR/.failed
TEST_FINISHED=0
PRELOAD=$EPMT_PREFIX/lib/libepmt.so
: >"$TEST_OK"
: >"$TEST_BAD"
export EPMT_SOURCE EPMT_BUILD EPMT_PREFIX
export EPMT_OUTPUT_PREFIX=$TEST_DIR/prefix/
export EPMT_DB_URL=sqlite:///$TEST_DB
export XDG_CONFIG_HOME=$TEST_DIR/config XDG_DATA_HOME=$TEST_DIR/data
export LC_ALL=C.UTF-8
# A machine under load is no reason for a reduction to fail; a test of the limits sets its own.
export EPMT_PARTIAL_TIMEOUT=60 EPMT_FINALIZE_TIMEOUT=120
PATH=$EPMT_PREFIX/bin:$PATH

mpi_families=
# shellcheck source=/dev/null
[ -r "$EPMT_BUILD/tests/mpi.sh" ] && . "$EPMT_BUILD/tests/mpi.sh"

test_exit() {
    local status=$?
    pg_down
    rm -rf "$TEST_DIR"
    if [ "$TEST_FINISHED" = 0 ]; then
        echo "Bail out! The test ended (status $status) before it came to finish"
        exit 1
    fi
}
trap test_exit EXIT

say() { # DESCRIPTION true|false
    if "$2"; then
        echo "$1" >>"$TEST_OK"
        echo "ok $(cat "$TEST_OK" "$TEST_BAD" | wc -l) - $1"
    else
        echo "$1" >>"$TEST_BAD"
        echo "not ok $(cat "$TEST_OK" "$TEST_BAD" | wc -l) - $1"
    fi
}

explain() { sed 's/^/#   /' | head -n 40; }

# Passes where the command does; shows what it said where it does not.
check() { # DESCRIPTION COMMAND...
    local description=$1 status=0
    shift
    "$@" >"$TEST_DIR/.said" 2>&1 || status=$?
    if [ $status = 0 ]; then
        say "$description" true
    else
        say "$description" false
        echo "#   status $status: $*"
        explain <"$TEST_DIR/.said"
    fi
}

# Passes where the command fails in an orderly way: neither missing nor ended by a signal.
fail_if() { # DESCRIPTION COMMAND...
    local description=$1 status=0
    shift
    "$@" >"$TEST_DIR/.said" 2>&1 || status=$?
    if [ $status -ge 1 ] && [ $status -le 125 ]; then
        say "$description" true
    else
        say "$description" false
        echo "#   status $status where 1..125 was expected: $*"
        explain <"$TEST_DIR/.said"
    fi
}

equal() { # DESCRIPTION EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        say "$1" true
    else
        say "$1" false
        printf 'expected: %s\nactual:   %s\n' "$2" "$3" | explain
    fi
}

contains() { # DESCRIPTION PART WHOLE
    case $3 in
    *"$2"*) say "$1" true ;;
    *)
        say "$1" false
        printf 'not found: %s\nin:        %s\n' "$2" "$3" | explain
        ;;
    esac
}

# The last line of every test: the plan, and non-zero where a check failed or none ran.
finish() {
    local passed failed
    passed=$(wc -l <"$TEST_OK")
    failed=$(wc -l <"$TEST_BAD")
    TEST_FINISHED=1
    echo "1..$((passed + failed))"
    if [ $((passed + failed)) = 0 ]; then
        echo "# no check ran"
        exit 1
    fi
    [ "$failed" = 0 ] || exit 1
    exit 0
}

families() { echo "$mpi_families"; }

examples() { echo "$EPMT_BUILD/mpi-examples/$1"; } # FAMILY

# A PostgreSQL server of the test's own, as an unprivileged user, on a Unix socket alone.
PG_DIR=
pg_bin() { # the directory of initdb and pg_ctl
    local dir
    for dir in "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin; do
        [ -x "$dir/initdb" ] && echo "$dir" && return
    done
    echo "no PostgreSQL server found" >&2
    return 1
}

pg_as() { # COMMAND...
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec setpriv --reuid=postgres --regid=postgres --clear-groups \
            env HOME="$PG_DIR" "$@")
    else
        "$@"
    fi
}

# Starts the server and makes the database epmt; sets PG_DIR (data and socket) and PG_URL.
# PG_OPTIONS are further options of the server; PG_DIR may be given, as an empty directory.
pg_up() {
    local bin
    bin=$(pg_bin) || return
    if [ -z "$PG_DIR" ]; then
        PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/epmt-pg.XXXXXX") || return
    fi
    [ "$(id -u)" = 0 ] && chown postgres: "$PG_DIR"
    PG_URL="postgresql://epmt@/epmt?host=$PG_DIR"
    if ! pg_as "$bin/initdb" -D "$PG_DIR/data" -A trust -U epmt -E UTF8 --locale=C.UTF-8 \
        --no-sync >"$TEST_DIR/.pg" 2>&1 || ! pg_start; then
        cat "$TEST_DIR/.pg" >&2
        return 1
    fi
    pg_sql postgres "create database epmt"
}

pg_start() {
    pg_as "$(pg_bin)/pg_ctl" -D "$PG_DIR/data" -w -s -l "$PG_DIR/log" \
        -o "-k $PG_DIR -h '' -c fsync=off -c shared_buffers=32MB ${PG_OPTIONS:-}" start \
        >>"$TEST_DIR/.pg" 2>&1 3>&-
}

pg_stop() {
    pg_as "$(pg_bin)/pg_ctl" -D "$PG_DIR/data" -s -m immediate stop >>"$TEST_DIR/.pg" 2>&1
}

pg_down() {
    [ -n "$PG_DIR" ] || return 0
    pg_stop
    rm -rf "$PG_DIR"
    PG_DIR=
}

pg_sql() { # DATABASE QUERY
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$PG_DIR" -U epmt -d "$1" -c "$2"
}

# Asks the database of EPMT_DB_URL.
sql() { # QUERY
    case $EPMT_DB_URL in
    postgresql:*) pg_sql epmt "$1" ;;
    *) sqlite3 -batch -noheader -cmd ".timeout 20000" "$TEST_DB" "$1" ;; # a killed writer may hold it yet
    esac
}

# Makes the database of that kind, empty, the one that is used.
use_db() { # sqlite|postgresql
    case $1 in
    sqlite)
        rm -f "$TEST_DB"
        export EPMT_DB_URL=sqlite:///$TEST_DB
        ;;
    postgresql)
        if [ -z "$PG_DIR" ]; then
            pg_up || return
        else
            pg_sql postgres "drop database if exists epmt with (force)" &&
                pg_sql postgres "create database epmt" || return
        fi
        export EPMT_DB_URL=$PG_URL
        ;;
    esac
}
[ "${EPMT_TEST_DB:-sqlite}" = sqlite ] || use_db "$EPMT_TEST_DB" || exit 1

preload() { env LD_PRELOAD="$PRELOAD" "$@"; } # COMMAND...

# Runs a program on NP ranks by the family's mpirun, under the preload; MPI_PRELOAD is another one,
# or empty for none. MPI_TIMEOUT is in seconds (then the status is 137), MPI_OPTIONS an array of
# further options for mpirun.
mpi_run() { # FAMILY NP PROGRAM ARGUMENTS...
    local family=$1 np=$2 run=mpirun_$1 options=()
    local library=${MPI_PRELOAD-$PRELOAD}
    shift 2
    case $family in
    openmpi)
        [ "$(id -u)" = 0 ] && options+=(--allow-run-as-root)
        options+=(--oversubscribe --bind-to none -n "$np" -x "EPMT_OUTPUT_PREFIX")
        [ -n "$library" ] && options+=(-x "LD_PRELOAD=$library")
        ;;
    mpich)
        options+=(-n "$np")
        [ -n "$library" ] && options+=(-genv LD_PRELOAD "$library")
        ;;
    *)
        echo "mpi_run: no such family: $family" >&2
        return 127
        ;;
    esac
    timeout -s KILL "${MPI_TIMEOUT:-120}" "${!run}" "${options[@]}" "${MPI_OPTIONS[@]}" "$@" \
        </dev/null
}
MPI_OPTIONS=()

# Runs a command and writes its wait status as the kernel gave it (a signal and an exit code
# above 128 look the same to a shell) to FILE.
wait_status() { # FILE COMMAND...
    perl -e 'my $file = shift; my $status = system { $ARGV[0] } @ARGV;
        open(my $out, ">", $file) or die; print $out "$status\n";' "$@"
}

# Runs a program without and with the preload: standard output, standard error and the wait status
# must be the same. Leaves them in $TEST_DIR/{plain,preloaded}.{out,err,status}.
run_both() { # DESCRIPTION COMMAND...
    local description=$1 plain=$TEST_DIR/plain preloaded=$TEST_DIR/preloaded
    shift
    rm -f "$plain".* "$preloaded".*
    wait_status "$plain.status" "$@" </dev/null >"$plain.out" 2>"$plain.err"
    wait_status "$preloaded.status" env LD_PRELOAD="$PRELOAD" "$@" \
        </dev/null >"$preloaded.out" 2>"$preloaded.err"
    check "$description: same standard output" cmp "$plain.out" "$preloaded.out"
    check "$description: same standard error" diff "$plain.err" "$preloaded.err"
    equal "$description: same wait status" "$(cat "$plain.status")" "$(cat "$preloaded.status")"
}

# `epmt submit` of what has ended by now, or is just ending.
submit_ended() { # ARGUMENTS...
    local status
    for _ in $(seq 100); do
        status=0
        epmt submit "$@" >"$TEST_DIR/.submitted" 2>&1 || status=$?
        grep -q 'still running' "$TEST_DIR/.submitted" || break
        sleep 0.1
    done
    cat "$TEST_DIR/.submitted"
    return $status
}

# Whether a test may mount file systems of its own (root may, but not in every container).
can_mount() { [ "$(id -u)" = 0 ] && unshare -m mount -t tmpfs none "$TEST_DIR" 2>/dev/null; }

# The project's own files of these suffixes, relative to the source directory, sorted.
source_files() { # SUFFIX...
    local suffix names=()
    for suffix in "$@"; do
        names+=(-o -name "*.$suffix")
    done
    (cd "$EPMT_SOURCE" && find . \( -name 'build*' -o -name '.?*' ! -name .ci \) -prune -o \
        -type f \( "${names[@]:1}" \) -print) | sed 's|^\./||' | LC_ALL=C sort
}

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh checkout to rows in a database: installs what is missing, builds, runs MPI programs
# and a shell script under epmt, submits, shows the result. Run it as often as you like.
#
#   PREFIX          where to install                    (default: build/stage)
#   BUILD_DIR       where to build                      (default: build)
#   QUICKSTART_DIR  where the jobs and the database go  (default: build/quickstart)
set -eu

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD_DIR:-$source_dir/build}
prefix=${PREFIX:-$build/stage}
place=${QUICKSTART_DIR:-$build/quickstart}
mkdir -p "$build" "$prefix" "$place"
build=$(cd "$build" && pwd)
prefix=$(cd "$prefix" && pwd)
place=$(cd "$place" && pwd)
examples=$build/mpi-examples

heading() { printf '\n== %s\n' "$*"; }

step() { # COMMAND...: shows it, runs it
    printf '$ %s\n' "$*"
    "$@"
}

quietly() { # COMMAND...: its output only where it fails
    "$@" >"$place/build.log" 2>&1 || {
        cat "$place/build.log" >&2
        echo "quickstart: failed: $*" >&2
        exit 1
    }
}

heading "Packages"
. "$source_dir/tests/packages.sh"
if install_packages "${packages_build[@]}"; then
    echo "all there"
else
    echo "going on with what is here"
fi

heading "Build in $build, install into $prefix"
options=()
[ -f "$build/CMakeCache.txt" ] || options=(-DEPMT_TESTS=OFF)
quietly cmake -S "$source_dir" -B "$build" -DEPMT_EXAMPLES=ON "${options[@]}"
quietly cmake --build "$build" -j "$(nproc)"
quietly cmake --install "$build" --prefix "$prefix"
echo "done: $prefix/bin/epmt, $prefix/lib/libepmt.so"

# Jobs of its own, whatever the surroundings say.
unset EPMT_DISABLE EPMT_JOB_ID
export EPMT_OUTPUT_PREFIX=$place/jobs/
export EPMT_DB_URL=sqlite:///$place/epmt.db
export PATH=$prefix/bin:$PATH

run_openmpi() { # PROGRAM
    local options=(--oversubscribe -n 4 -x "LD_PRELOAD=$prefix/lib/libepmt.so")
    [ "$(id -u)" = 0 ] && options=(--allow-run-as-root "${options[@]}")
    step "$mpirun" "${options[@]}" "$1"
}

run_mpich() { # PROGRAM
    step "$mpirun" -n 4 -genv LD_PRELOAD "$prefix/lib/libepmt.so" "$1"
}

for family in openmpi mpich; do
    [ -x "$examples/$family/threads" ] || continue
    mpirun=$(command -v "mpirun.$family" || command -v mpirun) || continue
    heading "MPI ($family): four ranks with threads, the preload on the mpirun line"
    "run_$family" "$examples/$family/threads"
    if [ -x "$examples/$family/hello_f08" ]; then
        heading "MPI ($family): the same preload with Fortran 2008"
        "run_$family" "$examples/$family/hello_f08"
    fi
done

heading "A shell script: every process of its tree has a row (-a: start, run, stop)"
step epmt run -a "$examples/serial/tree.sh"

heading "Submit: the job files go into the database; once more adds nothing"
step epmt submit
step epmt submit

heading "What is there"
step epmt list
job=$(sqlite3 "$place/epmt.db" "select jobid from jobs order by id desc limit 1")
heading "The last job"
step epmt show "$job"

heading "Where it is"
user_files=$(find "$place/jobs" -name '*.h5' | sort)
printf 'job files (read them with h5dump, h5py, pandas, epmt dump):\n%s\n' "$user_files"
printf 'database: %s\n' "$place/epmt.db"
query="select job_id, mpirank, exename, numtids, usertime, rssmax from processes order by job_id, mpirank"
printf 'try:      sqlite3 -header -column %s "%s"\n' "$place/epmt.db" "$query"

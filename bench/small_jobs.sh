#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How many small jobs a minute `epmt submit` puts into SQLite and, where its server is installed, into
# PostgreSQL: as job directories, as an archive of all, as an archive each; and the memory it takes.
# usage: bench/small_jobs.sh [BUILD_DIR [JOBS [PROCESSES]]]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$here/build}" && pwd)
jobs=${2:-10000}
processes=${3:-3}
cmake --build "$build" --target epmt bench_make_jobs >/dev/null
# shellcheck source=tests/lib.sh
EPMT_PREFIX=$build . "$here/tests/lib.sh"
cd "$TEST_DIR"
mkdir all packed
"$build/bench/make_jobs" all "$jobs" "$processes"
tar -cf all.tar all
for dir in all/*; do
    tar -C "$dir" -czf "packed/${dir##*/}.tgz" .
done

submit() { # TITLE ARGUMENTS...
    local title=$1 start end
    shift
    start=$(date +%s.%N)
    TIMEFORMAT='%U %S'
    # The workers' peak is that of the largest child.
    python3 -c 'import resource, subprocess, sys
status = subprocess.call(["epmt", "submit"] + sys.argv[1:], stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)
sys.exit(status)' "$@" >used
    end=$(date +%s.%N)
    awk -v title="$title" -v jobs="$jobs" -v seconds="$(echo "$end $start" | awk '{ print $1 - $2 }')" \
        '{ printf "%-34s %8.1f s %10.0f jobs/min %8.1f s CPU %6d MiB\n", title, seconds,
            jobs / seconds * 60, $1, $2 }' used
}

kinds=sqlite
pg_bin >/dev/null 2>&1 && kinds="sqlite postgresql"
printf '%s jobs of %s processes and threads\n' "$jobs" "$processes"
for kind in $kinds; do
    for what in all all.tar packed; do
        use_db "$kind"
        submit "$kind, $what" "$what"
    done
    submit "$kind, packed, again" packed
    use_db "$kind"
    submit "$kind, all, -p 2" -p 2 all
done
TEST_FINISHED=1

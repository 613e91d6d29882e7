#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# A child that dies where nothing can run in it: its parent's wait tells how, when, and what it used.
# Each way to wait behaves as without the preload, and leaves the rows that the table says.
. "$(dirname "$0")/../lib.sh"

bin=$EPMT_BUILD/tests/component
cd "$TEST_DIR" || exit 1

# MODE STATE:SIGNAL OR CODE:PLACES OF 20 MS OF CPU TIME... of all but the first process, sorted; of
# several that are alike the number first.
table() {
    cat <<'T'
by_wait         2*killed:9:1
by_waitpid      2*killed:9:1
by_wait3        2*killed:9:1
by_wait4        2*killed:9:1
by_waitid       2*killed:9:-
looking_first   killed:9:1
polling         killed:9:1
in_handler      5*killed:9:1
stopping        killed:9:1
realtime        killed:37:1
dumping         killed:11:1
grandchild      exited:3:0 killed:9:1
parent_dies     exited:4:0 killed:9:-
after_exec      exec:-:2 killed:9:1
threads_die     killed:9:3
in_threads      80*killed:9:0
cancelled       killed:9:0
errors          killed:-:-
in_vfork_child
after_the_end   killed:9:1
T
}

export EPMT_DB_URL=sqlite:///$TEST_DB
while read -r mode expected; do
    export EPMT_JOB_ID=$mode
    run_both "$mode" "$bin/waits" "$mode"
done < <(table)
unset EPMT_JOB_ID
check "submit" submit_ended "$EPMT_OUTPUT_PREFIX"
while read -r mode expected; do
    equal "$mode: rows" "$expected" "$(sql "
        select case count(*) when 1 then '' else count(*) || '*' end || state || ':' || how || ':' || used
        from (select p.state, coalesce(nullif(p.exitsignal, 0), p.exitcode, '-') how,
                     coalesce((p.usertime + p.systemtime) / 20000, '-') used
              from processes p join jobs on jobs.id = job_id
              where jobid = '$mode' and ppid in (select pid from processes o where o.job_id = p.job_id))
        group by state, how, used order by 1" | paste -sd ' ')"
done < <(table)

# Of all that were killed and waited for, all but the one whose status went nowhere.
equal "each has an end behind its start" "0" "$(sql "select count(*) from processes
    where state = 'killed' and exitsignal is not null and not coalesce(\"end\" >= start, 0)")"
equal "what was used comes with memory, faults and switches" "0" "$(sql "select count(*) from processes
    where state = 'killed' and usertime is not null and
    not coalesce(rssmax > 0 and minflt > 0 and majflt >= 0 and vol_ctxsw + invol_ctxsw >= 0
        and inblock >= 0 and outblock >= 0 and carried = 0, 0)")"
equal "no process has two rows for one image" "0" "$(sql "select count(*) - count(distinct image) from processes")"

# The kernel gave their parents the same, but for parts of microseconds.
equal "what killed children used is what their parents waited for" "0" "$(sql "
    select count(*) from processes p join jobs j on j.id = p.job_id
    where jobid in ('by_waitpid', 'threads_die', 'in_threads', 'realtime') and cutime + cstime > 0 and
    abs(cutime + cstime - (select sum(usertime + systemtime) from processes c
        where c.job_id = p.job_id and c.ppid = p.pid)) > 160")"

# Other parents than ours. When a shell says that a job was killed is a matter of chance.
export EPMT_JOB_ID=others
run_both "bash" bash -c 'exec 2>/dev/null; sleep 100 & sleep 0.6; kill -9 $!; wait $!; echo $?'
run_both "bash, real-time" bash -c 'exec 2>/dev/null; sleep 101 & sleep 0.6; kill -41 $!; wait $!; echo $?'
run_both "sh" sh -c 'exec 2>/dev/null; (exec sleep 102) & sleep 0.6; kill -9 $!; wait $!; echo $?'
run_both "perl" perl -e '$p = fork // die; exec "sleep", "103" unless $p; select(undef, undef, undef, 0.6);
    kill 9, $p; waitpid $p, 0; print "$?\n"'
run_both "python" python3 -c 'import subprocess
print(subprocess.call(["bash", "-c", "kill -9 $$"]))'
check "others: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
others() { sql "select $1 from processes p join jobs on jobs.id = job_id where jobid = 'others' and $2"; }
equal "others: nobody's end is missing" "0" "$(others 'count(*)' "exitsignal is null and state = 'killed'")"
equal "others: the signals" "9|4 41|1" "$(others "exitsignal || '|' || count(*)" \
    "state = 'killed' group by exitsignal order by exitsignal" | paste -sd ' ')"

# Another tool's waitpid behind ours is called; and a library's function of that name, which has nothing
# to do with processes, gets its arguments and gives its result.
export EPMT_JOB_ID=named
cat >"$TEST_DIR/tool.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/types.h>
pid_t waitpid(pid_t pid, int *status, int options);
pid_t waitpid(pid_t pid, int *status, int options) {
    pid_t (*next)(pid_t, int *, int) = (pid_t(*)(pid_t, int *, int))dlsym(RTLD_NEXT, "waitpid");
    printf("the tool's %d\n", options);
    return next(pid, status, options);
}
long wait(long a, long b, long c, long d, long e, long f);
long wait(long a, long b, long c, long d, long e, long f) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + (1L << 40);
}
C
cat >"$TEST_DIR/named.c" <<'C'
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
pid_t waitpid(pid_t pid, int *status, int options);
long wait(long a, long b, long c, long d, long e, long f);
int main(void) {
    int status = 0;
    for (int i = 0; i < 3; i++)
        printf("%ld\n", wait(1, 2, 3, 4, 5, 6 + i));
    pid_t pid = fork();
    if (!pid)
        kill(getpid(), SIGKILL);
    printf("%d\n", waitpid(pid, &status, 0) == pid);
    printf("%d\n", status);
    return 0;
}
C
check "compile" "${CC:-cc}" -shared -fPIC -o "$TEST_DIR/libtool.so" "$TEST_DIR/tool.c" -ldl
check "compile" "${CC:-cc}" -o "$TEST_DIR/named" "$TEST_DIR/named.c" -Wl,--no-as-needed \
    -L"$TEST_DIR" -ltool -Wl,-rpath,"$TEST_DIR"
run_both "others of that name" "$TEST_DIR/named"
contains "others of that name: they are called" "the tool's 0" "$(cat "$TEST_DIR/preloaded.out")"

# Who could tell his end himself has said more.
export EPMT_JOB_ID=told
run_both "a signal that was watched" bash -c 'exec 2>/dev/null; sleep 104 & sleep 0.6; kill -TERM $!; wait $!; echo $?'
check "told: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
equal "told: its own record stands" "signaled|15|1" "$(sql "select state || '|' || exitsignal || '|' || numtids
    from processes p join jobs on jobs.id = job_id where jobid = 'told' and exitsignal > 0")"
equal "named: a wait through another tool tells the signal, and not what was used" "killed|9|" "$(sql "
    select state || '|' || exitsignal || '|' || coalesce(p.usertime, '') from processes p
    join jobs on jobs.id = job_id where jobid = 'named' and state = 'killed'")"
equal "no journal is left" "" "$(find "$EPMT_OUTPUT_PREFIX" -type f ! -name '*.h5')"
finish

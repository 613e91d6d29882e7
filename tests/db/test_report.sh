#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt show JOB: the report of jobs whose rows were made by hand, so that what it says is known.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/db/rows.sh
. "$EPMT_SOURCE/tests/db/rows.sh"

make_tables
thread() { # PROCESS USERTIME
    echo "insert into threads (process_id, tid, usertime, systemtime) values ($1, $2, $2, 0);"
}
rank() { # ID JOB RANK HOST MPI_S [NAME=VALUE...]: of a run of 100 s
    local id=$1 job=$2 rank=$3 host=$4 mpi=$5
    shift 5
    process "$id" "$job" 0 100000 model "mpirank=$rank" "hostname='$host'" "step='s'" numranks=4 \
        "mpitime=${mpi}000000000" "state='finalized'" "$@"
}

# Job 1: rank 2 is 30 s behind the others. Job 2: ranks are unevenly loaded, but none alone.
job 1 straggler 0 100 exitcode=0 ended=1 processes=4 threads=4 failed=0 ranks_reported=4 ranks_expected=4 \
    cpus=4 cpu_time=100000000 efficiency=0.25 mpi_share=0.725 hosts=2
job 2 uneven 0 100 exitcode=0 ended=1 processes=4 threads=4 failed=0 ranks_reported=4 ranks_expected=4
# Job 3: even, one rank lost, one crashed, one that waits for its file.
job 3 broken 0 100 "reason='signal 11'" ended=1 processes=5 failed=2 ranks_reported=3 ranks_expected=4
# Job 4: no MPI; threads, too many of them, and a script of many short processes.
job 4 script 0 100 exitcode=2 ended=1 processes=1300 failed=1 cpus=2
# Jobs 6 and 7: of lost hosts, which tell no ends; of the second all begins with one moment.
job 6 lost 0 100 processes=2
job 7 moment 0 100 processes=1
# Job 8: MPI was not profiled.
job 8 unprofiled 0 100 exitcode=0 ended=1 processes=4 threads=4 failed=0 ranks_reported=4 ranks_expected=4
# Job 9: more nanoseconds than an integer holds.
job 9 huge 0 100 exitcode=0 ended=1 processes=4 failed=0 ranks_reported=4 ranks_expected=4 \
    mpitime=9000000000000000000
# Job 10: its scheduler ended it; what its processes say is not the reason.
job 10 overtime 0 100 "reason='TIMEOUT'" ended=1 processes=1 failed=0
job 5 quiet 0 100 exitcode=0 ended=1 processes=1 failed=0
{
    rank 1 1 0 n1 80 rssmax=1048576 cpu_time=10000000
    rank 2 1 1 n1 80 rssmax=1048576 cpu_time=10000000
    rank 3 1 2 n2 50 rssmax=8388608 cpu_time=70000000
    rank 4 1 3 n2 80 rssmax=1048576 cpu_time=10000000
    rank 11 2 0 n1 20
    rank 12 2 1 n1 30
    rank 13 2 2 n2 50
    rank 14 2 3 n2 80
    rank 21 3 0 n1 0 cpu_time=100000000
    process 22 3 0 100000 model mpirank=1 "hostname='n1'" "step='s'" cpu_time=100000000 "state='signaled'" \
        exitsignal=11 "crashstack='[\"model+0x10 boom+0x4\", \"model+0x20 main+0x9\"]'"
    process 23 3 0 100000 model mpirank=2 "hostname='n2'" "step='s'" cpu_time=100000000 "state='killed'"
    rank 24 3 3 n2 0 cpu_time=10000000 time_waiting=5000000000 time_oncpu=10000000000 rchar=1073741824 \
        delayacct_blkio_time=70000000
    process 25 3 0 100000 mpirun launcher=1 "hostname='n1'"
    process 9001 10 0 100000 ghostly "hostname='n1'" "state='killed'" && echo 'update processes set "end" = null where id = 9001;'
    process 31 4 0 100000 omp "hostname='n1'" cpu_time=60000000 usertime=20000000 systemtime=40000000 numtids=4 \
        time_oncpu=60000000000 time_waiting=90000000000 syscr=200000 syscw=300000 rchar=1000000 wchar=1000000 \
        majflt=5000
    thread 31 30000000
    thread 31 10000000
    thread 31 10000000
    thread 31 10000000
    thread 31 1000
    process 32 4 20000 30000 worker "hostname='n1'" exitcode=2 "state='exited'"
    process 33 4 0 100000 worker "hostname='n1'"
    for i in $(seq 100 1299); do process "$i" 4 50000 50010 sed "hostname='n1'" "parent_id=31"; done
    process 61 6 0 1 ghost "hostname='n1'"
    process 62 6 50000 50001 ghost "hostname='n1'"
    process 71 7 0 1 ghost "hostname='n1'"
    echo 'update processes set "end" = null where job_id in (6, 7);'
    echo 'update jobs set "end" = null, duration = null where id in (6, 7);'
    for i in 0 1 2 3; do
        process "8$i" 8 0 100000 model "mpirank=$i" "hostname='n1'" "step='s'" numranks=4 "state='finalized'" \
            "cpu_time=$((i < 3 ? 20 : 90))000000"
    done
    for i in 0 1 2 3; do
        process "9$i" 9 0 100000 model "mpirank=$i" "hostname='n1'" "step='s'" numranks=4 "state='finalized'" \
            mpitime=9000000000000000000 time_waiting=9000000000000000000 time_oncpu=9000000000000000000 \
            "tags='op:x'"
        process_tag "9$i" op x
        for function in MPI_Send MPI_Recv; do
            echo "insert into mpi_functions (process_id, function, calls, time) values (9$i, '$function', 1, 9000000000000000000);"
        done
        echo "insert into threads (process_id, tid, time_waiting) values (9$i, 1, 9000000000000000000);"
        echo "insert into threads (process_id, tid, time_waiting) values (9$i, 2, 9000000000000000000);"
    done
    for id in 8 9; do
        job_tag "$id" exp_name huge
        job_tag "$id" exp_component model
    done
    echo 'update jobs set mpitime = 9000000000000000000 where id = 8;'
    process 51 5 0 100000 calm "hostname='n1'" cpu_time=99000000
    for m in 'time, 4, 50000000000, 80000000000, 60000000000' 'calls, 4, 10, 20, 15'; do
        for f in MPI_Barrier all; do
            echo "insert into mpi_imbalance (job_id, step, function, measure, ranks, min, max, mean)
                values (1, 's', '$f', '${m%%,*}', ${m#*, });"
        done
    done
} | add_rows
show() { epmt show "$@"; }
finding() { show "$1" | grep -A 12 '^What stands out' | grep -i "$2" | head -n 1; }

equal "a straggler: its rank, its host, and what waiting for it costs" \
    "* Rank 2 on n2 is behind all others: 50.0 s outside MPI, the next 20.0 s, the mean of 4 ranks 27.5 s. Waiting for it costs 90.0 s of the ranks' time." \
    "$(finding straggler behind)"
equal "no other imbalance is told" "" "$(finding straggler unevenly)"
equal "MPI, and in which function" "* The ranks spent 72 % of their time in MPI, 100 % of it in MPI_Barrier." \
    "$(finding straggler 'in MPI,')"
equal "idle CPUs" "- CPUs were idle: of 4 CPUs the job used 1 on average (efficiency 25 %); 300 s of CPU time went unused." \
    "$(finding straggler idle)"
contains "idle CPUs come behind what may have left them idle" "CPUs were idle" \
    "$(show straggler | grep '^- ' | tail -n 1)"
contains "memory" "Rank 2 on n2 used 8.00 GiB of memory, the mean of 4 ranks is 2.75 GiB" "$(finding straggler memory)"
equal "an imbalance: 80 s at most, 55 s on average" \
    "* Ranks are unevenly loaded (imbalance 31 %): the mean of 4 ranks is 55.0 s outside MPI, rank 0 on n1 has 80.0 s. Waiting for it costs 100 s of the ranks' time." \
    "$(finding uneven unevenly)"
equal "a lost rank" \
    "! 1 of 4 ranks did not report how they ended, rank 2 on n2: they were killed, or their host was lost." \
    "$(finding broken 'did not report')"
equal "a rank that vanished" "! Rank 2 on n2 (model) vanished without a word." "$(finding broken vanished)"
equal "a crash" "! Rank 1 on n1 (model) was ended by SIGSEGV." "$(finding broken SIGSEGV)"
equal "its stack" "Crashes: SIGSEGV of rank 1 (model) on n1: #0 model+0x10 boom+0x4 #1 model+0x20 main+0x9" \
    "$(show broken | sed -n '/^Crashes/,$p' | xargs)"
equal "the job too" "! The job failed: signal 11." "$(finding broken 'The job')"
equal "waiting for files: 100 s less 10 s of CPU and 5 s in a queue" \
    "* Rank 3 on n2 (model) waited 85.0 s, 85 % of its time, while it moved 1.00 GiB (12.0 MiB/s): for files, or whoever wrote or read at the other end. The kernel counted 70.0 s of waiting for disks." \
    "$(finding broken 'while it moved')"
equal "launchers are nobody's" "" "$(show broken | grep mpirun)"
contains "too many threads: 90 of 150 s" \
    "* More threads than CPUs (the job had 2): ready to run, they waited 90.0 s for a CPU, 60 % of the time they wanted one; longest omp on n1, pid 31, with 4 threads: 90.0 s." \
    "$(finding script 'More threads')"
equal "uneven threads: 30 s of 15 s on average; the fifth serves a library" \
    "- The threads of omp on n1, pid 31 are unevenly loaded (imbalance 50 %): the busiest of 4 used 30.0 s of CPU, the mean is 15.0 s." \
    "$(finding script 'The threads')"
contains "the kernel's time" "The kernel took 67 % of the CPU time (40.0 s)" "$(finding script kernel)"
contains "small calls" "500000 reads and writes moved 4 B each on average" "$(finding script 'each on average')"
contains "pages" "5000 pages had to be read" "$(finding script pages)"
contains "short processes" "1200 of 1203 processes lived less than 0.1 s, 12.0 s together" "$(finding script lived)"
contains "an exit code of a process is no problem" "  worker on n1, pid 32 ended with exit code 2." "$(finding script 'pid 32')"
contains "who slept" "worker on n1, pid 33 did nothing for 100 s" "$(finding script 'did nothing')"
equal "nothing stands out" "What stands out: nothing" "$(show quiet | grep -A 1 'What stands' | xargs)"

equal "the time line: a part of 100 s is 2.08 s" \
    "  worker x2               |$(printf '%9s' '' | tr ' ' '-')$(printf '%6s' '' | tr ' ' '#')$(printf '%33s' '' | tr ' ' '-')| 100 s" \
    "$(show script | grep '^  worker.*|')"
equal "without a profile of MPI it is CPU time" \
    "* Rank 3 on n1 is behind all others: 90.0 s of CPU time, the next 20.0 s, the mean of 4 ranks 37.5 s. Waiting for it costs 210 s of the ranks' time." \
    "$(finding unprofiled behind)"
equal "no ends: from the first start to the last" "Time line of 50.0 s" "$(show lost | grep -o '^Time line of [^(]*s')"
equal "one runs from there on, the other only at the end" \
    "|$(printf '%47s' '' | tr ' ' '-')#| 50.0 s" "$(show lost | sed -n 's/^  ghost x2 *//p')"
equal "no more than a moment: no time line" 0 "$(show moment | grep -c 'Time line')"
equal "bars of ranks" " 2 n2 |####################....................| 50.0 s + 50.0 s" \
    "$(show straggler | grep '^  2 ' | tr -s ' ')"
equal "programs" "model 4 4 100 s 100 % 400 s 8.00 GiB" "$(show straggler | grep '^model  *4' | xargs | sed 's/ 0 B$//')"
equal "who used most" "model 2 n2 3 70.0 s 70 % 100 s 8.00 GiB" \
    "$(show straggler | sed -n '/used most/,$p' | sed -n 3p | xargs | sed 's/ 0 B$//')"
equal "hosts" "n2 2 2 80.0 s 80 % 200 s 9.00 GiB" \
    "$(show straggler | sed -n '/^Hosts/,$p' | sed -n 3p | xargs | sed 's/ 0 B$//')"
equal "functions" "MPI_Barrier 60 240 s 100 % 0 B" "$(show straggler | grep '^MPI_Barrier' | xargs)"
check "one screen" test "$(show script | wc -l)" -le 60
for option in --full --threads; do
    equal "show $option lists all processes" 1203 "$(show script $option | sed -n '/^processes/,/^$/p' | grep -c n1)"
done
equal "so do programs see them" 1203 "$(show script --format csv | sed 1d | wc -l)"
contains "a job is found by its uuid" "Job quiet of ?" "$(show 00000005)"

# The sum of nanoseconds is larger than each.
contains "a sum that no integer holds" "More threads than CPUs" "$(show huge)"
equal "a program's too" "model 4 4" "$(show huge | grep '^model  *4' | xargs | cut -d ' ' -f 1-3)"
page=$(epmt report huge 2>&1)
contains "of a page" '"cpu_wait_s"' "$page"
contains "of an experiment" "18000000000000000000" "$(epmt explore huge --metric mpitime)"
check "of operations" epmt outliers operations --key op --feature mpitime
sql "update processes set usertime = 9000000000000000000 where job_id = 9; update jobs set cpu_time = 9000000000000000000 where id in (8, 9)"
for what in hosts programs; do
    contains "of $what" "10000000000 h" "$(epmt list $what huge)"
done
contains "of programs, for programs" 36000000000000000000 "$(epmt list programs huge --format csv | sed 's/3.6e+19/36000000000000000000/')"
sql "update processes set usertime = null where job_id = 9; update jobs set cpu_time = null where id in (8, 9)"

# A time limit is the first thing to know, and a failure.
contains "a job that its scheduler ended" "Job overtime of ?: TIMEOUT" "$(show overtime)"
contains "what stands out says so" "The job failed: TIMEOUT." "$(show overtime)"
contains "its page says so" "The job failed: TIMEOUT." "$(epmt report overtime)"
contains "it failed" overtime "$(epmt list --exit failed --columns jobid)"
equal "it is not ok" "" "$(epmt list --exit ok --columns jobid | grep overtime)"

# What was not observed is no 0: nothing is known of the process of job 10 but that it was.
equal "a process that vanished" "ghostly 1 0" "$(show overtime | grep '^ghostly' | xargs)"
fail_if "--counters of a job without any" epmt show overtime --counters

# Names that would write on the terminal do not.
sql "update jobs set jobname = '$(printf 'x\033[31m')' where id = 5; update processes set exename = '$(printf 'y\033[2J')' where id = 51"
equal "no escape sequence" 0 "$(show quiet | grep -c "$(printf '\033')")"
finish

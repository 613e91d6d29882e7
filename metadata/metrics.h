// SPDX-License-Identifier: Apache-2.0
// THE metric dictionary: one row declares a column; the record, the wire format, the collectors,
// the job file, the SQL schema, the output of `epmt` and docs/metrics.md all loop over these rows.
//
// X(name, scope, type, unit, fold, source, description)
//   scope  PROCESS one value per process; THREAD one per thread; BOTH stands in either row
//   type   TEXT, LIST (of texts, boundaries kept), INT, UINT, STATE (enum epmt_state)
//   fold   how the values of the threads make the value of the process: SUM, MIN, MAX, or NONE
// A value that was not observed is missing (validity bit, NULL), never 0.
#ifndef EPMT_METADATA_METRICS_H
#define EPMT_METADATA_METRICS_H

#include "metadata/dictionary.h"

// clang-format off
// The 47 standard metrics. Their names and their order are public.
#define EPMT_METRICS(X) \
    X(tags, PROCESS, TEXT, "-", NONE, "EPMT_TAGS, PAPIEX_TAGS", "tags of the process, key:value;key:value") \
    X(hostname, PROCESS, TEXT, "-", NONE, "uname(2)", "name of the host") \
    X(exename, PROCESS, TEXT, "-", NONE, "argv[0]", "name of the program as run; for a script the script's") \
    X(path, PROCESS, TEXT, "-", NONE, "AT_EXECFN or /proc/self/exe", "file of the program; for a script its interpreter's") \
    X(args, PROCESS, LIST, "-", NONE, "argv[1..]", "arguments, a JSON array of strings") \
    X(exitcode, PROCESS, INT, "-", NONE, "exit(3), _exit(2)", "exit code 0..255; missing when killed or not observed") \
    X(exitsignal, PROCESS, INT, "-", NONE, "signal(7)", "number of the signal that ended the process, 0 when none") \
    X(pid, PROCESS, INT, "-", NONE, "getpid(2)", "process id") \
    X(generation, PROCESS, INT, "count", NONE, "counted when records are merged", "number of execs in this pid before this image") \
    X(ppid, PROCESS, INT, "-", NONE, "getppid(2) at start", "process id of the parent") \
    X(pgid, PROCESS, INT, "-", NONE, "proc(5) stat 5", "process group") \
    X(sid, PROCESS, INT, "-", NONE, "proc(5) stat 6", "session") \
    X(numtids, PROCESS, INT, "count", NONE, "counted by the library", "threads seen by the library") \
    X(numranks, PROCESS, INT, "count", NONE, "MPI_Comm_size", "size of the MPI world; missing if not MPI") \
    X(tid, THREAD, INT, "-", NONE, "gettid(2)", "thread id") \
    X(mpirank, BOTH, INT, "-", NONE, "MPI_Comm_rank", "rank in the MPI world; missing if not MPI") \
    X(start, THREAD, INT, "us since epoch", MIN, "clock_gettime(2)", "start") \
    X(end, THREAD, INT, "us since epoch", MAX, "start + monotonic clock", "end") \
    X(usertime, THREAD, UINT, "us", SUM, "getrusage(2)", "CPU time in user mode") \
    X(systemtime, THREAD, UINT, "us", SUM, "getrusage(2)", "CPU time in the kernel") \
    X(rssmax, PROCESS, UINT, "KiB", NONE, "getrusage(2) ru_maxrss", "peak resident memory of the address space") \
    X(minflt, THREAD, UINT, "count", SUM, "getrusage(2)", "page faults without I/O") \
    X(majflt, THREAD, UINT, "count", SUM, "getrusage(2)", "page faults with I/O") \
    X(inblock, THREAD, UINT, "512 B", SUM, "getrusage(2)", "blocks read from storage") \
    X(outblock, THREAD, UINT, "512 B", SUM, "getrusage(2)", "blocks written to storage") \
    X(vol_ctxsw, THREAD, UINT, "count", SUM, "getrusage(2)", "voluntary context switches") \
    X(invol_ctxsw, THREAD, UINT, "count", SUM, "getrusage(2)", "involuntary context switches") \
    X(cminflt, PROCESS, UINT, "count", NONE, "getrusage(2) children", "page faults without I/O of waited-for children") \
    X(cmajflt, PROCESS, UINT, "count", NONE, "getrusage(2) children", "page faults with I/O of waited-for children") \
    X(cutime, PROCESS, UINT, "us", NONE, "getrusage(2) children", "CPU time in user mode of waited-for children") \
    X(cstime, PROCESS, UINT, "us", NONE, "getrusage(2) children", "CPU time in the kernel of waited-for children") \
    X(num_threads, PROCESS, UINT, "count", NONE, "proc(5) stat 20", "threads the kernel counted at the end") \
    X(starttime, THREAD, UINT, "us since boot", MIN, "proc(5) stat 22", "start as the kernel has it (resolution: clock ticks)") \
    X(processor, THREAD, UINT, "-", NONE, "proc(5) stat 39", "CPU last run on") \
    X(delayacct_blkio_time, THREAD, UINT, "us", SUM, "proc(5) stat 42", "time waiting for block I/O; missing where it is 0 or delay accounting is off") \
    X(guest_time, THREAD, UINT, "us", SUM, "proc(5) stat 43", "time running a virtual CPU") \
    X(rchar, THREAD, UINT, "B", SUM, "proc(5) io", "bytes asked for by read calls") \
    X(wchar, THREAD, UINT, "B", SUM, "proc(5) io", "bytes handed to write calls") \
    X(syscr, THREAD, UINT, "count", SUM, "proc(5) io", "read calls") \
    X(syscw, THREAD, UINT, "count", SUM, "proc(5) io", "write calls") \
    X(read_bytes, THREAD, UINT, "B", SUM, "proc(5) io", "bytes fetched from storage") \
    X(write_bytes, THREAD, UINT, "B", SUM, "proc(5) io", "bytes sent to storage") \
    X(cancelled_write_bytes, THREAD, UINT, "B", SUM, "proc(5) io", "bytes whose writing a truncation made needless") \
    X(time_oncpu, THREAD, UINT, "ns", SUM, "proc(5) schedstat 1", "time on a CPU") \
    X(time_waiting, THREAD, UINT, "ns", SUM, "proc(5) schedstat 2", "time runnable, waiting for a CPU") \
    X(timeslices, THREAD, UINT, "count", SUM, "proc(5) schedstat 3", "time slices run on a CPU") \
    X(rdtsc_duration, THREAD, UINT, "cycles", SUM, "time-stamp counter", "cycles of the time-stamp counter from start to end")

// What a row carries beside the metrics.
#define EPMT_ROW_COLUMNS(X) \
    X(state, PROCESS, STATE, "-", NONE, "the library", "running, exited, signaled, exec, finalized or killed") \
    X(image, BOTH, UINT, "-", NONE, "hash of boot, pid, namespace and start", "key of the process image; joins thread rows to their process") \
    X(revision, BOTH, UINT, "-", NONE, "counted by the process", "a record of higher revision replaces values of a lower one") \
    X(imagestart, PROCESS, UINT, "ns since boot", NONE, "CLOCK_BOOTTIME at start", "start of the image; orders the generations of a pid") \
    X(bootid, PROCESS, TEXT, "-", NONE, "/proc/sys/kernel/random/boot_id", "boot of the kernel the process ran on") \
    X(pidns, PROCESS, UINT, "-", NONE, "/proc/self/ns/pid", "pid namespace (inode number)") \
    X(step, PROCESS, TEXT, "-", NONE, "launcher's environment", "launcher's key of the MPI world; missing if not MPI") \
    X(rankhint, PROCESS, INT, "-", NONE, "launcher's environment", "rank as inherited from the launcher, before MPI itself said; only a hint") \
    X(carried, PROCESS, UINT, "-", NONE, "the library", "1: values still hold what earlier images of the pid used, which left no record") \
    X(crashstack, PROCESS, LIST, "-", NONE, "libunwind", "stack at a fatal signal, innermost frame first: module+offset, function") \
    X(uninstrumented, PROCESS, UINT, "count", NONE, "the library", "execs, spawns, system and popen with an environment without the library") \
    X(threads_lost, PROCESS, UINT, "count", NONE, "the library", "threads without a row, because memory for rows ran out") \
    X(texts_lost, PROCESS, UINT, "count", NONE, "the library", "args, tags, path left out of a record, because memory for them ran out") \
    X(mpitime, PROCESS, UINT, "ns", NONE, "the wrappers of MPI", "time in MPI calls, summed over the threads; missing if not MPI or mpi_profile is 0") \
    X(mpicalls, PROCESS, UINT, "count", NONE, "the wrappers of MPI", "MPI calls by the program; not those that MPI made inside") \
    X(mpibytes_out, PROCESS, UINT, "B", NONE, "counts and datatype sizes", "bytes handed to MPI") \
    X(mpibytes_in, PROCESS, UINT, "B", NONE, "counts, datatype sizes, statuses", "bytes received from MPI") \
    X(mpiprocessor, PROCESS, TEXT, "-", NONE, "MPI_Get_processor_name", "name that MPI gives the node") \
    X(mpilocalrank, PROCESS, INT, "-", NONE, "MPI_Comm_split_type", "rank among the ranks of the same node") \
    X(launcher, PROCESS, UINT, "-", NONE, "exename, when records are merged", "1: a launcher of MPI programs or job steps (mpirun, orted, srun, ...), 0: none") \
    X(collector, PROCESS, TEXT, "-", NONE, "the importer", "collector that measured the process; missing: epmt itself") \
    X(collector_version, PROCESS, TEXT, "-", NONE, "the importer", "version of that collector; what it could not give is missing")
// clang-format on

#define EPMT_COLUMNS(X) \
    EPMT_METRICS(X)     \
    EPMT_ROW_COLUMNS(X)

// X(name, number, description). Stored; numbers never change.
#define EPMT_STATES(X)                                                               \
    X(running, 0, "it had not ended when the record was made")                       \
    X(exited, 1, "it ended by itself; exitcode says how")                            \
    X(signaled, 2, "a signal ended it; exitsignal says which")                       \
    X(exec, 3, "another program image took its place")                               \
    X(finalized, 4, "an MPI process that finalized; what followed was not observed") \
    X(killed, 5, "it vanished without a final record; its parent's wait may tell the signal")

enum epmt_state {
#define EPMT_STATE_ENUM(name, number, description) EPMT_STATE_##name = (number),
    EPMT_STATES(EPMT_STATE_ENUM)
#undef EPMT_STATE_ENUM
};
#define EPMT_STATE_COUNT 6

// Index of each column: EPMT_COL_usertime, ...
enum epmt_column_index {
#define EPMT_COLUMN_ENUM(name, ...) EPMT_COL_##name,
    EPMT_COLUMNS(EPMT_COLUMN_ENUM)
#undef EPMT_COLUMN_ENUM
        EPMT_COLUMN_COUNT
};
#define EPMT_METRIC_COUNT 47

extern const struct epmt_column epmt_columns[EPMT_COLUMN_COUNT];

// True where the column stands in the process row (thread columns do, folded) or the thread row.
bool epmt_column_in_process(const struct epmt_column *column);
bool epmt_column_in_thread(const struct epmt_column *column);

// Index of the column of that name, or -1.
int epmt_column_find(const char *name);

// "exited", ...; "unknown" for a number that is none.
const char *epmt_state_name(int64_t state);

#endif

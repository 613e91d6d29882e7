// SPDX-License-Identifier: Apache-2.0
// A job file without its checksum was changed with HDF5, or is none of ours; one of somebody else
// may be made to harm us. libhdf5 does not bear every damage of a file (measured with 1.10.8: 4 of
// 1000 flipped bits make it crash), so a child process reads such a file first, all of it.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/iox.h"
#include "metadata/tables.h"
#include "storage/jobfile.h"
#include "storage/jobfile_parts.h"

// What takes more than this is read in vain: our own take a second for 15 MB.
#define SECONDS 10
#define BYTES_PER_SECOND (1u << 20)
#define MEMORY_MAX ((rlim_t)1 << 30)

static int read_all(struct epmt_jobfile *file, struct epmt_error *err) {
    struct epmt_row row;
    int status;

    while ((status = epmt_jobfile_next_attribute(file, &row, err)) == 1)
        continue;
    while (status >= 0 && (status = epmt_jobfile_next_process(file, &row.record, err)) == 1)
        continue;
    while (status >= 0 && (status = epmt_jobfile_next_thread(file, &row.record, err)) == 1)
        continue;
    for (int i = 0; i < EPMT_TABLE_COUNT && !status; i++) {
        while ((status = epmt_jobfile_next_mpi(file, EPMT_FIRST_TABLE + i, &row.record, err)) == 1)
            continue;
    }
    return status;
}

static void set_limits(uint64_t size) {
    struct rlimit none = {0, 0}, time = {0}, memory = {MEMORY_MAX, MEMORY_MAX};

    time.rlim_cur = time.rlim_max = SECONDS + size / BYTES_PER_SECOND;
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &time);
#ifndef __SANITIZE_ADDRESS__ // which maps terabytes
    setrlimit(RLIMIT_AS, &memory);
#else
    (void)memory;
#endif
}

static int try_to_read(const char *path, uint64_t size, struct epmt_error *err) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGXCPU};

    set_limits(size);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_DFL);
    struct epmt_jobfile *file = epmt_jobfile_open_unchecked(path, err);
    return file ? read_all(file, err) : -1;
}

// What the child says of itself: an error, or nothing where it read all, or crashed.
static bool hear(int from, struct epmt_error *err) {
    struct epmt_error said;
    size_t len = 0;

    while (len < sizeof said) {
        ssize_t n = read(from, (char *)&said + len, sizeof said - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    said.text[sizeof said.text - 1] = '\0';
    epmt_errf(err, said.code, "%s", said.text);
    return true;
}

int epmt_jobfile_try(const char *path, uint64_t size, struct epmt_error *err) {
    int status = 0, ends[2];
    pid_t waited, pid;

    if (pipe2(ends, O_CLOEXEC))
        return epmt_errf_errno(err, EPMT_ERR_IO, "%s: cannot be tried", path);
    pid = fork();
    if (pid == 0) {
        struct epmt_error why = {.code = EPMT_ERR_OK};
        status = try_to_read(path, size, &why);
        if (status)
            epmt_write_all(ends[1], &why, sizeof why);
        _exit(status != 0);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return epmt_errf_errno(err, EPMT_ERR_IO, "%s: cannot be tried", path);
    }
    bool told = hear(ends[0], err);
    close(ends[0]);
    do
        waited = waitpid(pid, &status, 0);
    while (waited < 0 && errno == EINTR);
    if (waited == pid && status == 0)
        return 0;
    if (told)
        return -1;
    return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                     "%s: damaged job file: libhdf5 crashes over it, or takes too much", path);
}

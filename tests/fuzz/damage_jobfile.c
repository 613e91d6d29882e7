// SPDX-License-Identifier: Apache-2.0
// A small job file, cut off at each byte and with a bit flipped in each byte. With its checksum it
// is refused; without it, it is refused or read, but nothing crashes or hangs: libhdf5 may, over
// what only its own bytes say, but only in the child that reads such a file first.
// usage: damage_jobfile [STEP]   each STEP-th byte, of both
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metadata/tables.h"
#include "storage/jobfile.h"
#include "storage/jobfile_parts.h"
#include "tests/unit/mpijobs.h"

#define LEN_MAX (1u << 20)
#define SECONDS 20         // that one input may take, on a machine with other work
#define MEMORY_KIB 1000000 // that reading all of them may take
#define TURN 2000          // inputs of one child: libhdf5 loses memory over damaged files

static char path[64];
static uint8_t data[LEN_MAX];
static int file = -1;

struct counts {
    uint64_t at;                     // the input being tried
    uint64_t tried, refused, memory; // memory: KiB
};
static struct counts *counts; // shared with the children

static void fail(const char *what, uint64_t at) {
    printf("damage_jobfile: %s (byte %" PRIu64 ")\n", what, at);
    exit(1);
}

static size_t make_file(void) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_error err = {.text = "out of memory"};
    char text[400];

    memset(text, 't', sizeof text);
    text[sizeof text - 1] = '\0';
    if (!fold || jobs_fill(fold, 12, 2) || jobs_fill_functions(fold, 12, 2) ||
        jobs_fill_more(fold, 6) || epmt_fold_set_attribute(fold, "job", "long", text, &err) ||
        epmt_fold_finish(fold, true, &err) || epmt_jobfile_write(fold, path, &err)) {
        printf("damage_jobfile: %s\n", err.text);
        exit(2);
    }
    epmt_fold_destroy(fold);
    file = open(path, O_RDWR | O_CLOEXEC);
    ssize_t len = file < 0 ? -1 : read(file, data, sizeof data);
    if (len <= 0)
        fail("no file to damage", 0);
    return (size_t)len;
}

// Whether it opens, and all of it can be read.
static bool reads(struct epmt_jobfile *from) {
    static struct epmt_row row;
    struct epmt_error err;
    int more;

    if (!from)
        return false;
    while ((more = epmt_jobfile_next_attribute(from, &row, &err)) == 1)
        continue;
    while (!more && (more = epmt_jobfile_next_process(from, &row.record, &err)) == 1)
        more = 0;
    while (!more && (more = epmt_jobfile_next_thread(from, &row.record, &err)) == 1)
        more = 0;
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        while (!more &&
               (more = epmt_jobfile_next_mpi(from, EPMT_FIRST_TABLE + i, &row.record, &err)) == 1)
            more = 0;
    }
    epmt_jobfile_close(from);
    return !more;
}

// A file that must be refused, with one line.
static void expect_refused(const char *what, uint64_t at) {
    struct epmt_error err = {.code = EPMT_ERR_OK};

    if (epmt_jobfile_open(path, &err))
        fail(what, at);
    if (err.code == EPMT_ERR_OK || !*err.text || strchr(err.text, '\n'))
        fail("refused without one line that says why", at);
}

static void flip(size_t at) {
    data[at] ^= (uint8_t)(1u << at % 8);
    if (pwrite(file, data + at, 1, (off_t)at) != 1)
        fail("cannot write", at);
}

static void set_len(size_t len) {
    if (ftruncate(file, (off_t)len) || pwrite(file, data, len, 0) != (ssize_t)len)
        fail("cannot write", len);
}

static uint64_t cut_off(size_t len, size_t trailer, size_t step) {
    uint64_t tried = 0;

    for (size_t at = 0; at < len; at += step) {
        if (at == len - trailer) // what HDF5 leaves when somebody changes the file with it
            continue;
        set_len(at);
        expect_refused("cut off, and not refused", at);
        tried++;
    }
    set_len(len);
    return tried;
}

static uint64_t flip_with_checksum(size_t len, size_t step) {
    uint64_t tried = 0;

    for (size_t at = 0; at < len; at += step, tried++) {
        if (at >= len - 4) // of the trailer, without a meaning
            break;
        flip(at);
        expect_refused("a flipped bit, and not refused", at);
        flip(at);
    }
    return tried;
}

// One child's turn, from counts->at on.
static void take_turn(size_t len, size_t step) {
    struct rusage usage;

    if (!freopen("/dev/null", "w", stderr)) // a sanitizer's words about libhdf5
        _exit(2);
    for (int i = 0; i < TURN && counts->at < len; i++) {
        flip(counts->at);
        alarm(SECONDS);
        bool read_all = reads(epmt_jobfile_open_unchecked(path, NULL));
        alarm(0);
        flip(counts->at);
        counts->tried++;
        counts->refused += !read_all;
        counts->at += step;
    }
    getrusage(RUSAGE_SELF, &usage);
    if ((uint64_t)usage.ru_maxrss > counts->memory)
        counts->memory = (uint64_t)usage.ru_maxrss;
    _exit(0);
}

// Returns how often libhdf5 crashed or hung; in such a case the whole way, with its child, is
// tried.
static uint64_t flip_without_checksum(size_t len, size_t step) {
    uint64_t crashed = 0;
    int status;

    counts->at = 0;
    set_len(len);
    while (counts->at < len) {
        fflush(stdout);
        pid_t pid = fork();
        if (!pid)
            take_turn(len, step);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            fail("cannot fork", counts->at);
        if (!status)
            continue;
        crashed++;
        flip(counts->at);
        if (pwrite(file, data, len, 0) != (ssize_t)len)
            fail("cannot write", counts->at);
        expect_refused("libhdf5 crashes over it, and it is not refused", counts->at);
        flip(counts->at);
        counts->tried++;
        counts->at += step;
    }
    return crashed;
}

int main(int argc, char **argv) {
    size_t step = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;

    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!step || counts == MAP_FAILED)
        return 2;
    snprintf(path, sizeof path, "/tmp/epmt-damage.%d.h5", (int)getpid());
    size_t len = make_file(), trailer = sizeof(struct epmt_trailer);
    printf("%zu bytes\n", len);
    printf("cut off: %" PRIu64 ", all refused\n", cut_off(len, trailer, step));
    printf("flipped: %" PRIu64 ", all refused\n", flip_with_checksum(len, step));
    uint64_t crashed = flip_without_checksum(len - trailer, step);
    printf("flipped, without the checksum: %" PRIu64 ", %" PRIu64 " refused; libhdf5 crashed over "
           "%" PRIu64 ", which were refused; %" PRIu64 " KiB\n",
           counts->tried, counts->refused + crashed, crashed, counts->memory);
    unlink(path);
    if (counts->memory > MEMORY_KIB)
        fail("it took too much memory", counts->memory);
    return counts->tried < 10;
}

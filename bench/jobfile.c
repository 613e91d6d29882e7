// SPDX-License-Identifier: Apache-2.0
// The job file against HDF5's own table interface: the same rows of processes and threads written
// and read, each in a process of its own; seconds, bytes of the file, and memory that it took.
// usage: jobfile [ROWS [DIR]]
#include <hdf5.h>
#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/jobfile.h"
#include "tests/unit/jobs.h"

#define BLOCK 1000 // rows that the table interface gets at once, and its chunks

static uint64_t rows = 100000;
static char ours[4096], theirs[4096];

// CPU time: the machine may have other work.
static double now(void) {
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(void) {
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void report(const char *what, double start, long before, const char *file) {
    struct stat st = {0};

    stat(file, &st);
    printf("%-28s %8.3f s %10ld B %8.1f B/process %8ld KiB more\n", what, now() - start,
           (long)st.st_size, (double)st.st_size / (double)rows, peak_kib() - before);
    fflush(stdout);
}

static void write_ours(void) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_error err;

    if (!fold || jobs_fill(fold, rows, 1) || epmt_fold_finish(fold, true, &err))
        exit(1);
    long before = peak_kib();
    double start = now();
    if (epmt_jobfile_write(fold, ours, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    report("epmt writes", start, before, ours);
    epmt_fold_destroy(fold);
}

static void read_ours(void) {
    struct epmt_record record;
    struct epmt_error err;
    uint64_t count = 0;
    long before = peak_kib();
    double start = now();
    struct epmt_jobfile *file = epmt_jobfile_open(ours, &err);

    if (!file)
        exit(1);
    while (epmt_jobfile_next_process(file, &record, &err) == 1)
        count++;
    while (epmt_jobfile_next_thread(file, &record, &err) == 1)
        count++;
    epmt_jobfile_close(file);
    report("epmt reads", start, before, ours);
    if (count != 2 * rows)
        exit(1);
}

// A table of our file as the table interface wants to have it.
struct table {
    const char *name;
    size_t size;
    hsize_t fields;
    const char **names;
    size_t *offsets, *sizes;
    hid_t *types, type;
};

static void describe(hid_t file, const char *name, struct table *table) {
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);

    table->name = name;
    table->type = H5Dget_type(set);
    table->size = H5Tget_size(table->type);
    table->fields = (hsize_t)H5Tget_nmembers(table->type);
    table->names = calloc(table->fields, sizeof *table->names);
    table->offsets = calloc(table->fields, sizeof *table->offsets);
    table->sizes = calloc(table->fields, sizeof *table->sizes);
    table->types = calloc(table->fields, sizeof *table->types);
    for (unsigned i = 0; i < table->fields; i++) {
        table->names[i] = H5Tget_member_name(table->type, i);
        table->offsets[i] = H5Tget_member_offset(table->type, i);
        table->types[i] = H5Tget_member_type(table->type, i);
        table->sizes[i] = H5Tget_size(table->types[i]);
    }
    H5Dclose(set);
}

// The rows come from our file, so that they are the same; the time for that is taken off.
static void write_theirs(void) {
    static const char *const names[] = {"processes", "threads"};
    hid_t from = H5Fopen(ours, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t to = H5Fcreate(theirs, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    double taken = 0, start = 0;
    long before = peak_kib();

    for (int t = 0; t < 2; t++) {
        struct table table;
        describe(from, names[t], &table);
        hid_t set = H5Dopen2(from, names[t], H5P_DEFAULT), space = H5Dget_space(set);
        char *block = calloc(BLOCK, table.size);
        for (hsize_t at = 0; at < rows; at += BLOCK) {
            hsize_t count = rows - at < BLOCK ? rows - at : BLOCK;
            hid_t memory = H5Screate_simple(1, &count, NULL);
            H5Sselect_hyperslab(space, H5S_SELECT_SET, &at, NULL, &count, NULL);
            H5Dread(set, table.type, memory, space, H5P_DEFAULT, block);
            H5Sclose(memory);
            start = now();
            if (!at)
                H5TBmake_table("rows", to, names[t], table.fields, count, table.size, table.names,
                               table.offsets, table.types, BLOCK, NULL, 1, block);
            else
                H5TBappend_records(to, names[t], count, table.size, table.offsets, table.sizes,
                                   block);
            taken += now() - start;
        }
        free(block);
    }
    start = now();
    H5Fflush(to, H5F_SCOPE_LOCAL);
    H5Fclose(to);
    taken += now() - start;
    report("H5TB writes", now() - taken, before, theirs);
}

static void read_theirs(void) {
    static const char *const names[] = {"processes", "threads"};
    long before = peak_kib();
    double start = now();
    hid_t file = H5Fopen(theirs, H5F_ACC_RDONLY, H5P_DEFAULT);

    for (int t = 0; t < 2; t++) {
        struct table table;
        describe(file, names[t], &table);
        char *block = calloc(BLOCK, table.size);
        for (hsize_t at = 0; at < rows; at += BLOCK) {
            hsize_t count = rows - at < BLOCK ? rows - at : BLOCK;
            if (H5TBread_records(file, names[t], at, count, table.size, table.offsets, table.sizes,
                                 block) < 0)
                exit(1);
        }
        free(block);
    }
    H5Fclose(file);
    report("H5TB reads", start, before, theirs);
}

static int in_child(void (*part)(void)) {
    int status;
    pid_t pid = fork();

    if (!pid) {
        part();
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && !status ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *dir = argc > 2 ? argv[2] : "/tmp";
    int status = 0;

    if (argc > 1)
        rows = strtoull(argv[1], NULL, 10);
    snprintf(ours, sizeof ours, "%s/bench-%d.h5", dir, (int)getpid());
    snprintf(theirs, sizeof theirs, "%s/bench-table-%d.h5", dir, (int)getpid());
    printf("%" PRIu64 " processes and as many threads\n", rows);
    fflush(stdout);
    status |= in_child(write_ours);
    for (int turn = 0; turn < 3 && !status; turn++) {
        status |= in_child(write_ours);
        status |= in_child(write_theirs);
        status |= in_child(read_ours);
        status |= in_child(read_theirs);
    }
    unlink(ours);
    unlink(theirs);
    return status;
}

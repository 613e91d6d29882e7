// SPDX-License-Identifier: Apache-2.0
// What a thread costs: pthread_create + pthread_join of an empty one, one by one, and the memory
// that is left when it has ended. FLOOR=1: each thread reads its getrusage and its /proc stat, io
// and schedstat at its end.
// usage: thread COUNT; prints microseconds per thread, of them on a CPU, and KiB kept by all of
// them
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_floor;

static double now_us(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double cpu_us(void) {
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static long resident_kib(void) {
    char text[128] = "";
    long size = 0, resident = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 ||
        sscanf(text, "%ld %ld", &size, &resident) != 2)
        return -1;
    close(fd);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void take(long tid, const char *name) {
    char path[64], text[1024];

    snprintf(path, sizeof path, "/proc/self/task/%ld/%s", tid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text) < 0)
        perror(path);
    close(fd);
}

static void *work(void *unused) {
    if (is_floor) {
        struct rusage usage;
        long tid = syscall(SYS_gettid);
        getrusage(RUSAGE_THREAD, &usage);
        take(tid, "stat");
        take(tid, "io");
        take(tid, "schedstat");
    }
    return unused;
}

static double run(int count) {
    double start = now_us();

    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) || pthread_join(thread, NULL)) {
            fprintf(stderr, "thread: cannot make a thread\n");
            exit(1);
        }
    }
    return now_us() - start;
}

int main(int argc, char **argv) {
    int count = argc == 2 ? atoi(argv[1]) : 0;

    if (count < 1) {
        fprintf(stderr, "usage: thread COUNT\n");
        return 2;
    }
    is_floor = getenv("FLOOR") != NULL;
    run(100); // stacks are made and kept for the next
    long before = resident_kib();
    double cpu = cpu_us(), us = run(count);
    printf("%.2f %.2f %ld\n", us / count, (cpu_us() - cpu) / count, resident_kib() - before);
    return 0;
}

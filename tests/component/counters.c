// SPDX-License-Identifier: Apache-2.0
// Ways in which programs run, end, and treat descriptors, for the counters: counters WAY. Prints
// what must be the same with and without the preload.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char **arguments;

static double cpu_seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Uses that much CPU time, in ms.
static void spin(int ms) {
    double end = cpu_seconds() + ms / 1000.0;
    volatile double sum = 0;

    while (cpu_seconds() < end) {
        for (int i = 0; i < 10000; i++)
            sum += i;
    }
}

static void *spin_thread(void *ms) {
    spin((int)(intptr_t)ms);
    return NULL;
}

static void *spin_and_stay(void *ready) {
    spin(40);
    pthread_barrier_wait(ready);
    for (;;)
        pause();
    return NULL;
}

// Some that end, and two that live on when the process ends.
static int threads(void) {
    pthread_t thread[4];
    pthread_barrier_t ready;

    pthread_barrier_init(&ready, NULL, 3);
    for (intptr_t i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, spin_thread, (void *)(20 + 20 * i));
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, spin_and_stay, &ready);
    pthread_barrier_wait(&ready);
    spin(40);
    return 0;
}

static void *wait_for_all(void *barrier) {
    pthread_barrier_wait(barrier);
    return NULL;
}

// More at once than descriptors are left for their counters; the program still gets its own.
static int many(void) {
    enum { COUNT = 100 };
    static pthread_t thread[COUNT];
    static pthread_barrier_t all;
    int opened = 0;

    pthread_barrier_init(&all, NULL, COUNT + 1);
    for (int i = 0; i < COUNT; i++) {
        if (pthread_create(&thread[i], NULL, wait_for_all, &all))
            return 1;
    }
    for (int i = 0; i < 3; i++)
        opened += open("/dev/null", O_RDONLY) >= 0;
    pthread_barrier_wait(&all);
    for (int i = 0; i < COUNT; i++)
        pthread_join(thread[i], NULL);
    printf("opened %d\n", opened);
    return 0;
}

static int in_child(int (*what)(void)) {
    int status;
    pid_t pid = fork();

    if (pid == 0)
        exit(what());
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int spin_40(void) {
    spin(40);
    return 0;
}

static int forks(void) {
    spin(20);
    int status = in_child(spin_40);
    spin(20);
    return status;
}

static int execs(void) {
    static char way[] = "spin";

    spin(30);
    arguments[1] = way;
    execv("/proc/self/exe", arguments);
    return 1;
}

static int fails_to_exec(void) {
    spin(30);
    execv("/no/such/program", arguments);
    spin(30);
    return 0;
}

// All descriptors go, and the numbers are the program's for files of its own, which it can still
// read and write at the end.
static int closes(void) {
    enum { FILES = 700 };
    struct rlimit limit;
    char name[64], text[16];
    int fd[FILES], bad = 0;

    getrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 3; i < (int)limit.rlim_cur && i < 4096; i++)
        close(i);
    for (int i = 0; i < FILES; i++) {
        fd[i] = memfd_create("mine", 0);
        snprintf(name, sizeof name, "%d", i);
        bad += fd[i] < 0 || write(fd[i], name, strlen(name)) < 0;
    }
    printf("first %d last %d\n", fd[0], fd[FILES - 1]);
    spin(30);
    for (int i = 0; i < FILES; i++) {
        ssize_t len = pread(fd[i], text, sizeof text - 1, 0);
        text[len > 0 ? len : 0] = '\0';
        bad += strtol(text, NULL, 10) != i || lseek(fd[i], 0, SEEK_CUR) != len;
    }
    printf("bad %d\n", bad);
    return bad != 0;
}

// The program's own counters have the numbers that ours had.
static int open_own(uint64_t config) {
    struct perf_event_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = config;
    attr.exclude_kernel = 1;
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static int takes_numbers(void) {
    enum { COUNT = 600 };
    int fd[COUNT], bad = 0;
    uint64_t value;

    for (int i = 3; i < 4096; i++)
        close(i);
    for (int i = 0; i < COUNT; i++)
        fd[i] = open_own(PERF_COUNT_SW_TASK_CLOCK);
    spin(10);
    in_child(spin_40);
    for (int i = 0; i < COUNT; i++)
        bad += read(fd[i], &value, sizeof value) != sizeof value || value < 9000000;
    printf("last %d bad %d\n", fd[COUNT - 1], bad);
    return bad != 0;
}

static int numbers(void) {
    for (int i = 0; i < 5; i++)
        printf("%d ", open("/dev/null", O_RDONLY));
    printf("%d\n", dup(1));
    spin(20);
    return 0;
}

// Counts itself, and stops and starts all counters that it has opened.
static int counts(void) {
    uint64_t before, after, still;
    int fd = open_own(PERF_COUNT_SW_TASK_CLOCK);

    if (fd < 0)
        return 1;
    spin(20);
    int bad = read(fd, &before, sizeof before) != sizeof before || before < 19000000;
    prctl(PR_TASK_PERF_EVENTS_DISABLE, 0, 0, 0, 0);
    bad |= read(fd, &after, sizeof after) != sizeof after;
    spin(20);
    bad |= read(fd, &still, sizeof still) != sizeof still || still != after;
    prctl(PR_TASK_PERF_EVENTS_ENABLE, 0, 0, 0, 0);
    printf("number %d bad %d\n", fd, bad);
    close(fd);
    return bad;
}

static int switches(void) {
    for (int i = 0; i < 50; i++)
        usleep(1000);
    spin(20);
    return 0;
}

static int main_leaves(void) {
    pthread_t thread;

    pthread_create(&thread, NULL, spin_thread, (void *)(intptr_t)40);
    pthread_exit(NULL);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
    } ways[] = {
        {"spin", spin_40},      {"threads", threads},
        {"many", many},         {"fork", forks},
        {"exec", execs},        {"failed_exec", fails_to_exec},
        {"closes", closes},     {"takes_numbers", takes_numbers},
        {"numbers", numbers},   {"counts", counts},
        {"switches", switches}, {"main_leaves", main_leaves},
    };

    arguments = argv;
    for (size_t i = 0; i < sizeof ways / sizeof *ways && argc > 1; i++) {
        if (!strcmp(argv[1], ways[i].name))
            return ways[i].run();
    }
    return 2;
}

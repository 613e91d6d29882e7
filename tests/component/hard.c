// SPDX-License-Identifier: Apache-2.0
// Programs that are hard on whoever shares a process with them, one per name; test_hard.sh runs
// each with and without the preload.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void *wait_for_ever(void *unused) {
    for (;;)
        pause();
    return unused;
}

static void start_waiting_threads(int count) {
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
    while (count--) {
        if (pthread_create(&thread, &small, wait_for_ever, NULL))
            abort();
    }
    usleep(50000); // all of them wait
}

// A trap does not happen again when a handler returns, as a fault does.
static int hard_trap(void) {
#if defined __x86_64__ || defined __i386__
    __asm__ volatile("int3");
#else
    raise(SIGTRAP);
#endif
    printf("survived\n");
    return 0;
}

static int hard_file_size(void) {
    struct rlimit limit = {0, 0};

    if (setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    return 31;
}

// A limit that the program may raise again.
static int hard_soft_file_size(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    limit.rlim_cur = 0;
    if (limit.rlim_max == 0 || setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    return 45;
}

// No descriptor is left when a child begins and both end. Nor does anything of the program's change
// by a record: the child and the parent still hold what they held.
static int hard_no_descriptors(void) {
    const struct rlimit few = {40, 40};
    int status = 0, last = -1;

    if (setrlimit(RLIMIT_NOFILE, &few))
        return 1;
    for (int fd; (fd = dup(1)) >= 0;)
        last = fd;
    pid_t pid = fork();
    if (!pid)
        exit(last == 39 && fcntl(39, F_GETFD) >= 0 && fcntl(3, F_GETFD) >= 0 ? 46 : 1);
    if (waitpid(-1, &status, __WALL) != pid || waitpid(-1, &status, __WALL) != -1 ||
        errno != ECHILD)
        return 2;
    return fcntl(3, F_GETFD) >= 0 ? WEXITSTATUS(status) : 3;
}

static void *exit_soon(void *unused) {
    usleep(1000);
    _exit(32);
    return unused;
}

// The first one to end is still at its record (of many threads) when the second one comes.
static int hard_two_ends(void) {
    pthread_t thread;

    start_waiting_threads(400);
    pthread_create(&thread, NULL, exit_soon, NULL);
    usleep(900);
    exit(32);
}

static void use_a_wrapper(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigaction(SIGUSR1, &action, NULL);
}

// The handler runs in the child before fork returns there.
static int hard_atfork(void) {
    int status = 0;

    pthread_atfork(NULL, NULL, use_a_wrapper);
    pid_t pid = fork();
    if (!pid)
        exit(33);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

// The first process of a pid namespace does not see signals that it has not asked for.
static int hard_first_process(void) {
    int status = 0, ends[2];
    char c;

    if (unshare(CLONE_NEWPID) || pipe(ends))
        return 34; // not allowed here
    pid_t pid = fork();
    if (!pid) {
        if (!fork()) {
            usleep(50000);
            kill(1, SIGTERM);
            usleep(50000);
            if (write(ends[1], "x", 1) != 1)
                _exit(1);
            _exit(0);
        }
        ssize_t n = read(ends[0], &c, 1);
        wait(NULL); // with the first process the kernel kills all others of the namespace
        _exit(n == 1 ? 34 : 1);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static sigjmp_buf back;

static void jump_back(int number) {
    siglongjmp(back, number);
}

// exec may be jumped out of by a handler, wherever it stands.
static int hard_jump_out(void) {
    static char *const arguments[] = {"none", NULL};
    const struct itimerval often = {{0, 150}, {0, 150}}, never = {{0, 0}, {0, 0}};
    static volatile int jumps;

    signal(SIGALRM, jump_back);
    if (sigsetjmp(back, 1))
        jumps++;
    else
        setitimer(ITIMER_REAL, &often, NULL);
    while (jumps < 300)
        execv("/nowhere", arguments);
    setitimer(ITIMER_REAL, &never, NULL);
    return 35;
}

static void *exit_from_thread(void *unused) {
    exit(36);
    return unused;
}

static int hard_small_stack(void) {
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    if (pthread_attr_setstacksize(&small, 16384) ||
        pthread_create(&thread, &small, exit_from_thread, NULL))
        return 1;
    pthread_join(thread, NULL);
    return 1;
}

// No memory is left for the rows of all the threads.
static int hard_no_memory(void) {
    const struct rlimit limit = {1, 1};

    start_waiting_threads(400);
    return setrlimit(RLIMIT_AS, &limit) ? 1 : 37;
}

static int hard_daemon_killed(void) {
    int ends[2];
    char c;

    if (pipe(ends))
        return 1;
    pid_t pid = fork();
    if (!pid) {
        if (daemon(1, 1))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    close(ends[1]);
    if (read(ends[0], &c, 1) < 0) // until the daemon too has ended
        return 1;
    waitpid(pid, NULL, 0);
    return 38;
}

static void *do_nothing(void *unused) {
    return unused;
}

static void *start_threads(void *unused) {
    pthread_t thread;

    for (int i = 0; i < 200; i++) {
        if (!pthread_create(&thread, NULL, do_nothing, NULL))
            pthread_join(thread, NULL);
    }
    return unused;
}

// Children of fork while other threads start and end: no lock may stay taken in them.
static int hard_forks_among_threads(void) {
    pthread_t threads[4], own;
    int status, good = 0;

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, start_threads, NULL);
    for (int i = 0; i < 50; i++) {
        pid_t pid = fork();
        if (!pid) {
            if (!pthread_create(&own, NULL, do_nothing, NULL))
                pthread_join(own, NULL);
            exit(39);
        }
        waitpid(pid, &status, 0);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 39;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return good == 50 ? 39 : 1;
}

// A thread that is cancelled, at any moment, while it starts and ends.
static void *be_cancelled(void *unused) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    return unused;
}

static int hard_cancelled(void) {
    for (int i = 0; i < 2000; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, be_cancelled, NULL))
            return 1;
        for (volatile int spin = 0; spin < i % 500 * 20; spin++)
            ;
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
    return 40;
}

static pthread_barrier_t together;

static void *exit_together(void *unused) {
    pthread_barrier_wait(&together);
    exit(41);
    return unused;
}

// Several threads call exit at the same moment, where a record takes its time.
static int hard_exits(void) {
    pthread_t thread;

    start_waiting_threads(200);
    pthread_barrier_init(&together, NULL, 5);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, exit_together, NULL);
    pthread_barrier_wait(&together);
    exit(41);
}

// The journal is in use when a child begins, and its parent is gone before it is free.
static int hard_parent_gone(void) {
    const char *in_use = getenv("IN_USE");

    while (in_use && access(in_use, F_OK))
        usleep(2000);
    if (!fork())
        exit(48);
    usleep(200000);
    raise(SIGKILL);
    return 1;
}

static void *come_back(void *argument) {
    return argument;
}

// All keys of thread-specific data are the program's, and none is left for who sees threads end.
static int hard_all_keys(void) {
    pthread_key_t key;
    pthread_t thread;
    int count = 0;

    while (!pthread_key_create(&key, NULL))
        count++;
    if (pthread_create(&thread, NULL, come_back, NULL) || pthread_join(thread, NULL))
        return 1;
    printf("%d keys\n", count);
    return 47;
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
#define MODE(name) {#name, name},
    // clang-format off
    MODE(hard_trap) MODE(hard_file_size) MODE(hard_soft_file_size) MODE(hard_two_ends) MODE(hard_atfork)
    MODE(hard_first_process) MODE(hard_jump_out) MODE(hard_small_stack) MODE(hard_no_memory)
    MODE(hard_daemon_killed) MODE(hard_forks_among_threads) MODE(hard_cancelled)
    MODE(hard_exits) MODE(hard_no_descriptors) MODE(hard_all_keys) MODE(hard_parent_gone)
    // clang-format on
};

int main(int argc, char **argv) {
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name)) {
            setvbuf(stdout, NULL, _IOLBF, 0);
            return modes[i].run();
        }
    }
    fprintf(stderr, "usage: hard MODE\n");
    return 2;
}

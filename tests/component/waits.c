// SPDX-License-Identifier: Apache-2.0
// Ways to wait for a child that a signal ended, one per name; the table in test_waits.sh says which
// rows each is to leave. What is printed is what the program sees.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORK_US 20000

static long cpu_us(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void work(void) {
    long until = cpu_us(CLOCK_THREAD_CPUTIME_ID) + WORK_US;

    while (cpu_us(CLOCK_THREAD_CPUTIME_ID) < until)
        ;
}

static _Noreturn void die(int number) {
    for (;;)
        kill(getpid(), number);
}

// A child that works and dies of the signal.
static pid_t child_of(int number) {
    pid_t pid = fork();

    if (!pid) {
        work();
        die(number);
    }
    return pid;
}

static void show(pid_t got, pid_t pid, int status) {
    printf("%s, errno %d, %s %d%s\n", got == pid ? "the child" : "not the child", errno,
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : status, WCOREDUMP(status) ? ", core" : "");
}

static void show_usage(const struct rusage *usage) {
    long us = usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec +
              usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec;

    printf("it worked: %d, it had memory: %d\n", us >= WORK_US, usage->ru_maxrss > 0);
}

static int by_wait(void) {
    int status = -1;
    pid_t pid = child_of(SIGKILL);

    errno = 7;
    show(wait(&status), pid, status);
    pid = child_of(SIGKILL);
    printf("without a status: %d\n", wait(NULL) == pid);
    return 0;
}

static int by_waitpid(void) {
    int status = -1;
    pid_t pid = child_of(SIGKILL);

    errno = 7;
    show(waitpid(pid, &status, 0), pid, status);
    pid = child_of(SIGKILL);
    printf("without a status: %d\n", waitpid(pid, NULL, 0) == pid);
    return 0;
}

static int by_wait3(void) {
    struct rusage usage;
    int status = -1;
    pid_t pid = child_of(SIGKILL);

    errno = 7;
    show(wait3(&status, 0, &usage), pid, status);
    show_usage(&usage);
    pid = child_of(SIGKILL);
    printf("without all: %d\n", wait3(NULL, 0, NULL) == pid);
    return 0;
}

static int by_wait4(void) {
    struct rusage usage;
    int status = -1;
    pid_t pid = child_of(SIGKILL);

    errno = 7;
    show(wait4(pid, &status, 0, &usage), pid, status);
    show_usage(&usage);
    pid = child_of(SIGKILL);
    printf("without all: %d\n", wait4(pid, NULL, 0, NULL) == pid);
    return 0;
}

static int by_waitid(void) {
    siginfo_t info = {0};
    pid_t pid = child_of(SIGKILL);

    errno = 7;
    int result = waitid(P_PID, (id_t)pid, &info, WEXITED);
    printf("%d, errno %d, signal %d, code %d, %d\n", result, errno, info.si_status,
           info.si_code == CLD_KILLED, info.si_pid == pid);
    child_of(SIGKILL);
    printf("without a place: %d\n", waitid(P_ALL, 0, NULL, WEXITED));
    return 0;
}

static int looking_first(void) {
    siginfo_t info = {0};
    int status = -1;
    pid_t pid = child_of(SIGKILL);

    for (int i = 0; i < 3; i++)
        printf("%d", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    printf(" %d\n", info.si_status);
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static int polling(void) {
    int status = -1;
    unsigned times = 0;
    pid_t got, pid = child_of(SIGKILL);

    while (!(got = waitpid(pid, &status, WNOHANG)))
        times++;
    printf("it was not there at once: %d\n", times > 0);
    show(got, pid, status);
    return 0;
}

static volatile sig_atomic_t reaped, last_status, touched;

static void on_child(int number) {
    int saved = errno, status;

    (void)number;
    while ((errno = 99, waitpid(-1, &status, WNOHANG)) > 0) {
        touched |= errno != 99;
        last_status = status;
        reaped++;
    }
    errno = saved;
}

static int in_handler(void) {
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};

    sigaction(SIGCHLD, &action, NULL);
    for (int i = 0; i < 5; i++)
        child_of(SIGKILL);
    while (reaped < 5)
        usleep(1000);
    printf("%d, signal %d, errno touched %d\n", (int)reaped, WTERMSIG(last_status), (int)touched);
    return 0;
}

static int stopping(void) {
    int status = -1;
    pid_t pid = fork();

    if (!pid) {
        work();
        raise(SIGSTOP);
        for (;;)
            pause();
    }
    printf("%d ", waitpid(pid, &status, WUNTRACED) == pid);
    printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
    kill(pid, SIGCONT);
    printf("%d ", waitpid(pid, &status, WCONTINUED) == pid);
    printf("goes on %d\n", WIFCONTINUED(status));
    kill(pid, SIGKILL);
    show(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid, status);
    return 0;
}

static int realtime(void) {
    int status = -1;
    pid_t pid = child_of(SIGRTMIN + 3);

    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static int overflow(int depth) {
    volatile char room[4096];

    room[0] = (char)depth;
    return depth > 100000000 ? 0 : overflow(depth + 1) + room[0];
}

// The kernel has no stack for a handler, and leaves the memory, where it may.
static int dumping(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, some = {1 << 20, 1 << 20};
    int status = -1;
    pid_t pid = fork();

    if (!pid) {
        setrlimit(RLIMIT_CORE, &all);
        setrlimit(RLIMIT_STACK, &some);
        work();
        overflow(0);
    }
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static int grandchild(void) {
    int status = -1;
    pid_t pid = fork();

    if (!pid) {
        pid = child_of(SIGKILL);
        show(waitpid(pid, &status, 0), pid, status);
        fflush(stdout);
        _exit(3);
    }
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

// What it used is not told apart from what its child used.
static int parent_dies(void) {
    int status = -1;
    pid_t pid = fork();

    if (!pid) {
        pid = fork();
        if (!pid)
            _exit(4);
        waitpid(pid, &status, 0);
        work();
        die(SIGKILL);
    }
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static char *program;

static int after_exec(void) {
    int status = -1;
    pid_t pid = fork();

    if (!pid) {
        work();
        work();
        execl(program, program, "work_and_die", (char *)NULL);
    }
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static int work_and_die(void) {
    work();
    die(SIGKILL);
}

static void *work_in_thread(void *unused) {
    work();
    return unused;
}

static int threads_die(void) {
    int status = -1;
    pid_t pid = fork();

    if (!pid) {
        pthread_t threads[3];
        for (int i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, work_in_thread, NULL);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        die(SIGKILL);
    }
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static void *kill_many(void *unused) {
    for (int i = 0; i < 10; i++) {
        int status = -1;
        pid_t pid = fork();
        if (!pid)
            die(SIGKILL);
        if (waitpid(pid, &status, 0) != pid || WTERMSIG(status) != SIGKILL)
            printf("lost one\n");
    }
    return unused;
}

static int in_threads(void) {
    pthread_t threads[8];

    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, kill_many, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    printf("done\n");
    return 0;
}

static void say(void *what) {
    printf("cleaned up: %s\n", (const char *)what);
}

static void *wait_for_ever(void *way) {
    siginfo_t info;

    pthread_cleanup_push(say, way);
    if (!strcmp(way, "wait"))
        wait(NULL);
    else if (!strcmp(way, "waitpid"))
        waitpid(-1, NULL, 0);
    else if (!strcmp(way, "wait3"))
        wait3(NULL, 0, NULL);
    else if (!strcmp(way, "wait4"))
        wait4(-1, NULL, 0, NULL);
    else
        waitid(P_ALL, 0, &info, WEXITED);
    printf("it came back\n");
    pthread_cleanup_pop(0);
    return NULL;
}

static int cancelled(void) {
    static char *const ways[] = {"wait", "waitpid", "wait3", "wait4", "waitid"};
    pid_t pid = fork();
    int status = -1;

    if (!pid) {
        for (;;)
            pause();
    }
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        void *result = NULL;
        pthread_create(&thread, NULL, wait_for_ever, ways[i]);
        usleep(20000);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        printf("cancelled: %d\n", result == PTHREAD_CANCELED);
    }
    kill(pid, SIGKILL);
    show(wait(&status), pid, status);
    return 0;
}

static void on_alarm(int number) {
    (void)number;
}

static int errors(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    int *nowhere = (int *)(uintptr_t)8, status = 77;
    siginfo_t info = {0};

#define SHOW(call)                                               \
    do {                                                         \
        errno = 0;                                               \
        long result = (call);                                    \
        printf("%s: %ld, %s\n", #call, result, strerror(errno)); \
    } while (0)
    SHOW(wait(&status));
    SHOW(waitpid(-1, &status, WNOHANG));
    SHOW(waitpid(-1, &status, 0x40000000 | 0x100));
    SHOW(wait3(&status, WNOHANG, NULL));
    SHOW(wait4(-1, &status, WNOWAIT, NULL));
    SHOW(waitid(P_ALL, 0, &info, WEXITED));
    SHOW(waitid(P_ALL, 0, &info, 0));
    pid_t pid = fork();
    if (!pid) {
        for (;;)
            pause();
    }
    SHOW(waitpid(pid, &status, WNOHANG));
    SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG));
    printf("%d %d\n", status, (int)info.si_pid);
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    SHOW(waitpid(-1, &status, 0));
    ualarm(20000, 0);
    SHOW(waitid(P_ALL, 0, &info, WEXITED));
    kill(pid, SIGKILL);
    SHOW(waitpid(-1, nowhere, 0));
    SHOW(waitpid(-1, nowhere, 0));
    return 0;
}

static int in_vfork_child(void) {
    int status = -1;
    pid_t pid = vfork();

    if (!pid)
        _exit(waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? 5 : 6);
    show(waitpid(pid, &status, 0), pid, status);
    return 0;
}

static void kill_one(void) {
    int status = -1;
    pid_t pid = child_of(SIGKILL);

    show(waitpid(pid, &status, 0), pid, status);
    fflush(stdout);
}

static int after_the_end(void) {
    at_quick_exit(kill_one);
    quick_exit(0);
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
#define MODE(name) \
    { #name, name }
    MODE(by_wait),      MODE(by_waitpid),    MODE(by_wait3),     MODE(by_wait4),
    MODE(by_waitid),    MODE(looking_first), MODE(polling),      MODE(in_handler),
    MODE(stopping),     MODE(realtime),      MODE(dumping),      MODE(grandchild),
    MODE(parent_dies),  MODE(after_exec),    MODE(work_and_die), MODE(threads_die),
    MODE(in_threads),   MODE(cancelled),     MODE(errors),       MODE(in_vfork_child),
    MODE(after_the_end)};

int main(int argc, char **argv) {
    program = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name))
            return modes[i].run();
    }
    fprintf(stderr, "usage: waits MODE\n");
    return 2;
}

// SPDX-License-Identifier: Apache-2.0
// Ways to begin and to end, one per name; test_ends.sh runs each with and without the preload.
#include <err.h>
#include <errno.h>
#include <error.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

extern char **environ;

static void wait_and_print(pid_t pid) {
    int status = -1;

    if (waitpid(pid, &status, 0) != pid)
        perror("waitpid");
    printf("child: %s %d\n", WIFEXITED(status) ? "exited" : "signaled",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int end_return(void) {
    return 3;
}

static int end_exit(void) {
    exit(4);
}

static int end__exit(void) {
    _exit(5);
}

static int end__Exit(void) {
    _Exit(6);
}

static int end_quick_exit(void) {
    quick_exit(7);
}

static int end_err(void) {
    errno = ENOENT;
    err(8, "as asked");
}

static int end_error(void) {
    error(9, 0, "as asked");
    return 0;
}

static int end_abort(void) {
    abort();
}

static int end_segv(void) {
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)8;

    *nowhere = 1;
    return 0;
}

static int end_term(void) {
    kill(getpid(), SIGTERM);
    return 0;
}

static int end_kill(void) {
    kill(getpid(), SIGKILL);
    return 0;
}

static int end_syscall(void) {
    syscall(SYS_exit_group, 10);
    return 0;
}

static int end_syscall_exit(void) {
    syscall(SYS_exit, 12);
    return 0;
}

static void *leave_thread(void *unused) {
    syscall(SYS_exit, 1);
    return unused;
}

static int end_syscall_exit_in_thread(void) {
    pthread_t thread;

    pthread_create(&thread, NULL, leave_thread, NULL);
    pthread_join(thread, NULL);
    return 13;
}

static int end_syscall_in_vfork_child(void) {
    pid_t pid = vfork();

    if (!pid)
        syscall(SYS_exit_group, 1);
    wait_and_print(pid);
    return 14;
}

static void *exit_in_thread(void *unused) {
    (void)unused;
    exit(11);
}

static int end_exit_in_thread(void) {
    pthread_t thread;
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 32768);
    pthread_create(&thread, &small, exit_in_thread, NULL);
    pthread_join(thread, NULL);
    return 0;
}

static void *sleep_a_little(void *unused) {
    usleep(20000);
    return unused;
}

static int end_pthread_exit(void) {
    pthread_t thread;

    pthread_create(&thread, NULL, sleep_a_little, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}

static void *wait_for_ever(void *unused) {
    pause();
    return unused;
}

static int end_while_threads_run(void) {
    pthread_t thread;

    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    usleep(20000);
    return 0;
}

static int c11_thread(void *unused) {
    (void)unused;
    return 0;
}

static int end_c11_threads(void) {
    for (int i = 0; i < 4; i++) {
        thrd_t thread;
        int result;
        thrd_create(&thread, c11_thread, NULL);
        thrd_join(thread, &result);
    }
    return 0;
}

static void *cancelled(void *unused) {
    for (;;)
        pause();
    return unused;
}

static int end_cancelled_threads(void) {
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, cancelled, NULL);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
    return 0;
}

static int end_many_threads(void) {
    for (int i = 0; i < 2000; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, sleep_a_little, NULL))
            return 1;
        pthread_detach(thread);
        if (i % 100 == 99)
            usleep(10000);
    }
    usleep(100000);
    return 0;
}

// The only processor is busy with this thread until the end.
static int end_before_threads_run(void) {
    cpu_set_t one;
    pthread_t thread;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one))
        return 1;
    for (int i = 0; i < 200; i++) {
        if (pthread_create(&thread, NULL, wait_for_ever, NULL))
            return 1;
    }
    return 0;
}

static int begin_fork(void) {
    pid_t pid = fork();

    if (!pid)
        exit(20);
    wait_and_print(pid);
    return 0;
}

static int begin_vfork(void) {
    static char *const arguments[] = {"true", NULL};
    pid_t pid = vfork();

    if (!pid) {
        execv("/bin/true", arguments);
        _exit(127);
    }
    wait_and_print(pid);
    pid = vfork();
    if (!pid) {
        execv("/nowhere", arguments);
        _exit(21);
    }
    wait_and_print(pid);
    return 0;
}

static int begin_spawn(void) {
    static char *const arguments[] = {"true", NULL};
    pid_t pid;

    if (!posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ))
        wait_and_print(pid);
    printf("system: %d\n", system("exit 22"));
    FILE *pipe = popen("echo from a pipe", "r");
    char line[64] = "";
    if (pipe && fgets(line, sizeof line, pipe))
        printf("%s", line);
    if (pipe)
        pclose(pipe);
    return 0;
}

static int begin_exec(void) {
    execlp("no-such-program", "no-such-program", (char *)NULL);
    printf("failed: %s\n", strerror(errno));
    fflush(stdout);
    execl("/bin/sh", "sh", "-c", "exec sh -c 'exit 23'", (char *)NULL);
    return 1;
}

static int begin_raw_clone(void) {
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (!pid)
        exit(24);
    wait_and_print(pid);
    return 0;
}

// Inlined: a function's return address would be on the stack that the child uses too.
static inline __attribute__((always_inline)) pid_t raw_vfork(void) {
    long flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
#if defined __x86_64__
    long result;
    register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_clone), "D"(flags), "S"(0L), "d"(0L), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return (pid_t)result;
#elif defined __aarch64__
    register long x8 __asm__("x8") = SYS_clone, x0 __asm__("x0") = flags, x1 __asm__("x1") = 0;
    register long x2 __asm__("x2") = 0, x3 __asm__("x3") = 0, x4 __asm__("x4") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return (pid_t)x0;
#else
    (void)flags;
    return vfork();
#endif
}

// Neither a wrapper's nor known to the C library: what the child calls is its parent's memory.
static int begin_raw_vfork(void) {
    static char *const arguments[] = {"true", NULL};

    for (int i = 0; i < 3; i++) {
        pid_t pid = raw_vfork();
        if (!pid) {
            signal(SIGUSR1, SIG_IGN);
            execv(i == 1 ? "/bin/true" : "/nowhere", arguments);
            if (i == 2)
                syscall(SYS_exit_group, 28);
            _exit(27);
        }
        wait_and_print(pid);
    }
    kill(getpid(), SIGUSR1); // the child's disposition was its own
    return 0;
}

// The first process of a pid namespace has a child that is the first one of another.
static int begin_raw_namespace(void) {
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);

    if (!pid)
        exit(29);
    wait_and_print(pid);
    return 0;
}

static int begin_daemon(void) {
    int ends[2];
    char c;

    if (pipe(ends))
        return 1;
    pid_t pid = fork();
    if (!pid)
        exit(daemon(1, 1) ? 1 : 25);
    close(ends[1]);
    if (read(ends[0], &c, 1)) // until the daemon too has ended
        return 1;
    wait_and_print(pid);
    return 26;
}

static int see_signals(void) {
    static const int numbers[] = {SIGSEGV, SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGALRM};
    struct sigaction action;

    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], NULL, &action);
        printf("%d: %s %x\n", numbers[i],
               action.sa_handler == SIG_DFL   ? "default"
               : action.sa_handler == SIG_IGN ? "ignored"
                                              : "handled",
               (unsigned)action.sa_flags);
    }
    printf("signal: %d\n", signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    printf("signal: %d\n", signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    action = (struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_RESTART | SA_NODEFER};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGTERM, NULL, &action);
    printf("flags: %x\n", (unsigned)action.sa_flags);
    return 0;
}

static volatile sig_atomic_t caught;

static void catch_signal(int number) {
    caught = number;
}

static int see_eintr(void) {
    struct sigaction action = {.sa_handler = catch_signal, .sa_flags = SA_RESETHAND};
    int ends[2];
    char c;

    if (pipe(ends) || sigaction(SIGALRM, &action, NULL))
        return 1;
    ualarm(20000, 0);
    ssize_t n = read(ends[0], &c, 1);
    printf("read: %zd %s, caught %d\n", n, strerror(errno), caught);
    sigaction(SIGALRM, NULL, &action);
    printf("after: %d\n", action.sa_handler == SIG_DFL);
    return 0;
}

// syscall(2) hands on six arguments, the result and errno.
static int see_syscall(void) {
    static const char text[] = "the second page";
    long page = sysconf(_SC_PAGESIZE);
    FILE *file = tmpfile();

    if (!file || fseek(file, page, SEEK_SET) || fputs(text, file) < 0 || fflush(file))
        return 1;
    errno = 7;
    char *at = (char *)syscall(SYS_mmap, NULL, page, PROT_READ, MAP_PRIVATE, fileno(file), page);
    printf("%s, errno %d\n", at, errno);
    printf("getpid: %d\n", syscall(SYS_getpid) == getpid());
    long status = syscall(SYS_close, -1);
    printf("close: %ld, errno %d\n", status, errno);
    status = syscall(99999);
    printf("none: %ld, errno %d\n", status, errno);
    return 0;
}

static int see_descriptors(void) {
    for (int fd = 3; fd < 64; fd++) {
        if (!close(fd))
            printf("open: %d\n", fd);
    }
    errno = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, sleep_a_little, NULL);
    pthread_join(thread, NULL);
    printf("errno: %d\n", errno);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
#define MODE(name) {#name, name},
    MODE(end_return) MODE(end_exit) MODE(end__exit) MODE(end__Exit) MODE(end_quick_exit)
        MODE(end_err) MODE(end_error) MODE(end_abort) MODE(end_segv) MODE(end_term) MODE(end_kill)
            MODE(end_syscall) MODE(end_syscall_exit) MODE(end_syscall_exit_in_thread)
                MODE(end_syscall_in_vfork_child) MODE(see_syscall) MODE(end_exit_in_thread)
                    MODE(end_pthread_exit) MODE(end_while_threads_run) MODE(end_before_threads_run)
                        MODE(end_c11_threads) MODE(end_cancelled_threads) MODE(end_many_threads)
                            MODE(begin_fork) MODE(begin_vfork) MODE(begin_spawn) MODE(begin_exec)
                                MODE(begin_raw_clone) MODE(begin_raw_vfork)
                                    MODE(begin_raw_namespace) MODE(begin_daemon) MODE(see_signals)
                                        MODE(see_eintr) MODE(see_descriptors)};

int main(int argc, char **argv) {
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name)) {
            setvbuf(stdout, NULL, _IOLBF, 0);
            return modes[i].run();
        }
    }
    fprintf(stderr, "usage: ends MODE\n");
    return 2;
}

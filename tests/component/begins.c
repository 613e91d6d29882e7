// SPDX-License-Identifier: Apache-2.0
// Ways to begin a process or a thread, and signals that end one, each a mode of this program.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char **arguments; // of main, from argv[2] on

static int wait_for(pid_t pid) {
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        printf("no child: %s\n", strerror(errno));
        return 1;
    }
    if (WIFEXITED(status))
        printf("child exited with %d\n", WEXITSTATUS(status));
    else
        printf("child died of signal %d\n", WTERMSIG(status));
    return 0;
}

static int begin_forkpty(void) {
    char line[64];
    ssize_t len;
    int terminal;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

    if (!pid) {
        printf("a terminal: %d\n", isatty(0));
        exit(30);
    }
    while ((len = read(terminal, line, sizeof line)) > 0)
        printf("%.*s", (int)len, line);
    return wait_for(pid);
}

static int begin_exec_chain(void) {
    int n = atoi(arguments[0]), last = atoi(arguments[1]);
    char number[16];

    if (n == last)
        return 32;
    snprintf(number, sizeof number, "%d", n + 1);
    execl("/proc/self/exe", "begins", "begin_exec_chain", number, arguments[1], (char *)NULL);
    return 1;
}

// Each way to fail; then the program is still itself.
static int begin_exec_fails(void) {
    static const char *const bad[] = {"/nowhere/x", "/", "/etc/passwd", "/dev/null/x"};

    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        execl(bad[i], bad[i], (char *)NULL);
        printf("%s: %s\n", bad[i], strerror(errno));
    }
    execv(arguments[0], arguments); // a script without #!
    printf("script: %s\n", strerror(errno));
    static char *const *volatile nowhere = (char *const *)8;
    execv("/bin/true", nowhere);
    printf("bad address: %s\n", strerror(errno));
    return 31;
}

static int begin_execvp(void) {
    execvp(arguments[0], arguments);
    printf("execvp: %s\n", strerror(errno));
    return 1;
}

static int begin_spawnp(void) {
    pid_t pid;
    int status = posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);

    if (status) {
        printf("posix_spawnp: %s\n", strerror(status));
        return 0;
    }
    return wait_for(pid);
}

static int begin_system(void) {
    printf("system: %d\n", system(arguments[0]));
    return 0;
}

static int begin_double_fork(void) {
    int ends[2], began[2];
    char c;

    if (pipe(ends) || pipe(began))
        return 1;
    pid_t child = fork();
    if (!child) {
        close(ends[0]);
        pid_t me = getpid();
        if (fork())
            _exit(read(began[0], &c, 1) == 1 ? 33 : 1);
        if (write(began[1], "x", 1) != 1)
            return 1;
        while (getppid() == me)
            usleep(1000);
        exit(34);
    }
    close(ends[1]);
    int result = wait_for(child);
    while (read(ends[0], &c, 1) > 0)
        continue;
    return result;
}

static int begin_setsid(void) {
    pid_t pid = fork();

    if (!pid)
        exit(setsid() == getpid() && getpgrp() == getpid() ? 35 : 1);
    return wait_for(pid);
}

static int begin_empty_environment(void) {
    static char *const nothing[] = {NULL};
    pid_t pid = fork();

    if (!pid) {
        execve(arguments[0], arguments, nothing);
        _exit(1);
    }
    wait_for(pid);
    clearenv();
    printf("system: %d\n", system("exit 36"));
    return 37;
}

static int begin_changed_environment(void) {
    setenv("EPMT_TAGS", "of:the child", 1);
    setenv("HOME", "/nowhere", 1);
    pid_t pid = fork();
    if (!pid) {
        execvp(arguments[0], arguments);
        _exit(1);
    }
    return wait_for(pid);
}

// What setproctitle does, and getsubopt and strtok on a smaller scale.
static int begin_overwritten_arguments(void) {
    char *end = *environ;

    for (char **at = environ; *at; at++)
        end = *at + strlen(*at);
    memset(arguments[0], 'x', (size_t)(end - arguments[0]));
    return 38;
}

// As above, and the place of its records is gone.
static int begin_overwritten_and_gone(void) {
    char place[4096], elsewhere[4200];

    snprintf(place, sizeof place, "%s", arguments[0]);
    snprintf(elsewhere, sizeof elsewhere, "%s.old", place);
    begin_overwritten_arguments();
    if (rename(place, elsewhere) || creat(place, 0600) < 0)
        return 1;
    return 0;
}

static int begin_without_memory(void) {
    return 45;
}

static int begin_with_memory(void) {
    struct rlimit limit;

    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_AS, &limit) ? 1 : 46;
}

static char *clone_program; // NULL: the child ends at once

static int in_clone(void *unused) {
    (void)unused;
    if (!clone_program)
        _exit(39);
    execl(clone_program, clone_program, (char *)NULL);
    _exit(40);
}

static int with_clone(int flags, const char *file) {
    size_t len = 256 << 10;
    char *stack = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    clone_program = (char *)(size_t)file;
    return stack == MAP_FAILED || wait_for(clone(in_clone, stack + len, flags | SIGCHLD, NULL));
}

static int begin_clone(void) {
    const int vfork_like = CLONE_VM | CLONE_VFORK;

    return with_clone(0, NULL) || with_clone(vfork_like, NULL) || with_clone(CLONE_VM, NULL) ||
           with_clone(vfork_like, "/nowhere") || with_clone(vfork_like, "/bin/true");
}

static volatile int stop;

static void *spin(void *unused) {
    while (!stop)
        free(malloc(100));
    return unused;
}

static void *fork_some(void *unused) {
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork();
        if (!pid)
            exit(41);
        wait_for(pid);
    }
    return unused;
}

static int begin_fork_from_thread(void) {
    pthread_t spinning[3], forking;

    for (int i = 0; i < 3; i++)
        pthread_create(&spinning[i], NULL, spin, NULL);
    pthread_create(&forking, NULL, fork_some, NULL);
    pthread_join(forking, NULL);
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(spinning[i], NULL);
    return 0;
}

static volatile pid_t handler_child;

static void fork_in_handler(int number) {
    (void)number;
    handler_child = fork();
    if (!handler_child)
        _exit(42);
}

static int begin_fork_from_handler(void) {
    signal(SIGUSR1, fork_in_handler);
    raise(SIGUSR1);
    return wait_for(handler_child);
}

static void *do_nothing(void *unused) {
    return unused;
}

static pthread_attr_t small(void) {
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 32768);
    return attributes;
}

static int threads_short(void) {
    pthread_attr_t attributes = small();

    for (int i = atoi(arguments[0]); i > 0; i--) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, do_nothing, NULL))
            return 1;
        pthread_join(thread, NULL);
    }
    return 0;
}

static void *live_on(void *barrier) {
    pthread_barrier_wait(barrier);
    for (;;)
        pause();
    return NULL;
}

// So many threads alive when the program ends.
static int threads_alive(void) {
    static pthread_barrier_t barrier;
    pthread_attr_t attributes = small();
    int count = atoi(arguments[0]);

    pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, live_on, &barrier))
            return 1;
    }
    pthread_barrier_wait(&barrier);
    return 43;
}

static int threads_none(void) {
    usleep(10000);
    return 0;
}

static int die_raise(void) {
    raise(atoi(arguments[0]));
    return 1;
}

static int die_by_other(void) {
    pid_t me = getpid();

    if (!fork()) {
        kill(me, atoi(arguments[0]));
        _exit(0);
    }
    for (;;)
        pause();
}

static void *die_in_thread(void *unused) {
    raise(atoi(arguments[0]));
    return unused;
}

static int die_many_threads(void) {
    pthread_t thread;

    for (int i = 0; i < 8; i++)
        pthread_create(&thread, NULL, die_in_thread, NULL);
    pause();
    return pause();
}

static volatile int zero;

static int overflow(volatile char *above) {
    volatile char frame[4096];

    frame[0] = *above;
    return zero ? 0 : overflow(frame) + frame[0];
}

static int die_fault(void) {
    const char *which = arguments[0];

    if (!strcmp(which, "SEGV")) {
        *(volatile int *)(size_t)(zero + 8) = 1;
    } else if (!strcmp(which, "BUS")) {
        char name[] = "/tmp/begins.XXXXXX";
        int fd = mkstemp(name);
        volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        unlink(name);
        return page[0];
    } else if (!strcmp(which, "FPE")) {
        return 100 / zero;
    } else if (!strcmp(which, "ILL")) {
        __builtin_trap();
    } else if (!strcmp(which, "STACK")) {
        char c = 0;
        return overflow(&c);
    }
    return 1;
}

// CPU time, file size and timers: the kernel sends the signal by itself.
static int die_limit(void) {
    const char *which = arguments[0];

    if (!strcmp(which, "XCPU")) {
        setrlimit(RLIMIT_CPU, &(struct rlimit){1, 5});
        for (;;)
            zero = 0;
    } else if (!strcmp(which, "XFSZ")) {
        char name[] = "/tmp/begins.XXXXXX";
        int fd = mkstemp(name);
        unlink(name);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100});
        return write(fd, name, sizeof name) < 0 || pwrite(fd, name, 1, 200) < 0;
    } else if (!strcmp(which, "ALRM")) {
        ualarm(1000, 0);
        for (;;)
            pause();
    } else if (!strcmp(which, "PIPE")) {
        int ends[2];
        if (!pipe(ends) && !close(ends[0]))
            return write(ends[1], "x", 1) < 0;
    } else if (!strcmp(which, "ABRT")) {
        static volatile size_t aside = 16;
        free((char *)malloc(100) + aside);
    }
    return 1;
}

// What was ignored or blocked on entry, and what waits.
static int see_entry(void) {
    sigset_t blocked, waiting;

    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigpending(&waiting);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action))
            continue;
        if (action.sa_handler != SIG_DFL || sigismember(&blocked, i) || sigismember(&waiting, i))
            printf("%d: %s%s%s\n", i, action.sa_handler == SIG_IGN ? "ignored" : "",
                   sigismember(&blocked, i) ? " blocked" : "",
                   sigismember(&waiting, i) ? " waiting" : "");
    }
    fflush(stdout);
    sigemptyset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    return 44;
}

// Takes memory until none is left: malloc fails, or the kernel kills.
static int eat_memory(void) {
    size_t piece = 1 << 20, count = 0;
    char *p;

    while (count < 4096 && (p = malloc(piece))) {
        memset(p, 1, piece);
        count++;
    }
    printf("memory ran out: %d\n", count < 4096);
    fflush(stdout);
    return raise(SIGKILL);
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
#define MODE(name) {#name, name},
    // clang-format off
    MODE(begin_forkpty) MODE(begin_exec_chain) MODE(begin_exec_fails) MODE(begin_execvp)
    MODE(begin_spawnp) MODE(begin_system) MODE(begin_double_fork) MODE(begin_setsid)
    MODE(begin_empty_environment) MODE(begin_changed_environment)
    MODE(begin_overwritten_arguments) MODE(begin_overwritten_and_gone) MODE(begin_without_memory) MODE(begin_with_memory) MODE(begin_clone) MODE(begin_fork_from_thread)
    MODE(begin_fork_from_handler) MODE(threads_short) MODE(threads_alive) MODE(threads_none)
    MODE(die_raise) MODE(die_by_other) MODE(die_many_threads) MODE(die_fault) MODE(die_limit)
    MODE(see_entry) MODE(eat_memory)
    // clang-format on
};

int main(int argc, char **argv) {
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name)) {
            arguments = argv + 2;
            setvbuf(stdout, NULL, _IOLBF, 0);
            return modes[i].run();
        }
    }
    fprintf(stderr, "usage: begins MODE [ARGUMENT...]\n");
    return 2;
}

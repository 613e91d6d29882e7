// SPDX-License-Identifier: Apache-2.0
// What a program can see of itself, and programs that do what few do: it prints the same with and
// without the preload.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void print_limits(void) {
    struct rlimit limit;

    for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
        if (!getrlimit(i, &limit))
            printf("limit %u: %lu %lu\n", i, limit.rlim_cur, limit.rlim_max);
    }
}

static void print_timers(void) {
    static const int timers[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
    struct itimerval value;
    timer_t timer;

    for (unsigned i = 0; i < 3; i++) {
        getitimer(timers[i], &value);
        printf("timer %u: %d\n", i, value.it_value.tv_sec || value.it_value.tv_usec);
    }
    printf("timer_create: %d\n", timer_create(CLOCK_MONOTONIC, NULL, &timer));
}

static void print_descriptors(void) {
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            printf("open: %d, flags %x\n", fd, (unsigned)fcntl(fd, F_GETFD));
    }
    printf("next: %d\n", open("/dev/null", O_RDONLY));
}

static int see_self(void) {
    char text[1024];
    stack_t stack;
    sigset_t mask;
    mode_t mode = umask(022);

    printf("errno %d, umask %o, locale %s, ", errno, (unsigned)mode, setlocale(LC_ALL, NULL));
    printf("%s, %.1f\n", setlocale(LC_ALL, ""), 1.5);
    print_limits();
    print_timers();
    print_descriptors();
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (!sigaction(i, NULL, &action))
            printf("signal %d: %d %x\n", i, action.sa_handler == SIG_DFL,
                   (unsigned)action.sa_flags);
    }
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i < NSIG; i++) {
        if (sigismember(&mask, i))
            printf("blocked: %d\n", i);
    }
    sigaltstack(NULL, &stack);
    printf("signal stack: %d\n", stack.ss_flags);
    printf("directory %s, nice %d, dumpable %d, policy %d\n", getcwd(text, sizeof text), nice(0),
           prctl(PR_GET_DUMPABLE), sched_getscheduler(0));
    prctl(PR_GET_NAME, text);
    printf("name %s, groups %d, children %d\n", text, getgroups(0, NULL),
           waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    for (char **at = environ; *at; at++) {
        if (strncmp(*at, "LD_PRELOAD=", 11))
            printf("%s\n", *at);
    }
    return 0;
}

static void *nothing(void *unused) {
    return unused;
}

static int lives_on(void) {
    pthread_t thread;
    int status = -1;

    if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
        return 1;
    pid_t pid = fork();
    if (!pid) {
        execl("/bin/sh", "sh", "-c", "exit 51", (char *)NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

// 0, 1 and 2 are the program's data files from now on.
static int closes_all(void) {
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    for (int fd = 0; fd < 3; fd++) {
        if (open(fd ? "data.2" : "data.1", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600) != fd)
            return 1;
    }
    if (write(0, "zero\n", 5) != 5 || write(2, "two\n", 4) != 4)
        return 1;
    return lives_on();
}

// None is left for anybody.
static int uses_all(void) {
    int count = 0;

    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    printf("%d more: %s\n", count, strerror(errno));
    return 52;
}

static int dlopens(void) {
    int (*answer)(void);
    void *library = dlopen(getenv("LIBRARY"), RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        printf("%s\n", dlerror());
        return 1;
    }
    *(void **)&answer = dlsym(library, "answer");
    printf("answer: %d, seen by all: %d\n", answer(), dlsym(RTLD_DEFAULT, "answer") != NULL);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {{"see_self", see_self},
             {"lives_on", lives_on},
             {"closes_all", closes_all},
             {"uses_all", uses_all},
             {"dlopens", dlopens}};

int main(int argc, char **argv) {
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name))
            return modes[i].run();
    }
    fprintf(stderr, "usage: see MODE\n");
    return 2;
}

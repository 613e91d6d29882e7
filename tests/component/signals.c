// SPDX-License-Identifier: Apache-2.0
// Signals as a program sees them: what it sets is what it reads back and what the kernel does. It
// prints the same with and without the preload.
#include <errno.h>
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

typedef void (*handler_f)(int);
handler_f bsd_signal(int number, handler_f handler);
handler_f __sysv_signal(int number, handler_f handler);

static volatile sig_atomic_t caught, nested, value, on_stack;
static char stack_room[65536];

static void catch_one(int number) {
    char here;

    caught = number;
    on_stack = &here >= stack_room && &here < stack_room + sizeof stack_room;
}

static void catch_info(int number, siginfo_t *info, void *context) {
    caught = number;
    value = info->si_value.sival_int;
    on_stack = context != NULL && info->si_pid == getpid();
}

static void catch_nested(int number) {
    if (++nested < 3)
        raise(number);
}

static const char *name_of(handler_f handler) {
    void (*three)(int, siginfo_t *, void *) = catch_info;
    handler_f info;

    memcpy(&info, &three, sizeof info);
    return handler == SIG_DFL     ? "default"
           : handler == SIG_IGN   ? "ignored"
           : handler == SIG_ERR   ? "error"
           : handler == catch_one ? "one"
           : handler == info      ? "info"
                                  : "another";
}

static void print_action(const char *what, int number, const struct sigaction *action) {
    unsigned long mask;

    memcpy(&mask, &action->sa_mask, sizeof mask);
    printf("%d %s: %s %x %lx\n", number, what, name_of(action->sa_handler),
           (unsigned)action->sa_flags, mask);
}

static const int flags[] = {0,
                            SA_RESTART,
                            SA_ONSTACK,
                            SA_RESETHAND,
                            SA_NODEFER,
                            SA_SIGINFO,
                            SA_NOCLDSTOP,
                            SA_NOCLDWAIT,
                            SA_RESTART | SA_ONSTACK | SA_NODEFER,
                            SA_SIGINFO | SA_RESETHAND | SA_ONSTACK,
                            (int)0x00000800,
                            (int)0x40000000};

// Every signal, every flag, every kind of handler: set, read back, set back.
static int see_actions(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction first, old, now;
        if (sigaction(number, NULL, &first)) {
            printf("%d: %s\n", number, strerror(errno));
            continue;
        }
        print_action("first", number, &first);
        for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
            handler_f kinds[] = {SIG_DFL, SIG_IGN, catch_one, SIG_DFL};
            for (unsigned k = 0; k < 4; k++) {
                struct sigaction action = {.sa_handler = kinds[k], .sa_flags = flags[i]};
                sigaddset(&action.sa_mask, (int)(1 + (number + (int)i) % 60));
                errno = 0;
                int status = sigaction(number, &action, &old);
                printf("%d %d ", status, errno);
                print_action("old", number, &old);
                sigaction(number, NULL, &now);
                print_action("now", number, &now);
                action = now; // act and old may be the same
                sigaction(number, &action, &action);
                print_action("both", number, &action);
            }
        }
        sigaction(number, &first, NULL);
        sigaction(number, NULL, &now);
        print_action("last", number, &now);
    }
    return 0;
}

static int see_signal(void) {
    static handler_f (*const ways[])(int, handler_f) = {signal, bsd_signal, ssignal, sysv_signal,
                                                        __sysv_signal};

    for (int number = 0; number < NSIG; number++) {
        for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
            static const handler_f handlers[] = {catch_one, SIG_IGN,   SIG_DFL,
                                                 SIG_DFL,   catch_one, SIG_DFL};
            for (unsigned k = 0; k < 6; k++) {
                struct sigaction now = {.sa_flags = 0};
                errno = 0;
                handler_f before = ways[i](number, handlers[k]);
                printf("%u %s %d ", i, name_of(before), errno);
                sigaction(number, NULL, &now);
                print_action("now", number, &now);
            }
        }
    }
    printf("%s\n", name_of(sigset(SIGUSR1, SIG_HOLD)));
    printf("%s\n", name_of(sigset(SIGUSR1, catch_one)));
    printf("%s\n", name_of(sigset(SIGUSR1, SIG_DFL)));
    return 0;
}

// What the flags do.
static int see_effects(void) {
    const stack_t stack = {.ss_sp = stack_room, .ss_size = sizeof stack_room};
    struct sigaction action = {.sa_handler = catch_one};
    const union sigval sent = {.sival_int = 77};
    int ends[2];
    char c;

    sigaltstack(&stack, NULL);
    for (int restart = 0; restart < 2; restart++) {
        action.sa_flags = restart ? SA_RESTART : 0;
        sigaction(SIGALRM, &action, NULL);
        if (pipe(ends))
            return 1;
        pid_t pid = fork();
        if (!pid) {
            usleep(100000);
            _exit(write(ends[1], "x", 1) != 1);
        }
        ualarm(30000, 0);
        ssize_t n = read(ends[0], &c, 1);
        printf("restart %d: %zd %s\n", restart, n, n < 0 ? strerror(errno) : "");
        waitpid(pid, NULL, 0);
    }
    for (int on = 0; on < 2; on++) {
        action.sa_flags = on ? SA_ONSTACK : 0;
        sigaction(SIGTERM, &action, NULL);
        raise(SIGTERM);
        printf("on stack %d: %d %d\n", on, (int)caught, (int)on_stack);
    }
    action = (struct sigaction){.sa_sigaction = catch_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigqueue(getpid(), SIGUSR1, sent);
    printf("info: %d %d %d\n", (int)caught, (int)value, (int)on_stack);
    action = (struct sigaction){.sa_handler = catch_nested, .sa_flags = SA_NODEFER};
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    printf("nested: %d\n", (int)nested);
    signal(SIGCHLD, SIG_IGN);
    if (!fork())
        _exit(0);
    printf("no zombie: %d %s\n", wait(NULL), strerror(errno));
    fflush(stdout);
    action = (struct sigaction){.sa_handler = catch_one, .sa_flags = SA_RESETHAND};
    sigaction(SIGHUP, &action, NULL);
    raise(SIGHUP);
    raise(SIGHUP); // kills
    return 0;
}

static sigjmp_buf back;

static void jump_back(int number) {
    siglongjmp(back, number);
}

static int recurse(int depth) {
    volatile char room[4096];

    room[depth % 4096] = 1;
    return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}

// A program that lives on after its stack has overflowed, and after a fault, many times.
static int see_recovery(void) {
    const stack_t stack = {.ss_sp = stack_room, .ss_size = sizeof stack_room};
    struct sigaction action = {.sa_handler = jump_back, .sa_flags = SA_ONSTACK};
    volatile int count = 0;

    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    while (count < 20) {
        if (!sigsetjmp(back, 1)) {
            count++;
            if (count % 2)
                recurse(1);
            *(volatile int *)(uintptr_t)8 = 1;
        }
    }
    printf("recovered %d times\n", count);
    return 0;
}

// How each signal ends a child, raised, sent by kill, and pending from before while it was blocked.
static int see_ends(void) {
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    for (int number = 1; number < NSIG; number++) {
        for (int how = 0; how < 3; how++) {
            int status = -1;
            if (number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)
                continue;
            pid_t pid = fork();
            if (!pid) {
                sigset_t all, before;
                sigfillset(&all);
                if (how == 2)
                    sigprocmask(SIG_SETMASK, &all, &before);
                if (how == 0)
                    raise(number);
                else
                    kill(getpid(), number);
                if (how == 2)
                    sigprocmask(SIG_SETMASK, &before, NULL);
                _exit(0);
            }
            waitpid(pid, &status, 0);
            printf("%d %d: %x\n", number, how, (unsigned)status);
        }
    }
    return 0;
}

// What is ignored, blocked and pending goes on over exec; what is handled does not.
static int see_exec(void) {
    sigset_t mask;

    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    signal(SIGINT, catch_one);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGQUIT);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    raise(SIGUSR1);
    fflush(stdout);
    execl("/proc/self/exe", "signals", "see_after_exec", (char *)NULL);
    return 1;
}

static int see_after_exec(void) {
    sigset_t mask, pending;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigpending(&pending);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (!sigaction(number, NULL, &action) &&
            (action.sa_handler != SIG_DFL || sigismember(&mask, number) ||
             sigismember(&pending, number)))
            printf("%d: %s %x, blocked %d, pending %d\n", number, name_of(action.sa_handler),
                   (unsigned)action.sa_flags, sigismember(&mask, number),
                   sigismember(&pending, number));
    }
    raise(SIGTERM);
    raise(SIGPIPE);
    fflush(stdout);
    sigemptyset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL); // the pending one kills
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
#define MODE(name) {#name, name},
    // clang-format off
    MODE(see_actions) MODE(see_signal) MODE(see_effects) MODE(see_recovery) MODE(see_ends)
    MODE(see_exec) MODE(see_after_exec)
    // clang-format on
};

int main(int argc, char **argv) {
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name))
            return modes[i].run();
    }
    fprintf(stderr, "usage: signals MODE\n");
    return 2;
}

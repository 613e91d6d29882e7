// SPDX-License-Identifier: Apache-2.0
// Ways to crash, one per name; test_crash.sh runs each with and without the preload. `frame` WAY
// runs it under ptrace and prints whose code the process dies in: what a core dump would show.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *volatile nowhere = (volatile int *)(uintptr_t)8;
static volatile int zero, seven = 7;

__attribute__((noinline)) static void crash_inner(void) {
    *nowhere = 1;
    zero = 0; // no tail call
}

__attribute__((noinline)) static void crash_outer(void) {
    crash_inner();
    zero = 0;
}

static void segv(void) {
    crash_outer();
}

__attribute__((noinline)) static void divide_inner(void) {
    zero = seven / zero;
}

static void fpe(void) {
    divide_inner();
    zero = 0;
}

__attribute__((noinline)) static void abort_inner(void) {
    abort();
}

static void aborts(void) {
    abort_inner();
}

__attribute__((noinline)) static int overflow_inner(int depth) {
    volatile char room[4096];

    room[depth % 4096] = 1;
    return depth < 0 ? 0 : overflow_inner(depth + 1) + room[0];
}

static void overflow(void) {
    zero = overflow_inner(1);
}

static void *run_in_thread(void *way) {
    void (*run)(void);

    memcpy(&run, &way, sizeof run);
    run();
    return NULL;
}

static void in_thread(void (*run)(void)) {
    pthread_t thread;
    void *way;

    memcpy(&way, &run, sizeof way);
    if (!pthread_create(&thread, NULL, run_in_thread, way))
        pthread_join(thread, NULL);
}

static void thread_segv(void) {
    in_thread(segv);
}

static void thread_overflow(void) {
    in_thread(overflow);
}

static void fork_overflow(void) {
    int status;
    pid_t pid = fork();

    if (!pid)
        overflow();
    waitpid(pid, &status, 0);
    printf("child: signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    fflush(stdout);
    raise(WTERMSIG(status));
}

static void handled(int number) {
    static const char text[] = "handled\n";

    if (write(1, text, sizeof text - 1) < 0)
        _exit(2);
    signal(number, SIG_DFL);
    raise(number);
}

// As libgfortran and MPI libraries do: a report, then the default action.
static void handled_segv(void) {
    signal(SIGSEGV, handled);
    segv();
}

// As above, and the kernel puts the default action back.
static void handle_once(int number) {
    static const char text[] = "handled once\n";

    if (write(1, text, sizeof text - 1) < 0)
        _exit(2);
    raise(number);
}

static void handled_once(void) {
    const struct sigaction action = {.sa_handler = handle_once, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGSEGV, &action, NULL);
    segv();
}

// The handler cannot run: there is no stack for it.
static void handled_overflow(void) {
    signal(SIGSEGV, handled);
    overflow();
}

static void handled_thread_overflow(void) {
    signal(SIGSEGV, handled);
    in_thread(overflow);
}

static sigjmp_buf back;
static char *main_stack;

// What a handler is told, and where it runs.
static void print_and_go_back(int number, siginfo_t *info, void *context) {
    char here;
    long distance = main_stack - &here;
    int sent = info->si_code <= 0;

    printf("%d: code %d, %s, context %d, on the stack that it met %d\n", number, info->si_code,
           sent ? info->si_pid == getpid() ? "from us" : "from another"
           : info->si_addr == (void *)nowhere ? "there"
                                              : "elsewhere",
           context != NULL, distance > 0 && distance < 65536);
    if (sent)
        printf("value %d\n", info->si_value.sival_int);
    fflush(stdout);
    if (!sent)
        siglongjmp(back, 1);
}

static void handled_and_lives(void) {
    struct sigaction action = {.sa_sigaction = print_and_go_back, .sa_flags = SA_SIGINFO};
    const union sigval value = {.sival_int = 77};
    volatile int faults = 0;

    main_stack = __builtin_frame_address(0);
    for (volatile int round = 0; round < 2; round++) {
        sigaction(SIGSEGV, &action, NULL);
        if (round)
            sigqueue(getpid(), SIGSEGV, value);
        for (faults = 0; faults < 2;) {
            if (!sigsetjmp(back, 1)) {
                faults++;
                segv();
            }
        }
        sigaction(SIGSEGV, NULL, &action);
        printf("flags %x, mask %d\n", (unsigned)action.sa_flags,
               sigismember(&action.sa_mask, SIGTERM));
    }
}

// The program's own stack for its own handler.
static void overflow_on(size_t len) {
    static char room[65536];
    const stack_t stack = {.ss_sp = room, .ss_size = len};
    struct sigaction action = {.sa_handler = handled, .sa_flags = SA_ONSTACK};
    stack_t before;

    sigaltstack(NULL, &before);
    printf("before: %p %zu %d\n", before.ss_sp, before.ss_size, before.ss_flags);
    sigaltstack(&stack, &before);
    printf("before: %p %zu %d\n", before.ss_sp, before.ss_size, before.ss_flags);
    sigaltstack(NULL, &before);
    printf("now: %d %zu %d\n", before.ss_sp == room, before.ss_size, before.ss_flags);
    fflush(stdout);
    sigaction(SIGSEGV, &action, NULL);
    overflow();
}

static void own_stack_overflow(void) {
    overflow_on(65536);
}

static void own_small_stack_overflow(void) {
    overflow_on(32768);
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
#define WAY(name) {#name, name},
    // clang-format off
    WAY(segv) WAY(fpe) WAY(aborts) WAY(overflow) WAY(thread_segv) WAY(thread_overflow)
    WAY(fork_overflow) WAY(handled_segv) WAY(own_stack_overflow) WAY(own_small_stack_overflow) WAY(handled_once)
    WAY(handled_overflow) WAY(handled_thread_overflow) WAY(handled_and_lives)
    // clang-format on
};

static void (*find(const char *name))(void) {
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (!strcmp(name, ways[i].name))
            return ways[i].run;
    }
    fprintf(stderr, "crash: no such way: %s\n", name);
    exit(2);
}

static uintptr_t program_counter(pid_t pid) {
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, pid, NULL, &registers))
        return 0;
#ifdef __x86_64__
    return (uintptr_t)registers.rip;
#else
    return (uintptr_t)registers.pc;
#endif
}

// Passes every signal on, and stops where the process is about to end.
static int frame(const char *name, uintptr_t code, size_t len) {
    void (*run)(void) = find(name);
    int status;
    pid_t pid = fork();

    if (!pid) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        run();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, pid, NULL, NULL);
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        int number = WSTOPSIG(status);
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
            uintptr_t at = program_counter(pid);
            printf("dies in the function: %d\n", at >= code && at < code + len);
            number = 0;
        }
        ptrace(PTRACE_CONT, pid, NULL, number);
    }
    printf("status: %x\n", (unsigned)status);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "frame")) {
        if (!strcmp(argv[2], "segv"))
            return frame(argv[2], (uintptr_t)crash_inner, 48);
        if (!strcmp(argv[2], "fpe"))
            return frame(argv[2], (uintptr_t)divide_inner, 48);
        return frame(argv[2], (uintptr_t)overflow_inner, 128);
    }
    if (argc == 2)
        find(argv[1])();
    return 2;
}

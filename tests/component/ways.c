// SPDX-License-Identifier: Apache-2.0
// Further ways to end and to begin, one per name; the table in test_ways.sh says which rows each is
// to leave.
#undef NDEBUG
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int wait_for(pid_t pid) {
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        printf("no child: %s\n", strerror(errno));
    else if (WIFEXITED(status))
        printf("child exited with %d\n", WEXITSTATUS(status));
    else
        printf("child died of signal %d\n", WTERMSIG(status));
    return 0;
}

static int end_exit_minus_1(void) {
    exit(-1);
}

static int end_exit_0x1234(void) {
    _exit(0x1234);
}

static int end_errx(void) {
    errx(12, "as asked");
}

static int end_error_at_line(void) {
    error_at_line(14, 0, "file", 3, "as asked");
    return 0;
}

static int end_assert(void) {
    assert(!"as asked");
    return 0;
}

static void exit_15(void) {
    _exit(15);
}

static int end__exit_in_atexit(void) {
    atexit(exit_15);
    return 0;
}

static int end__exit_in_at_quick_exit(void) {
    at_quick_exit(exit_15);
    quick_exit(0);
}

static void abort_now(void) {
    abort();
}

static int end_abort_in_at_quick_exit(void) {
    at_quick_exit(abort_now);
    quick_exit(0);
}

static void exit_16(int number) {
    (void)number;
    exit(16);
}

static int end_exit_in_handler(void) {
    signal(SIGTERM, exit_16);
    raise(SIGTERM);
    return 0;
}

static void exit_17(int number) {
    (void)number;
    _exit(17);
}

static int end__exit_in_handler(void) {
    signal(SIGALRM, exit_17);
    ualarm(1000, 0);
    return pause();
}

// What a program does that tidies up and then dies of what it got.
static void die_by_default(int number) {
    signal(number, SIG_DFL);
    raise(number);
}

static int end_handler_then_default(void) {
    signal(SIGTERM, die_by_default);
    raise(SIGTERM);
    return pause();
}

static void back_to_default(int number) {
    sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

static int end_fault_then_default(void) {
    volatile int *volatile nowhere = (volatile int *)(size_t)8;

    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = back_to_default}, NULL);
    *nowhere = 1;
    return 0;
}

// The kernel itself puts the default back: nobody sees it.
static void again(int number) {
    raise(number);
}

static int end_handler_once(void) {
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = again, .sa_flags = (int)SA_RESETHAND},
              NULL);
    raise(SIGTERM);
    return pause();
}

static int end_failed_exec_and_kill(void) {
    execl("/nowhere/x", "x", (char *)NULL);
    return raise(SIGKILL);
}

static int run_a_little(void *unused) {
    (void)unused;
    usleep(20000);
    thrd_exit(0);
}

static int end_thrd_exit(void) {
    thrd_t thread;

    thrd_create(&thread, run_a_little, NULL);
    thrd_detach(thread);
    thrd_exit(0);
}

// Two threads end the program while the first one's record waits for the journal.
static void *exit_after_main(void *unused) {
    usleep(50000);
    _exit(18);
    return unused;
}

static int end_two_at_once(void) {
    pthread_t thread;

    while (access("go", F_OK))
        usleep(1000);
    pthread_create(&thread, NULL, exit_after_main, NULL);
    exit(18);
}

// Each function of the family, that fails and then that works.
#define SHELL "/bin/sh"
#define FAIL(call) printf("%s: %d %s\n", #call, call, strerror(errno))

static void exec_fails(char **argv) {
    int no_program = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    FAIL(execve("/nowhere/x", argv, environ));
    FAIL(execv("/nowhere/x", argv));
    FAIL(execvp("no-such-program", argv));
    FAIL(execvpe("no-such-program", argv, environ));
    FAIL(execl("/nowhere/x", "x", (char *)NULL));
    FAIL(execlp("no-such-program", "x", (char *)NULL));
    FAIL(execle("/nowhere/x", "x", (char *)NULL, environ));
    FAIL(fexecve(no_program, argv, environ));
    FAIL(execveat(AT_FDCWD, "/nowhere/x", argv, environ, 0));
    close(no_program);
}

static void exec_works(int which, char **argv) {
    int shell = open(SHELL, O_RDONLY | O_CLOEXEC);

    switch (which) {
    case 0:
        execve(SHELL, argv, environ);
        break;
    case 1:
        execv(SHELL, argv);
        break;
    case 2:
        execvp("sh", argv);
        break;
    case 3:
        execvpe("sh", argv, environ);
        break;
    case 4:
        execl(SHELL, argv[0], argv[1], argv[2], (char *)NULL);
        break;
    case 5:
        execlp("sh", argv[0], argv[1], argv[2], (char *)NULL);
        break;
    case 6:
        execle(SHELL, argv[0], argv[1], argv[2], (char *)NULL, environ);
        break;
    case 7:
        fexecve(shell, argv, environ);
        break;
    case 8:
        execveat(AT_FDCWD, SHELL, argv, environ, 0);
        break;
    }
}

static int begin_exec_bad_address(void) {
    static char *const *volatile nowhere = (char *const *)8;
    char *argv[] = {"true", NULL};

    FAIL(execve("/bin/true", argv, nowhere));
    FAIL(execvpe("true", argv, nowhere));
    return 20;
}

static int begin_exec_family(void) {
    char command[] = "exit 20", *argv[] = {"sh", "-c", command, NULL};

    exec_fails(argv);
    for (int i = 0; i < 9; i++) {
        command[6] = (char)('0' + i);
        pid_t pid = fork();
        if (!pid) {
            exec_works(i, argv);
            _exit(1);
        }
        wait_for(pid);
    }
    return 20;
}

static void *wait_for_ever(void *unused) {
    for (;;)
        pause();
    return unused;
}

static void *exec_here(void *unused) {
    execl(SHELL, "sh", "-c", "exit 21", (char *)NULL);
    return unused;
}

static int begin_exec_in_thread(void) {
    pthread_t thread;

    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    pthread_create(&thread, NULL, exec_here, NULL);
    return pthread_join(thread, NULL);
}

static int begin__Fork(void) {
    pid_t pid = _Fork();

    if (!pid)
        exit(22);
    return wait_for(pid);
}

static int kill_me(void *unused) {
    (void)unused;
    return (int)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

static char stack[64 << 10] __attribute__((aligned(64)));

// Children that are killed before they have called anything.
static int begin_and_be_killed(void) {
    int terminal;
    pid_t pid = fork();

    if (!pid)
        kill_me(NULL);
    wait_for(pid);
    pid = _Fork();
    if (!pid)
        kill_me(NULL);
    wait_for(pid);
    pid = forkpty(&terminal, NULL, NULL, NULL);
    if (!pid)
        kill_me(NULL);
    wait_for(pid);
    return wait_for(clone(kill_me, stack + sizeof stack, SIGCHLD, NULL));
}

static int return_23(void *pid) {
    return *(pid_t *)pid == (pid_t)syscall(SYS_gettid) ? 23 : 1;
}

static int begin_clone_and_return(void) {
    static pid_t child;
    pid_t parent = 0;
    pid_t pid =
        clone(return_23, stack + sizeof stack, SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
              &child, &parent, NULL, &child);

    printf("told: %d\n", pid == parent);
    return wait_for(pid);
}

// Environments without the library: of a child of vfork, posix_spawn, system and popen.
static int begin_without_environment(void) {
    static char *const one[] = {"A=1", NULL}, *const argv[] = {"env", NULL};
    pid_t pid = vfork();

    if (!pid) {
        execve("/nowhere/x", argv, one);
        execve("/usr/bin/env", argv, one);
        _exit(1);
    }
    wait_for(pid);
    posix_spawn(&pid, "/usr/bin/env", NULL, NULL, argv, one);
    wait_for(pid);
    printf("none: %d\n", posix_spawn(&pid, "/nowhere/x", NULL, NULL, argv, one));
    printf("none: %d\n", execve("/nowhere/x", argv, one));
    clearenv();
    printf("system: %d\n", system("env | grep -c EPMT"));
    FILE *pipe = popen("exit 3", "r");
    printf("popen: %d\n", pipe ? pclose(pipe) : -1);
    return 24;
}

static void burn(long ms) {
    struct timespec now;

    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < ms);
}

static volatile int ready;

static void *burn_and_exit(void *unused) {
    burn(60);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    pthread_exit(unused);
}

static void *burn_and_wait(void *unused) {
    burn(60);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    return wait_for_ever(unused);
}

static int threads_that_work(void) {
    pthread_t joined, detached, alive;

    pthread_create(&joined, NULL, burn_and_exit, NULL);
    pthread_create(&detached, NULL, burn_and_exit, NULL);
    pthread_detach(detached);
    pthread_create(&alive, NULL, burn_and_wait, NULL);
    pthread_join(joined, NULL);
    while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < 3)
        usleep(1000);
    usleep(50000); // the detached one is gone
    return 25;
}

static const struct {
    const char *name;
    int (*run)(void);
} modes[] = {
#define MODE(name) {#name, name},
    // clang-format off
    MODE(end_exit_minus_1) MODE(end_exit_0x1234) MODE(end_errx) MODE(end_error_at_line)
    MODE(end_assert) MODE(end__exit_in_atexit) MODE(end__exit_in_at_quick_exit)
    MODE(end_abort_in_at_quick_exit) MODE(end_exit_in_handler) MODE(end__exit_in_handler)
    MODE(end_handler_then_default) MODE(end_fault_then_default) MODE(end_handler_once)
    MODE(end_failed_exec_and_kill) MODE(end_thrd_exit) MODE(end_two_at_once)
    MODE(begin_exec_family) MODE(begin_exec_bad_address) MODE(begin_exec_in_thread) MODE(begin__Fork)
    MODE(begin_and_be_killed) MODE(begin_clone_and_return) MODE(begin_without_environment)
    MODE(threads_that_work)
    // clang-format on
};

int main(int argc, char **argv) {
    for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(argv[1], modes[i].name)) {
            setvbuf(stdout, NULL, _IOLBF, 0);
            return modes[i].run();
        }
    }
    fprintf(stderr, "usage: ways MODE\n");
    return 2;
}

// SPDX-License-Identifier: Apache-2.0
// Ways through MPI that are hard on a profile.
// usage: profile_ways threads|jump|exit_inside|fork|session|many|spawn|title
#include <mpi.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define MESSAGES 500

static int rank;

// Each thread sends to itself.
static void *talk(void *number) {
    int tag = (int)(long)number, in, out = tag;
    MPI_Request request;

    for (int i = 0; i < MESSAGES; i++) {
        MPI_Irecv(&in, 1, MPI_INT, rank, tag, MPI_COMM_WORLD, &request);
        MPI_Send(&out, 1, MPI_INT, rank, tag, MPI_COMM_WORLD);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    return NULL;
}

static int threads(int *argc, char ***argv) {
    pthread_t thread[THREADS];
    int provided;

    MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (provided != MPI_THREAD_MULTIPLE)
        return 4;
    for (int round = 0; round < 2; round++) {
        for (long i = 0; i < THREADS; i++)
            pthread_create(&thread[i], NULL, talk, (void *)(i + 1));
        for (int i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
    }
    return MPI_Finalize();
}

static jmp_buf back;

static void leave(MPI_Comm *comm, int *code, ...) {
    (void)comm, (void)code;
    longjmp(back, 1);
}

// An error handler jumps out of a call; those after it count.
static int jump(int *argc, char ***argv) {
    volatile int left = 0;
    MPI_Errhandler handler;
    int x = 1;

    MPI_Init(argc, argv);
    MPI_Comm_create_errhandler(leave, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    if (setjmp(back))
        left++;
    if (left < 3)
        MPI_Send(&x, 1, MPI_INT, 1000, 1, MPI_COMM_WORLD);
    for (int i = 0; i < 5; i++)
        MPI_Bcast(&x, 1, MPI_INT, 0, MPI_COMM_SELF);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    return MPI_Finalize();
}

static void end_here(void *in, void *inout, int *len, MPI_Datatype *type) {
    (void)in, (void)inout, (void)len, (void)type;
    exit(5);
}

// A reduction of the program's ends the process.
static int exit_inside(int *argc, char ***argv) {
    int in[2] = {1, 2};
    MPI_Op op;

    MPI_Init(argc, argv);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Op_create(end_here, 1, &op);
    MPI_Reduce_local(in, in + 1, 1, MPI_INT, op);
    return 6;
}

static int forks(int *argc, char ***argv) {
    int status, flag;

    MPI_Init(argc, argv);
    MPI_Barrier(MPI_COMM_WORLD);
    pid_t pid = fork();
    if (pid == 0) {
        MPI_Initialized(&flag);
        _exit(flag ? 7 : 8);
    }
    waitpid(pid, &status, 0);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 9;
}

#if MPI_VERSION >= 4
static int session(void) {
    MPI_Session session;
    MPI_Group group;
    MPI_Comm comm;
    int x = 1, sum, size, me;

    if (MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &session))
        return 10;
    MPI_Group_from_session_pset(session, "mpi://WORLD", &group);
    MPI_Comm_create_from_group(group, "test", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm);
    MPI_Comm_size(comm, &size);
    MPI_Allreduce(&x, &sum, 1, MPI_INT, MPI_SUM, comm);
    MPI_Comm_rank(comm, &me);
    MPI_Sendrecv(&sum, 1, MPI_INT, me, 1, &x, 1, MPI_INT, me, 1, comm, MPI_STATUS_IGNORE);
    MPI_Group_free(&group);
    MPI_Comm_free(&comm);
    MPI_Session_finalize(&session);
    return sum == size ? 0 : 11;
}
#endif

static int spawn(int *argc, char ***argv) {
    MPI_Comm parent, children;
    int x = 1;

    MPI_Init(argc, argv);
    MPI_Comm_get_parent(&parent);
    if (parent == MPI_COMM_NULL) {
        MPI_Comm_spawn((*argv)[0], *argv + 1, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &children,
                       MPI_ERRCODES_IGNORE);
        MPI_Bcast(&x, 1, MPI_INT, MPI_ROOT, children);
        MPI_Comm_disconnect(&children);
    } else {
        MPI_Bcast(&x, 1, MPI_INT, 0, parent);
        MPI_Comm_disconnect(&parent);
    }
    return MPI_Finalize();
}

#define MANY 100000

// More receives under way than are kept account of.
static int many(int *argc, char ***argv) {
    static MPI_Request requests[MANY];
    static int in[MANY];
    int out = 1;

    MPI_Init(argc, argv);
    for (int i = 0; i < MANY; i++)
        MPI_Irecv(&in[i], 1, MPI_INT, 0, 0, MPI_COMM_SELF, &requests[i]);
    for (int i = 0; i < MANY; i++)
        MPI_Send(&out, 1, MPI_INT, 0, 0, MPI_COMM_SELF);
    MPI_Waitall(MANY, requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < MANY; i++) {
        if (in[i] != 1)
            return 3;
    }
    return MPI_Finalize();
}

extern char **environ;

// As setproctitle does: where the environment stood is another text afterwards.
static int title(int *argc, char ***argv) {
    int count = 0;

    MPI_Init(argc, argv);
    while (environ[count])
        count++;
    char **copy = calloc((size_t)count + 1, sizeof *copy);
    for (int i = 0; i < count; i++)
        copy[i] = strdup(environ[i]);
    for (int i = 0; i < count; i++)
        memset(environ[i], 'x', strlen(environ[i]));
    environ = copy;
    return MPI_Finalize();
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";

    if (!strcmp(way, "threads"))
        return threads(&argc, &argv);
    if (!strcmp(way, "jump"))
        return jump(&argc, &argv);
    if (!strcmp(way, "exit_inside"))
        return exit_inside(&argc, &argv);
    if (!strcmp(way, "fork"))
        return forks(&argc, &argv);
#if MPI_VERSION >= 4
    if (!strcmp(way, "session"))
        return session();
#endif
    if (!strcmp(way, "many"))
        return many(&argc, &argv);
    if (!strcmp(way, "spawn"))
        return spawn(&argc, &argv);
    if (!strcmp(way, "title"))
        return title(&argc, &argv);
    return 2;
}

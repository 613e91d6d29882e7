// SPDX-License-Identifier: Apache-2.0
// The least that a profile of MPI does to the calls of the benchmarks: two looks at the clock, and
// the sum. A preload, compiled for each MPI.
#include <mpi.h>
#include <time.h>

static _Thread_local volatile long long sum, calls;

static long long now_ns(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define NULL_WRAPPER(name, params, args)  \
    int MPI_##name params;                \
    int MPI_##name params {               \
        long long start = now_ns();       \
        int result = PMPI_##name args;    \
        sum += now_ns() - start, calls++; \
        return result;                    \
    }

NULL_WRAPPER(Iprobe, (int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status),
             (source, tag, comm, flag, status))
NULL_WRAPPER(Sendrecv,
             (const void *out, int out_count, MPI_Datatype out_type, int to, int out_tag, void *in,
              int in_count, MPI_Datatype in_type, int from, int in_tag, MPI_Comm comm,
              MPI_Status *status),
             (out, out_count, out_type, to, out_tag, in, in_count, in_type, from, in_tag, comm,
              status))
NULL_WRAPPER(Allreduce,
             (const void *out, void *in, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
             (out, in, count, type, op, comm))
NULL_WRAPPER(Send, (const void *out, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm),
             (out, count, type, to, tag, comm))
NULL_WRAPPER(Recv,
             (void *in, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
              MPI_Status *status),
             (in, count, type, from, tag, comm, status))
NULL_WRAPPER(Isend,
             (const void *out, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request *request),
             (out, count, type, to, tag, comm, request))
NULL_WRAPPER(Irecv,
             (void *in, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
              MPI_Request *request),
             (in, count, type, from, tag, comm, request))
NULL_WRAPPER(Wait, (MPI_Request * request, MPI_Status *status), (request, status))
NULL_WRAPPER(Waitall, (int count, MPI_Request *requests, MPI_Status *statuses),
             (count, requests, statuses))
NULL_WRAPPER(Type_size, (MPI_Datatype type, int *size), (type, size))

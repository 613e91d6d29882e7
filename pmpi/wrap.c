// SPDX-License-Identifier: Apache-2.0
// The MPI entry points, made from the table. Both MPI_X and PMPI_X are ours, since Fortran reaches
// the one or the other; the outermost of nested calls counts. Each calls the next definition of its
// own name, so that another tool between us and MPI stays in the chain. Arguments and result pass
// through as register-sized slots, which is right on the 64-bit Linux ABIs for every MPI.
#include "pmpi/counts.h"
#include "pmpi/extras.h"
#include "pmpi/life.h"

#include "common/poison.h"

// Apart from what every process runs: each stretch of 64 KiB that is touched is mapped.
#define APART section(".text.unlikely.epmt_mpi")
#define EXPORT __attribute__((visibility("default"), APART))

#define PARAMS_1 long a0
#define PARAMS_2 PARAMS_1, long a1
#define PARAMS_3 PARAMS_2, long a2
#define PARAMS_4 PARAMS_3, long a3
#define PARAMS_5 PARAMS_4, long a4
#define PARAMS_6 PARAMS_5, long a5
#define PARAMS_7 PARAMS_6, long a6
#define PARAMS_8 PARAMS_7, long a7
#define PARAMS_9 PARAMS_8, long a8
#define PARAMS_10 PARAMS_9, long a9
#define PARAMS_11 PARAMS_10, long a10
#define PARAMS_12 PARAMS_11, long a11
#define PARAMS_13 PARAMS_12, long a12

#define ARGS_1 a0
#define ARGS_2 ARGS_1, a1
#define ARGS_3 ARGS_2, a2
#define ARGS_4 ARGS_3, a3
#define ARGS_5 ARGS_4, a4
#define ARGS_6 ARGS_5, a5
#define ARGS_7 ARGS_6, a6
#define ARGS_8 ARGS_7, a7
#define ARGS_9 ARGS_8, a8
#define ARGS_10 ARGS_9, a9
#define ARGS_11 ARGS_10, a10
#define ARGS_12 ARGS_11, a11
#define ARGS_13 ARGS_12, a12

// Keep the arguments in the slots of a call.
#define KEEP_1 call.slots[0] = a0
#define KEEP_2 KEEP_1, call.slots[1] = a1
#define KEEP_3 KEEP_2, call.slots[2] = a2
#define KEEP_4 KEEP_3, call.slots[3] = a3
#define KEEP_5 KEEP_4, call.slots[4] = a4
#define KEEP_6 KEEP_5, call.slots[5] = a5
#define KEEP_7 KEEP_6, call.slots[6] = a6
#define KEEP_8 KEEP_7, call.slots[7] = a7
#define KEEP_9 KEEP_8, call.slots[8] = a8
#define KEEP_10 KEEP_9, call.slots[9] = a9
#define KEEP_11 KEEP_10, call.slots[10] = a10
#define KEEP_12 KEEP_11, call.slots[11] = a11
#define KEEP_13 KEEP_12, call.slots[12] = a12

// The slots as arguments: a prepared call may pass others on than it got.
#define SLOTS_1 call.slots[0]
#define SLOTS_2 SLOTS_1, call.slots[1]
#define SLOTS_3 SLOTS_2, call.slots[2]
#define SLOTS_4 SLOTS_3, call.slots[3]
#define SLOTS_5 SLOTS_4, call.slots[4]
#define SLOTS_6 SLOTS_5, call.slots[5]
#define SLOTS_7 SLOTS_6, call.slots[6]
#define SLOTS_8 SLOTS_7, call.slots[7]
#define SLOTS_9 SLOTS_8, call.slots[8]
#define SLOTS_10 SLOTS_9, call.slots[9]
#define SLOTS_11 SLOTS_10, call.slots[10]
#define SLOTS_12 SLOTS_11, call.slots[11]
#define SLOTS_13 SLOTS_12, call.slots[12]

#define IS(kind, way) ((int)EPMT_MPI_KIND_##kind == (int)EPMT_MPI_##way)

// A function's wrapper in two parts: the symbol itself goes straight on where nothing is profiled;
// the rest needs a frame. Arguments are passed on from the slots: to keep them in registers too
// would cost more. Conditions on the kind vanish: the compiler knows it.
#define WRAP_PROFILED(prefix, index, name, count, kind)                                    \
    static __attribute__((noinline, APART)) long profiled_##prefix##name(PARAMS_##count) { \
        long (*real)(PARAMS_##count) = (long (*)(PARAMS_##count))epmt_mpi_get(index);      \
        struct epmt_mpi_call call;                                                         \
        KEEP_##count;                                                                      \
        if (IS(kind, FREES))                                                               \
            epmt_mpi_handle_freed(EPMT_MPI_##name);                                        \
        if (epmt_mpi_clock == EPMT_MPI_OFF || !epmt_mpi_begin(&call, EPMT_MPI_##name))     \
            return real(SLOTS_##count);                                                    \
        if (!IS(kind, BARE))                                                               \
            call.slots[EPMT_MPI_ABSENT] = 1;                                               \
        if (IS(kind, PREPARED))                                                            \
            epmt_mpi_before_##kind(&call, EPMT_MPI_##name);                                \
        long result = real(SLOTS_##count);                                                 \
        epmt_mpi_after_##kind(&call, EPMT_MPI_##name, result);                             \
        return result;                                                                     \
    }

#define WRAP(prefix, index, name, count, kind)                 \
    WRAP_PROFILED(prefix, index, name, count, kind)            \
    EXPORT long prefix##name(PARAMS_##count);                  \
    EXPORT long prefix##name(PARAMS_##count) {                 \
        epmt_mpi_function *real = epmt_mpi_real[index];        \
        if (epmt_mpi_clock != EPMT_MPI_OFF || !real)           \
            return profiled_##prefix##name(ARGS_##count);      \
        return ((long (*)(PARAMS_##count))real)(ARGS_##count); \
    }

#define WRAP_BOTH(name, count, class, kind, roles)             \
    WRAP(MPI_, (size_t)2 * EPMT_MPI_##name, name, count, kind) \
    WRAP(PMPI_, (size_t)2 * EPMT_MPI_##name + 1, name, count, kind)

EPMT_MPI_PROFILED(WRAP_BOTH)

// The direct functions (functions.h): of twelve arguments, to be kept and passed on as slots costs
// more than all the rest. The ordinary case has a wrapper that looks at those it needs alone;
// whatever is not ordinary goes the way of the others.
WRAP_PROFILED(MPI_, (size_t)2 * EPMT_MPI_Sendrecv, Sendrecv, 12, SENDRECV)
WRAP_PROFILED(PMPI_, (size_t)2 * EPMT_MPI_Sendrecv + 1, Sendrecv, 12, SENDRECV)

static inline bool is_ordinary(const struct epmt_mpi_thread *thread) {
    return thread && !thread->outer && !epmt_mpi_extras && epmt_mpi_abi_known;
}

#define DIRECT_SENDRECV(prefix, index)                                                           \
    static __attribute__((noinline, APART)) long direct_##prefix##Sendrecv(PARAMS_12) {          \
        long (*real)(PARAMS_12) = (long (*)(PARAMS_12))epmt_mpi_real[index];                     \
        struct epmt_mpi_thread *thread = epmt_tls.mpi;                                           \
        uint64_t status[8];                                                                      \
        if (__builtin_expect(!is_ordinary(thread), 0))                                           \
            return profiled_##prefix##Sendrecv(ARGS_12);                                         \
        if ((uint64_t)a11 == epmt_mpi_abi.status_ignore)                                         \
            a11 = (long)status;                                                                  \
        epmt_mpi_begin_ordinary(thread, status, EPMT_MPI_Sendrecv);                              \
        long result = real(ARGS_12);                                                             \
        struct epmt_mpi_sum *sum = &thread->sums[EPMT_MPI_Sendrecv];                             \
        epmt_mpi_count(sum, epmt_mpi_counter() - thread->start);                                 \
        if (!(int)result) {                                                                      \
            if ((int)a3 != epmt_mpi_abi.proc_null && (int)a1)                                    \
                sum->out += (uint64_t)(int)a1 * epmt_mpi_type_size(thread, epmt_mpi_handle(a2)); \
            sum->in += epmt_mpi_status_bytes((const void *)a11);                                 \
        }                                                                                        \
        epmt_mpi_leave(thread);                                                                  \
        return result;                                                                           \
    }                                                                                            \
    EXPORT long prefix##Sendrecv(ENTRY_PARAMS);                                                  \
    EXPORT long prefix##Sendrecv(ENTRY_PARAMS) {                                                 \
        epmt_mpi_function *to = epmt_mpi_real[index];                                            \
        if (!to || epmt_mpi_clock == EPMT_MPI_CLOCK)                                             \
            to = (epmt_mpi_function *)profiled_##prefix##Sendrecv;                               \
        else if (epmt_mpi_clock == EPMT_MPI_TSC)                                                 \
            to = (epmt_mpi_function *)direct_##prefix##Sendrecv;                                 \
        __asm__("" : "+r"(to)); /* the compiler is not to see whose arguments they are */        \
        return ((long (*)(ENTRY_PARAMS))to)(ENTRY_ARGS);                                         \
    }

// The symbol goes straight on, by a jump: arguments on the stack stay where they are, and it need
// not know of them.
#if defined __x86_64__ && defined __OPTIMIZE__
#define ENTRY_PARAMS PARAMS_6
#define ENTRY_ARGS ARGS_6
#else
#define ENTRY_PARAMS PARAMS_12
#define ENTRY_ARGS ARGS_12
#endif

DIRECT_SENDRECV(MPI_, (size_t)2 * EPMT_MPI_Sendrecv)
DIRECT_SENDRECV(PMPI_, (size_t)2 * EPMT_MPI_Sendrecv + 1)

// Those of the beginning and the end (life.c).
#define LIFE(prefix, offset)                                                                   \
    EXPORT int prefix##_Init(int *argc, char ***argv);                                         \
    EXPORT int prefix##_Init(int *argc, char ***argv) {                                        \
        return epmt_mpi_init(2 * EPMT_MPI_Init + (offset), argc, argv);                        \
    }                                                                                          \
    EXPORT int prefix##_Init_thread(int *argc, char ***argv, int required, int *provided);     \
    EXPORT int prefix##_Init_thread(int *argc, char ***argv, int required, int *provided) {    \
        return epmt_mpi_init_thread(2 * EPMT_MPI_Init_thread + (offset), argc, argv, required, \
                                    provided);                                                 \
    }                                                                                          \
    EXPORT int prefix##_Session_init(long info, long handler, void *session);                  \
    EXPORT int prefix##_Session_init(long info, long handler, void *session) {                 \
        return epmt_mpi_session_init(2 * EPMT_MPI_Session_init + (offset), info, handler,      \
                                     session);                                                 \
    }                                                                                          \
    EXPORT int prefix##_Finalize(void);                                                        \
    EXPORT int prefix##_Finalize(void) {                                                       \
        return epmt_mpi_finalize(2 * EPMT_MPI_Finalize + (offset));                            \
    }                                                                                          \
    EXPORT int prefix##_Abort(long comm, int code);                                            \
    EXPORT int prefix##_Abort(long comm, int code) {                                           \
        return epmt_mpi_abort(2 * EPMT_MPI_Abort + (offset), comm, code);                      \
    }

LIFE(MPI, 0)
LIFE(PMPI, 1)

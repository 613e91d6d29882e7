// SPDX-License-Identifier: Apache-2.0
// Bytes of calls: the roles of a function's arguments, what a call moves, and requests that are
// under way.
#ifndef EPMT_PMPI_COUNTS_H
#define EPMT_PMPI_COUNTS_H

#include "pmpi/profile.h"
#include "pmpi/request_table.h"

// Slots of the arguments; EPMT_MPI_ABSENT where the function has none.
struct epmt_mpi_roles {
    uint8_t send_buffer, send_count, send_counts, send_type, send_types;
    uint8_t receive_buffer, receive_count, receive_counts, receive_type, receive_types;
    uint8_t peer, source, root, comm, op, partitions, request, status;
    bool wide;          // counts are MPI_Count
    bool persistent;    // the request made is
    uint8_t unused[12]; // a power of two is found without a multiplication
};
_Static_assert(sizeof(struct epmt_mpi_roles) == 32, "roles");

// Filled in when the function is found.
extern __attribute__((
    visibility("hidden"))) struct epmt_mpi_roles epmt_mpi_roles[EPMT_MPI_FUNCTION_COUNT];
void epmt_mpi_roles_parse(struct epmt_mpi_roles *roles, const char *letters);

static inline unsigned epmt_mpi_place(uint64_t handle, unsigned places) {
    return (unsigned)(handle * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (places - 1);
}

// Asks MPI for the bytes of one element.
uint64_t epmt_mpi_type_ask(struct epmt_mpi_known_type *known, uint64_t datatype);

// Bytes of one element, as MPI says; remembered per thread.
static inline uint64_t epmt_mpi_type_size(struct epmt_mpi_thread *thread, uint64_t datatype) {
    struct epmt_mpi_known_type *known =
        &thread->types[epmt_mpi_place(datatype, EPMT_MPI_KNOWN_TYPES)];
    unsigned generation = atomic_load_explicit(&epmt_mpi_types_freed, memory_order_relaxed);

    if (__builtin_expect(known->handle == datatype && known->generation == generation, 1))
        return known->size;
    return epmt_mpi_type_ask(known, datatype);
}

// The communicator in a slot, or NULL where MPI does not say.
const struct epmt_mpi_comm *epmt_mpi_comm(struct epmt_mpi_thread *thread, uint64_t comm);

static inline uint64_t epmt_mpi_handle(long slot) {
    return (uint64_t)slot & epmt_mpi_abi.handle_mask;
}

// A handle in the program's memory.
static inline uint64_t epmt_mpi_handle_at(const void *handles, size_t index) {
    if (epmt_mpi_abi.handle_size == 8)
        return ((const uint64_t *)handles)[index];
    return ((const uint32_t *)handles)[index];
}

// Whether MPI_Waitall is left without the statuses that the program does not want: then what was
// posted counts as received.
static inline bool epmt_mpi_counts_posted(void) {
    return epmt_mpi_abi.unwanted == EPMT_MPI_NOT_ASKED ||
           (epmt_mpi_abi.unwanted == EPMT_MPI_ASKED_WHERE_FATAL && epmt_mpi_errors_return);
}

static inline uint64_t epmt_mpi_status_bytes(const void *status) {
    uint64_t count;

    if (__builtin_expect(epmt_mpi_abi.count_at < 0, 0))
        return epmt_mpi_abi.status_bytes(status);
    __builtin_memcpy(&count, (const char *)status + epmt_mpi_abi.count_at, sizeof count);
    return (uint32_t)count | count >> epmt_mpi_abi.count_shift << 32;
}

static inline bool epmt_mpi_status_is_cancelled(const void *status) {
    uint32_t flags;

    if (__builtin_expect(epmt_mpi_abi.count_at < 0, 0))
        return epmt_mpi_abi.is_cancelled(status);
    __builtin_memcpy(&flags, (const char *)status + epmt_mpi_abi.cancelled_at, sizeof flags);
    return flags & epmt_mpi_abi.cancelled_mask;
}

// How a kind of function is wrapped: BARE, nobody looks at the arguments; PLAIN, they go on as they
// are; PREPARED, `before` may
// change them; FREES, a handle goes, and another object may get the same one.
#define EPMT_MPI_KINDS(X)        \
    X(NONE, BARE)                \
    X(SEND, PLAIN)               \
    X(RECV, PREPARED)            \
    X(SENDRECV, PREPARED)        \
    X(PSEND, PLAIN)              \
    X(PRECV, PLAIN)              \
    X(BCAST, PLAIN)              \
    X(REDUCE, PLAIN)             \
    X(ALLREDUCE, PLAIN)          \
    X(EXSCAN, PLAIN)             \
    X(GATHER, PLAIN)             \
    X(SCATTER, PLAIN)            \
    X(ALLGATHER, PLAIN)          \
    X(ALLTOALL, PLAIN)           \
    X(REDUCE_SCATTER, PLAIN)     \
    X(NEIGHBOR_ALLGATHER, PLAIN) \
    X(NEIGHBOR_ALLTOALL, PLAIN)  \
    X(PUT, PLAIN)                \
    X(GET, PLAIN)                \
    X(FETCH, PLAIN)              \
    X(WAIT, PREPARED)            \
    X(WAITALL, PREPARED)         \
    X(WAITANY, PREPARED)         \
    X(WAITSOME, PREPARED)        \
    X(TEST, PREPARED)            \
    X(TESTALL, PREPARED)         \
    X(TESTANY, PREPARED)         \
    X(TESTSOME, PREPARED)        \
    X(START, PLAIN)              \
    X(STARTALL, PLAIN)           \
    X(REQUEST_FREE, PREPARED)    \
    X(ERRHANDLER, PREPARED)      \
    X(HANDLE_FREE, FREES)

enum epmt_mpi_way { EPMT_MPI_BARE, EPMT_MPI_PLAIN, EPMT_MPI_PREPARED, EPMT_MPI_FREES };

// before: nothing of the call has been done. after: ends what epmt_mpi_begin has begun.
#define EPMT_MPI_KIND_DECLARE(kind, way)                                                          \
    void epmt_mpi_before_##kind(struct epmt_mpi_call *call, unsigned function);                   \
    void epmt_mpi_after_##kind(const struct epmt_mpi_call *call, unsigned function, long result); \
    enum { EPMT_MPI_KIND_##kind = EPMT_MPI_##way };
EPMT_MPI_KINDS(EPMT_MPI_KIND_DECLARE)
#undef EPMT_MPI_KIND_DECLARE

static inline void epmt_mpi_handle_freed(unsigned function) {
    if (function == EPMT_MPI_Type_free)
        epmt_mpi_types_freed++;
    else
        epmt_mpi_comms_freed++;
}

#endif

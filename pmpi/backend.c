// SPDX-License-Identifier: Apache-2.0
// The back end for the MPI whose mpi.h it is compiled with. Only types and constants come from
// there: a plain reference to an MPI symbol would not resolve under a host that loaded its MPI
// RTLD_LOCAL, so functions and objects are found at run time.
#include "pmpi/backend.h"

#include <mpi.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "common/poison.h"

// The MPI functions used here; only PMPI_X, so that no tool counts them. X(name)
#define USED(X)              \
    X(Comm_rank)             \
    X(Comm_size)             \
    X(Comm_create)           \
    X(Comm_create_group)     \
    X(Iallreduce)            \
    X(Comm_get_errhandler)   \
    X(Comm_set_errhandler)   \
    X(Isend)                 \
    X(Irecv)                 \
    X(Test)                  \
    X(Cancel)                \
    X(Request_free)          \
    X(Get_count)             \
    X(Get_library_version)   \
    X(Get_processor_name)    \
    X(Get_version)           \
    X(Query_thread)          \
    X(Type_size_x)           \
    X(Comm_test_inter)       \
    X(Comm_remote_size)      \
    X(Comm_get_parent)       \
    X(Comm_group)            \
    X(Comm_remote_group)     \
    X(Group_translate_ranks) \
    X(Group_free)            \
    X(Topo_test)             \
    X(Cartdim_get)           \
    X(Graph_neighbors_count) \
    X(Dist_graph_neighbors_count)

// A nonblocking duplicate of the world where nobody sees it made.
#if defined OPEN_MPI || defined EPMT_MPI_STANDARD_ABI
#define USED_TO_DUPLICATE(X)
#else
#define MAY_DUPLICATE
#define USED_TO_DUPLICATE(X) X(Comm_idup)
#endif

#ifdef EPMT_MPI_STANDARD_ABI // it does not say what a status holds
#define USED_OF_STATUS(X) \
    X(Get_count_c)        \
    X(Test_cancelled)
#else
#define USED_OF_STATUS(X)
#endif

static struct {
#define FIELD(name) __typeof__(&PMPI_##name) name;
    USED(FIELD)
    USED_OF_STATUS(FIELD)
    USED_TO_DUPLICATE(FIELD)
#undef FIELD
    MPI_Comm world, no_comm; // what is none is not asked about: an error handler would be called
    MPI_Datatype byte, no_type;
    MPI_Errhandler errors_return;
    MPI_Request no_request;
    MPI_Op band, no_op;
    MPI_Group world_group;
} mpi;

static MPI_Comm communicator;
static MPI_Request all_here; // what all ranks say
static struct words {
    char text[15];
    char no_attributes; // 1 or 0
    uint64_t digits;    // see digits_of
} said, heard;
static MPI_Errhandler world_handler; // the program's
static int world_handler_kept;

static int find_functions(void *(*function)(const char *)) {
    void *found;
#define FIND(name)                   \
    found = function("PMPI_" #name); \
    if (!found)                      \
        return -1;                   \
    memcpy(&mpi.name, &found, sizeof found);
    USED(FIND)
    USED_OF_STATUS(FIND)
    USED_TO_DUPLICATE(FIND)
#undef FIND
    return 0;
}

static int find_objects(void *(*object)(const char *)) {
#ifdef OPEN_MPI // handles are addresses of objects
    mpi.world = (MPI_Comm)object("ompi_mpi_comm_world");
    mpi.no_comm = (MPI_Comm)object("ompi_mpi_comm_null");
    mpi.no_request = (MPI_Request)object("ompi_request_null");
    mpi.no_op = (MPI_Op)object("ompi_mpi_op_no_op");
    mpi.byte = (MPI_Datatype)object("ompi_mpi_byte");
    mpi.no_type = (MPI_Datatype)object("ompi_mpi_datatype_null");
    mpi.band = (MPI_Op)object("ompi_mpi_op_band");
    mpi.errors_return = (MPI_Errhandler)object("ompi_mpi_errors_return");
    return mpi.world && mpi.no_comm && mpi.no_request && mpi.no_op && mpi.byte && mpi.band &&
                   mpi.errors_return
               ? 0
               : -1;
#else // constants
    (void)object;
    mpi.world = MPI_COMM_WORLD;
    mpi.no_comm = MPI_COMM_NULL;
    mpi.no_request = MPI_REQUEST_NULL;
    mpi.no_op = MPI_NO_OP;
    mpi.byte = MPI_BYTE;
    mpi.no_type = MPI_DATATYPE_NULL;
    mpi.band = MPI_BAND;
    mpi.errors_return = MPI_ERRORS_RETURN;
    return 0;
#endif
}

// A handle as it stands in a slot, and back. The upper half of a slot is not the handle's.
#define TO_SLOT(handle) \
    (sizeof(handle) == 8 ? (uint64_t)(handle) : (uint64_t)(uint32_t)(uintptr_t)(handle))

static uint64_t type_size(uint64_t slot) {
    MPI_Datatype type;
    MPI_Count size;

    memcpy(&type, &slot, sizeof type); // little-endian where a handle is shorter than a slot
    return type != mpi.no_type && !mpi.Type_size_x(type, &size) && size > 0 ? (uint64_t)size : 0;
}

static void degrees(MPI_Comm comm, struct epmt_mpi_comm *info) {
    int kind, weighted;

    info->indegree = info->outdegree = 0;
    if (info->inter || mpi.Topo_test(comm, &kind))
        return;
    if (kind == MPI_CART && !mpi.Cartdim_get(comm, &info->indegree))
        info->outdegree = info->indegree *= 2;
    else if (kind == MPI_GRAPH && !mpi.Graph_neighbors_count(comm, info->rank, &info->indegree))
        info->outdegree = info->indegree;
    else if (kind == MPI_DIST_GRAPH &&
             mpi.Dist_graph_neighbors_count(comm, &info->indegree, &info->outdegree, &weighted))
        info->indegree = info->outdegree = 0;
}

static int comm_info(uint64_t slot, struct epmt_mpi_comm *info) {
    MPI_Comm comm;
    int inter;

    memcpy(&comm, &slot, sizeof comm);
    if (comm == mpi.no_comm || mpi.Comm_rank(comm, &info->rank) ||
        mpi.Comm_size(comm, &info->size) || mpi.Comm_test_inter(comm, &inter))
        return -1;
    info->inter = inter;
    info->peers = info->size;
    if (inter && mpi.Comm_remote_size(comm, &info->peers))
        return -1;
    degrees(comm, info);
    return 0;
}

#ifdef EPMT_MPI_STANDARD_ABI
static uint64_t status_bytes(const void *status) {
    MPI_Count count;

    return !mpi.Get_count_c(status, mpi.byte, &count) && count > 0 ? (uint64_t)count : 0;
}

static bool is_cancelled(const void *status) {
    int flag;

    return !mpi.Test_cancelled(status, &flag) && flag;
}
#define STATUS .count_at = -1, .status_bytes = status_bytes, .is_cancelled = is_cancelled
#elif defined OPEN_MPI
#define STATUS                                                    \
    .count_at = offsetof(MPI_Status, _ucount), .count_shift = 32, \
    .cancelled_at = offsetof(MPI_Status, _cancelled), .cancelled_mask = ~UINT32_C(0)
#else
#define STATUS                                                     \
    .count_at = offsetof(MPI_Status, count_lo), .count_shift = 33, \
    .cancelled_at = offsetof(MPI_Status, count_hi_and_cancelled), .cancelled_mask = 1
_Static_assert(offsetof(MPI_Status, count_hi_and_cancelled) == offsetof(MPI_Status, count_lo) + 4,
               "one number");
#endif

static int world_rank(uint64_t slot, int rank) {
    MPI_Comm comm;
    MPI_Group group;
    int inter, translated = -1;

    memcpy(&comm, &slot, sizeof comm);
    if (!mpi.world_group || comm == mpi.no_comm || mpi.Comm_test_inter(comm, &inter) ||
        (inter ? mpi.Comm_remote_group : mpi.Comm_group)(comm, &group))
        return -1;
    if (mpi.Group_translate_ranks(group, 1, &rank, mpi.world_group, &translated) ||
        translated == MPI_UNDEFINED)
        translated = -1;
    mpi.Group_free(&group);
    return translated;
}

static void tell_abi(struct epmt_mpi_abi *abi) {
    *abi = (struct epmt_mpi_abi){
        .handle_mask = TO_SLOT((MPI_Comm)(intptr_t)-1),
        .handle_size = sizeof(MPI_Request),
        .status_size = sizeof(MPI_Status),
        .proc_null = MPI_PROC_NULL,
        .root = MPI_ROOT,
        .undefined = MPI_UNDEFINED,
        .in_place = (uint64_t)MPI_IN_PLACE,
        .status_ignore = (uint64_t)MPI_STATUS_IGNORE,
        .statuses_ignore = (uint64_t)MPI_STATUSES_IGNORE,
        .request_null = TO_SLOT(mpi.no_request),
        .no_op = TO_SLOT(mpi.no_op),
        .world = TO_SLOT(mpi.world),
        .type_size = type_size,
        .comm = comm_info,
        STATUS,
        .world_rank = world_rank,
    };
}

static void first_line(char *to, size_t cap, const char *from) {
    size_t len = strcspn(from, "\n\r");

    if (len >= cap)
        len = cap - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

static int level_number(int level) {
    return level == MPI_THREAD_SINGLE       ? 0
           : level == MPI_THREAD_FUNNELED   ? 1
           : level == MPI_THREAD_SERIALIZED ? 2
           : level == MPI_THREAD_MULTIPLE   ? 3
                                            : -1;
}

static int look_at_world(struct epmt_mpi_world *world) {
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int len, level, version, subversion;
    MPI_Comm parent;

    if (mpi.Comm_rank(mpi.world, &world->rank) || mpi.Comm_size(mpi.world, &world->size) ||
        mpi.Comm_group(mpi.world, &mpi.world_group))
        return -1;
    world->library[0] = world->processor[0] = world->standard[0] = '\0';
    if (!mpi.Get_library_version(text, &len))
        first_line(world->library, sizeof world->library, text);
    if (!mpi.Get_processor_name(text, &len))
        first_line(world->processor, sizeof world->processor, text);
    if (!mpi.Get_version(&version, &subversion) && version < 10 && subversion < 10)
        memcpy(world->standard, (char[]){(char)('0' + version), '.', (char)('0' + subversion), 0},
               4);
    world->thread_level = mpi.Query_thread(&level) ? -1 : level_number(level);
    world->thread_asked = level_number(world->thread_asked);
    world->spawned = !mpi.Comm_get_parent(&parent) && parent != mpi.no_comm;
    return 0;
}

static int attach(void *(*function)(const char *), void *(*object)(const char *),
                  struct epmt_mpi_world *world, struct epmt_mpi_abi *abi) {
    if (find_functions(function) || find_objects(object) || (world && look_at_world(world)))
        return -1;
    tell_abi(abi);
    if (world)
        epmt_mpi_backend_tools(function);
    return 0;
}

// MPICH's way to a communicator takes 140 KiB of stack, and crashes where no memory is left for it
// to grow.
static int has_memory(void) {
#ifdef OPEN_MPI
    return 1;
#else
    void *probe = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return probe != MAP_FAILED && !munmap(probe, 1 << 20);
#endif
}

// How the ranks come to a communicator of their own.
//
// MPI_Comm_create copies no attributes, so that no function of the program runs. It blocks, so all
// ranks must be known to take part: first all say that they have come, then that they know of all,
// so that none has left meanwhile.
//
// What all ranks say is combined bit by bit. Where the program has left a collective of its own
// unmatched, ours meet it, or each other one step off: then it is not what was said that is heard,
// and no rank goes on to where it would wait for the others without end.
//
// MPICH burns the CPU as it blocks, a time slice for each exchange where ranks share a core. Where
// no rank's program ever made a kind of attribute, a duplicate, which does not block, copies none
// either.
// For each binary digit of a rank's number one of two bits, so that nobody says what is to be
// heard, nor do the ranks of one half.
static uint64_t digits_of(int rank) {
    uint64_t bits = 0;

    for (unsigned i = 0; i < 31; i++)
        bits |= UINT64_C(1) << (2 * i + ((unsigned)rank >> i & 1));
    return bits;
}

static uint64_t digits_of_all(int size) {
    uint64_t bits = 0;

    for (unsigned i = 0; i < 31; i++)
        bits |= (uint64_t)(1u << i >= (unsigned)size) << 2 * i;
    return bits;
}

static int say(const char text[15], bool has_attributes) {
    int rank;

    if (mpi.Comm_rank(mpi.world, &rank))
        return -1;
    said.digits = digits_of(rank);
    memcpy(said.text, text, sizeof said.text);
    said.no_attributes = !has_attributes;
    memset(&heard, 0, sizeof heard);
    return mpi.Iallreduce(&said, &heard, sizeof said, mpi.byte, mpi.band, mpi.world, &all_here);
}

static int was_heard(void) {
    int size;

    return !memcmp(said.text, heard.text, sizeof said.text) && !mpi.Comm_size(mpi.world, &size) &&
           heard.digits == digits_of_all(size);
}

static int communicator_start(bool has_attributes) {
    if (!has_memory() || mpi.Comm_get_errhandler(mpi.world, &world_handler) ||
        mpi.Comm_set_errhandler(mpi.world, mpi.errors_return))
        return -1;
    world_handler_kept = 1;
    return say("epmt: all here?", has_attributes) ? -1 : 0;
}

// Waits for the second step, in which only a rank is missing whose patience ended just when the
// last one came. Its limit is a number of looks, not a time: where the whole job is stopped for a
// while, no rank may find on waking that it has waited for too long.
static int wait_for_all_to_know(void) {
    struct timespec nap = {0, 0};
    MPI_Status status;
    int done = 0;

    for (unsigned looks = 0; looks < 60000; looks++) {
        if (mpi.Test(&all_here, &done, &status))
            return -1;
        if (done)
            return 0;
        nap.tv_nsec = looks < 100 ? (long)looks * 10000 : 1000000;
        if (looks < 4)
            sched_yield();
        else
            clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
    }
    return -1;
}

// Of those that block the one with fewer exchanges.
static int create(void) {
#ifdef OPEN_MPI
    return mpi.Comm_create(mpi.world, mpi.world_group, &communicator);
#else
    return mpi.Comm_create_group(mpi.world, mpi.world_group, 1, &communicator);
#endif
}

static int duplicate_or_create(void) {
#ifdef MAY_DUPLICATE
    if (heard.no_attributes)
        return mpi.Comm_idup(mpi.world, &communicator, &all_here) ? -1 : wait_for_all_to_know();
#endif
    if (say("epmt: all know!", true) || wait_for_all_to_know() || !was_heard())
        return -1;
    return create();
}

static int communicator_test(void) {
    MPI_Status status;
    int done = 0;

    if (mpi.Test(&all_here, &done, &status))
        return -1;
    if (!done)
        return 0;
    if (!was_heard() || duplicate_or_create() ||
        mpi.Comm_set_errhandler(communicator, mpi.errors_return))
        return -1;
    return 1;
}

static void communicator_end(void) {
    if (world_handler_kept)
        mpi.Comm_set_errhandler(mpi.world, world_handler);
    world_handler_kept = 0;
}

static void put_request(struct epmt_request *request, MPI_Request handle) {
    _Static_assert(sizeof handle <= sizeof request->opaque, "an MPI request fits");
    memcpy(request->opaque, &handle, sizeof handle);
    request->active = true;
}

static int transport_send(struct epmt_transport *transport, int peer, enum epmt_tag tag,
                          const void *data, size_t len, struct epmt_request *request) {
    MPI_Request handle;

    (void)transport;
    if (mpi.Isend(data, (int)len, mpi.byte, peer, (int)tag, communicator, &handle))
        return -1;
    put_request(request, handle);
    return 0;
}

static int transport_receive(struct epmt_transport *transport, int peer, enum epmt_tag tag,
                             void *data, size_t cap, struct epmt_request *request) {
    MPI_Request handle;

    (void)transport;
    if (mpi.Irecv(data, (int)cap, mpi.byte, peer, (int)tag, communicator, &handle))
        return -1;
    put_request(request, handle);
    return 0;
}

static int transport_test(struct epmt_transport *transport, struct epmt_request *request) {
    MPI_Request handle;
    MPI_Status status;
    int done = 0, len = 0;

    (void)transport;
    memcpy(&handle, request->opaque, sizeof handle);
    int failed = mpi.Test(&handle, &done, &status);
    memcpy(request->opaque, &handle, sizeof handle);
    if (failed || done)
        request->active = false;
    if (failed)
        return -1;
    if (done && !mpi.Get_count(&status, mpi.byte, &len) && len > 0)
        request->len = (size_t)len;
    return done;
}

static void transport_cancel(struct epmt_transport *transport, struct epmt_request *request) {
    MPI_Request handle;

    (void)transport;
    memcpy(&handle, request->opaque, sizeof handle);
    mpi.Cancel(&handle);
    mpi.Request_free(&handle);
    request->active = false;
}

static void transport(struct epmt_transport *t) {
    t->send = transport_send;
    t->receive = transport_receive;
    t->test = transport_test;
    t->cancel = transport_cancel;
}

#ifdef EPMT_MPI_STANDARD_ABI
// How long the interface for tools may stay open is not the same in all libraries
// (backend_tvars.c), and this ABI does not say which one it is: it is left alone.
void epmt_mpi_backend_tools(void *(*function)(const char *)) {
    (void)function;
}

void epmt_mpi_backend_variables(void *(*function)(const char *),
                                const struct epmt_mpi_variable_sink *sink) {
    (void)function, (void)sink;
}
#endif

extern const struct epmt_mpi_backend epmt_mpi_backend;
__attribute__((visibility("default"))) const struct epmt_mpi_backend epmt_mpi_backend = {
    .version = EPMT_MPI_BACKEND_VERSION,
    .attach = attach,
    .communicator_start = communicator_start,
    .communicator_test = communicator_test,
    .communicator_end = communicator_end,
    .transport = transport,
    .variables = epmt_mpi_backend_variables,
};

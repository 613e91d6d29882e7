// SPDX-License-Identifier: Apache-2.0
// The back end for the MPI whose mpi.h it is compiled with. Only types and constants come from
// there: a plain reference to an MPI symbol would not resolve under a host that loaded its MPI
// RTLD_LOCAL, so functions and objects are found at run time.
#include "pmpi/backend.h"

#include <mpi.h>
#include <string.h>

#include "common/poison.h"

// The MPI functions used here; only PMPI_X, so that no tool counts them. X(name)
#define USED(X)            \
    X(Comm_rank)           \
    X(Comm_size)           \
    X(Comm_idup)           \
    X(Comm_get_errhandler) \
    X(Comm_set_errhandler) \
    X(Isend)               \
    X(Irecv)               \
    X(Test)                \
    X(Cancel)              \
    X(Request_free)        \
    X(Get_count)           \
    X(Get_library_version) \
    X(Get_processor_name)  \
    X(Query_thread)

static struct {
#define FIELD(name) __typeof__(&PMPI_##name) name;
    USED(FIELD)
#undef FIELD
    MPI_Comm world;
    MPI_Datatype byte;
    MPI_Errhandler errors_return;
} mpi;

static MPI_Comm communicator;
static MPI_Request communicator_request;
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
#undef FIND
    return 0;
}

static int find_objects(void *(*object)(const char *)) {
#ifdef OPEN_MPI // handles are addresses of objects
    mpi.world = (MPI_Comm)object("ompi_mpi_comm_world");
    mpi.byte = (MPI_Datatype)object("ompi_mpi_byte");
    mpi.errors_return = (MPI_Errhandler)object("ompi_mpi_errors_return");
    return mpi.world && mpi.byte && mpi.errors_return ? 0 : -1;
#else // constants
    (void)object;
    mpi.world = MPI_COMM_WORLD;
    mpi.byte = MPI_BYTE;
    mpi.errors_return = MPI_ERRORS_RETURN;
    return 0;
#endif
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

static int attach(void *(*function)(const char *), void *(*object)(const char *),
                  struct epmt_mpi_world *world) {
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int len, level;

    if (find_functions(function) || find_objects(object))
        return -1;
    if (mpi.Comm_rank(mpi.world, &world->rank) || mpi.Comm_size(mpi.world, &world->size))
        return -1;
    world->library[0] = world->processor[0] = '\0';
    if (!mpi.Get_library_version(text, &len))
        first_line(world->library, sizeof world->library, text);
    if (!mpi.Get_processor_name(text, &len))
        first_line(world->processor, sizeof world->processor, text);
    world->thread_level = mpi.Query_thread(&level) ? -1 : level_number(level);
    return 0;
}

// A duplicate copies attributes by the program's functions, which may refuse it: then the world's
// error handler, which in general ends the program, must not be called.
static int communicator_start(void) {
    if (mpi.Comm_get_errhandler(mpi.world, &world_handler) ||
        mpi.Comm_set_errhandler(mpi.world, mpi.errors_return))
        return -1;
    world_handler_kept = 1;
    return mpi.Comm_idup(mpi.world, &communicator, &communicator_request) ? -1 : 0;
}

static int communicator_test(void) {
    MPI_Status status;
    int done = 0;

    if (mpi.Test(&communicator_request, &done, &status))
        return -1;
    if (done && mpi.Comm_set_errhandler(communicator, mpi.errors_return))
        return -1;
    return done;
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

extern const struct epmt_mpi_backend epmt_mpi_backend;
__attribute__((visibility("default"))) const struct epmt_mpi_backend epmt_mpi_backend = {
    .version = EPMT_MPI_BACKEND_VERSION,
    .attach = attach,
    .communicator_start = communicator_start,
    .communicator_test = communicator_test,
    .communicator_end = communicator_end,
    .transport = transport,
};

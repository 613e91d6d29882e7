// SPDX-License-Identifier: Apache-2.0
// A small MPI of one process with the standard ABI of MPI 5.0, whose values stand here as the
// standard prints them, since none that has it may be installed. With -DFAKE_NAME='"..."' it calls
// itself so, with -DFAKE_ABI=0 it does not say that it has that ABI.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef FAKE_NAME
#define FAKE_NAME "MPICH Version:      5.0.0\nMPICH ABI:          1.0\n" // handles are not MPICH's
#endif
#ifndef FAKE_ABI
#define FAKE_ABI 1
#endif

typedef void *handle;

struct status {
    int source, tag, error, internal[5]; // here: bytes, whether it was cancelled
};

struct request {
    void *room; // of a receive
    size_t len; // of the room
    int tag, cancelled;
    int persistent, active;
};

static const handle comm_null = (handle)0x100, world = (handle)0x101, group_all = (handle)0x5000;
static const handle comm_made = (handle)0x6000, request_null = (handle)0x180;
static const handle type_null = (handle)0x200;
static handle handler = (handle)0x141; // MPI_ERRORS_ARE_FATAL
static int level;

// Both names of a function.
#define MPI(name, ...)                                                       \
    int PMPI_##name(__VA_ARGS__);                                            \
    int MPI_##name(__VA_ARGS__) __attribute__((weak, alias("PMPI_" #name))); \
    int PMPI_##name(__VA_ARGS__)

// Nobody may ask anything of a handle that is none: an error handler of the program would be
// called.
static int is_comm(handle comm) {
    if (comm == comm_null)
        abort();
    return comm == world || comm == comm_made;
}

static size_t size_of(handle type) {
    switch ((uintptr_t)type) {
    case 0x209: // MPI_INT
        return 4;
    case 0x214: // MPI_DOUBLE
        return 8;
    case 0x247: // MPI_BYTE
        return 1;
    default:
        abort(); // nobody here has another
    }
}

static struct message {
    int tag, used;
    size_t len;
    char data[256];
} messages[16];

static void put(const void *data, size_t len, int tag) {
    for (int i = 0;; i++) {
        if (!messages[i].used) {
            messages[i] = (struct message){tag, 1, len, {0}};
            memcpy(messages[i].data, data, len);
            return;
        }
    }
}

static int take(void *room, int tag, struct status *status) {
    for (int i = 0; i < 16; i++) {
        if (messages[i].used && messages[i].tag == tag) {
            messages[i].used = 0;
            memcpy(room, messages[i].data, messages[i].len);
            if (status)
                *status = (struct status){0, tag, 0, {(int)messages[i].len, 0}};
            return 1;
        }
    }
    return 0;
}

MPI(Init, int *argc, char ***argv) {
    (void)argc, (void)argv;
    return 0;
}

MPI(Init_thread, int *argc, char ***argv, int required, int *provided) {
    (void)argc, (void)argv;
    *provided = level = required;
    return 0;
}

MPI(Finalize, void) {
    return 0;
}

MPI(Query_thread, int *provided) {
    *provided = level;
    return 0;
}

MPI(Get_library_version, char *version, int *len) {
    strcpy(version, FAKE_NAME);
    *len = (int)strlen(version);
    return 0;
}

MPI(Get_version, int *version, int *subversion) {
    *version = 5, *subversion = 0;
    return 0;
}

#if FAKE_ABI
MPI(Abi_get_version, int *major, int *minor) {
    *major = FAKE_ABI, *minor = 0;
    return 0;
}
#endif

MPI(Get_processor_name, char *name, int *len) {
    strcpy(name, "fake");
    *len = 4;
    return 0;
}

MPI(Comm_rank, handle comm, int *rank) {
    *rank = 0;
    return is_comm(comm) ? 0 : 5;
}

MPI(Comm_size, handle comm, int *size) {
    *size = 1;
    return is_comm(comm) ? 0 : 5;
}

MPI(Comm_create, handle comm, handle group, handle *created) {
    *created = comm_made;
    return is_comm(comm) && group == group_all ? 0 : 5;
}

MPI(Comm_create_group, handle comm, handle group, int tag, handle *created) {
    (void)tag;
    *created = comm_made;
    return is_comm(comm) && group == group_all ? 0 : 5;
}

MPI(Comm_get_errhandler, handle comm, handle *to) {
    *to = handler;
    return is_comm(comm) ? 0 : 5;
}

MPI(Comm_set_errhandler, handle comm, handle to) {
    if (comm == world)
        handler = to;
    return is_comm(comm) ? 0 : 5;
}

MPI(Comm_test_inter, handle comm, int *flag) {
    *flag = 0;
    return is_comm(comm) ? 0 : 5;
}

MPI(Comm_remote_size, handle comm, int *size) {
    (void)comm, (void)size;
    return 5;
}

MPI(Comm_remote_group, handle comm, handle *group) {
    (void)comm, (void)group;
    return 5;
}

MPI(Comm_get_parent, handle *parent) {
    *parent = comm_null;
    return 0;
}

MPI(Comm_group, handle comm, handle *group) {
    *group = group_all;
    return is_comm(comm) ? 0 : 5;
}

MPI(Group_translate_ranks, handle from, int count, const int *ranks, handle to, int *translated) {
    for (int i = 0; i < count; i++)
        translated[i] = ranks[i] < 0 ? -32766 : ranks[i]; // MPI_UNDEFINED
    return from == to ? 0 : 8;
}

MPI(Group_free, handle *group) {
    *group = (handle)0x108;
    return 0;
}

MPI(Topo_test, handle comm, int *kind) {
    *kind = -32766;
    return is_comm(comm) ? 0 : 5;
}

MPI(Cartdim_get, handle comm, int *count) {
    (void)comm, (void)count;
    return 11;
}

MPI(Graph_neighbors_count, handle comm, int rank, int *count) {
    (void)comm, (void)rank, (void)count;
    return 11;
}

MPI(Dist_graph_neighbors_count, handle comm, int *in, int *out, int *weighted) {
    (void)comm, (void)in, (void)out, (void)weighted;
    return 11;
}

MPI(Type_size_x, handle type, int64_t *size) {
    *size = (int64_t)size_of(type);
    return 0;
}

MPI(Send, const void *data, int count, handle type, int to, int tag, handle comm) {
    if (comm == comm_null || type == type_null)
        return 0; // as MPICH 5 says where the program's error handler returned
    if (to != -3) // MPI_PROC_NULL
        put(data, (size_t)count * size_of(type), tag);
    return is_comm(comm) ? 0 : 5;
}

MPI(Recv, void *data, int count, handle type, int from, int tag, handle comm,
    struct status *status) {
    (void)count, (void)type, (void)from;
    return is_comm(comm) && take(data, tag, status) ? 0 : 5;
}

static handle new_request(void *room, size_t len, int tag) {
    struct request *request = malloc(sizeof *request);

    *request = (struct request){.room = room, .len = len, .tag = tag};
    return request;
}

MPI(Isend, const void *data, int count, handle type, int to, int tag, handle comm,
    handle *request) {
    *request = new_request(NULL, 0, tag);
    return PMPI_Send(data, count, type, to, tag, comm);
}

MPI(Irecv, void *data, int count, handle type, int from, int tag, handle comm, handle *request) {
    (void)from;
    *request = new_request(data, (size_t)count * size_of(type), tag);
    return is_comm(comm) ? 0 : 5;
}

MPI(Recv_init, void *data, int count, handle type, int from, int tag, handle comm,
    handle *request) {
    int result = PMPI_Irecv(data, count, type, from, tag, comm, request);

    ((struct request *)*request)->persistent = 1;
    return result;
}

MPI(Start, handle *at) {
    ((struct request *)*at)->active = 1;
    return 0;
}

MPI(Iallreduce, const void *in, void *out, int count, handle type, handle op, handle comm,
    handle *request) {
    (void)op;
    memcpy(out, in, (size_t)count * size_of(type));
    *request = new_request(NULL, 0, 0);
    return is_comm(comm) ? 0 : 5;
}

MPI(Test, handle *at, int *flag, struct status *status) {
    struct request *request = *at;

    *flag = 1;
    if (*at == request_null)
        return 0;
    if (request->persistent && !request->active) {
        if (status)
            *status = (struct status){-1, -2, 0, {0, 0}};
        return 0;
    }
    if (status) // of what was cancelled, what stands there is of no meaning
        *status = (struct status){-1, -2, 0, {request->cancelled ? 77 : 0, request->cancelled}};
    if (request->room && !request->cancelled)
        *flag = take(request->room, request->tag, status);
    if (*flag && request->persistent) {
        request->active = 0;
    } else if (*flag) {
        free(request);
        *at = request_null;
    }
    return 0;
}

MPI(Wait, handle *at, struct status *status) {
    int flag = 0;

    PMPI_Test(at, &flag, status);
    return flag ? 0 : 15; // it would wait for ever
}

// Whether the message that has come for a receive is longer than its room.
static int is_truncated(const struct request *request) {
    for (int i = 0; i < 16; i++) {
        if (messages[i].used && messages[i].tag == request->tag)
            return request->room && messages[i].len > request->len;
    }
    return 0;
}

int fake_without_statuses; // how many times MPI_Waitall was called so

// Open MPI 5 does not look for errors where nobody wants statuses.
MPI(Waitall, int count, handle *requests, struct status *statuses) {
    int failed = 0;

    fake_without_statuses += !statuses;
    for (int i = 0; i < count; i++) {
        if (!is_truncated(requests[i]))
            failed |= PMPI_Wait(&requests[i], statuses ? &statuses[i] : NULL);
        else if (statuses && handler == (handle)0x141)
            abort();
        else if (statuses)
            failed = 19; // MPI_ERR_IN_STATUS
    }
    return failed;
}

MPI(Cancel, handle *at) {
    ((struct request *)*at)->cancelled = 1;
    return 0;
}

MPI(Request_free, handle *at) {
    free(*at);
    *at = request_null;
    return 0;
}

MPI(Get_count_c, const struct status *status, handle type, int64_t *count) {
    *count = status->internal[0] / (int)size_of(type);
    return 0;
}

MPI(Get_count, const struct status *status, handle type, int *count) {
    *count = status->internal[0] / (int)size_of(type);
    return 0;
}

MPI(Test_cancelled, const struct status *status, int *flag) {
    *flag = status->internal[1];
    return 0;
}

MPI(Allreduce, const void *in, void *out, int count, handle type, handle op, handle comm) {
    (void)op;
    if (comm == comm_null)
        return 0;
    if (in != (void *)1) // MPI_IN_PLACE
        memcpy(out, in, (size_t)count * size_of(type));
    return is_comm(comm) ? 0 : 5;
}

MPI(Gather, const void *in, int count, handle type, void *out, int out_count, handle out_type,
    int root, handle comm) {
    (void)out_count, (void)out_type, (void)root;
    if (in != (void *)1)
        memcpy(out, in, (size_t)count * size_of(type));
    return is_comm(comm) ? 0 : 5;
}

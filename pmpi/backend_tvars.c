// SPDX-License-Identifier: Apache-2.0
// The variables of MPI's interface for tools. Never all of them: to open what a library lists can
// crash it. Only names that the caller gives, or that stand here, and only those that need no
// object.
#include "pmpi/backend_tvars.h"

#include <mpi.h>
#include <string.h>

#include "common/fmt.h"

#include "common/poison.h"

// X(name)
#define USED(X)              \
    X(T_init_thread)         \
    X(T_finalize)            \
    X(T_cvar_get_num)        \
    X(T_pvar_get_num)        \
    X(T_cvar_get_index)      \
    X(T_cvar_get_info)       \
    X(T_cvar_handle_alloc)   \
    X(T_cvar_read)           \
    X(T_cvar_handle_free)    \
    X(T_pvar_get_index)      \
    X(T_pvar_get_info)       \
    X(T_pvar_session_create) \
    X(T_pvar_session_free)   \
    X(T_pvar_handle_alloc)   \
    X(T_pvar_read)           \
    X(T_pvar_handle_free)    \
    X(Type_get_name)         \
    X(Type_size)

static struct {
#define FIELD(name) __typeof__(&PMPI_##name) name;
    USED(FIELD)
#undef FIELD
} mpi;

// Performance variables: name, class. Known to be readable at any time, without an object.
static const struct {
    char name[48];
    int class;
} performance[] = {
    {"mpool_hugepage_bytes_allocated", MPI_T_PVAR_CLASS_SIZE},
    {"unexpected_recvq_length", MPI_T_PVAR_CLASS_LEVEL},
    {"posted_recvq_length", MPI_T_PVAR_CLASS_LEVEL},
    {"unexpected_recvq_buffer_size", MPI_T_PVAR_CLASS_LEVEL},
};

// A value as MPI writes it: a text, or whole numbers of the type's size.
union value {
    char text[1024];
    int32_t i32;
    int64_t i64;
};

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

// Formats a value of that size; texts are those of one byte per element. Returns 0 or -1.
static int format(char *text, size_t cap, const union value *value, int size, int count) {
    if (size == 1 && count > 1 && memchr(value->text, 0, sizeof value->text))
        return epmt_fmt(text, cap, "%s", value->text) ? 0 : -1;
    if (size == 4 && count == 1)
        return epmt_fmt(text, cap, "%d", (int)value->i32) ? 0 : -1;
    if (size == 8 && count == 1)
        return epmt_fmt(text, cap, "%ld", (long)value->i64) ? 0 : -1;
    return -1;
}

// Size of a type of whole numbers or characters, 0 of a real number.
static int size_of(MPI_Datatype type) {
    char name[MPI_MAX_OBJECT_NAME];
    int size, len;

    if (mpi.Type_get_name(type, name, &len) || !strcmp(name, "MPI_DOUBLE") ||
        mpi.Type_size(type, &size))
        return 0;
    return size;
}

static int read_control(const char *name, char *text, size_t cap) {
    char its_name[256], description[1024];
    int its_len = sizeof its_name, len = sizeof description, index, verbosity, bind, scope, count;
    int size = 0, status = -1;
    MPI_T_cvar_handle handle;
    MPI_Datatype type;
    MPI_T_enum values;
    union value value;

    if (mpi.T_cvar_get_index(name, &index) ||
        mpi.T_cvar_get_info(index, its_name, &its_len, &verbosity, &type, &values, description,
                            &len, &bind, &scope) ||
        bind != MPI_T_BIND_NO_OBJECT || !(size = size_of(type)) ||
        mpi.T_cvar_handle_alloc(index, NULL, &handle, &count))
        return -1;
    memset(&value, 0, sizeof value);
    if (count > 0 && (size_t)count < sizeof value / 8 && !mpi.T_cvar_read(handle, &value))
        status = format(text, cap, &value, size, count);
    mpi.T_cvar_handle_free(&handle);
    return status;
}

static int read_performance(MPI_T_pvar_session session, unsigned which, char *text, size_t cap) {
    char its_name[256], description[1024];
    int its_len = sizeof its_name, len = sizeof description, index, verbosity, class, bind;
    int readonly, continuous, atomic, count, size = 0, status = -1;
    MPI_T_pvar_handle handle;
    MPI_Datatype type;
    MPI_T_enum values;
    union value value;

    if (mpi.T_pvar_get_index(performance[which].name, performance[which].class, &index) ||
        mpi.T_pvar_get_info(index, its_name, &its_len, &verbosity, &class, &type, &values,
                            description, &len, &bind, &readonly, &continuous, &atomic) ||
        bind != MPI_T_BIND_NO_OBJECT || !continuous || !(size = size_of(type)) ||
        mpi.T_pvar_handle_alloc(session, index, NULL, &handle, &count))
        return -1;
    memset(&value, 0, sizeof value);
    if (count == 1 && !mpi.T_pvar_read(session, handle, &value))
        status = format(text, cap, &value, size, count);
    mpi.T_pvar_handle_free(session, &handle);
    return status;
}

static void tell_performance(const struct epmt_mpi_variable_sink *sink) {
    MPI_T_pvar_session session;
    char text[32];

    if (mpi.T_pvar_session_create(&session))
        return;
    for (unsigned i = 0; i < sizeof performance / sizeof *performance; i++) {
        if (!read_performance(session, i, text, sizeof text))
            sink->tell(sink->context, "performance", performance[i].name, text);
    }
    mpi.T_pvar_session_free(&session);
}

static void tell_control(const struct epmt_mpi_variable_sink *sink) {
    char text[1024];
    int count;

    for (unsigned i = 0; i < sink->control_count; i++) {
        if (!read_control(sink->control[i], text, sizeof text))
            sink->tell(sink->context, "control", sink->control[i], text);
    }
    if (!mpi.T_cvar_get_num(&count) && epmt_fmt(text, sizeof text, "%d", count))
        sink->tell(sink->context, "count", "control variables", text);
    if (!mpi.T_pvar_get_num(&count) && epmt_fmt(text, sizeof text, "%d", count))
        sink->tell(sink->context, "count", "performance variables", text);
}

// Open MPI crashes where the interface is still open in MPI_Finalize: it is open within one call.
// To open it loads every plugin there is (the constructor of one sleeps for 0.2 s), on each rank:
// where the program has not done that, only who asks for it gets it. MPICH 4.0 crashes where it is
// opened a second time after it was closed, by us or by the program: it is opened for good, before
// the program can have closed it. The last one to open it says for all whether there are threads.
#ifdef OPEN_MPI
void epmt_mpi_backend_tools(void *(*function)(const char *)) {
    (void)function;
}

static bool tools_begin(void *(*function)(const char *), bool costly) {
    int provided, count;

    return !find_functions(function) && (costly || !mpi.T_cvar_get_num(&count)) &&
           !mpi.T_init_thread(MPI_THREAD_SINGLE, &provided);
}

static void tools_end(void) {
    mpi.T_finalize();
}
#else
static bool is_open;

void epmt_mpi_backend_tools(void *(*function)(const char *)) {
    int provided;

    is_open = !find_functions(function) && !mpi.T_init_thread(MPI_THREAD_MULTIPLE, &provided);
}

static bool tools_begin(void *(*function)(const char *), bool costly) {
    (void)function;
    (void)costly;
    return is_open;
}

static void tools_end(void) {
}
#endif

void epmt_mpi_backend_variables(void *(*function)(const char *),
                                const struct epmt_mpi_variable_sink *sink) {
    if (!tools_begin(function, sink->costly))
        return;
    tell_performance(sink);
    if (sink->whole_step)
        tell_control(sink);
    tools_end();
}

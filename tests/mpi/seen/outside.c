// SPDX-License-Identifier: Apache-2.0
// What may be called before MPI_Init and after MPI_Finalize, and the tool interface (MPI_T), which
// the program itself uses. Two ranks.
#include "seen.h"

// Plain MPI_T is fragile: MPICH 4.0.2 crashes where it is opened and closed before MPI_Init, so it
// is opened once. MPI_T_cvar_read of what a closed component has left crashes Open MPI 4.1.4: only
// variables of the library itself are read.
static int of_the_library(const char *name) {
    return !strncmp(name, "mpi_", 4) || !strncmp(name, "MPIR_CVAR_", 10);
}

static void show(const char *what) {
    int initialized = -1, finalized = -1, version = -1, subversion = -1;

    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    MPI_Get_version(&version, &subversion);
    SEEN("%s: initialized %d finalized %d version %d.%d", what, initialized, finalized, version,
         subversion);
}

// Each integer variable that is of the process alone: its value, and the handle's count.
static void variables(int number) {
    for (int i = 0; i < number; i++) {
        char name[256];
        int name_len = sizeof name, verbosity, bind, scope, count = -1, desc_len = 0;
        MPI_Datatype type;
        MPI_T_enum values;
        MPI_T_cvar_handle handle;
        if (MPI_T_cvar_get_info(i, name, &name_len, &verbosity, &type, &values, NULL, &desc_len,
                                &bind, &scope) != MPI_SUCCESS ||
            bind != MPI_T_BIND_NO_OBJECT || type != MPI_INT || !of_the_library(name))
            continue;
        if (MPI_T_cvar_handle_alloc(i, NULL, &handle, &count) != MPI_SUCCESS || count != 1)
            continue;
        int value = -1, result = MPI_T_cvar_read(handle, &value);
        SEEN("%s: %d count %d value %d", name, result, count, value);
        MPI_T_cvar_handle_free(&handle);
    }
}

static void tools(void) {
    int level = -1, number = -1, performance = -1, categories = -1;

    SEEN("tools: %d", MPI_T_init_thread(MPI_THREAD_SINGLE, &level));
    MPI_T_cvar_get_num(&number);
    MPI_T_pvar_get_num(&performance);
    MPI_T_category_get_num(&categories);
    SEEN("tools: level %d, %d %d %d", level, number, performance, categories);
    variables(number);
    SEEN("end of tools: %d", MPI_T_finalize());
}

int main(int argc, char **argv) {
    int level = -1, main_thread = -1, early[2] = {-1, -1};
    double start;

    MPI_Initialized(&early[0]);
    MPI_Finalized(&early[1]);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
    if (argc < 2)
        return 2;
    seen_open(argv[1]);
    SEEN("before: initialized %d finalized %d", early[0], early[1]);
    show("within");
    MPI_Is_thread_main(&main_thread);
    SEEN("level %d main %d arguments %d", level, main_thread, argc);
    SEEN("Pcontrol: %d", MPI_Pcontrol(1));
    tools();
    start = MPI_Wtime();
    SEEN("time goes on: %d", MPI_Wtime() >= start);
    MPI_Finalize();
    show("after");
    fclose(seen_file);
    return 0;
}

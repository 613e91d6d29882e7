// SPDX-License-Identifier: Apache-2.0
// A program without MPI that looks for it: by weak references and by name. The preload's symbols
// must behave as an MPI that nobody has started.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

__attribute__((weak)) int MPI_Initialized(int *flag);
__attribute__((weak)) int MPI_Finalized(int *flag);
__attribute__((weak)) int MPI_Comm_rank(void *comm, int *rank);
__attribute__((weak)) int PMPI_Allreduce(const void *in, void *out, int count, void *type, void *op,
                                         void *comm);

static int by_name(const char *name) {
    int (*function)(void *, void *, void *, void *);
    void *found = dlsym(RTLD_DEFAULT, name);

    memcpy(&function, &found, sizeof function);
    return function ? function(NULL, NULL, NULL, NULL) : -1;
}

int main(void) {
    int initialized = 9, finalized = 9, rank = 9;

    if (!MPI_Initialized || !MPI_Finalized || !MPI_Comm_rank || !PMPI_Allreduce) {
        puts("no MPI");
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        int a = MPI_Initialized(&initialized), b = MPI_Finalized(&finalized);
        int c = MPI_Comm_rank(NULL, &rank), d = PMPI_Allreduce(NULL, NULL, 0, NULL, NULL, NULL);
        printf("%d %d, %d %d, %s %d, %s, %s\n", a, initialized, b, finalized,
               c ? "error" : "success", rank, d ? "error" : "success",
               by_name("MPI_Init") > 0 && by_name("MPI_Session_init") > 0 &&
                       by_name("MPI_Finalize") > 0 && by_name("PMPI_Waitall") > 0
                   ? "error"
                   : "success");
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// A plug-in that calls MPI (-shared), and with -DHOST the program, not linked with MPI, that loads
// it outside the global scope.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#ifdef HOST
int main(int argc, char **argv) {
    int (*work)(void) = NULL;
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *found = library ? dlsym(library, "work") : NULL;

    memcpy(&work, &found, sizeof work);
    if (!work) {
        puts(dlerror());
        return 2;
    }
    return work();
}
#else
#include <mpi.h>

int work(void);
int work(void) {
    int rank, size, sum = 0, one = 1, from_left = -1;

    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int i = 0; i < 5; i++)
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Sendrecv(&rank, 1, MPI_INT, (rank + 1) % size, 1, &from_left, 1, MPI_INT,
                 (rank + size - 1) % size, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Finalize();
    return sum == size && from_left == (rank + size - 1) % size ? 0 : 3;
}
#endif

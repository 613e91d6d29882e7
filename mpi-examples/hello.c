// SPDX-License-Identifier: Apache-2.0
// The smallest MPI program: every rank says who it is, rank 0 checks and prints it in rank order.

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int mine[2]; // rank, size
    MPI_Comm_rank(MPI_COMM_WORLD, &mine[0]);
    MPI_Comm_size(MPI_COMM_WORLD, &mine[1]);

    int(*all)[2] = calloc((size_t)mine[1], sizeof *all);
    if (all == NULL)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    MPI_Gather(mine, 2, MPI_INT, all, 2, MPI_INT, 0, MPI_COMM_WORLD);

    int wrong = 0;
    for (int i = 0; mine[0] == 0 && i < mine[1]; i++) {
        printf("hello from rank %d of %d\n", all[i][0], all[i][1]);
        if (all[i][0] != i || all[i][1] != mine[1])
            wrong = 1;
    }
    free(all);
    MPI_Finalize();
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

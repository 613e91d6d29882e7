// SPDX-License-Identifier: Apache-2.0
// A solver with uneven load: Jacobi iterations on a grid of which rank r holds (r + 1) * ROWS rows,
// so that the lower ranks wait in the Allreduce of the residual. The solution is 1 everywhere.
// Usage: imbalance [ROWS]

#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 1024, MAX_ITERATIONS = 100 };
static const double TOLERANCE = 1e-9;

typedef double grid_row[COLUMNS + 2]; // one boundary cell at each end

// One boundary row above and below; the boundary of the whole grid is 1, the inside starts at 0.
static grid_row *create_grid(int rows, int rank, int size) {
    grid_row *grid = calloc((size_t)rows + 2, sizeof *grid);
    if (grid == NULL)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    for (int j = 0; j < COLUMNS + 2; j++) {
        grid[0][j] = rank == 0;
        grid[rows + 1][j] = rank == size - 1;
    }
    for (int i = 1; i <= rows; i++)
        grid[i][0] = grid[i][COLUMNS + 1] = 1;
    return grid;
}

static void exchange_halo(grid_row *grid, int rows, int rank, int size) {
    int above = rank > 0 ? rank - 1 : MPI_PROC_NULL;
    int below = rank < size - 1 ? rank + 1 : MPI_PROC_NULL;
    MPI_Sendrecv(grid[1], COLUMNS + 2, MPI_DOUBLE, above, 0, grid[rows + 1], COLUMNS + 2,
                 MPI_DOUBLE, below, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(grid[rows], COLUMNS + 2, MPI_DOUBLE, below, 0, grid[0], COLUMNS + 2, MPI_DOUBLE,
                 above, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

// One step of 8u - (sum of the four neighbours) = 4; returns the largest change of a cell.
static double iterate(grid_row *next, grid_row *grid, int rows) {
    double change = 0;
    for (int i = 1; i <= rows; i++) {
        for (int j = 1; j <= COLUMNS; j++) {
            double around = grid[i - 1][j] + grid[i + 1][j] + grid[i][j - 1] + grid[i][j + 1];
            next[i][j] = (around + 4) / 8;
            change = fmax(change, fabs(next[i][j] - grid[i][j]));
        }
    }
    return change;
}

static double largest_error(grid_row *grid, int rows) {
    double error = 0;
    for (int i = 1; i <= rows; i++)
        for (int j = 1; j <= COLUMNS; j++)
            error = fmax(error, fabs(grid[i][j] - 1));
    return error;
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int rows = (rank + 1) * (argc > 1 ? atoi(argv[1]) : 128);
    if (rows < 1)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    grid_row *grid = create_grid(rows, rank, size);
    grid_row *next = create_grid(rows, rank, size);

    int iterations = 0;
    double residual = 1;
    while (residual > TOLERANCE && iterations < MAX_ITERATIONS) {
        exchange_halo(grid, rows, rank, size);
        double change = iterate(next, grid, rows);
        MPI_Allreduce(&change, &residual, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        grid_row *old = grid;
        grid = next;
        next = old;
        iterations++;
    }

    double error = largest_error(grid, rows), worst;
    free(grid);
    free(next);
    MPI_Allreduce(&error, &worst, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d ranks, %d iterations, residual %.2e\n", size, iterations, residual);
    MPI_Finalize();
    return worst < 10 * TOLERANCE ? EXIT_SUCCESS : EXIT_FAILURE;
}

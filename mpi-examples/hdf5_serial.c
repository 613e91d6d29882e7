// SPDX-License-Identifier: Apache-2.0
// A program that brings an HDF5 of its own: every rank writes a small file with the serial library,
// reads it back, compares and removes it.
// Usage: hdf5_serial [DIR]

#include <hdf5.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 1000 };

// HDF5 refuses an id that an earlier call failed to give, so the last results tell of all.
static bool write_file(const char *path, const int *values) {
    hsize_t count = COUNT;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t set =
        H5Dcreate2(file, "values", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = H5Dwrite(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    H5Dclose(set);
    H5Sclose(space);
    return H5Fclose(file) >= 0 && ok;
}

static bool read_file(const char *path, int *values) {
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "values", H5P_DEFAULT);
    bool ok = H5Dread(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    H5Dclose(set);
    return H5Fclose(file) >= 0 && ok;
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    char path[4096];
    snprintf(path, sizeof path, "%s/hdf5_serial.%d.h5", argc > 1 ? argv[1] : ".", rank);
    int written[COUNT], found[COUNT];
    for (int i = 0; i < COUNT; i++)
        written[i] = rank * COUNT + i;
    int ok = write_file(path, written) && read_file(path, found) &&
             memcmp(written, found, sizeof written) == 0;
    ok = unlink(path) == 0 && ok;

    int all_ok;
    MPI_Allreduce(&ok, &all_ok, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (rank == 0 && all_ok)
        printf("%d HDF5 files of %d values written, read and removed\n", size, COUNT);
    MPI_Finalize();
    return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

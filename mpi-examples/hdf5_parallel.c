// SPDX-License-Identifier: Apache-2.0
// Parallel HDF5: all ranks write their part of one dataset in one file through the MPI-IO driver,
// then each reads the part of its right neighbour and compares; rank 0 removes the file.
// Usage: hdf5_parallel [DIR]

#include <hdf5.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 1000 };

// Transfers the part of one rank, collectively.
static bool transfer_part(hid_t set, int part, int *values, bool write) {
    hsize_t start = (hsize_t)part * COUNT, count = COUNT;
    hid_t here = H5Screate_simple(1, &count, NULL);
    hid_t there = H5Dget_space(set);
    hid_t how = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_dxpl_mpio(how, H5FD_MPIO_COLLECTIVE);
    herr_t status = H5Sselect_hyperslab(there, H5S_SELECT_SET, &start, NULL, &count, NULL);
    if (status >= 0)
        status = write ? H5Dwrite(set, H5T_NATIVE_INT, here, there, how, values)
                       : H5Dread(set, H5T_NATIVE_INT, here, there, how, values);
    H5Pclose(how);
    H5Sclose(there);
    H5Sclose(here);
    return status >= 0;
}

// HDF5 refuses an id that an earlier call failed to give, so the last results tell of all.
static bool write_file(const char *path, hid_t mpio, int rank, int size) {
    int values[COUNT];
    for (int i = 0; i < COUNT; i++)
        values[i] = rank * COUNT + i;
    hsize_t total = (hsize_t)size * COUNT;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, mpio);
    hid_t space = H5Screate_simple(1, &total, NULL);
    hid_t set =
        H5Dcreate2(file, "values", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = transfer_part(set, rank, values, true);
    H5Dclose(set);
    H5Sclose(space);
    return H5Fclose(file) >= 0 && ok;
}

static bool neighbour_is_right(const char *path, hid_t mpio, int rank, int size) {
    int values[COUNT], neighbour = (rank + 1) % size;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, mpio);
    hid_t set = H5Dopen2(file, "values", H5P_DEFAULT);
    bool ok = transfer_part(set, neighbour, values, false);
    for (int i = 0; ok && i < COUNT; i++)
        ok = values[i] == neighbour * COUNT + i;
    H5Dclose(set);
    return H5Fclose(file) >= 0 && ok;
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    char path[4096];
    snprintf(path, sizeof path, "%s/hdf5_parallel.h5", argc > 1 ? argv[1] : ".");
    hid_t mpio = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(mpio, MPI_COMM_WORLD, MPI_INFO_NULL);
    bool written = write_file(path, mpio, rank, size);
    int ok = neighbour_is_right(path, mpio, rank, size) && written;
    H5Pclose(mpio);

    int all_ok;
    MPI_Allreduce(&ok, &all_ok, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (rank == 0) {
        unlink(path);
        if (all_ok)
            printf("%d values written and read by %d ranks in one file\n", size * COUNT, size);
    }
    MPI_Finalize();
    return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

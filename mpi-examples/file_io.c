// SPDX-License-Identifier: Apache-2.0
// Input and output of its own in every rank: writes a file of 1 MiB in 16 blocks, reads it back,
// compares and removes it.
// Usage: file_io [DIR]

#include <fcntl.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 * 1024, BLOCKS = 16 };

static void fill(char *block, int rank, int number) {
    memset(block, (rank * BLOCKS + number) % 256, BLOCK_BYTES);
}

static bool write_file(const char *path, int rank) {
    static char block[BLOCK_BYTES];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = true;
    for (int i = 0; ok && i < BLOCKS; i++) {
        fill(block, rank, i);
        ok = write(fd, block, BLOCK_BYTES) == BLOCK_BYTES;
    }
    ok = fsync(fd) == 0 && ok;
    return close(fd) == 0 && ok;
}

static bool file_is_right(const char *path, int rank) {
    static char block[BLOCK_BYTES], expected[BLOCK_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = true;
    for (int i = 0; ok && i < BLOCKS; i++) {
        fill(expected, rank, i);
        ok = read(fd, block, BLOCK_BYTES) == BLOCK_BYTES &&
             memcmp(block, expected, BLOCK_BYTES) == 0;
    }
    ok = read(fd, block, 1) == 0 && ok;
    return close(fd) == 0 && ok;
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    char path[4096];
    snprintf(path, sizeof path, "%s/file_io.%d", argc > 1 ? argv[1] : ".", rank);
    int ok = write_file(path, rank) && file_is_right(path, rank);
    ok = unlink(path) == 0 && ok;
    if (!ok)
        perror(path);

    int all_ok;
    MPI_Allreduce(&ok, &all_ok, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (rank == 0 && all_ok)
        printf("%d files of %d bytes written, read and removed\n", size, BLOCKS * BLOCK_BYTES);
    MPI_Finalize();
    return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

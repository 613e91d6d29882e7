// SPDX-License-Identifier: Apache-2.0
// Waiting for input: rank 0 reads the input of all from a source that delivers a few MiB a second
// (a thread behind a pipe, as slow as a busy file server or a tape), while the others wait for it
// in MPI_Bcast. Usage: slow_input [MIB [MIB_PER_SECOND]]

#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1024 * 1024 };

struct source {
    int fd;
    int blocks;
    int per_second;
};

static void *deliver(void *arg) {
    static char block[BLOCK_BYTES];
    const struct source *source = arg;
    const struct timespec pause = {.tv_sec = source->per_second == 1,
                                   .tv_nsec = 1000000000L / source->per_second % 1000000000L};
    for (int i = 0; i < source->blocks; i++) {
        nanosleep(&pause, NULL);
        memset(block, i % 256, sizeof block);
        for (size_t done = 0; done < sizeof block;) {
            ssize_t n = write(source->fd, block + done, sizeof block - done);
            if (n <= 0)
                MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
            done += (size_t)n;
        }
    }
    close(source->fd);
    return NULL;
}

static void read_block(int fd, char *block) {
    for (size_t done = 0; done < BLOCK_BYTES;) {
        ssize_t n = read(fd, block + done, BLOCK_BYTES - done);
        if (n <= 0)
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
        done += (size_t)n;
    }
}

static int is_right(const char *block, int number) {
    return block[0] == (char)(number % 256) && !memcmp(block, block + 1, BLOCK_BYTES - 1);
}

int main(int argc, char **argv) {
    static char block[BLOCK_BYTES];
    int rank, size, ends[2] = {-1, -1};
    pthread_t thread;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    struct source source = {.blocks = argc > 1 ? atoi(argv[1]) : 4,
                            .per_second = argc > 2 ? atoi(argv[2]) : 16};
    if (source.blocks < 1 || source.per_second < 1)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    if (rank == 0) {
        if (pipe(ends) != 0)
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
        source.fd = ends[1];
        if (pthread_create(&thread, NULL, deliver, &source) != 0)
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }

    int ok = 1, all_ok;
    for (int i = 0; i < source.blocks; i++) {
        if (rank == 0)
            read_block(ends[0], block);
        MPI_Bcast(block, BLOCK_BYTES, MPI_CHAR, 0, MPI_COMM_WORLD);
        ok = is_right(block, i) && ok;
    }
    if (rank == 0) {
        pthread_join(thread, NULL);
        close(ends[0]);
    }
    MPI_Allreduce(&ok, &all_ok, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d MiB read by one rank for %d\n", source.blocks, size);
    MPI_Finalize();
    return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

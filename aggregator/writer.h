// SPDX-License-Identifier: Apache-2.0
// Rank 0's end of the pipe to epmt-jobwriter, the program that holds libhdf5. It is invisible to
// the program: no child of it, no SIGCHLD, nothing inherited but a socket.
#ifndef EPMT_AGGREGATOR_WRITER_H
#define EPMT_AGGREGATOR_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct epmt_writer {
    int fd; // -1 where there is none
    pid_t pid;
    uint64_t until_ns; // CLOCK_MONOTONIC; past it the writer is given up
};

// Starts the program. Returns 0 or -errno.
int epmt_writer_start(struct epmt_writer *writer, const char *program, uint64_t until_ns);

// Hands it bytes. Returns 0 or -errno (-ETIMEDOUT past the limit).
int epmt_writer_put(struct epmt_writer *writer, const void *data, size_t len);

// Ends the stream, waits for the verdict and, for a moment, for the writer's end. Returns 0 where
// the job file is durable, else the writer's exit status (> 0) or -errno.
int epmt_writer_finish(struct epmt_writer *writer);

// Ends the stream to a program that answers with text. Returns the length of the answer, of which
// no more than cap bytes are taken, or -errno.
ssize_t epmt_writer_answer(struct epmt_writer *writer, void *data, size_t cap);

// Ends it without a verdict, where it still runs: nothing of it is left to the program.
void epmt_writer_abandon(struct epmt_writer *writer);

#endif

// SPDX-License-Identifier: Apache-2.0
// Where libhdf5 writes a job file to: a driver of its own for an open descriptor. libhdf5 does not
// bear a disk that is full (it crashes when the program ends); here it never hears of it, and the
// error is found afterwards. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_OUTPUT_H
#define EPMT_STORAGE_JOBFILE_OUTPUT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

// The beginning of a file, where libhdf5 changes most, is kept in memory and written at the end: a
// small job takes one write. All else goes to the disk as it comes.
#define EPMT_OUTPUT_HEAD (1u << 20)

struct epmt_output {
    int fd;
    int error;      // errno of the first write that failed
    unsigned open;  // files of libhdf5 that go here
    bool abandoned; // nothing is to be written any more
    uint64_t len;   // of the file
    uint8_t *head;  // its first EPMT_OUTPUT_HEAD bytes
};

// NULL: out of memory.
struct epmt_output *epmt_output_new(int fd);

// A file that could not be closed stays open in libhdf5, which comes back to it when the program
// ends at the latest: what it writes then is ignored, and the output is freed with the file.
void epmt_output_free(struct epmt_output *output);

// Lets files that are made with these access properties go to the output. Returns 0 or -1.
int epmt_output_use(hid_t access, struct epmt_output *output);

// Writes what is still in memory, once the file is closed, and finds the CRC-32C of all of it.
// Returns 0, or an errno.
int epmt_output_finish(struct epmt_output *output, uint32_t *crc);

// CRC-32C of the bytes from..end of a file, going on from *crc. Returns 0 or an errno.
int epmt_output_crc(int fd, uint64_t from, uint64_t end, uint32_t *crc);

#endif

// SPDX-License-Identifier: Apache-2.0
// What MPI says of datatypes and communicators, remembered per thread until one of them is freed:
// the next one may get the same handle.
#include "pmpi/counts.h"

#include <string.h>

#include "common/poison.h"

uint64_t epmt_mpi_type_ask(struct epmt_mpi_known_type *known, uint64_t datatype) {
    known->generation = atomic_load_explicit(&epmt_mpi_types_freed, memory_order_relaxed);
    known->size = epmt_mpi_abi.type_size(datatype);
    known->handle = datatype;
    return known->size;
}

const struct epmt_mpi_comm *epmt_mpi_comm(struct epmt_mpi_thread *thread, uint64_t comm) {
    struct epmt_mpi_known_comm *known = &thread->comms[epmt_mpi_place(comm, EPMT_MPI_KNOWN_COMMS)];
    unsigned generation = atomic_load_explicit(&epmt_mpi_comms_freed, memory_order_relaxed);

    if (__builtin_expect(known->handle != comm || known->generation != generation, 0)) {
        known->handle = 0;
        if (epmt_mpi_abi.comm(comm, &known->comm))
            return NULL;
        known->handle = comm;
        known->generation = generation;
    }
    return &known->comm;
}

static const struct {
    char letter;
    uint8_t offset;
} places[] = {
#define ROLE(letter, field) \
    { letter, offsetof(struct epmt_mpi_roles, field) }
    ROLE('s', send_buffer),
    ROLE('n', send_count),
    ROLE('N', send_count),
    ROLE('v', send_counts),
    ROLE('V', send_counts),
    ROLE('d', send_type),
    ROLE('w', send_types),
    ROLE('r', receive_buffer),
    ROLE('m', receive_count),
    ROLE('M', receive_count),
    ROLE('u', receive_counts),
    ROLE('U', receive_counts),
    ROLE('e', receive_type),
    ROLE('x', receive_types),
    ROLE('p', peer),
    ROLE('q', source),
    ROLE('o', root),
    ROLE('c', comm),
    ROLE('O', op),
    ROLE('y', partitions),
    ROLE('R', request),
    ROLE('P', request),
    ROLE('t', status),
#undef ROLE
};

void epmt_mpi_roles_parse(struct epmt_mpi_roles *roles, const char *letters) {
    struct epmt_mpi_roles parsed;

    memset(&parsed, EPMT_MPI_ABSENT, sizeof parsed);
    parsed.wide = parsed.persistent = false;
    for (uint8_t i = 0; letters[i]; i++) {
        for (unsigned j = 0; j < sizeof places / sizeof *places; j++) {
            if (places[j].letter == letters[i])
                ((uint8_t *)&parsed)[places[j].offset] = i;
        }
        parsed.wide |= strchr("NMVU", letters[i]) != NULL;
        parsed.persistent |= letters[i] == 'P';
    }
    if (parsed.receive_type == EPMT_MPI_ABSENT)
        parsed.receive_type = parsed.send_type;
    *roles = parsed; // another thread may do the same, to the same end
}

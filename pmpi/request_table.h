// SPDX-License-Identifier: Apache-2.0
// Requests that are under way, by handle.
#ifndef EPMT_PMPI_REQUEST_TABLE_H
#define EPMT_PMPI_REQUEST_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct epmt_mpi_amount {
    uint64_t out, in;
};

// A request that is not done with when its call returns: a receive, whose bytes its status tells,
// or a persistent one.
struct epmt_mpi_entry {
    uint64_t request;            // handle
    uint64_t stamp;              // of the table
    struct epmt_mpi_amount each; // persistent: at each start
    unsigned function;           // to whose sums a receive's bytes belong
    bool receive : 1, persistent : 1;
    bool active : 1; // a persistent receive that was started, and is not known to be done
    bool message;    // which may be cancelled, unlike a file's
    bool to_peer;    // a persistent send, to `peer` of `comm`
    int peer;
    unsigned site; // call site that its bytes belong to, 0: none
    uint64_t comm;
    uint64_t posted; // bytes of a receive, where those count (counts.h)
};
_Static_assert(sizeof(struct epmt_mpi_entry) == 64, "an entry");

// An entry as it was found. Once MPI is done with a request another thread may get its handle, and
// the entry with it: then only what stands here is this thread's.
struct epmt_mpi_found {
    struct epmt_mpi_entry *entry; // NULL: none
    uint64_t stamp;
    unsigned function, site;
    bool receive, persistent, message;
};

// Looks a request up. found->entry is NULL where it is not known.
void epmt_mpi_request_find(uint64_t request, struct epmt_mpi_found *found);
// Notes a request. Where there is no room it is counted, and its bytes are not.
void epmt_mpi_request_note(const struct epmt_mpi_entry *entry);
// Forgets it, if it is still the one that was found.
void epmt_mpi_request_forget(const struct epmt_mpi_found *found);
uint64_t epmt_mpi_requests_lost(void);
void epmt_mpi_requests_forked(void);

#endif

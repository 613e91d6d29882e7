// SPDX-License-Identifier: Apache-2.0
// The decoder of fragments and the fold behind it: any bytes, as they may stand in a journal or a
// stream; once as they are, once with the checksums of the fragments put right, so that what is
// behind them is reached.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/mpijobs.h"

static void fold_bytes(const uint8_t *data, size_t len) {
    struct epmt_fold_damage damage = {0};
    struct epmt_jobfold *fold = epmt_fold_create();

    if (!fold)
        return;
    if (!epmt_fold_add_bytes(fold, data, len, &damage, NULL) &&
        !epmt_fold_finish(fold, len % 2, NULL))
        epmt_fold_digest(fold);
    epmt_fold_destroy(fold);
}

// Puts length and checksum of each fragment right that begins with our magic.
static void seal(uint8_t *data, size_t len) {
    static const uint32_t magic = EPMT_FRAGMENT_MAGIC;
    struct epmt_fragment_header header;
    uint8_t *at = memmem(data, len, &magic, sizeof magic);

    while (at && (size_t)(data + len - at) >= sizeof header) {
        size_t left = (size_t)(data + len - at);
        uint8_t *next = memmem(at + 1, left - 1, &magic, sizeof magic);
        memcpy(&header, at, sizeof header);
        header.len = (uint32_t)(next ? (size_t)(next - at) : left);
        header.version = EPMT_FRAGMENT_VERSION;
        header.schema = epmt_schema_hash();
        header.crc = 0;
        memcpy(at, &header, sizeof header);
        header.crc = epmt_crc32c(0, at, header.len);
        memcpy(at, &header, sizeof header);
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    uint8_t *copy = malloc(len ? len : 1);

    fold_bytes(data, len);
    if (!copy)
        return 0;
    memcpy(copy, data, len);
    seal(copy, len);
    fold_bytes(copy, len);
    free(copy);
    return 0;
}

#define SEED_LEN (64u << 10)

uint8_t *fuzz_seed(unsigned n, size_t *len) {
    struct epmt_fragment_header header = {.rank = (int32_t)n};
    uint8_t *data = malloc(SEED_LEN), *half = data;
    struct epmt_fragment fragment;
    struct epmt_record record;
    uint32_t slots[64];

    if (n >= 6 || !data) {
        free(data);
        return NULL;
    }
    // The last seeds are several fragments, as a journal has them.
    for (unsigned part = 0; part < (n < 4 ? 1 : n); part++) {
        epmt_fragment_init(&fragment, half, SEED_LEN / 8, slots, 64);
        jobs_process(&record, n, 4);
        epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record);
        jobs_thread(&record, n, part);
        epmt_fragment_add(&fragment, EPMT_ROW_THREAD, &record);
        jobs_function(&record, n, (int)n);
        epmt_fragment_add(&fragment, EPMT_ROW_MPI_FUNCTION, &record);
        epmt_fragment_add_attribute(&fragment, (struct epmt_bytes){"job", 3},
                                    (struct epmt_bytes){"jobid", 5}, (struct epmt_bytes){"7", 1});
        half += epmt_fragment_seal(&fragment, &header);
    }
    *len = (size_t)(half - data);
    return data;
}

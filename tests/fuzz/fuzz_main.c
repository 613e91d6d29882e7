// SPDX-License-Identifier: Apache-2.0
// Drives a fuzz target by itself: seeds, mutated over and over, always in the same way.
// usage: fuzz_<target> [-n COUNT] [-r START] [-o FILE] [INPUT...]
//   -n   mutations to try (default 1000)      -r  where the sequence of random numbers starts
//   -o   each input is written to FILE before it is tried: the last one is the culprit
//   -s   writes the seeds to the directory and ends
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/fuzz/fuzz.h"

#define SEEDS_MAX 64
#define LEN_MAX (1u << 20)

static uint64_t seed = 1;
static const char *file;

static uint64_t any(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return below ? (seed * UINT64_C(0x2545f4914f6cdd1d) >> 16) % below : 0;
}

static void keep(const char *path, const uint8_t *data, size_t len) {
    FILE *to = fopen(path, "wb");

    if (to) {
        fwrite(data, 1, len, to);
        fclose(to);
    }
}

static void try_one(const uint8_t *data, size_t len) {
    // Memory of exactly this size, so that a sanitizer sees one byte too far.
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, data, len);
    if (file)
        keep(file, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

// One change. Returns the new length.
static size_t mutate(uint8_t *data, size_t len, const uint8_t *other, size_t other_len) {
    static const uint64_t odd[] = {
        0,          1,          0x7f,       0x80,      0xff,     0x7fff,   0xffff, 0x7fffffff,
        0xffffffff, 0x80000000, UINT64_MAX, INT64_MAX, 1u << 20, 1u << 30, 64,     4096};
    uint64_t value = odd[any(sizeof odd / sizeof *odd)];
    size_t at = any(len), count = 1 + any(any(4) ? 16 : 4096);
    size_t width = (size_t)1 << any(4);

    if (!len)
        return 0;
    if (count > len - at)
        count = len - at;
    switch (any(7)) {
    case 0:
        data[at] ^= (uint8_t)(1 << any(8));
        break;
    case 1:
        data[at] = (uint8_t)any(256);
        break;
    case 2: // a number, as it stands in a header
        if (len - at >= width)
            memcpy(data + at, &value, width);
        break;
    case 3: // cut out
        memmove(data + at, data + at + count, len - at - count);
        return len - count;
    case 4: // doubled
        if (len + count > LEN_MAX)
            break;
        memmove(data + at + count, data + at, len - at);
        return len + count;
    case 5: // from elsewhere
        memmove(data + at, data + any(len - count + 1), count);
        break;
    default: // from another seed
        if (other_len > count)
            memcpy(data + at, other + any(other_len - count), count);
    }
    return len;
}

static int run_files(int count, char **names) {
    static uint8_t data[LEN_MAX];

    for (int i = 0; i < count; i++) {
        FILE *from = fopen(names[i], "rb");
        if (!from) {
            perror(names[i]);
            return 2;
        }
        size_t len = fread(data, 1, sizeof data, from);
        fclose(from);
        try_one(data, len);
    }
    return 0;
}

int main(int argc, char **argv) {
    static uint8_t data[LEN_MAX];
    uint8_t *seeds[SEEDS_MAX];
    size_t lens[SEEDS_MAX];
    const char *dir = NULL;
    unsigned long count = 1000;
    unsigned made = 0;
    int option;

    while ((option = getopt(argc, argv, "n:r:o:s:")) != -1) {
        if (option == 'n')
            count = strtoul(optarg, NULL, 10);
        else if (option == 'r')
            seed = strtoull(optarg, NULL, 10) * 2 + 1;
        else if (option == 'o')
            file = optarg;
        else if (option == 's')
            dir = optarg;
        else
            return 2;
    }
    if (optind < argc)
        return run_files(argc - optind, argv + optind);
    while (made < SEEDS_MAX && (seeds[made] = fuzz_seed(made, &lens[made])))
        made++;
    if (!made)
        return 2;
    for (unsigned i = 0; i < made; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/seed%u", dir ? dir : "", i);
        if (dir)
            keep(name, seeds[i], lens[i]);
        else
            try_one(seeds[i], lens[i]);
    }
    time_t start = time(NULL);
    for (unsigned long i = 0; !dir && i < count; i++) {
        unsigned which = (unsigned)any(made), other = (unsigned)any(made);
        size_t len = lens[which];
        memcpy(data, seeds[which], len);
        for (uint64_t changes = 1 + any(any(3) ? 3 : 20); changes; changes--)
            len = mutate(data, len, seeds[other], lens[other]);
        try_one(data, len);
    }
    printf("%u seeds, %lu inputs, %ld s\n", made, dir ? 0 : count, (long)(time(NULL) - start));
    for (unsigned i = 0; i < made; i++)
        free(seeds[i]);
    return 0;
}

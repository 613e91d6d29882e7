// SPDX-License-Identifier: Apache-2.0
#include "aggregator/hostfold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "common/iox.h"
#include "common/prim.h"

#include "common/poison.h"

static bool is_rank_of(const struct epmt_fragment_header *header, uint64_t step) {
    return (header->flags & EPMT_FRAGMENT_RANK) && header->step == step;
}

// What names one fragment: its writer and its checksum.
static uint64_t mark_of(const struct epmt_fragment_header *header) {
    return epmt_hash_finish(header->image ^ ((uint64_t)header->crc << 32 | header->len));
}

// The slot of a value in a hash set of non-zero values, or the empty one it belongs in.
static uint64_t *set_slot(uint64_t *set, size_t count, uint64_t value) {
    size_t i = (size_t)(value ^ value >> 32) & (count - 1);

    while (set[i] && set[i] != value)
        i = (i + 1) & (count - 1);
    return &set[i];
}

// Pages are given back in pieces of so many bytes.
#define PASS_LEN ((size_t)1 << 20)

void epmt_hostfold_pass(struct epmt_hostfold *fold, const void *at) {
    const uint8_t *byte = at;

    if (byte < fold->data || byte > fold->data + fold->len)
        return;
    size_t whole = (size_t)(byte - fold->data) / PASS_LEN * PASS_LEN;
    if (whole > fold->passed) {
        epmt_prim_drop(fold->data + fold->passed, whole - fold->passed);
        fold->passed = whole;
    }
}

// As epmt_journal_scan_next, within the window and its memory.
static const uint8_t *next_fragment(struct epmt_hostfold *fold, struct epmt_journal_scan *scan,
                                    size_t *number, struct epmt_fragment_header *header) {
    const uint8_t *fragment = NULL;

    if ((*number)++ < fold->window)
        fragment = epmt_journal_scan_next(scan, header);
    epmt_hostfold_pass(fold, fragment ? fragment : fold->data + fold->len);
    if (!fragment)
        fold->passed = 0; // the next scan starts anew
    return fragment;
}

static int gcd(int a, int b) {
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// A record of a rank of the step.
static void note_rank(struct epmt_hostfold *fold, const struct epmt_fragment_header *header,
                      int rank) {
    int distance = header->rank > rank ? header->rank - rank : rank - header->rank;

    fold->rank_fragments++;
    if (header->flags & EPMT_FRAGMENT_LEFT)
        fold->given_up = true;
    // Each rank has one record of its rank, and here at most one final one too.
    if (!(header->flags & (EPMT_FRAGMENT_FINAL | EPMT_FRAGMENT_LEFT))) {
        fold->rank_count++;
        fold->own_rank |= header->rank == rank;
    }
    fold->end_count += (header->flags & EPMT_FRAGMENT_FINAL) != 0;
    if (fold->lowest_rank < 0 || header->rank < fold->lowest_rank)
        fold->lowest_rank = header->rank;
    if (header->rank > fold->highest_rank)
        fold->highest_rank = header->rank;
    fold->stride = gcd(fold->stride, distance);
}

int epmt_hostfold_read(struct epmt_hostfold *fold, const char *path, uint64_t step, int rank) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    int status;
    int fd = epmt_prim_open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);

    memset(fold, 0, sizeof *fold);
    fold->lowest_rank = fold->highest_rank = -1;
    if (fd < 0)
        return fd;
    // The file only grows, or is replaced as a whole: what is mapped stays what it is.
    fold->data = epmt_map_file(fd, &fold->len, &status);
    epmt_prim_close(fd);
    if (status)
        return status;
    epmt_crc32c_expect(fold->len);
    epmt_journal_scan_init(&scan, fold->data, fold->len);
    fold->window = SIZE_MAX;
    while (next_fragment(fold, &scan, &fold->fragments, &header)) {
        if (is_rank_of(&header, step))
            note_rank(fold, &header, rank);
    }
    fold->fragments--; // the end was counted
    fold->gaps = scan.gaps;
    return 0;
}

// What the journal says of an image.
enum image_facts {
    OF_STEP = 1,       // a rank of the step that is folded
    OF_OTHER_STEP = 2, // a rank of another one
    ENDED = 4,         // its latest record is a final one
};

struct images {
    uint64_t *set;
    uint8_t *facts; // of the image in the same slot
    size_t slots;
    uint64_t *ranks; // set of the step's
    size_t rank_slots;
};

static uint8_t *facts_of(const struct images *images, uint64_t image) {
    uint64_t *slot = set_slot(images->set, images->slots, image);

    *slot = image;
    return &images->facts[slot - images->set];
}

// Adds a value to a set. Returns whether it is new.
static bool set_add(uint64_t *set, size_t slots, uint64_t value) {
    uint64_t *slot = set_slot(set, slots, value);
    bool is_new = !*slot;

    *slot = value;
    return is_new;
}

// First pass: what is known of each image. Returns whether a rank of the step is there twice: then
// several worlds share the step (singletons that a launcher started at once, spawned ranks).
static bool note_images(struct epmt_hostfold *fold, uint64_t step, struct images *images) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    size_t number = 0;
    bool twice = false;

    epmt_journal_scan_init(&scan, fold->data, fold->len);
    while (next_fragment(fold, &scan, &number, &header)) {
        if (!header.image)
            continue;
        uint8_t *facts = facts_of(images, header.image);
        if (is_rank_of(&header, step)) {
            bool new_rank = set_add(images->ranks, images->rank_slots, (uint64_t)header.rank + 1);
            twice |= !new_rank && !(*facts & OF_STEP);
            *facts |= OF_STEP;
        } else if (header.flags & EPMT_FRAGMENT_RANK) {
            *facts |= OF_OTHER_STEP;
        }
        // A record that is not final takes an earlier one back: the exec failed.
        if (header.flags & EPMT_FRAGMENT_FINAL)
            *facts |= ENDED;
        else if (!(header.flags & EPMT_FRAGMENT_LEFT))
            *facts &= (uint8_t)~ENDED;
    }
    return twice;
}

// Whether a process of the journal has no final record. Without one, nobody needs what parents told
// of their children.
static bool any_open(const struct images *images) {
    for (size_t i = 0; i < images->slots; i++) {
        if (images->set[i] && !(images->facts[i] & ENDED))
            return true;
    }
    return false;
}

static size_t slots_for(size_t count) {
    size_t slots = 64;

    while (slots < 2 * count)
        slots *= 2;
    return slots;
}

// Memory for a window of so many fragments: two sets, what is known of each image, what is taken
// (twice: whoever sends it lists it again), and the ranks.
static size_t memory_for(const struct epmt_hostfold *fold, size_t window) {
    return slots_for(window) * (2 * sizeof(uint64_t) + sizeof(uint8_t)) +
           (window + 1) * sizeof *fold->taken + slots_for(fold->rank_fragments) * sizeof(uint64_t);
}

static int make_room(struct epmt_hostfold *fold, struct images *images, size_t budget) {
    fold->window = fold->fragments;
    while (fold->window && memory_for(fold, fold->window) > budget)
        fold->window /= 2;
    fold->memory_len = memory_for(fold, fold->window);
    fold->memory = fold->memory_len > budget ? NULL : epmt_prim_map(fold->memory_len);
    if (!fold->memory)
        return -ENOMEM;
    images->slots = fold->mark_count = slots_for(fold->window);
    images->rank_slots = slots_for(fold->rank_fragments);
    fold->marks = fold->memory;
    images->set = fold->marks + images->slots;
    images->ranks = images->set + images->slots;
    fold->taken = (struct epmt_bytes *)(images->ranks + images->rank_slots);
    images->facts = (uint8_t *)(fold->taken + fold->window + 1);
    return 0;
}

int epmt_hostfold_choose(struct epmt_hostfold *fold, uint64_t step, size_t budget) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    struct images images;
    const uint8_t *fragment;
    size_t number = 0;

    int status = make_room(fold, &images, budget);
    if (status)
        return status;
    // Where not all is looked at, nobody knows: then records are taken that also come by
    // themselves.
    bool whole = fold->window == fold->fragments;
    bool several_worlds = note_images(fold, step, &images) || !whole;
    bool told_stays = !whole || any_open(&images);
    epmt_journal_scan_init(&scan, fold->data, fold->len);
    while ((fragment = next_fragment(fold, &scan, &number, &header))) {
        uint8_t facts = header.image ? *facts_of(&images, header.image) : 0;
        if ((header.flags & EPMT_FRAGMENT_WAITED) && !told_stays)
            set_add(fold->marks, fold->mark_count, mark_of(&header));
        // Ranks of another step have a reduction of their own, which counts on their records.
        if (!(facts & ENDED) || (facts & (OF_STEP | OF_OTHER_STEP)) == OF_OTHER_STEP)
            continue;
        set_add(fold->marks, fold->mark_count, mark_of(&header));
        // An identity record is superseded by the final one, which repeats it. The ranks of one
        // world send their final ones themselves; those of another have perhaps failed to.
        if ((header.flags & EPMT_FRAGMENT_FINAL) && (several_worlds || !is_rank_of(&header, step)))
            fold->taken[fold->taken_count++] =
                (struct epmt_bytes){(const char *)fragment, header.len};
    }
    return 0;
}

static bool stays(void *context, const struct epmt_fragment_header *header,
                  const uint8_t *fragment) {
    const struct epmt_hostfold *fold = context;

    (void)fragment;
    return !*set_slot(fold->marks, fold->mark_count, mark_of(header));
}

// The job's and the user's directory, where nothing is left in them: on the hosts without rank 0.
static void remove_empty_parents(const char *path) {
    char dir[PATH_MAX];

    epmt_fmt(dir, sizeof dir, "%s", path);
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(dir, '/');
        if (!slash || slash == dir)
            return;
        *slash = '\0';
        if (epmt_prim_rmdir(dir))
            return;
    }
}

int epmt_hostfold_trim(const struct epmt_hostfold *fold, const char *path, unsigned timeout_ms) {
    struct epmt_journal journal;

    if (fold->gaps)
        return -EBADMSG;
    int status = epmt_journal_take(&journal, path, timeout_ms);
    if (status)
        return status;
    status = epmt_journal_trim(&journal, path, stays, (void *)(uintptr_t)fold);
    if (!status)
        remove_empty_parents(path);
    return status;
}

void epmt_hostfold_fini(struct epmt_hostfold *fold) {
    if (fold->memory)
        epmt_prim_unmap(fold->memory, fold->memory_len);
    if (fold->data)
        epmt_prim_unmap((void *)(uintptr_t)fold->data, fold->len);
    memset(fold, 0, sizeof *fold);
}

// SPDX-License-Identifier: Apache-2.0
// The reduction over a transport in memory: every row arrives at the root exactly once, whatever
// the number of ranks, the size of chunks and the order in which the ranks are stepped.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/placement.h"
#include "metadata/mpi_tables.h"

// A message that was sent and not received; it is the sender's memory until then, so that reuse
// of a buffer under way is seen.
struct message {
    struct message *next;
    int from, to;
    enum epmt_tag tag;
    const void *data;
    size_t len;
    struct epmt_request *request; // the sender's
};

struct posted {
    struct posted *next;
    int from, to;
    enum epmt_tag tag;
    void *data;
    size_t cap;
    struct epmt_request *request;
};

static struct message *messages;
static struct posted *receives;
static int lost_rank = -1; // never steps

static bool match(void) {
    for (struct posted **r = &receives; *r; r = &(*r)->next) {
        for (struct message **m = &messages; *m; m = &(*m)->next) {
            struct posted *receive = *r;
            struct message *message = *m;
            if (message->from != receive->from || message->to != receive->to ||
                message->tag != receive->tag)
                continue;
            assert_true(message->len <= receive->cap);
            memcpy(receive->data, message->data, message->len);
            receive->request->len = message->len;
            receive->request->opaque[0] = message->request->opaque[0] = 1;
            *r = receive->next;
            *m = message->next;
            free(receive);
            free(message);
            return true;
        }
    }
    return false;
}

static int send_message(struct epmt_transport *t, int peer, enum epmt_tag tag, const void *data,
                        size_t len, struct epmt_request *request) {
    struct message *message = malloc(sizeof *message), **at = &messages;

    *request = (struct epmt_request){.active = true};
    *message = (struct message){NULL, t->rank, peer, tag, data, len, request};
    while (*at)
        at = &(*at)->next;
    *at = message;
    return 0;
}

static int receive_message(struct epmt_transport *t, int peer, enum epmt_tag tag, void *data,
                           size_t cap, struct epmt_request *request) {
    struct posted *receive = malloc(sizeof *receive);

    *request = (struct epmt_request){.active = true};
    *receive = (struct posted){receives, peer, t->rank, tag, data, cap, request};
    receives = receive;
    return 0;
}

static int test_message(struct epmt_transport *t, struct epmt_request *request) {
    (void)t;
    assert_true(request->active);
    while (match())
        ;
    if (request->opaque[0])
        request->active = false;
    return (int)request->opaque[0];
}

static void cancel_message(struct epmt_transport *t, struct epmt_request *request) {
    (void)t;
    for (struct posted **r = &receives; *r; r = &(*r)->next) {
        if ((*r)->request == request) {
            struct posted *gone = *r;
            *r = gone->next;
            free(gone);
            break;
        }
    }
    for (struct message **m = &messages; *m; m = &(*m)->next) {
        if ((*m)->request == request) {
            struct message *gone = *m;
            *m = gone->next;
            free(gone);
            break;
        }
    }
    request->active = false;
}

#define FUNCTIONS_MAX 6

struct root {
    unsigned *seen; // by rank * rows + row
    unsigned rows, puts;
    int fail_at; // put that fails, -1 none
    bool finished, last_seen;
    unsigned wrong_texts;
    int size;
    unsigned functions, imbalances; // rows
};

// Calls of MPI function `f` by a rank: every f + 1st one calls it.
static uint64_t calls_of(int rank, unsigned f) {
    return rank % (int)(f + 1) ? 0 : (uint64_t)rank * 3 + f + 1;
}

// A row of statistics at the root must be right for all ranks.
static void check_imbalance(struct root *root, const struct epmt_record *record) {
    const union epmt_value *value = record->value;
    struct epmt_bytes name = value[EPMT_MPI_IMBALANCE_COL_function].text;
    uint64_t least = UINT64_MAX, most = 0;
    int64_t least_rank = 0, most_rank = 0;
    double sum = 0;

    if (epmt_stats_is_internal(record))
        return;
    root->imbalances++;
    assert_int_equal(value[EPMT_MPI_IMBALANCE_COL_ranks].u, root->size);
    for (int rank = 0; rank < root->size; rank++) {
        uint64_t calls = 0;
        for (unsigned f = 0; f < FUNCTIONS_MAX; f++) {
            if (name.data[0] == 'a' || name.data[4] - 'A' == (int)f)
                calls += calls_of(rank, f);
        }
        sum += (double)calls;
        if (calls < least) {
            least = calls;
            least_rank = rank;
        }
        if (calls > most) {
            most = calls;
            most_rank = rank;
        }
    }
    assert_int_equal(value[EPMT_MPI_IMBALANCE_COL_min].u, least);
    assert_int_equal(value[EPMT_MPI_IMBALANCE_COL_max].u, most);
    assert_int_equal(value[EPMT_MPI_IMBALANCE_COL_min_rank].i, least_rank);
    assert_int_equal(value[EPMT_MPI_IMBALANCE_COL_max_rank].i, most_rank);
    double mean = sum / root->size, got = value[EPMT_MPI_IMBALANCE_COL_mean].r;
    assert_true(got > mean * (1 - 1e-12) && got < mean * (1 + 1e-12));
    assert_int_equal(value[EPMT_MPI_IMBALANCE_COL_step].text.len, 5);
}

static int put(void *context, const void *fragment, size_t len) {
    struct root *root = context;
    struct epmt_fragment_header header;
    struct epmt_fragment_reader reader;
    struct epmt_row row;
    int got;

    if ((int)root->puts++ == root->fail_at)
        return -1;
    assert_int_equal(epmt_fragment_check(fragment, len, &header, NULL), 0);
    assert_false(root->last_seen);
    root->last_seen = header.flags & EPMT_FRAGMENT_LAST;
    epmt_fragment_reader_init(&reader, fragment, &header);
    while ((got = epmt_fragment_next(&reader, &row, NULL)) > 0) {
        if (row.kind == EPMT_ROW_MPI_IMBALANCE)
            check_imbalance(root, &row.record);
        root->functions += row.kind == EPMT_ROW_MPI_FUNCTION;
        if (row.kind != EPMT_ROW_PROCESS)
            continue;
        int64_t rank = row.record.value[EPMT_COL_mpirank].i;
        int64_t number = row.record.value[EPMT_COL_tid].i;
        char text[32];
        root->seen[rank * root->rows + number]++;
        int n = snprintf(text, sizeof text, "host%d", (int)rank / 4);
        struct epmt_bytes host = row.record.value[EPMT_COL_hostname].text;
        if (host.len != (uint64_t)n || memcmp(host.data, text, host.len))
            root->wrong_texts++;
    }
    assert_int_equal(got, 0);
    return 0;
}

static int finish(void *context) {
    ((struct root *)context)->finished = true;
    return 0;
}

struct rank {
    struct epmt_tree tree;
    struct epmt_transport transport;
    struct epmt_bytes pieces[3];
    struct epmt_tree_child children[EPMT_TREE_CHILDREN_MAX];
    void *memory;
};

static void add_functions(struct epmt_fragment *fragment, int rank) {
    struct epmt_record record;

    epmt_record_clear(&record);
    for (unsigned f = 0; f < FUNCTIONS_MAX; f++) {
        char name[] = {'M', 'P', 'I', '_', (char)('A' + f)};
        if (!calls_of(rank, f))
            continue;
        epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_image, (uint64_t)rank + 1);
        epmt_record_set_text(&record, EPMT_MPI_FUNCTION_COL_function, name, sizeof name);
        epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_calls, calls_of(rank, f));
        assert_int_equal(epmt_fragment_add(fragment, EPMT_ROW_MPI_FUNCTION, &record), 0);
    }
}

// One fragment with rows `from`..`to` of a rank.
static struct epmt_bytes piece_of(int rank, unsigned from, unsigned to, size_t text) {
    size_t cap = 4096 + (to - from) * (100 + text);
    char *data = malloc(cap), host[32], *args = calloc(1, text + 1);
    struct epmt_fragment fragment;
    struct epmt_fragment_header header = {.rank = rank};
    struct epmt_record record;

    memset(args, 'a', text);
    epmt_fragment_init(&fragment, data, cap, NULL, 0);
    for (unsigned i = from; i < to; i++) {
        epmt_record_clear(&record);
        epmt_record_set_i(&record, EPMT_COL_mpirank, rank);
        epmt_record_set_i(&record, EPMT_COL_tid, i);
        epmt_record_set_u(&record, EPMT_COL_image, (uint64_t)rank + 1);
        epmt_record_set_text(&record, EPMT_COL_step, "world", 5);
        epmt_record_set_u(&record, EPMT_COL_usertime, (uint64_t)rank << 32 | i);
        int n = snprintf(host, sizeof host, "host%d", rank / 4);
        epmt_record_set_text(&record, EPMT_COL_hostname, host, (uint64_t)n);
        epmt_record_set_text(&record, EPMT_COL_args, args, text);
        assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
    }
    if (from == 0)
        add_functions(&fragment, rank);
    free(args);
    return (struct epmt_bytes){data, epmt_fragment_seal(&fragment, &header)};
}

struct run {
    int size;
    unsigned rows;
    size_t chunk, text;
    int alone; // 0: all ranks have texts of that length; else only rank alone - 1
    struct root root;
    struct rank *ranks;
    uint64_t steps;
};

static void start(struct run *run) {
    run->ranks = calloc((size_t)run->size, sizeof *run->ranks);
    run->root.rows = run->rows;
    run->root.size = run->size;
    run->root.seen = calloc((size_t)run->size * run->rows, sizeof *run->root.seen);
    struct epmt_tree_sink sink = {put, finish, &run->root};
    for (int i = 0; i < run->size; i++) {
        struct rank *rank = &run->ranks[i];
        struct epmt_tree_shape shape;
        struct epmt_fragment_header about = {.rank = i, .image = (uint64_t)i + 1};
        unsigned part = run->rows / 3;
        size_t text = !run->alone || run->alone == i + 1 ? run->text : 0;
        const struct epmt_placement blocks = {.kind = EPMT_PLACEMENT_BLOCK, .width = 5};
        epmt_placement_shape(&blocks, i, run->size, &shape);
        rank->pieces[0] = piece_of(i, 0, part, text);
        rank->pieces[1] = piece_of(i, part, 2 * part, text);
        rank->pieces[2] = piece_of(i, 2 * part, run->rows, text);
        rank->memory = malloc(epmt_tree_memory(shape.child_count, run->chunk));
        rank->transport = (struct epmt_transport){.rank = i,
                                                  .size = run->size,
                                                  .send = send_message,
                                                  .receive = receive_message,
                                                  .test = test_message,
                                                  .cancel = cancel_message};
        epmt_tree_init(&rank->tree, &rank->transport, &shape, run->chunk, rank->children,
                       rank->memory, &about, rank->pieces, 3, &sink);
    }
}

// Steps the ranks in a changing order until nothing moves any more.
static void step_all(struct run *run) {
    unsigned still = 0, order = 1;

    while (still < 3) {
        bool moved = false;
        for (int i = 0; i < run->size; i++) {
            order = order * 1103515245 + 12345;
            int rank = (int)((unsigned)i * 7 + (order >> 16) % 3) % run->size;
            if (rank != lost_rank)
                moved |= epmt_tree_step(&run->ranks[rank].tree);
        }
        for (int i = 0; i < run->size; i++) {
            if (i != lost_rank)
                moved |= epmt_tree_step(&run->ranks[i].tree);
        }
        run->steps++;
        still = moved ? 0 : still + 1;
    }
}

static void end(struct run *run) {
    for (int i = 0; i < run->size; i++) {
        struct rank *rank = &run->ranks[i];
        epmt_tree_abandon(&rank->tree);
        for (int k = 0; k < 3; k++)
            free((void *)(uintptr_t)rank->pieces[k].data);
        free(rank->memory);
    }
    assert_null(receives);
    assert_null(messages);
    free(run->root.seen);
    free(run->ranks);
}

// Of each function that was called, and of all together, one row, where the chunk has room for
// them all.
static void check_statistics(struct run *run) {
    unsigned functions = 0;

    for (int rank = 0; rank < run->size; rank++) {
        for (unsigned f = 0; f < FUNCTIONS_MAX; f++)
            functions += calls_of(rank, f) != 0;
    }
    assert_int_equal(run->root.functions, functions);
    assert_int_equal(run->root.imbalances,
                     run->chunk / 256 > FUNCTIONS_MAX ? FUNCTIONS_MAX + 1 : 0);
}

static void check_complete(struct run *run) {
    for (int i = 0; i < run->size; i++) {
        assert_int_equal(run->ranks[i].tree.outcome, EPMT_TREE_WRITTEN);
        assert_true(epmt_tree_settled(&run->ranks[i].tree));
    }
    assert_true(run->root.finished);
    assert_true(run->root.last_seen);
    assert_int_equal(run->root.wrong_texts, 0);
    for (size_t i = 0; i < (size_t)run->size * run->rows; i++)
        assert_int_equal(run->root.seen[i], 1);
    check_statistics(run);
}

static void test_every_size(void **state) {
    (void)state;
    for (int size = 1; size <= 70; size++) {
        struct run run = {.size = size, .rows = 7, .chunk = 4096, .root = {.fail_at = -1}};
        start(&run);
        step_all(&run);
        check_complete(&run);
        end(&run);
    }
}

static void test_many_chunks(void **state) {
    (void)state;
    for (size_t chunk = 512; chunk <= 8192; chunk *= 2) {
        struct run run = {
            .size = 23, .rows = 300, .chunk = chunk, .text = 100, .root = {.fail_at = -1}};
        start(&run);
        step_all(&run);
        check_complete(&run);
        assert_true(run.root.puts >= 15);
        end(&run);
    }
}

static void test_row_larger_than_a_chunk(void **state) {
    struct run run = {.size = 5, .rows = 3, .chunk = 512, .text = 1000, .root = {.fail_at = -1}};

    (void)state;
    start(&run);
    step_all(&run);
    for (int i = 0; i < run.size; i++)
        assert_int_equal(run.ranks[i].tree.outcome, EPMT_TREE_PARTIAL);
    assert_true(run.root.finished);
    end(&run);
}

// What one rank could not send is known to all, however far it is from the root.
static void test_row_of_one_rank(void **state) {
    (void)state;
    for (int alone = 1; alone <= 23; alone++) {
        struct run run = {.size = 23,
                          .rows = 3,
                          .chunk = 512,
                          .text = 1000,
                          .alone = alone,
                          .root = {.fail_at = -1}};
        start(&run);
        step_all(&run);
        for (int i = 0; i < run.size; i++)
            assert_int_equal(run.ranks[i].tree.outcome, EPMT_TREE_PARTIAL);
        end(&run);
    }
}

static void test_failing_sink(void **state) {
    (void)state;
    for (int at = 0; at < 4; at++) {
        struct run run = {
            .size = 9, .rows = 60, .chunk = 1024, .text = 50, .root = {.fail_at = at}};
        start(&run);
        step_all(&run);
        for (int i = 0; i < run.size; i++)
            assert_int_equal(run.ranks[i].tree.outcome, EPMT_TREE_FAILED);
        assert_false(run.root.finished);
        end(&run);
    }
}

// A rank that vanishes: its ancestors wait, nobody else is harmed, and giving up leaves nothing.
static void test_lost_rank(void **state) {
    struct run run = {.size = 12, .rows = 5, .chunk = 1024, .root = {.fail_at = -1}};

    (void)state;
    lost_rank = 6;
    start(&run);
    step_all(&run);
    for (int i = 0; i < run.size; i++)
        assert_int_equal(run.ranks[i].tree.outcome, EPMT_TREE_PENDING);
    end(&run);
    lost_rank = -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_many_chunks),
        cmocka_unit_test(test_row_larger_than_a_chunk),
        cmocka_unit_test(test_row_of_one_rank),
        cmocka_unit_test(test_failing_sink),
        cmocka_unit_test(test_lost_rank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

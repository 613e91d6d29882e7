// SPDX-License-Identifier: Apache-2.0
// Threads without MPI: N threads do the same work, are joined and their results compared.
// Usage: threads_serial [N]

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 2 * 1000 * 1000 };

struct worker {
    pthread_t thread;
    uint32_t state;
};

// A full-period generator: what it returns after STEPS steps depends on its start alone.
static uint32_t walk(uint32_t state) {
    for (int i = 0; i < STEPS; i++)
        state = state * 1664525U + 1013904223U;
    return state;
}

static void *work(void *arg) {
    struct worker *worker = arg;
    worker->state = walk(worker->state);
    return NULL;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 4;
    struct worker *workers = count > 0 ? calloc((size_t)count, sizeof *workers) : NULL;
    if (workers == NULL)
        return EXIT_FAILURE;
    for (int i = 0; i < count; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return EXIT_FAILURE;

    uint32_t expected = walk(0);
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        wrong |= workers[i].state != expected;
    }
    free(workers);
    printf("%d threads\n", count);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

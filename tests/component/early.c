// SPDX-License-Identifier: Apache-2.0
// A library whose constructor starts a thread that lives until the program ends.
#include <pthread.h>
#include <unistd.h>

static void *live_on(void *unused) {
    for (;;)
        pause();
    return unused;
}

static __attribute__((constructor)) void begin(void) {
    pthread_t thread;

    if (!pthread_create(&thread, NULL, live_on, NULL))
        pthread_detach(thread);
}

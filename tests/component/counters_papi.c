// SPDX-License-Identifier: Apache-2.0
// A program that counts through PAPI itself: all that it is told must be the same with and without
// the preload.
#include <papi.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

static unsigned long own_id(void) {
    return (unsigned long)pthread_self();
}

static void spin(void) {
    volatile double sum = 0;

    for (int i = 0; i < 20000000; i++)
        sum += i;
}

static int count(void) {
    int set = PAPI_NULL, code;
    long long value = 0;
    int made = PAPI_create_eventset(&set);
    int named = PAPI_event_name_to_code("perf::TASK-CLOCK", &code);
    int added = PAPI_add_event(set, code);
    int started = PAPI_start(set);

    spin();
    int stopped = PAPI_stop(set, &value);
    printf("%d %d %d %d %d %s\n", made, named, added, started, stopped,
           value > 1000000 ? "plausible" : "wrong");
    return value > 1000000 ? 0 : 1;
}

static void *count_in_thread(void *unused) {
    (void)unused;
    printf("register %d\n", PAPI_register_thread());
    count();
    printf("unregister %d\n", PAPI_unregister_thread());
    return NULL;
}

int main(void) {
    pthread_t thread;

    printf("init %d\n", PAPI_library_init(PAPI_VER_CURRENT) == PAPI_VER_CURRENT);
    printf("threads %d\n", PAPI_thread_init(own_id));
    int status = count();
    pthread_create(&thread, NULL, count_in_thread, NULL);
    pthread_join(thread, NULL);
    PAPI_shutdown();
    return status;
}

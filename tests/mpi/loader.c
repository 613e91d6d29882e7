// SPDX-License-Identifier: Apache-2.0
// Looks for MPI in libraries outside the global scope while another thread loads and unloads one.
// Arguments: a library libmpi*.so, another one.
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_int stop;

static void *load(void *path) {
    while (!stop) {
        void *library = dlopen(path, RTLD_NOW);
        if (library)
            dlclose(library);
    }
    return NULL;
}

int main(int argc, char **argv) {
    int (*init)(int *, char ***);
    void *found = dlsym(RTLD_DEFAULT, "MPI_Init");
    pthread_t thread;

    memcpy(&init, &found, sizeof init);
    if (argc != 3 || !init || !dlopen(argv[1], RTLD_NOW | RTLD_LOCAL))
        return 1;
    pthread_create(&thread, NULL, load, argv[2]);
    for (time_t end = time(NULL) + 4; time(NULL) < end;)
        init(NULL, NULL);
    stop = 1;
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}

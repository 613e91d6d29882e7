// SPDX-License-Identifier: Apache-2.0
// What a preload adds to posix_spawn + wait of /bin/true in time, in CPU time of the process (which
// a busy machine disturbs less) and in page faults: the variants alternate in one run, medians are
// printed.
// usage: process RUNS NAME=LIBRARY[,VARIABLE=VALUE]... ... (an empty LIBRARY is no preload; the
// variables are set for that variant alone)
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define VARIANTS 16

static double now_us(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

// What a variant says behind its library: sets its variables, or takes them away again.
static void change_environment(const char *variables, int set) {
    char text[4096];

    snprintf(text, sizeof text, "%s", variables);
    for (char *rest = NULL, *one = strtok_r(text, ",", &rest); one;
         one = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(one, '=');
        if (!equals)
            continue;
        *equals = '\0';
        if (set)
            setenv(one, equals + 1, 1);
        else
            unsetenv(one);
    }
}

static double spawn_once(const char *variant, double *cpu, long *faults) {
    static char *const arguments[] = {"/bin/true", NULL};
    size_t library = strcspn(variant, ",");
    char preload[4096];
    struct rusage usage;
    pid_t pid;
    int status;

    snprintf(preload, sizeof preload, "%.*s", (int)library, variant);
    if (library)
        setenv("LD_PRELOAD", preload, 1);
    else
        unsetenv("LD_PRELOAD");
    change_environment(variant + library, 1);
    double start = now_us();
    if (posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ) ||
        wait4(pid, &status, 0, &usage) != pid || status) {
        fprintf(stderr, "process: /bin/true failed\n");
        exit(1);
    }
    double end = now_us();
    change_environment(variant + library, 0);
    *cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    *faults = usage.ru_minflt;
    return end - start;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[count / 2];
}

int main(int argc, char **argv) {
    int runs = argc > 2 ? atoi(argv[1]) : 0, variants = argc - 2;
    long faults[VARIANTS];
    double *times[VARIANTS], *cpus[VARIANTS];

    if (runs < 1 || variants < 1 || variants > VARIANTS) {
        fprintf(stderr, "usage: process RUNS NAME=LIBRARY[,VARIABLE=VALUE]... ...\n");
        return 2;
    }
    for (int v = 0; v < variants; v++) {
        times[v] = calloc((size_t)runs, sizeof **times);
        cpus[v] = calloc((size_t)runs, sizeof **cpus);
    }
    for (int i = 0; i < runs; i++) {
        for (int v = 0; v < variants; v++) {
            const char *variant = strchr(argv[v + 2], '=');
            times[v][i] = spawn_once(variant ? variant + 1 : "", &cpus[v][i], &faults[v]);
        }
    }
    double bare = median(times[0], runs), bare_cpu = median(cpus[0], runs);
    printf("%-24s %10s %10s %10s %8s\n", "posix_spawn + wait", "median us", "added us", "added CPU",
           "faults");
    for (int v = 0; v < variants; v++) {
        double value = v ? median(times[v], runs) : bare;
        double cpu = v ? median(cpus[v], runs) : bare_cpu;
        printf("%-24.*s %10.0f %10.0f %10.0f %8ld\n", (int)strcspn(argv[v + 2], "="), argv[v + 2],
               value, value - bare, cpu - bare_cpu, faults[v]);
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/thishost.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *epmt_host_name(char name[EPMT_PLACE_MAX]) {
    if (gethostname(name, EPMT_PLACE_MAX - 1))
        name[0] = '\0';
    name[EPMT_PLACE_MAX - 1] = '\0';
    return name;
}

// The number behind "<name> : " in a line of /proc/cpuinfo. Returns false where it is another line.
static bool take_number(const char *line, const char *name, unsigned long *number) {
    size_t len = strlen(name);
    const char *colon = strchr(line, ':');

    if (!colon || strncmp(line, name, len) != 0 || (line[len] != '\t' && line[len] != ':'))
        return false;
    *number = strtoul(colon + 1, NULL, 10);
    return true;
}

char *epmt_cpu_name(char name[EPMT_PLACE_MAX]) {
    static const char *const names[] = {"cpu family", "model", "stepping"};
    FILE *file = fopen("/proc/cpuinfo", "re");
    unsigned long numbers[3];
    unsigned found = 0;
    char line[EPMT_PLACE_MAX];

    name[0] = '\0';
    // They stand there in this order.
    while (file && found < 3 && fgets(line, sizeof line, file))
        found += take_number(line, names[found], &numbers[found]);
    if (file)
        fclose(file);
    if (found == 3)
        snprintf(name, EPMT_PLACE_MAX, "%lu/%lu/%lu", numbers[0], numbers[1], numbers[2]);
    return name;
}

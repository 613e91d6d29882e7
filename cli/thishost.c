// SPDX-License-Identifier: Apache-2.0
#include "cli/thishost.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *epmt_host_name(char name[EPMT_PLACE_MAX]) {
    if (gethostname(name, EPMT_PLACE_MAX - 1))
        name[0] = '\0';
    name[EPMT_PLACE_MAX - 1] = '\0';
    return name;
}

char *epmt_cpu_name(char name[EPMT_PLACE_MAX]) {
    FILE *file = fopen("/proc/cpuinfo", "re");
    unsigned family, model, stepping;
    char line[EPMT_PLACE_MAX];
    int found = 0;

    name[0] = '\0';
    while (file && found != 7 && fgets(line, sizeof line, file)) {
        found |= sscanf(line, "cpu family : %u", &family) == 1 ? 1 : 0;
        found |= sscanf(line, "model : %u", &model) == 1 ? 2 : 0;
        found |= sscanf(line, "stepping : %u", &stepping) == 1 ? 4 : 0;
    }
    if (file)
        fclose(file);
    if (found == 7)
        snprintf(name, EPMT_PLACE_MAX, "%u/%u/%u", family, model, stepping);
    return name;
}

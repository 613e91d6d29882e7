// SPDX-License-Identifier: Apache-2.0
// What sections of the settings files are matched with: the host's name and its processor.
#ifndef EPMT_CLI_THISHOST_H
#define EPMT_CLI_THISHOST_H

#define EPMT_PLACE_MAX 256

// Each writes to name[EPMT_PLACE_MAX] and returns it.
char *epmt_host_name(char name[EPMT_PLACE_MAX]);
// "family/model/stepping" as /proc/cpuinfo has them, "" where it has none.
char *epmt_cpu_name(char name[EPMT_PLACE_MAX]);

#endif

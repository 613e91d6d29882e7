// SPDX-License-Identifier: Apache-2.0
#include "storage/alive.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/iox.h"
#include "metadata/procstat.h"

// The kernel's start counts in ticks, and the image starts a little after its process.
#define SLACK_NS UINT64_C(1000000000)

void epmt_here_init(struct epmt_here *here) {
    struct stat st;

    memset(here, 0, sizeof *here);
    if (epmt_read_small("/proc/sys/kernel/random/boot_id", here->bootid, sizeof here->bootid) < 0)
        here->bootid[0] = '\0';
    here->bootid[strcspn(here->bootid, "\n")] = '\0';
    if (!stat("/proc/self/ns/pid", &st))
        here->pidns = st.st_ino;
}

static bool is_of_here(const struct epmt_here *here, const struct epmt_record *process) {
    if (!epmt_record_has(process, EPMT_COL_bootid) || !epmt_record_has(process, EPMT_COL_pid))
        return false;
    struct epmt_bytes boot = process->value[EPMT_COL_bootid].text;
    if (boot.len != strlen(here->bootid) || memcmp(boot.data, here->bootid, boot.len))
        return false;
    return !epmt_record_has(process, EPMT_COL_pidns) || !here->pidns ||
           process->value[EPMT_COL_pidns].u == here->pidns;
}

bool epmt_is_alive(const struct epmt_here *here, const struct epmt_record *process) {
    struct epmt_procstat stat;

    if (!is_of_here(here, process) || !epmt_procstat_of(process->value[EPMT_COL_pid].i, &stat) ||
        strchr("ZXx", stat.state))
        return false;
    long ticks = sysconf(_SC_CLK_TCK);
    if (ticks <= 0 || stat.last < 22 || !epmt_record_has(process, EPMT_COL_imagestart))
        return true;
    // A pid that was used again belongs to a process that started after the image did.
    uint64_t started = stat.field[22] / (uint64_t)ticks * 1000000000 +
                       stat.field[22] % (uint64_t)ticks * 1000000000 / (uint64_t)ticks;
    return started <= process->value[EPMT_COL_imagestart].u + SLACK_NS;
}

bool epmt_is_open(const struct epmt_record *process) {
    return !epmt_record_has(process, EPMT_COL_state) ||
           process->value[EPMT_COL_state].i == EPMT_STATE_running;
}

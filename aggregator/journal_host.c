// SPDX-License-Identifier: Apache-2.0
// The facts are trusted where they were written under the same boot (the moment of which tells one
// boot from another) and in the first pid namespace, through the same /proc, in which this process
// has the number that it has for itself. A mounted /proc belongs to one pid namespace; that of the
// first one stays mounted.
#include "aggregator/journal_host.h"

#include <string.h>

#include "aggregator/fragment.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"

#include "common/poison.h"

#define FIRST_PIDNS UINT64_C(0xeffffffc) // PROC_PID_INIT_INO of the kernel
#define BOOTID_LEN 36
// A clock that is set between two readings may be so far off, in seconds. Two boots are further
// apart.
#define CLOCK_SLACK 2

struct facts {
    struct epmt_host host;
    uint64_t procfs; // device of /proc
    int64_t boot;    // seconds since 1970
};

_Static_assert(sizeof(struct facts) == EPMT_HOST_FRAGMENT_LEN - EPMT_FRAGMENT_HEADER_LEN, "layout");

static uint64_t device_of_proc(void) {
    struct stat st;

    return epmt_prim_stat("/proc", &st) ? 0 : st.st_dev;
}

static void ask_kernel(struct epmt_host *host) {
    char text[64];

    if (epmt_read_small("/proc/sys/kernel/random/boot_id", host->bootid, sizeof host->bootid) >
        BOOTID_LEN)
        host->bootid[BOOTID_LEN] = '\0';
    ssize_t len = epmt_prim_readlink("/proc/self/ns/pid", text, sizeof text - 1);
    if (len > 5) { // "pid:[4026531836]"
        const char *at = text + 5;
        epmt_parse_u64(&at, text + len, &host->pidns);
    }
}

static bool read_front(int fd, uint64_t len, struct facts *facts) {
    uint8_t front[EPMT_HOST_FRAGMENT_LEN];
    struct epmt_fragment_header header;

    if (fd < 0 || len < sizeof front ||
        epmt_prim_pread(fd, front, sizeof front, 0) != (ssize_t)sizeof front ||
        epmt_fragment_check(front, sizeof front, &header, NULL) ||
        !(header.flags & EPMT_FRAGMENT_HOST) || header.len != sizeof front)
        return false;
    memcpy(facts, front + sizeof header, sizeof *facts);
    return !facts->host.bootid[BOOTID_LEN];
}

// Whether /proc is that of this process's namespace, and not of one above it.
static bool is_own_proc(pid_t self) {
    char text[24];
    ssize_t len = epmt_prim_readlink("/proc/self", text, sizeof text);
    const char *at = text;
    uint64_t pid;

    return len > 0 && epmt_parse_u64(&at, text + len, &pid) && at == text + len &&
           pid == (uint64_t)self;
}

static bool is_true_here(const struct facts *facts, pid_t self, int64_t boot) {
    int64_t apart = facts->boot - boot;

    return apart <= CLOCK_SLACK && apart >= -CLOCK_SLACK && facts->procfs == device_of_proc() &&
           is_own_proc(self);
}

size_t epmt_journal_host_find(struct epmt_host *host, pid_t self, int64_t boot, int fd,
                              uint64_t len, uint8_t front[EPMT_HOST_FRAGMENT_LEN]) {
    const struct epmt_fragment_header about = {.flags = EPMT_FRAGMENT_HOST, .rank = -1};
    struct epmt_fragment fragment;
    struct facts facts;

    if (read_front(fd, len, &facts) && is_true_here(&facts, self, boot)) {
        *host = facts.host;
        return 0;
    }
    memset(host, 0, sizeof *host);
    ask_kernel(host);
    if (fd < 0 || len || host->pidns != FIRST_PIDNS || !host->bootid[0])
        return 0;
    facts = (struct facts){*host, device_of_proc(), boot};
    epmt_fragment_init(&fragment, front, EPMT_HOST_FRAGMENT_LEN, NULL, 0);
    memcpy(front + fragment.len, &facts, sizeof facts);
    fragment.len += sizeof facts;
    return facts.procfs ? epmt_fragment_seal(&fragment, &about) : 0;
}

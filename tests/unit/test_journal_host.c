// SPDX-License-Identifier: Apache-2.0
// aggregator/journal_host.h: what stands in front of a journal is what the kernel says, is not
// taken for true elsewhere, and is no record.
#include "aggregator/journal_host.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "aggregator/journal.h"
#include "common/iox.h"
#include "common/prim.h"
#include "tests/unit/rows.h"
#include "tests/unit/tempdir.h"

// Where the facts stand in the fragment.
#define BOOTID_AT 48
#define PIDNS_AT 88
#define PROCFS_AT 96
#define BOOT_AT 104

static struct tempdir dir;
static char path[PATH_MAX];

static int setup(void **state) {
    (void)state;
    if (tempdir_make(&dir))
        return -1;
    snprintf(path, sizeof path, "%s/host.journal", dir.path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return tempdir_remove(&dir);
}

static void from_kernel(struct epmt_host *host) {
    struct stat st;

    memset(host, 0, sizeof *host);
    assert_true(
        epmt_read_small("/proc/sys/kernel/random/boot_id", host->bootid, sizeof host->bootid) > 36);
    host->bootid[36] = '\0';
    assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
    host->pidns = st.st_ino;
}

static int64_t boot_now(void) {
    struct timespec now, up;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return now.tv_sec - up.tv_sec;
}

static void check_host(const struct epmt_host *host) {
    struct epmt_host truth;

    from_kernel(&truth);
    assert_string_equal(host->bootid, truth.bootid);
    assert_int_equal(host->pidns, truth.pidns);
}

// Finds with the journal as it is. Returns the length of what is to be put in front.
static size_t find(struct epmt_host *host, uint8_t front[EPMT_HOST_FRAGMENT_LEN]) {
    uint64_t len;
    int fd = epmt_journal_open(path, 0, &len);

    assert_true(fd >= 0);
    memset(host, 0x55, sizeof *host);
    size_t front_len = epmt_journal_host_find(host, getpid(), boot_now(), fd, len, front);
    if (front_len)
        assert_int_equal(epmt_write_all(fd, front, front_len), 0);
    epmt_journal_close(fd, true);
    return front_len;
}

// The front with other facts and the right checksum, in place of the journal.
static void replace_front(const uint8_t front[EPMT_HOST_FRAGMENT_LEN], size_t at, const void *value,
                          size_t len) {
    uint8_t changed[EPMT_HOST_FRAGMENT_LEN];
    struct epmt_fragment_header header;
    struct epmt_fragment fragment = {.data = changed, .cap = sizeof changed, .len = sizeof changed};

    memcpy(changed, front, sizeof changed);
    memcpy(&header, front, sizeof header);
    memcpy(changed + at, value, len);
    epmt_fragment_seal(&fragment, &header);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, changed, sizeof changed), sizeof changed);
    close(fd);
}

static bool in_first_namespace(void) {
    struct epmt_host truth;

    from_kernel(&truth);
    return truth.pidns == 0xeffffffc;
}

static void without_a_journal(void **state) {
    uint8_t front[EPMT_HOST_FRAGMENT_LEN];
    struct epmt_host host;

    (void)state;
    assert_int_equal(epmt_journal_host_find(&host, getpid(), boot_now(), -1, 0, front), 0);
    check_host(&host);
}

// A container's facts are never written down: its /proc may go, and another's have its device.
static void only_of_the_first_namespace(void **state) {
    uint8_t front[EPMT_HOST_FRAGMENT_LEN];
    struct epmt_host host;

    (void)state;
    assert_int_equal(find(&host, front), in_first_namespace() ? sizeof front : 0);
    check_host(&host);
    assert_int_equal(find(&host, front), 0);
    check_host(&host);
}

// What tells that the facts are another boot's, or another /proc's, is looked at.
static void facts_of_another(void **state) {
    static const char other_boot[40] = "00000000-0000-0000-0000-000000000000";
    uint8_t front[EPMT_HOST_FRAGMENT_LEN];
    struct epmt_host host;
    uint64_t value;
    int64_t boot;

    (void)state;
    if (find(&host, front) != sizeof front)
        return; // in a container
    // Where both fit, what is written is taken: else the tests below would say nothing.
    replace_front(front, BOOTID_AT, other_boot, sizeof other_boot);
    find(&host, front);
    assert_string_equal(host.bootid, other_boot);
    memcpy(front + BOOTID_AT, other_boot, sizeof other_boot);

    memcpy(&boot, front + BOOT_AT, sizeof boot);
    boot -= 3600;
    replace_front(front, BOOT_AT, &boot, sizeof boot);
    find(&host, front);
    check_host(&host);

    memcpy(&value, front + PROCFS_AT, sizeof value);
    value++;
    replace_front(front, PROCFS_AT, &value, sizeof value);
    find(&host, front);
    check_host(&host);

    // A process that has another number there than for itself is in another namespace.
    memcpy(front + PROCFS_AT, &(uint64_t){value - 1}, sizeof value);
    memcpy(front + BOOT_AT, &(int64_t){boot + 3600}, sizeof boot);
    replace_front(front, PIDNS_AT, "", 0);
    uint64_t len;
    int journal = epmt_journal_open(path, 0, &len);
    assert_int_equal(epmt_journal_host_find(&host, getpid() + 1, boot_now(), journal, len, front),
                     0);
    check_host(&host);
    assert_int_equal(epmt_journal_host_find(&host, getpid(), boot_now(), journal, len, front), 0);
    assert_string_equal(host.bootid, other_boot);
    epmt_journal_close(journal, true);

    uint8_t wrong = 0;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &wrong, 1, BOOTID_AT), 1);
    wrong ^= 1;
    assert_int_equal(pwrite(fd, &wrong, 1, BOOTID_AT), 1); // damage: the checksum is wrong
    close(fd);
    find(&host, front);
    check_host(&host);
}

static bool keep_all(void *context, const struct epmt_fragment_header *header,
                     const uint8_t *fragment) {
    (void)fragment;
    return header->image == *(const uint64_t *)context;
}

static void append_record(uint64_t image) {
    const struct epmt_fragment_header about = {.rank = -1, .image = image};
    struct epmt_fragment fragment;
    struct epmt_record record;
    uint8_t data[4096];

    epmt_fragment_init(&fragment, data, sizeof data, NULL, 0);
    rows_make(&record, image, 60);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
    assert_int_equal(epmt_journal_append(path, 0, data, epmt_fragment_seal(&fragment, &about)), 0);
}

static unsigned records(void) {
    struct epmt_journal journal;
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    unsigned count = 0;

    assert_int_equal(epmt_journal_take(&journal, path, 100), 0);
    epmt_journal_scan_init(&scan, journal.data, journal.len);
    while (epmt_journal_scan_next(&scan, &header))
        count++;
    assert_int_equal(scan.gaps, 0);
    epmt_journal_release(&journal);
    return count;
}

// It stays in front as long as there are records, and does not keep the file alone.
static void trimming(void **state) {
    uint8_t front[EPMT_HOST_FRAGMENT_LEN];
    struct epmt_journal journal;
    struct epmt_host host;
    uint64_t kept = 7;

    (void)state;
    bool has_front = find(&host, front) != 0;
    append_record(6);
    append_record(7);
    assert_int_equal(records(), 2);
    assert_int_equal(epmt_journal_take(&journal, path, 100), 0);
    assert_int_equal(epmt_journal_trim(&journal, path, keep_all, &kept), 0);
    assert_int_equal(records(), 1);
    assert_int_equal(find(&host, front), 0);
    check_host(&host);
    uint8_t first[EPMT_HOST_FRAGMENT_LEN];
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, first, sizeof first), sizeof first);
    close(fd);
    uint16_t flags;
    memcpy(&flags, first + offsetof(struct epmt_fragment_header, flags), sizeof flags);
    assert_int_equal(flags & EPMT_FRAGMENT_HOST, has_front ? EPMT_FRAGMENT_HOST : 0);
    kept = 8;
    assert_int_equal(epmt_journal_take(&journal, path, 100), 0);
    assert_int_equal(epmt_journal_trim(&journal, path, keep_all, &kept), 0);
    assert_int_equal(epmt_prim_access(path), -ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(only_of_the_first_namespace, setup, teardown),
        cmocka_unit_test_setup_teardown(facts_of_another, setup, teardown),
        cmocka_unit_test_setup_teardown(trimming, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// aggregator/journal.h: many processes append, readers find their way through damage, taking and
// trimming loses nothing.
#include "aggregator/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "common/prim.h"
#include "tests/unit/rows.h"
#include "tests/unit/tempdir.h"

#define WRITERS 8
#define EACH 300

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
    return tempdir_remove(&dir);
}

// A sealed fragment that is known again by writer and number. Returns its length.
static size_t make_fragment(uint8_t data[4096], int writer, uint64_t number) {
    struct epmt_fragment_header about = {.rank = writer, .image = number};
    struct epmt_fragment fragment;
    struct epmt_record record;

    epmt_fragment_init(&fragment, data, 4096, NULL, 0);
    rows_make(&record, number + 1, 60);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
    return epmt_fragment_seal(&fragment, &about);
}

static int append(int writer, uint64_t number) {
    uint8_t data[4096];

    return epmt_journal_append(path, 0, data, make_fragment(data, writer, number));
}

// Counts the fragments, each at most once per writer and number. Returns how many there were.
static unsigned count(const void *data, size_t len, uint8_t seen[WRITERS][EACH],
                      struct epmt_journal_scan *scan) {
    struct epmt_fragment_header header;
    unsigned found = 0;

    epmt_journal_scan_init(scan, data, len);
    for (const uint8_t *at; (at = epmt_journal_scan_next(scan, &header)); found++) {
        assert_true(at >= scan->data && at + header.len <= scan->data + len);
        assert_in_range(header.rank, 0, WRITERS - 1);
        assert_in_range(header.image, 0, EACH - 1);
        assert_int_equal(seen[header.rank][header.image]++, 0);
    }
    assert_null(epmt_journal_scan_next(scan, &header));
    return found;
}

// Starts WRITERS processes that append EACH fragments, with a pause after each.
static void start_writers(pid_t writers[WRITERS], long pause_ns) {
    const struct timespec pause = {0, pause_ns};

    for (int writer = 0; writer < WRITERS; writer++) {
        writers[writer] = fork();
        if (writers[writer])
            continue;
        for (uint64_t number = 0; number < EACH; number++) {
            if (append(writer, number))
                _exit(1);
            if (pause_ns)
                nanosleep(&pause, NULL);
        }
        _exit(0);
    }
}

// Takes back those that ended; with `all` waits for each. Returns how many still run.
static int wait_writers(pid_t writers[WRITERS], bool all) {
    int running = 0;

    for (int writer = 0; writer < WRITERS; writer++) {
        int status = 0;
        if (!writers[writer])
            continue;
        if (!waitpid(writers[writer], &status, all ? 0 : WNOHANG)) {
            running++;
            continue;
        }
        assert_int_equal(status, 0);
        writers[writer] = 0;
    }
    return running;
}

static void eight_processes_at_once(void **state) {
    static uint8_t seen[WRITERS][EACH];
    struct epmt_journal_scan scan;
    struct epmt_journal journal;
    pid_t writers[WRITERS];

    (void)state;
    start_writers(writers, 0);
    wait_writers(writers, true);
    assert_int_equal(epmt_journal_take(&journal, path, 1000), 0);
    assert_int_equal(count(journal.data, journal.len, seen, &scan), WRITERS * EACH);
    assert_int_equal(scan.gaps, 0);
    assert_int_equal(scan.gap_bytes, 0);
    assert_int_equal(scan.first_error.code, EPMT_ERR_OK);
    assert_int_equal(epmt_journal_trim(&journal, path, NULL, NULL), 0);
    assert_int_equal(epmt_prim_access(path), -ENOENT);
}

static bool keep_odd(void *context, const struct epmt_fragment_header *header,
                     const uint8_t *fragment) {
    (void)context;
    (void)fragment;
    return header->image & 1;
}

// Appenders race with one who folds and trims all the time: each fragment is there exactly once,
// among those taken or in what is left.
static void trimming_while_others_append(void **state) {
    static uint8_t taken[WRITERS][EACH], seen[WRITERS][EACH];
    struct epmt_journal journal;
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    pid_t writers[WRITERS];
    unsigned rounds = 0, removed = 0;

    (void)state;
    start_writers(writers, 500000); // so that the other one gets its turn
    for (bool running = true; running;) {
        running = wait_writers(writers, false) > 0;
        // Now all of it goes, now only a part: the file is removed or replaced.
        bool part = rounds % 3;
        int status = epmt_journal_take(&journal, path, 2000);
        if (status == -ENOENT)
            continue;
        assert_int_equal(status, 0);
        epmt_journal_scan_init(&scan, journal.data, journal.len);
        while (epmt_journal_scan_next(&scan, &header)) {
            if (part && header.image & 1)
                continue; // stays
            assert_int_equal(taken[header.rank][header.image]++, 0);
            removed++;
        }
        assert_int_equal(scan.gaps, 0);
        assert_int_equal(epmt_journal_trim(&journal, path, part ? keep_odd : NULL, NULL), 0);
        rounds++;
    }
    print_message("%u rounds, %u removed\n", rounds, removed);
    assert_true(rounds > 10 && removed > WRITERS);
    if (epmt_journal_take(&journal, path, 1000) == 0) {
        count(journal.data, journal.len, seen, &scan);
        epmt_journal_trim(&journal, path, NULL, NULL);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        for (int number = 0; number < EACH; number++)
            assert_int_equal(taken[writer][number] + seen[writer][number], 1);
    }
    assert_int_equal(epmt_prim_access(path), -ENOENT);
}

// A process forked while the journal was taken has the descriptor too, as long as it lives: nobody
// may wait for that.
static void a_child_inherits_the_lock(void **state) {
    struct epmt_journal journal;

    (void)state;
    assert_int_equal(append(0, 0), 0);
    assert_int_equal(epmt_journal_take(&journal, path, 1000), 0);
    pid_t child = fork();
    if (!child) {
        pause();
        _exit(0);
    }
    epmt_journal_release(&journal);
    int status = epmt_journal_take(&journal, path, 1000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(status, 0);
    assert_int_equal(epmt_journal_trim(&journal, path, NULL, NULL), 0);
}

// Bytes for the tests of damage: three fragments with room for garbage anywhere.
struct bytes {
    uint8_t data[1 << 16];
    size_t len;
};

static void put(struct bytes *bytes, const void *data, size_t len) {
    memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

static size_t put_fragment(struct bytes *bytes, uint64_t number) {
    uint8_t data[4096];
    size_t len = make_fragment(data, 0, number);

    put(bytes, data, len);
    return len;
}

static void assert_scan(const struct bytes *bytes, unsigned fragments, uint64_t gaps,
                        uint64_t gap_bytes) {
    static uint8_t seen[WRITERS][EACH];
    struct epmt_journal_scan scan;
    void *alone = malloc(bytes->len);

    assert_non_null(alone);
    memcpy(alone, bytes->data, bytes->len);
    memset(seen, 0, sizeof seen);
    assert_int_equal(count(alone, bytes->len, seen, &scan), fragments);
    assert_int_equal(scan.gaps, gaps);
    assert_int_equal(scan.gap_bytes, gap_bytes);
    assert_int_equal(scan.first_error.code != EPMT_ERR_OK, gaps > 0);
    free(alone);
}

// Garbage of each kind, at the front, in the middle, at the end: every whole fragment is found, and
// every byte of the damage is counted.
static void damage_anywhere(void **state) {
    static const char magics[] = "EMTFEMTFEMEMTFE";
    static struct bytes bytes;
    uint8_t torn[4096], zeros[100] = {0};
    size_t torn_len = make_fragment(torn, 1, 200);
    struct {
        const void *data;
        size_t len;
    } kinds[] = {{zeros, sizeof zeros},
                 {zeros, 1},
                 {magics, sizeof magics},
                 {torn, torn_len / 2},
                 {torn, 1},
                 {torn, EPMT_FRAGMENT_HEADER_LEN},
                 {torn, torn_len - 1},
                 {torn + 4, torn_len - 4}};

    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (int where = 1; where < 16; where++) {
            unsigned gaps = 0;
            bytes.len = 0;
            for (int i = 0; i < 4; i++) {
                if (where >> i & 1) {
                    put(&bytes, kinds[kind].data, kinds[kind].len);
                    gaps++;
                }
                if (i < 3)
                    put_fragment(&bytes, (uint64_t)i);
            }
            assert_scan(&bytes, 3, gaps, gaps * kinds[kind].len);
        }
    }
}

// A write torn at any byte costs that fragment alone, whatever follows.
static void every_torn_write(void **state) {
    static struct bytes bytes;
    uint8_t torn[4096];
    size_t len = make_fragment(torn, 1, 200);

    (void)state;
    for (size_t cut = 1; cut < len; cut++) {
        bytes.len = 0;
        put_fragment(&bytes, 0);
        put(&bytes, torn, cut);
        assert_scan(&bytes, 1, 1, cut); // at the end of the file
        put_fragment(&bytes, 1);
        assert_scan(&bytes, 2, 1, cut); // others went on
    }
}

static void every_flipped_bit(void **state) {
    static struct bytes bytes;
    size_t first, second;

    (void)state;
    first = put_fragment(&bytes, 0);
    second = put_fragment(&bytes, 1);
    put_fragment(&bytes, 2);
    for (size_t bit = first * 8; bit < (first + second) * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_scan(&bytes, 2, 1, second);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void nothing_to_scan(void **state) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;

    (void)state;
    epmt_journal_scan_init(&scan, NULL, 0);
    assert_null(epmt_journal_scan_next(&scan, &header));
    assert_int_equal(scan.gaps, 0);
}

static unsigned left(void) {
    static uint8_t seen[WRITERS][EACH];
    struct epmt_journal_scan scan;
    struct epmt_journal journal;

    memset(seen, 0, sizeof seen);
    if (epmt_journal_take(&journal, path, 100))
        return 0;
    unsigned found = count(journal.data, journal.len, seen, &scan);
    epmt_journal_release(&journal);
    return found;
}

static void trimming_keeps_what_it_is_told(void **state) {
    struct epmt_journal journal;

    (void)state;
    for (uint64_t number = 0; number < 5; number++)
        assert_int_equal(append(0, number), 0);
    assert_int_equal(epmt_journal_take(&journal, path, 100), 0);
    epmt_journal_release(&journal);
    assert_int_equal(left(), 5);
    assert_int_equal(epmt_journal_take(&journal, path, 100), 0);
    assert_int_equal(epmt_journal_trim(&journal, path, keep_odd, NULL), 0);
    assert_int_equal(left(), 2);
    assert_int_equal(epmt_prim_unlink(path), 0);
    assert_int_equal(epmt_prim_rmdir(dir.path), 0); // nothing else was left beside it
    assert_int_equal(append(0, 4), 0);              // the directory is made again
    assert_int_equal(epmt_journal_take(&journal, path, 100), 0);
    assert_int_equal(epmt_journal_trim(&journal, path, keep_odd, NULL), 0); // none is odd
    assert_int_equal(epmt_prim_rmdir(dir.path), 0);
    assert_int_equal(epmt_prim_mkdir(dir.path, 0700), 0);
}

static void taking_waits_for_the_lock(void **state) {
    struct epmt_journal journal, second;

    (void)state;
    assert_int_equal(epmt_journal_take(&journal, path, 10), -ENOENT);
    assert_int_equal(append(0, 0), 0);
    assert_int_equal(epmt_journal_take(&journal, path, 10), 0);
    uint64_t before = epmt_prim_clock_ns(CLOCK_MONOTONIC);
    assert_int_equal(epmt_journal_take(&second, path, 50), -EWOULDBLOCK);
    assert_true(epmt_prim_clock_ns(CLOCK_MONOTONIC) - before >= 50000000);
    epmt_journal_release(&journal);
    assert_int_equal(epmt_journal_take(&second, path, 10), 0);
    assert_int_equal(epmt_journal_trim(&second, path, NULL, NULL), 0);
}

static void no_journal_of_somebody_else(void **state) {
    struct epmt_journal journal;

    (void)state;
    if (geteuid() == 0) { // only root can make such a file
        assert_int_equal(append(0, 0), 0);
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(append(0, 1), -EPERM);
        assert_int_equal(epmt_journal_take(&journal, path, 10), -EPERM);
        assert_int_equal(epmt_prim_unlink(path), 0);
    }
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_true(append(0, 1) < 0);
    assert_true(epmt_journal_take(&journal, path, 10) < 0);
    assert_int_equal(epmt_prim_unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); // nobody reads it: opening must not wait
    assert_true(append(0, 1) < 0);
    assert_true(epmt_journal_take(&journal, path, 10) < 0);
    assert_int_equal(epmt_prim_unlink(path), 0);
}

static void errno_and_descriptors_are_left_alone(void **state) {
    int before = open("/dev/null", O_RDONLY);
    struct epmt_journal journal;

    (void)state;
    close(before);
    errno = EDOM;
    assert_int_equal(append(0, 0), 0);
    assert_true(epmt_journal_append("/proc/none/x.journal", 0, "x", 1) < 0);
    assert_int_equal(epmt_journal_take(&journal, path, 10), 0);
    assert_int_equal(epmt_journal_trim(&journal, path, NULL, NULL), 0);
    assert_int_equal(errno, EDOM);
    int after = open("/dev/null", O_RDONLY);
    assert_int_equal(before, after);
    close(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_processes_at_once),
        cmocka_unit_test(trimming_while_others_append),
        cmocka_unit_test(a_child_inherits_the_lock),
        cmocka_unit_test(damage_anywhere),
        cmocka_unit_test(every_torn_write),
        cmocka_unit_test(every_flipped_bit),
        cmocka_unit_test(nothing_to_scan),
        cmocka_unit_test(trimming_keeps_what_it_is_told),
        cmocka_unit_test(taking_waits_for_the_lock),
        cmocka_unit_test(no_journal_of_somebody_else),
        cmocka_unit_test(errno_and_descriptors_are_left_alone),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

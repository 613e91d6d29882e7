// SPDX-License-Identifier: Apache-2.0
// What a parent's wait told of a child goes to the right process, once, whatever came first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aggregator/journal.h"
#include "common/hash.h"
#include "storage/fold.h"
#include "storage/jobdir.h"
#include "storage/jobfile.h"
#include "tests/unit/tempdir.h"

#define MS UINT64_C(1000000)
#define PARENT 4

static struct epmt_error err;

static void place(struct epmt_record *record, int64_t pid, int64_t parent) {
    epmt_record_set_i(record, EPMT_COL_pid, pid);
    epmt_record_set_i(record, EPMT_COL_ppid, parent);
    epmt_record_set_text(record, EPMT_COL_hostname, "host", 4);
    epmt_record_set_text(record, EPMT_COL_bootid, "boot", 4);
    epmt_record_set_u(record, EPMT_COL_pidns, 12);
}

// A process that began so many ms after the boot. usertime 0: no final record.
static void make_process(struct epmt_record *record, uint64_t image, int64_t pid, uint64_t begin,
                         enum epmt_state state, uint64_t usertime) {
    epmt_record_clear(record);
    place(record, pid, PARENT);
    epmt_record_set_u(record, EPMT_COL_image, image);
    epmt_record_set_u(record, EPMT_COL_revision, usertime ? 2 : 1);
    epmt_record_set_i(record, EPMT_COL_state, state);
    epmt_record_set_i(record, EPMT_COL_start, (int64_t)(1000000 + begin * 1000));
    epmt_record_set_u(record, EPMT_COL_imagestart, begin * MS);
    if (usertime) {
        epmt_record_set_u(record, EPMT_COL_usertime, usertime);
        epmt_record_set_u(record, EPMT_COL_carried, 1);
    }
}

static void add_process(struct epmt_jobfold *fold, uint64_t image, int64_t pid, uint64_t begin,
                        enum epmt_state state, uint64_t usertime) {
    struct epmt_record record;

    make_process(&record, image, pid, begin, state, usertime);
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
}

static void make_told(struct epmt_record *record, int64_t pid, uint64_t at, int number) {
    static const int usage[] = {EPMT_COL_usertime,  EPMT_COL_systemtime, EPMT_COL_minflt,
                                EPMT_COL_majflt,    EPMT_COL_inblock,    EPMT_COL_outblock,
                                EPMT_COL_vol_ctxsw, EPMT_COL_invol_ctxsw};

    epmt_record_clear(record);
    place(record, pid, PARENT);
    epmt_record_set_u(record, EPMT_COL_imagestart, at * MS);
    epmt_record_set_i(record, EPMT_COL_exitsignal, number);
    for (unsigned i = 0; i < sizeof usage / sizeof *usage; i++)
        epmt_record_set_u(record, usage[i], 500 + i);
    epmt_record_set_u(record, EPMT_COL_rssmax, 77);
}

static void add_told(struct epmt_jobfold *fold, const struct epmt_record *record) {
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_WAITED, record, &err), 0);
}

static void tell(struct epmt_jobfold *fold, int64_t pid, uint64_t at, int number) {
    struct epmt_record record;

    make_told(&record, pid, at, number);
    add_told(fold, &record);
}

static void finish(struct epmt_jobfold *fold, bool ended) {
    assert_int_equal(epmt_fold_finish(fold, ended, &err), 0);
}

// -1: missing.
static int64_t value(struct epmt_jobfold *fold, uint64_t image, int column) {
    struct epmt_record record;
    uint64_t at = epmt_fold_find_process(fold, image);

    assert_true(at != UINT64_MAX);
    epmt_fold_process(fold, at, &record);
    return epmt_record_has(&record, column) ? record.value[column].i : -1;
}

static void check_told(struct epmt_jobfold *fold, uint64_t image) {
    assert_int_equal(value(fold, image, EPMT_COL_state), EPMT_STATE_killed);
    assert_int_equal(value(fold, image, EPMT_COL_exitsignal), 9);
    assert_int_equal(value(fold, image, EPMT_COL_exitcode), -1);
    assert_int_equal(value(fold, image, EPMT_COL_end) - value(fold, image, EPMT_COL_start), 50000);
    assert_int_equal(value(fold, image, EPMT_COL_usertime), 500);
    assert_int_equal(value(fold, image, EPMT_COL_systemtime), 501);
    assert_int_equal(value(fold, image, EPMT_COL_minflt), 502);
    assert_int_equal(value(fold, image, EPMT_COL_majflt), 503);
    assert_int_equal(value(fold, image, EPMT_COL_outblock), 505);
    assert_int_equal(value(fold, image, EPMT_COL_vol_ctxsw), 506);
    assert_int_equal(value(fold, image, EPMT_COL_invol_ctxsw), 507);
    assert_int_equal(value(fold, image, EPMT_COL_rssmax), 77);
    assert_int_equal(value(fold, image, EPMT_COL_carried), 0);
}

static void check_untold(struct epmt_jobfold *fold, uint64_t image) {
    assert_int_equal(value(fold, image, EPMT_COL_exitsignal), -1);
    assert_int_equal(value(fold, image, EPMT_COL_end), -1);
    assert_int_equal(value(fold, image, EPMT_COL_usertime), -1);
}

// Told before its row comes, after it, both ways again and again, while the job runs or afterwards.
static void it_completes_the_process(void **state) {
    (void)state;
    for (int way = 0; way < 8; way++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        bool ended = way & 1;
        if (way & 2)
            tell(fold, 5, 150, 9);
        if (way & 4)
            finish(fold, ended);
        add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
        if (way & 4)
            finish(fold, ended);
        if (!(way & 2))
            tell(fold, 5, 150, 9);
        finish(fold, ended);
        check_told(fold, 1);
        uint64_t digest = epmt_fold_digest(fold);
        tell(fold, 5, 150, 9);
        add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
        finish(fold, true);
        check_told(fold, 1);
        assert_true(epmt_fold_digest(fold) == digest);
        epmt_fold_destroy(fold);
    }
}

static void a_pid_that_is_used_again(void **state) {
    static const struct {
        uint64_t at;
        uint64_t told; // image, 0 none
    } cases[] = {{99, 0}, {100, 1}, {150, 1}, {199, 1}, {200, 2}, {250, 2}, {5000, 2}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
        add_process(fold, 2, 5, 200, EPMT_STATE_running, 0);
        tell(fold, 5, cases[i].at, 9);
        finish(fold, true);
        for (uint64_t image = 1; image <= 2; image++)
            assert_int_equal(value(fold, image, EPMT_COL_exitsignal),
                             image == cases[i].told ? 9 : -1);
        epmt_fold_destroy(fold);
    }
    // The later one said itself how it ended: the word about it is not the earlier one's.
    struct epmt_jobfold *fold = epmt_fold_create();
    add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
    add_process(fold, 2, 5, 200, EPMT_STATE_exited, 300);
    tell(fold, 5, 250, 9);
    finish(fold, true);
    check_untold(fold, 1);
    assert_int_equal(value(fold, 2, EPMT_COL_state), EPMT_STATE_exited);
    assert_int_equal(value(fold, 2, EPMT_COL_usertime), 300);
    epmt_fold_destroy(fold);
}

static void another_process_is_meant(void **state) {
    struct epmt_record record;

    (void)state;
    for (int way = 0; way < 5; way++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
        make_told(&record, way == 0 ? 6 : 5, 150, 9);
        if (way == 1)
            epmt_record_set_i(&record, EPMT_COL_ppid, PARENT + 1);
        if (way == 2)
            epmt_record_set_text(&record, EPMT_COL_hostname, "tsoh", 4);
        if (way == 3)
            epmt_record_set_text(&record, EPMT_COL_bootid, "boo", 3);
        if (way == 4)
            epmt_record_set_u(&record, EPMT_COL_pidns, 13);
        add_told(fold, &record);
        finish(fold, true);
        check_untold(fold, 1);
        epmt_fold_destroy(fold);
    }
}

// Its own record says more, whenever it comes.
static void its_own_record_stands(void **state) {
    struct epmt_record record;

    (void)state;
    for (int way = 0; way < 3; way++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        make_process(&record, 1, 5, 100, EPMT_STATE_signaled, 300);
        epmt_record_set_i(&record, EPMT_COL_exitsignal, 15);
        epmt_record_set_i(&record, EPMT_COL_end, 1120000);
        if (way != 0)
            tell(fold, 5, 150, 9);
        if (way == 2) {
            add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
            finish(fold, true);
            check_told(fold, 1);
        }
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
        if (way == 0)
            tell(fold, 5, 150, 9);
        finish(fold, true);
        assert_int_equal(value(fold, 1, EPMT_COL_state), EPMT_STATE_signaled);
        assert_int_equal(value(fold, 1, EPMT_COL_exitsignal), 15);
        assert_int_equal(value(fold, 1, EPMT_COL_usertime), 300);
        assert_int_equal(value(fold, 1, EPMT_COL_end), 1120000);
        epmt_fold_destroy(fold);
    }
}

// The kernel counts from the fork on, over all threads of the earlier images.
static void earlier_images_have_their_own(void **state) {
    struct epmt_record record;

    (void)state;
    struct epmt_jobfold *fold = epmt_fold_create();
    make_process(&record, 1, 5, 100, EPMT_STATE_exec, 110);
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
    epmt_record_set_i(&record, EPMT_COL_tid, 5);
    epmt_record_set_u(&record, EPMT_COL_usertime, 100); // another thread used 10
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_THREAD, &record, &err), 0);
    make_process(&record, 2, 5, 110, EPMT_STATE_exec,
                 130); // of the main thread 100 are the first's
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
    add_process(fold, 3, 5, 120, EPMT_STATE_running, 0);
    tell(fold, 5, 150, 9);
    for (int again = 0; again < 2; again++) {
        finish(fold, true);
        assert_int_equal(value(fold, 1, EPMT_COL_usertime), 110);
        assert_int_equal(value(fold, 2, EPMT_COL_usertime), 30);
        assert_int_equal(value(fold, 3, EPMT_COL_usertime), 500 - 110 - 30);
        assert_int_equal(value(fold, 3, EPMT_COL_generation), 2);
        assert_int_equal(value(fold, 3, EPMT_COL_rssmax), 77);
        assert_int_equal(value(fold, 1, EPMT_COL_exitsignal), -1);
    }
    epmt_fold_destroy(fold);
    // Where an earlier one told nothing, that is said; where another program was the last, nothing.
    fold = epmt_fold_create();
    add_process(fold, 1, 5, 100, EPMT_STATE_exec, 0);
    add_process(fold, 2, 5, 120, EPMT_STATE_running, 0);
    tell(fold, 5, 150, 9);
    add_process(fold, 3, 6, 100, EPMT_STATE_exec, 10);
    tell(fold, 6, 150, 9);
    finish(fold, true);
    assert_int_equal(value(fold, 2, EPMT_COL_usertime), 500);
    assert_int_equal(value(fold, 2, EPMT_COL_carried), 1);
    assert_int_equal(value(fold, 3, EPMT_COL_exitsignal), -1);
    assert_int_equal(value(fold, 3, EPMT_COL_state), EPMT_STATE_exec);
    epmt_fold_destroy(fold);
}

// What children used cannot be told apart; how and when it ended is known.
static void a_parent_that_was_killed(void **state) {
    struct epmt_record child;

    (void)state;
    for (int way = 0; way < 2; way++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
        make_process(&child, 2, 6, way ? 160 : 110, EPMT_STATE_exited, 10);
        epmt_record_set_i(&child, EPMT_COL_ppid, 5);
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &child, &err), 0);
        tell(fold, 5, 150, 9);
        finish(fold, true);
        assert_int_equal(value(fold, 1, EPMT_COL_exitsignal), 9);
        assert_int_equal(value(fold, 1, EPMT_COL_end), 1150000);
        // One that began later is of another process with that pid.
        assert_int_equal(value(fold, 1, EPMT_COL_usertime), way ? 500 : -1);
        assert_int_equal(value(fold, 1, EPMT_COL_rssmax), way ? 77 : -1);
        epmt_fold_destroy(fold);
    }
}

static void without_use(void **state) {
    struct epmt_record record;

    (void)state;
    struct epmt_jobfold *fold = epmt_fold_create();
    add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
    make_told(&record, 5, 150, 9);
    epmt_record_unset(&record, EPMT_COL_minflt); // all or nothing
    add_told(fold, &record);
    finish(fold, true);
    assert_int_equal(value(fold, 1, EPMT_COL_exitsignal), 9);
    assert_int_equal(value(fold, 1, EPMT_COL_end), 1150000);
    assert_int_equal(value(fold, 1, EPMT_COL_usertime), -1);
    epmt_fold_destroy(fold);
}

static void what_cannot_be(void **state) {
    static const struct {
        int column;
        int64_t value;
    } cases[] = {{EPMT_COL_pid, 0},
                 {EPMT_COL_pid, -5},
                 {EPMT_COL_ppid, 0},
                 {EPMT_COL_exitsignal, 0},
                 {EPMT_COL_exitsignal, -9},
                 {EPMT_COL_exitsignal, 65},
                 {EPMT_COL_exitsignal, INT64_MAX}};
    static const int needed[] = {EPMT_COL_pid, EPMT_COL_ppid, EPMT_COL_exitsignal,
                                 EPMT_COL_imagestart, EPMT_COL_hostname};
    struct epmt_record record;

    (void)state;
    struct epmt_jobfold *fold = epmt_fold_create();
    add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_told(&record, 5, 150, 9);
        epmt_record_set_i(&record, cases[i].column, cases[i].value);
        add_told(fold, &record);
    }
    for (unsigned i = 0; i < sizeof needed / sizeof *needed; i++) {
        make_told(&record, 5, 150, 9);
        epmt_record_unset(&record, needed[i]);
        add_told(fold, &record);
    }
    finish(fold, true);
    check_untold(fold, 1);
    // The end of time, and more than everything.
    make_told(&record, 5, 150, 64);
    epmt_record_set_u(&record, EPMT_COL_imagestart, UINT64_MAX);
    epmt_record_set_u(&record, EPMT_COL_usertime, UINT64_MAX);
    add_told(fold, &record);
    finish(fold, true);
    assert_int_equal(value(fold, 1, EPMT_COL_exitsignal), 64);
    assert_true(value(fold, 1, EPMT_COL_end) >= value(fold, 1, EPMT_COL_start));
    epmt_fold_destroy(fold);
}

static size_t encode(uint8_t *data, size_t cap) {
    const struct epmt_fragment_header about = {.flags = EPMT_FRAGMENT_WAITED, .rank = -1};
    struct epmt_fragment fragment;
    struct epmt_record record;

    epmt_fragment_init(&fragment, data, cap, NULL, 0);
    make_told(&record, 5, 150, 9);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_WAITED, &record), 0);
    return epmt_fragment_seal(&fragment, &about);
}

static uint64_t add_bytes(struct epmt_jobfold *fold, const void *data, size_t len) {
    struct epmt_fold_damage damage = {0};

    assert_int_equal(epmt_fold_add_bytes(fold, data, len, &damage, &err), 0);
    return damage.gaps;
}

// As bytes in a journal, each of them another one, under a checksum that is right.
static void bytes_of_any_kind(void **state) {
    uint8_t good[1024], bad[1024];
    size_t len = encode(good, sizeof good);

    (void)state;
    assert_true(len < 400);
    for (size_t at = EPMT_FRAGMENT_HEADER_LEN; at < len; at++) {
        for (unsigned change = 1; change < 256; change += change < 4 ? 1 : 63) {
            struct epmt_jobfold *fold = epmt_fold_create();
            uint32_t crc = 0;
            memcpy(bad, good, len);
            bad[at] ^= (uint8_t)change;
            memcpy(bad + offsetof(struct epmt_fragment_header, crc), &crc, sizeof crc);
            crc = epmt_crc32c(0, bad, len);
            memcpy(bad + offsetof(struct epmt_fragment_header, crc), &crc, sizeof crc);
            add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
            add_bytes(fold, bad, len);
            finish(fold, true);
            assert_int_equal(value(fold, 1, EPMT_COL_state), EPMT_STATE_killed);
            assert_true(value(fold, 1, EPMT_COL_exitsignal) <= 64);
            epmt_fold_destroy(fold);
        }
    }
    struct epmt_jobfold *fold = epmt_fold_create();
    add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
    assert_int_equal(add_bytes(fold, good, len), 0);
    finish(fold, true);
    check_told(fold, 1);
    epmt_fold_destroy(fold);
}

// A fold that is left as a stream keeps it for the row that is still to come.
static void a_stream_keeps_it(void **state) {
    struct tempdir dir;
    uint8_t bytes[8192];

    (void)state;
    assert_int_equal(tempdir_make(&dir), 0);
    FILE *file = fopen(tempdir_name(&dir, "stream"), "w+");
    assert_non_null(file);
    struct epmt_jobfold *fold = epmt_fold_create();
    tell(fold, 5, 150, 9);
    tell(fold, 6, 150, 9);
    finish(fold, false);
    assert_int_equal(epmt_fold_save(fold, fileno(file), &err), 0);
    epmt_fold_destroy(fold);
    ssize_t len = pread(fileno(file), bytes, sizeof bytes, 0);
    fclose(file);
    fold = epmt_fold_create();
    assert_int_equal(add_bytes(fold, bytes, (size_t)len), 0);
    assert_int_equal(epmt_fold_process_count(fold), 0);
    add_process(fold, 1, 5, 100, EPMT_STATE_running, 0);
    finish(fold, true);
    check_told(fold, 1);
    epmt_fold_destroy(fold);
    tempdir_remove(&dir);
}

static void append_process(const char *journal, uint64_t image, int64_t pid,
                           enum epmt_state state) {
    const struct epmt_fragment_header about = {.rank = -1, .image = image};
    struct epmt_fragment fragment;
    struct epmt_record record;
    uint8_t data[1024];

    make_process(&record, image, pid, 100, state, 0);
    epmt_fragment_init(&fragment, data, sizeof data, NULL, 0);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
    assert_int_equal(epmt_journal_append(journal, 0, data, epmt_fragment_seal(&fragment, &about)),
                     0);
}

static int64_t in_file(struct tempdir *dir, uint64_t image, int column) {
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(dir, "77.h5"), &err);
    struct epmt_jobfold *fold = epmt_fold_create();

    assert_non_null(file);
    assert_int_equal(epmt_fold_add_jobfile(fold, file, &err), 0);
    int64_t found = value(fold, image, column);
    epmt_jobfile_close(file);
    epmt_fold_destroy(fold);
    return found;
}

// While the job runs it waits in the journal for the row that it is about.
static void a_journal_keeps_it(void **state) {
    struct tempdir dir;
    struct epmt_jobdir_result result;
    char journal[2][PATH_MAX];
    uint8_t data[1024];

    (void)state;
    assert_int_equal(tempdir_make(&dir), 0);
    snprintf(journal[0], PATH_MAX, "%s", tempdir_name(&dir, "a.journal"));
    snprintf(journal[1], PATH_MAX, "%s", tempdir_name(&dir, "b.journal"));
    size_t len = encode(data, sizeof data);
    append_process(journal[0], 2, 7, EPMT_STATE_running);
    assert_int_equal(epmt_journal_append(journal[0], 0, data, len), 0);
    assert_int_equal(epmt_jobdir_fold(dir.path, "77", false, NULL, 0, &result, &err), 0);
    append_process(journal[1], 1, 5, EPMT_STATE_running);
    assert_int_equal(epmt_jobdir_fold(dir.path, "77", false, NULL, 0, &result, &err), 0);
    assert_int_equal(in_file(&dir, 1, EPMT_COL_state), EPMT_STATE_killed);
    assert_int_equal(in_file(&dir, 1, EPMT_COL_exitsignal), 9);
    assert_int_equal(in_file(&dir, 2, EPMT_COL_state), EPMT_STATE_running);
    assert_int_equal(access(journal[0], F_OK), 0); // for the one that runs
    assert_int_equal(access(journal[1], F_OK), -1);
    // At the end it is gone, whoever it was about.
    assert_int_equal(unlink(journal[0]), 0);
    append_process(journal[0], 2, 7, EPMT_STATE_exited);
    assert_int_equal(epmt_journal_append(journal[0], 0, data, len), 0);
    assert_int_equal(epmt_jobdir_fold(dir.path, "77", true, NULL, 0, &result, &err), 0);
    assert_int_equal(result.processes, 2);
    assert_int_equal(in_file(&dir, 1, EPMT_COL_usertime), 500);
    assert_int_equal(access(journal[0], F_OK), -1);
    tempdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_completes_the_process),
        cmocka_unit_test(a_pid_that_is_used_again),
        cmocka_unit_test(another_process_is_meant),
        cmocka_unit_test(its_own_record_stands),
        cmocka_unit_test(earlier_images_have_their_own),
        cmocka_unit_test(a_parent_that_was_killed),
        cmocka_unit_test(without_use),
        cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(bytes_of_any_kind),
        cmocka_unit_test(a_stream_keeps_it),
        cmocka_unit_test(a_journal_keeps_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

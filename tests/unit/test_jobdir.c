// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "aggregator/journal.h"
#include "storage/alive.h"
#include "storage/jobdir_priv.h"
#include "storage/jobfile.h"
#include "storage/jobmeta.h"
#include "tests/unit/jobs.h"
#include "tests/unit/tempdir.h"

static struct epmt_error err;
static struct tempdir dir;
static struct epmt_jobdir_result result;

static int make_dir(void **state) {
    (void)state;
    return tempdir_make(&dir);
}

static int remove_dir(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

static void append(const char *journal, const struct epmt_record *record, bool thread) {
    static uint8_t bytes[8192];
    struct epmt_fragment fragment;
    struct epmt_fragment_header header = {.rank = -1, .image = record->value[EPMT_COL_image].u};

    epmt_fragment_init(&fragment, bytes, sizeof bytes, NULL, 0);
    assert_int_equal(
        epmt_fragment_add(&fragment, thread ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS, record), 0);
    size_t len = epmt_fragment_seal(&fragment, &header);
    assert_int_equal(epmt_journal_append(tempdir_name(&dir, journal), 0, bytes, len), 0);
}

static void append_process(const char *journal, uint64_t i, uint64_t revision,
                           enum epmt_state state) {
    struct epmt_record record;

    jobs_process(&record, i, 4);
    epmt_record_set_u(&record, EPMT_COL_revision, revision);
    epmt_record_set_i(&record, EPMT_COL_state, state);
    append(journal, &record, false);
}

static void fold_dir(bool ended) {
    if (epmt_jobdir_fold(dir.path, "77", ended, NULL, 0, &result, &err))
        fail_msg("%s", err.text);
}

// What lies in the directory, as "a b c".
static const char *listing(void) {
    static char text[4096];
    struct dirent **names;
    int count = scandir(dir.path, &names, NULL, alphasort);

    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, "..")) {
            if (text[0])
                strcat(text, " ");
            strcat(text, names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
    return text;
}

static int64_t state_in_file(uint64_t i) {
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(&dir, "77.h5"), &err);
    struct epmt_record record;
    int64_t state = -1;

    assert_non_null(file);
    while (epmt_jobfile_next_process(file, &record, &err) == 1) {
        if (record.value[EPMT_COL_image].u == jobs_mix(i + 1))
            state = record.value[EPMT_COL_state].i;
    }
    epmt_jobfile_close(file);
    return state;
}

static void attribute_in_file(const char *key, char value[256]) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(&dir, "77.h5"), &err);

    assert_non_null(file);
    assert_int_equal(epmt_fold_add_jobfile(fold, file, &err), 0);
    struct epmt_bytes found = epmt_fold_attribute(fold, "job", key);
    snprintf(value, 256, "%.*s", (int)found.len, found.data ? found.data : "");
    epmt_jobfile_close(file);
    epmt_fold_destroy(fold);
}

static void folds_journals_at_the_end(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        append_process("a.journal", i, 1, EPMT_STATE_running);
        if (i != 2)
            append_process(i % 2 ? "a.journal" : "b.journal", i, 2, EPMT_STATE_exited);
    }
    fold_dir(true);
    assert_int_equal(result.processes, 4);
    assert_string_equal(listing(), "77.h5");
    assert_int_equal(state_in_file(1), EPMT_STATE_exited);
    assert_int_equal(state_in_file(2), EPMT_STATE_killed);
    char uuid[256], again[256];
    attribute_in_file("uuid", uuid);
    assert_int_equal(strlen(uuid), 36);
    assert_int_equal(uuid[14], '5');
    // Again changes nothing; a late record is taken in.
    fold_dir(true);
    append_process("a.journal", 2, 2, EPMT_STATE_signaled);
    fold_dir(true);
    assert_int_equal(state_in_file(2), EPMT_STATE_signaled);
    assert_string_equal(listing(), "77.h5");
    attribute_in_file("uuid", again);
    assert_string_equal(uuid, again);
    unlink(tempdir_name(&dir, "77.h5"));
}

static void keeps_who_may_still_run(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        append_process("a.journal", i, 1, EPMT_STATE_running);
    append_process("a.journal", 0, 2, EPMT_STATE_exited);
    append_process("a.journal", 1, 2, EPMT_STATE_finalized);
    fold_dir(false);
    assert_string_equal(listing(), "77.h5 a.journal");
    assert_int_equal(state_in_file(0), EPMT_STATE_exited);
    assert_int_equal(state_in_file(3), EPMT_STATE_running);
    struct epmt_jobfold *left = epmt_fold_create();
    static uint8_t bytes[65536];
    FILE *file = fopen(tempdir_name(&dir, "a.journal"), "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct epmt_fold_damage damage = {0};
    assert_int_equal(epmt_fold_add_bytes(left, bytes, len, &damage, &err), 0);
    assert_int_equal(epmt_fold_process_count(left), 2);
    epmt_fold_destroy(left);
    fold_dir(true);
    assert_string_equal(listing(), "77.h5");
    assert_int_equal(state_in_file(3), EPMT_STATE_killed);
    unlink(tempdir_name(&dir, "77.h5"));
}

static void knows_the_living(void **state) {
    struct epmt_jobdir_state look;
    struct epmt_here here;
    struct epmt_record record;
    struct timespec now;

    (void)state;
    epmt_here_init(&here);
    clock_gettime(CLOCK_BOOTTIME, &now);
    jobs_process(&record, 0, 1);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_running);
    jobs_text(&record, EPMT_COL_bootid, here.bootid);
    epmt_record_set_u(&record, EPMT_COL_pidns, here.pidns);
    epmt_record_set_i(&record, EPMT_COL_pid, getpid());
    epmt_record_set_u(&record, EPMT_COL_imagestart, (uint64_t)now.tv_sec * 1000000000);
    append("a.journal", &record, false);
    assert_int_equal(epmt_jobdir_look(dir.path, "77", &look, &err), 0);
    assert_true(look.running);
    assert_int_equal(look.journals, 1);
    assert_false(look.has_jobfile);
    fold_dir(true);
    assert_int_equal(state_in_file(0), EPMT_STATE_running);
    assert_string_equal(listing(), "77.h5 a.journal");
    // The pid of a process that has long gone.
    epmt_record_set_u(&record, EPMT_COL_imagestart, 1);
    assert_false(epmt_is_alive(&here, &record));
    epmt_record_set_u(&record, EPMT_COL_imagestart, (uint64_t)now.tv_sec * 1000000000);
    epmt_record_set_u(&record, EPMT_COL_pidns, 1);
    assert_false(epmt_is_alive(&here, &record));
    epmt_record_set_u(&record, EPMT_COL_pidns, here.pidns);
    epmt_record_set_u(&record, EPMT_COL_revision, 4);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_exited);
    append("a.journal", &record, false);
    assert_int_equal(epmt_jobdir_look(dir.path, "77", &look, &err), 0);
    assert_false(look.running);
    assert_true(look.has_jobfile);
    fold_dir(true);
    assert_int_equal(state_in_file(0), EPMT_STATE_exited);
    assert_string_equal(listing(), "77.h5");
    unlink(tempdir_name(&dir, "77.h5"));
    assert_int_equal(epmt_jobdir_look("/nonexistent", "77", &look, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
}

static void damage_is_counted_and_put_aside(void **state) {
    (void)state;
    append_process("a.journal", 0, 2, EPMT_STATE_exited);
    FILE *file = fopen(tempdir_name(&dir, "a.journal"), "ab");
    fputs("torn torn torn", file);
    fclose(file);
    append_process("a.journal", 1, 2, EPMT_STATE_exited);
    fold_dir(false);
    assert_int_equal(result.damage.gaps, 1);
    assert_int_equal(result.damage.gap_bytes, 14);
    assert_string_equal(listing(), "77.h5 a.journal");
    fold_dir(true);
    assert_int_equal(result.processes, 2);
    assert_string_equal(listing(), "77.h5 a.journal.damaged");
    fold_dir(true);
    assert_int_equal(result.damage.gaps, 0);
    unlink(tempdir_name(&dir, "a.journal.damaged"));
    // A damaged job file is never written over.
    append_process("a.journal", 3, 2, EPMT_STATE_exited);
    assert_int_equal(truncate(tempdir_name(&dir, "77.h5"), 5000), 0);
    assert_int_equal(epmt_jobdir_fold(dir.path, "77", true, NULL, 0, &result, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
    assert_string_equal(listing(), "77.h5 a.journal");
    unlink(tempdir_name(&dir, "77.h5"));
    unlink(tempdir_name(&dir, "a.journal"));
}

static void folds_streams_and_leftovers(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();

    (void)state;
    assert_int_equal(jobs_fill(fold, 3, 2), 0);
    assert_int_equal(epmt_fold_set_attribute(fold, "job", "dir", dir.path, &err), 0);
    assert_int_equal(epmt_jobdir_save_stream(dir.path, fold, &err), 0);
    assert_int_equal(epmt_jobdir_save_stream(dir.path, fold, &err), 0);
    FILE *file = fopen(tempdir_name(&dir, ".77.h5.1.0.tmp"), "wb");
    fclose(file);
    struct epmt_jobdir_state look;
    assert_int_equal(epmt_jobdir_look(dir.path, "77", &look, &err), 0);
    assert_int_equal(look.streams, 2);
    fold_dir(false);
    assert_int_equal(result.processes, 3);
    assert_int_equal(result.threads, 6);
    assert_string_equal(listing(), "77.h5");
    char value[256];
    attribute_in_file("dir", value);
    assert_string_equal(value, "");
    epmt_fold_destroy(fold);
    unlink(tempdir_name(&dir, "77.h5"));
}

static void waits_for_nobody_for_ever(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();
    int fd = open(dir.path, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(jobs_fill(fold, 3, 2), 0);
    epmt_jobdir_lock_ms = 20;
    // A step that ends while somebody else folds leaves its stream.
    assert_int_equal(epmt_jobdir_fold_into(dir.path, "77", false, fold, &result, &err), 0);
    assert_true(result.left_as_stream);
    assert_non_null(strstr(listing(), ".stream"));
    close(fd);
    epmt_jobdir_lock_ms = 10000;
    fold_dir(true);
    assert_int_equal(result.processes, 3);
    assert_string_equal(listing(), "77.h5");
    epmt_fold_destroy(fold);
    unlink(tempdir_name(&dir, "77.h5"));
}

static void metadata_round_trip(void **state) {
    char *const start[] = {"HOME=/home/a", "ODD=\xff\xfe", "MY_TOKEN=x", "_=y", "EMPTY=", NULL};
    char *const stop[] = {"HOME=/home/b", "ODD=\xff\xfe", NULL};
    struct epmt_jobmeta meta, again;
    char value[256];

    (void)state;
    epmt_jobmeta_init(&meta);
    assert_int_equal(epmt_jobmeta_set_text(&meta.jobid, "77", &err), 0);
    assert_int_equal(epmt_jobmeta_set_text(&meta.user, "j\xffne", &err), 0);
    assert_int_equal(epmt_jobmeta_set_text(&meta.uuid, "my-uuid", &err), 0);
    meta.start = 1000;
    meta.exitcode = 3;
    assert_int_equal(epmt_jobmeta_set_environment(&meta.start_environment, start, &err), 0);
    assert_int_equal(epmt_jobmeta_set_environment(&meta.stop_environment, stop, &err), 0);
    const char *path = tempdir_name(&dir, EPMT_METADATA_NAME);
    assert_int_equal(epmt_jobmeta_write(&meta, path, &err), 0);
    assert_int_equal(epmt_jobmeta_read(&again, path, &err), 0);
    assert_string_equal(again.user, "j\xffne");
    assert_null(again.cluster);
    assert_int_equal(again.start, 1000);
    assert_int_equal(again.stop, INT64_MIN);
    assert_string_equal(again.start_environment.entries[1], "ODD=\xff\xfe");
    assert_string_equal(again.start_environment.entries[2], "MY_TOKEN=(hidden)");
    assert_string_equal(again.start_environment.entries[3], "EMPTY=");
    epmt_jobmeta_fini(&again);
    epmt_jobmeta_fini(&meta);
    // Folded, but kept while the job runs.
    fold_dir(false);
    assert_string_equal(listing(), "77.h5 job_metadata.json");
    fold_dir(true);
    assert_string_equal(listing(), "77.h5");
    attribute_in_file("uuid", value);
    assert_string_equal(value, "my-uuid");
    attribute_in_file("exitcode", value);
    assert_string_equal(value, "3");
    unlink(tempdir_name(&dir, "77.h5"));
}

// A run of a job whose first process is row i: `restart` INT64_MIN for the first one.
static void run_of_job(uint64_t i, int64_t restart, enum epmt_state state, int signal_or_code) {
    struct epmt_jobmeta meta;
    struct epmt_record record;

    epmt_jobmeta_init(&meta);
    assert_int_equal(epmt_jobmeta_set_text(&meta.hostname, "node0000", &err), 0);
    meta.restart = restart;
    jobs_process(&record, i, 4);
    meta.root = record.value[EPMT_COL_pid].i;
    assert_int_equal(epmt_jobmeta_write(&meta, tempdir_name(&dir, EPMT_METADATA_NAME), &err), 0);
    epmt_jobmeta_fini(&meta);
    epmt_record_set_i(&record, EPMT_COL_state, state);
    if (state == EPMT_STATE_signaled)
        epmt_record_set_i(&record, EPMT_COL_exitsignal, signal_or_code);
    epmt_record_unset(&record, EPMT_COL_exitcode);
    if (state == EPMT_STATE_exited)
        epmt_record_set_i(&record, EPMT_COL_exitcode, signal_or_code);
    append("a.journal", &record, false);
    append_process("a.journal", i + 1, 1, EPMT_STATE_exited); // exit code 0, and not the first
    fold_dir(true);
}

static void expect_outcome(const char *exitcode, const char *reason) {
    char value[256];

    attribute_in_file("exitcode", value);
    assert_string_equal(value, exitcode);
    attribute_in_file("reason", value);
    assert_string_equal(value, reason);
}

static void the_first_process_tells_the_end(void **state) {
    (void)state;
    run_of_job(0, INT64_MIN, EPMT_STATE_signaled, 15);
    expect_outcome("", "signal 15");
    assert_int_equal(epmt_jobdir_restart(dir.path, "77"), 0);
    // The scheduler starts it again: that run's end is the job's.
    run_of_job(2, 1, EPMT_STATE_exited, 4);
    expect_outcome("4", "exited");
    assert_int_equal(epmt_jobdir_restart(dir.path, "77"), 1);
    assert_int_equal(result.processes, 4);
    fold_dir(true);
    expect_outcome("4", "exited");
    unlink(tempdir_name(&dir, "77.h5"));
    assert_int_equal(epmt_jobdir_restart(dir.path, "77"), 0);
}

static void metadata_is_checked(void **state) {
    static const struct {
        const char *text;
        enum epmt_err code;
    } cases[] = {
        {"", EPMT_ERR_BAD_INPUT},
        {"{", EPMT_ERR_BAD_INPUT},
        {"[]", EPMT_ERR_BAD_INPUT},
        {"{\"format\": \"epmt-job-metadata\"}", EPMT_ERR_BAD_INPUT},
        {"{\"format\": \"epmt-job-metadata\", \"format_version\": 2}", EPMT_ERR_VERSION},
        {"{\"format\": \"epmt-job-metadata\", \"format_version\": 1, \"user\": 3}",
         EPMT_ERR_BAD_INPUT},
        {"{\"format\": \"epmt-job-metadata\", \"format_version\": 1, \"start\": \"x\"}",
         EPMT_ERR_BAD_INPUT},
        {"{\"format\": \"epmt-job-metadata\", \"format_version\": 1, \"start_environment\": [1]}",
         EPMT_ERR_BAD_INPUT},
        {"{\"format\": \"epmt-job-metadata\", \"format_version\": 1, \"user\": {\"hex\": \"0g\"}}",
         EPMT_ERR_BAD_INPUT},
    };
    struct epmt_jobmeta meta;

    (void)state;
    const char *path = tempdir_name(&dir, EPMT_METADATA_NAME);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *file = fopen(path, "wb");
        fputs(cases[i].text, file);
        fclose(file);
        assert_int_equal(epmt_jobmeta_read(&meta, path, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.text, path));
        assert_null(strchr(err.text, '\n'));
    }
    // It stops the end of the job, not a step.
    append_process("a.journal", 0, 2, EPMT_STATE_exited);
    path = tempdir_name(&dir, EPMT_METADATA_NAME);
    assert_int_equal(epmt_jobdir_fold(dir.path, "77", true, NULL, 0, &result, &err), -1);
    assert_string_equal(listing(), "a.journal job_metadata.json");
    fold_dir(false);
    assert_string_equal(listing(), "77.h5 job_metadata.json");
    unlink(tempdir_name(&dir, EPMT_METADATA_NAME));
    unlink(tempdir_name(&dir, "77.h5"));
    assert_int_equal(epmt_jobmeta_read(&meta, tempdir_name(&dir, EPMT_METADATA_NAME), &err), -1);
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
}

// Writers append while the directory is folded again and again: no record is lost.
static void loses_nothing_beside_writers(void **state) {
    enum { WRITERS = 4, EACH = 100 };

    (void)state;
    for (int w = 0; w < WRITERS; w++) {
        pid_t pid = fork();
        if (!pid) {
            for (uint64_t i = 0; i < EACH; i++)
                append_process("a.journal", (uint64_t)w * EACH + i, 2, EPMT_STATE_exited);
            _exit(0);
        }
        assert_true(pid > 0);
    }
    int status, left = WRITERS;
    while (left) {
        fold_dir(false);
        while (left && waitpid(-1, &status, WNOHANG) > 0) {
            assert_int_equal(status, 0);
            left--;
        }
    }
    fold_dir(true);
    assert_int_equal(result.processes, WRITERS * EACH);
    assert_int_equal(result.damage.gaps, 0);
    assert_string_equal(listing(), "77.h5");
    unlink(tempdir_name(&dir, "77.h5"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_journals_at_the_end),
        cmocka_unit_test(keeps_who_may_still_run),
        cmocka_unit_test(knows_the_living),
        cmocka_unit_test(damage_is_counted_and_put_aside),
        cmocka_unit_test(folds_streams_and_leftovers),
        cmocka_unit_test(waits_for_nobody_for_ever),
        cmocka_unit_test(metadata_round_trip),
        cmocka_unit_test(the_first_process_tells_the_end),
        cmocka_unit_test(metadata_is_checked),
        cmocka_unit_test(loses_nothing_beside_writers),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

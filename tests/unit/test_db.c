// SPDX-License-Identifier: Apache-2.0
// Jobs in the database: once, wholly or not at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dbjobs.h"
#include "storage/db.h"
#include "storage/ddl.h"
#include "tempdir.h"

static struct tempdir dir;
static char *const no_environment[] = {NULL};

static int make_dir(void **state) {
    (void)state;
    return tempdir_make(&dir);
}

static int remove_dir(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

static struct epmt_db *open_db(const char *name, enum epmt_db_mode mode, struct epmt_error *err) {
    char url[PATH_MAX + 16];

    snprintf(url, sizeof url, "sqlite:///%s", tempdir_name(&dir, name));
    return epmt_db_open(url, mode, no_environment, err);
}

static int take_number(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    if (values)
        *(int64_t *)context = values[0] ? strtoll(values[0], NULL, 10) : -1;
    return 0;
}

static int64_t number(struct epmt_db *db, const char *sql) {
    int64_t result = -2;

    assert_int_equal(epmt_db_query(db, sql, NULL, take_number, &result, NULL), 0);
    return result;
}

static int submit(struct epmt_db *db, const struct dbjob *job, struct epmt_submit_result *result,
                  struct epmt_error *err) {
    const char *path = tempdir_name(&dir, "job.h5");

    if (dbjob_write(job, path, err))
        fail_msg("cannot write the job file: %s", err->text);
    struct epmt_jobfile *file = epmt_jobfile_open(path, err);
    if (!file)
        fail_msg("cannot read it: %s", err->text);
    int status = epmt_db_submit(db, file, result, err);
    epmt_jobfile_close(file);
    return status;
}

static struct epmt_submit_result submit_well(struct epmt_db *db, const struct dbjob *job) {
    struct epmt_error err = {.text = ""};
    struct epmt_submit_result result;

    if (submit(db, job, &result, &err))
        fail_msg("cannot submit: %s", err.text);
    return result;
}

static void exec_raw(const char *name, const char *sql) {
    sqlite3 *raw;

    assert_int_equal(sqlite3_open(tempdir_name(&dir, name), &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

static void a_job_is_put_in_once(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("once.db", EPMT_DB_WRITE, &err);
    struct dbjob job = {"7", "uuid-7", 4, 3, false, 0};
    struct epmt_submit_result result;

    (void)state;
    assert_non_null(db);
    result = submit_well(db, &job);
    assert_int_equal(result.outcome, EPMT_SUBMIT_NEW);
    assert_int_equal(result.processes, 4);
    assert_int_equal(result.threads, 12);
    for (int again = 0; again < 2; again++) {
        result = submit_well(db, &job);
        assert_int_equal(result.outcome, EPMT_SUBMIT_SAME);
        assert_int_equal(result.processes, 4);
    }
    assert_int_equal(number(db, "SELECT count(*) FROM jobs"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM processes"), 4);
    assert_int_equal(number(db, "SELECT count(*) FROM threads"), 12);
    assert_int_equal(number(db, "SELECT \"threads\" FROM jobs"), 12);
    assert_int_equal(number(db, "SELECT exitcode FROM jobs"), 3);
    assert_int_equal(number(db, "SELECT count(*) FROM processes WHERE systemtime IS NULL"), 4);
    assert_int_equal(number(db, "SELECT count(*) FROM processes WHERE state = 'exited'"), 4);
    assert_int_equal(number(db, "SELECT count(*) FROM processes WHERE args = "
                                "'[\"-x\",\"a \\\"quoted\\\", ''word''; DROP TABLE jobs;--\","
                                "\"\\udcff\"]'"),
                     4);
    assert_int_equal(number(db, "SELECT count(*) FROM job_attributes WHERE scope = 'env' "
                                "AND key = 'LANG' AND value = '\\xff x'"),
                     1);
    epmt_db_close(db);
}

static void parents_and_steps_are_set(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("tree.db", EPMT_DB_WRITE, &err);
    struct dbjob job = {"7", "uuid-7", 4, 1, false, 0};

    (void)state;
    submit_well(db, &job);
    assert_int_equal(number(db, "SELECT count(*) FROM processes p JOIN processes q "
                                "ON q.id = p.parent_id WHERE q.pid = 100"),
                     3);
    assert_int_equal(number(db, "SELECT count(*) FROM processes WHERE parent_id IS NULL"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM steps WHERE numranks = 4 AND "
                                "ranks_reported = 4 AND complete = 1"),
                     1);
    assert_int_equal(number(db, "SELECT count(*) FROM job_summary WHERE "
                                "start = '2023-11-14T22:13:20Z' AND duration_s = 100"),
                     1);
    epmt_db_close(db);
}

static void a_job_that_grew_is_completed(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("grown.db", EPMT_DB_WRITE, &err);
    struct dbjob first = {"7", "uuid-7", 2, 2, false, 0};
    struct dbjob other = {"7", "uuid-8", 3, 1, false, 0}; // the id of another job
    struct dbjob grown = {"7", "uuid-7", 5, 2, false, 0};
    struct epmt_submit_result result;

    (void)state;
    result = submit_well(db, &first);
    result = submit_well(db, &other);
    assert_int_equal(result.outcome, EPMT_SUBMIT_NEW);
    result = submit_well(db, &grown);
    assert_int_equal(result.outcome, EPMT_SUBMIT_GROWN);
    assert_int_equal(number(db, "SELECT count(*) FROM jobs"), 2);
    assert_int_equal(number(db, "SELECT id FROM jobs WHERE uuid = 'uuid-7'"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM processes"), 8);
    assert_int_equal(number(db, "SELECT count(*) FROM threads"), 13);
    assert_int_equal(number(db, "SELECT count(*) FROM steps"), 2);
    epmt_db_close(db);
}

static void the_mpi_tables_go_with_the_job(void **state) {
    static const char *const counts[][2] = {
        {"SELECT count(*) FROM mpi_functions", "12"},
        {"SELECT count(*) FROM mpi_messages WHERE peer IS NULL", "4"},
        {"SELECT count(*) FROM mpi_callsites WHERE stack = "
         "'[\"a.out+0x1, main\",\"libc.so.6+0x2\"]'",
         "4"},
        {"SELECT count(*) FROM mpi_sizes", "4"},
        {"SELECT count(*) FROM mpi_variables WHERE process_id IS NULL", "1"},
        {"SELECT count(*) FROM mpi_variables v JOIN processes p ON p.id = v.process_id "
         "WHERE v.job_id = p.job_id",
         "3"},
        // Three functions and all, of each calls, time, bytes_out.
        {"SELECT count(*) FROM mpi_imbalance WHERE ranks = 4", "12"},
        {"SELECT sum(calls) FROM mpi_functions f JOIN processes p ON p.id = process_id "
         "WHERE function = 'MPI_F1' AND mpirank = 3",
         "5"},
        {"SELECT count(*) FROM mpi_functions WHERE time_min IS NULL", "12"},
        {"SELECT mean * 10 FROM mpi_imbalance WHERE function = 'MPI_F0' AND measure = 'calls'",
         "25"},
        {"SELECT round(stddev * 1000) FROM mpi_imbalance WHERE function = 'MPI_F0' "
         "AND measure = 'calls'",
         "1118"},
        {"SELECT max_rank FROM mpi_imbalance WHERE function = 'all' AND measure = 'time'", "3"},
        {"SELECT calls FROM mpi_function_summary WHERE function = 'all'", "42"},
        {"SELECT out_bytes FROM mpi_function_summary WHERE function = 'MPI_F2'", "144"},
        {"SELECT round(time_s * 1e6) FROM mpi_function_summary WHERE function = 'MPI_F0'", "10"},
        {"SELECT round(sum(mpi_share) * 100) FROM mpi_function_summary WHERE function <> 'all'",
         "100"},
        // Process i ran for 100 - i seconds, 10 of them in MPI.
        {"SELECT count(*) FROM mpi_rank_summary WHERE mpirank = 2 AND "
         "abs(mpi_share - 10.0 / 98) < 1e-5 AND mpitime_s = 10",
         "1"},
        {"SELECT count(*) FROM mpi_step_summary WHERE numranks = 4 AND min_share = 0.1 AND "
         "abs(max_share - 10.0 / 97) < 1e-5",
         "1"},
    };
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("mpi.db", EPMT_DB_WRITE, &err);
    struct dbjob job = {"7", "uuid-7", 4, 1, false, 3};
    struct dbjob grown = {"7", "uuid-7", 6, 1, false, 5};

    (void)state;
    submit_well(db, &job);
    assert_int_equal(submit_well(db, &job).outcome, EPMT_SUBMIT_SAME);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (number(db, counts[i][0]) != strtol(counts[i][1], NULL, 10))
            fail_msg("%s: %ld, not %s", counts[i][0], (long)number(db, counts[i][0]), counts[i][1]);
    }
    assert_int_equal(submit_well(db, &grown).outcome, EPMT_SUBMIT_GROWN);
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_functions"), 30);
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_sizes"), 6);
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_variables"), 6);
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_imbalance WHERE ranks = 6"), 18);
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_imbalance"), 18);
    // Nothing of it stays behind when the job goes.
    exec_raw("mpi.db", "PRAGMA foreign_keys = ON; DELETE FROM jobs");
    assert_int_equal(number(db, "SELECT (SELECT count(*) FROM mpi_functions) + (SELECT count(*) "
                                "FROM mpi_imbalance) + (SELECT count(*) FROM mpi_messages) + "
                                "(SELECT count(*) FROM mpi_callsites) + (SELECT count(*) FROM "
                                "mpi_sizes) + (SELECT count(*) FROM mpi_variables)"),
                     0);
    epmt_db_close(db);
}

// A failure at the last table leaves the job as it was.
static void a_failure_in_an_mpi_table_leaves_nothing_behind(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("mpifail.db", EPMT_DB_WRITE, &err);
    struct dbjob job = {"7", "uuid-7", 3, 1, false, 2};
    struct dbjob grown = {"7", "uuid-7", 5, 1, false, 2};
    struct epmt_submit_result result;

    (void)state;
    submit_well(db, &job);
    exec_raw("mpifail.db", "CREATE TRIGGER refuse BEFORE INSERT ON mpi_variables BEGIN "
                           "SELECT RAISE(ABORT, 'refused'); END");
    assert_int_equal(submit(db, &grown, &result, &err), -1);
    assert_non_null(strstr(err.text, "refused"));
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_functions"), 6);
    assert_int_equal(number(db, "SELECT count(*) FROM mpi_variables"), 3);
    assert_int_equal(number(db, "SELECT count(*) FROM processes"), 3);
    epmt_db_close(db);
}

static void threads_without_a_process_are_counted(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("orphan.db", EPMT_DB_WRITE, &err);
    struct dbjob job = {"7", "uuid-7", 1, 1, true, 0};
    struct epmt_submit_result result;

    (void)state;
    result = submit_well(db, &job);
    assert_int_equal(number(db, "SELECT count(*) FROM threads"), (int64_t)result.threads);
    assert_true(result.threads == 1 || !result.orphans);
    epmt_db_close(db);
}

static void a_failure_leaves_nothing_behind(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("fail.db", EPMT_DB_WRITE, &err);
    struct dbjob job = {"7", "uuid-7", 3, 2, false, 0};
    struct dbjob grown = {"7", "uuid-7", 9, 2, false, 0};
    struct epmt_submit_result result;

    (void)state;
    result = submit_well(db, &job);
    exec_raw("fail.db", "CREATE TRIGGER refuse BEFORE INSERT ON threads WHEN new.tid = 104 "
                        "BEGIN SELECT RAISE(ABORT, 'refused'); END");
    assert_int_equal(submit(db, &grown, &result, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_DATABASE);
    assert_non_null(strstr(err.text, "refused"));
    assert_int_equal(number(db, "SELECT count(*) FROM processes"), 3);
    assert_int_equal(number(db, "SELECT count(*) FROM threads"), 6);
    exec_raw("fail.db", "DROP TRIGGER refuse");
    result = submit_well(db, &grown);
    assert_int_equal(result.outcome, EPMT_SUBMIT_GROWN);
    assert_int_equal(number(db, "SELECT count(*) FROM processes"), 9);
    epmt_db_close(db);
}

static void other_files_are_refused_untouched(void **state) {
    struct epmt_error err = {.text = ""};
    char text[64] = "";
    FILE *file;

    (void)state;
    exec_raw("other.db", "CREATE TABLE jobs (id); INSERT INTO jobs VALUES (1)");
    assert_null(open_db("other.db", EPMT_DB_WRITE, &err));
    assert_int_equal(err.code, EPMT_ERR_DATABASE);
    exec_raw("other.db", "INSERT INTO jobs VALUES (2)");

    file = fopen(tempdir_name(&dir, "text.db"), "w");
    fputs("this is a text, and by no means a database", file);
    fclose(file);
    assert_null(open_db("text.db", EPMT_DB_WRITE, &err));
    assert_int_equal(err.code, EPMT_ERR_DATABASE);
    file = fopen(tempdir_name(&dir, "text.db"), "r");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "this is a text, and by no means a database");
}

static void another_schema_is_refused(void **state) {
    struct epmt_error err = {.text = ""};

    (void)state;
    epmt_db_close(open_db("newer.db", EPMT_DB_WRITE, &err));
    exec_raw("newer.db", "PRAGMA user_version = 3");
    assert_null(open_db("newer.db", EPMT_DB_WRITE, &err));
    assert_int_equal(err.code, EPMT_ERR_VERSION);
    assert_non_null(strstr(err.text, "newer epmt"));
    assert_null(open_db("newer.db", EPMT_DB_READ, &err));
    assert_int_equal(err.code, EPMT_ERR_VERSION);
    exec_raw("newer.db", "PRAGMA user_version = 1");
    assert_null(open_db("newer.db", EPMT_DB_WRITE, &err));
    assert_int_equal(err.code, EPMT_ERR_VERSION);
    assert_non_null(strstr(err.text, "epmt migrate"));
    exec_raw("newer.db", "PRAGMA user_version = 2;"
                         "UPDATE epmt_schema SET value = '1' WHERE key = 'dictionary'");
    assert_null(open_db("newer.db", EPMT_DB_WRITE, &err));
    assert_int_equal(err.code, EPMT_ERR_VERSION);
}

static void reading_makes_and_changes_nothing(void **state) {
    struct epmt_error err = {.text = ""};
    struct epmt_db *db;

    (void)state;
    assert_null(open_db("none.db", EPMT_DB_READ, &err));
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
    assert_int_equal(access(tempdir_name(&dir, "none.db"), F_OK), -1);
    epmt_db_close(open_db("some.db", EPMT_DB_WRITE, &err));
    db = open_db("some.db", EPMT_DB_READ, &err);
    assert_non_null(db);
    assert_int_equal(epmt_db_query(db, "DELETE FROM jobs", NULL, take_number, NULL, &err), -1);
    epmt_db_close(db);
}

static void urls_are_judged(void **state) {
    static const char *const wrong[] = {"sqlite://",
                                        "sqlite:///",
                                        "sqlite:///:memory:",
                                        "mysql://localhost/x",
                                        "postgresql://user:secret%@host/x",
                                        "postgresql://user:secret@host/x?nonsense=1",
                                        "/tmp/x.db",
                                        "sqlite:///x.db?mode=ro"};
    struct epmt_error err;

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (struct epmt_error){.text = ""};
        assert_null(epmt_db_open(wrong[i], EPMT_DB_WRITE, no_environment, &err));
        assert_int_equal(err.code, EPMT_ERR_USAGE);
        assert_null(strstr(err.text, "secret"));
    }
    assert_null(epmt_db_open("", EPMT_DB_WRITE, no_environment, &err));
    assert_int_equal(err.code, EPMT_ERR_USAGE);
}

static void the_default_is_in_the_data_directory(void **state) {
    char home[PATH_MAX + 32], data[PATH_MAX + 32];
    char *envp[] = {home, NULL, NULL};
    struct epmt_error err;
    struct epmt_db *db;
    struct stat st;

    (void)state;
    snprintf(home, sizeof home, "HOME=%s", tempdir_name(&dir, "home"));
    db = epmt_db_open("", EPMT_DB_WRITE, envp, &err);
    assert_non_null(db);
    assert_string_equal(epmt_db_where(db), tempdir_name(&dir, "home/.local/share/epmt/epmt.db"));
    epmt_db_close(db);
    assert_int_equal(stat(tempdir_name(&dir, "home/.local/share/epmt"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(data, sizeof data, "XDG_DATA_HOME=%s", tempdir_name(&dir, "data"));
    envp[1] = data;
    assert_null(epmt_db_open(NULL, EPMT_DB_READ, envp, &err));
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "data/epmt/epmt.db"));
}

static void an_answer_has_a_limit(void **state) {
    static const char endless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                  "SELECT count(*) FROM n";
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("limit.db", EPMT_DB_WRITE, &err);
    int64_t got;

    (void)state;
    assert_non_null(db);
    assert_int_equal(epmt_db_limit(db, 1, 0, &err), 0);
    assert_int_equal(epmt_db_query(db, endless, NULL, take_number, &got, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_DATABASE);
    assert_non_null(strstr(err.text, "longer than 1 s"));
    err.text[0] = '\0';
    assert_int_equal(epmt_db_in_time(db, &err), -1);
    assert_non_null(strstr(err.text, "longer than 1 s"));
    assert_int_equal(epmt_db_limit(db, 60, 0, &err), 0);
    assert_int_equal(epmt_db_in_time(db, &err), 0);
    epmt_db_close(db);
}

static void a_snapshot_sees_one_moment(void **state) {
    static const char count[] = "SELECT count(*) FROM \"jobs\"";
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = open_db("moment.db", EPMT_DB_WRITE, &err);
    struct epmt_db *reader;

    (void)state;
    assert_non_null(db);
    reader = open_db("moment.db", EPMT_DB_READ, &err);
    assert_non_null(reader);
    assert_int_equal(epmt_db_snapshot(reader, &err), 0);
    assert_int_equal(number(reader, count), 0);
    // SQLite has others wait until it is over.
    assert_int_equal(epmt_db_limit(db, 1, 0, &err), 0);
    assert_int_equal(epmt_db_batch_begin(db, &err), 0);
    assert_int_equal(number(reader, count), 0);
    epmt_db_close(reader);
    assert_int_equal(epmt_db_batch_end(db, &err), 0);
    epmt_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_put_in_once),
        cmocka_unit_test(parents_and_steps_are_set),
        cmocka_unit_test(a_job_that_grew_is_completed),
        cmocka_unit_test(the_mpi_tables_go_with_the_job),
        cmocka_unit_test(a_failure_in_an_mpi_table_leaves_nothing_behind),
        cmocka_unit_test(threads_without_a_process_are_counted),
        cmocka_unit_test(a_failure_leaves_nothing_behind),
        cmocka_unit_test(other_files_are_refused_untouched),
        cmocka_unit_test(another_schema_is_refused),
        cmocka_unit_test(reading_makes_and_changes_nothing),
        cmocka_unit_test(urls_are_judged),
        cmocka_unit_test(the_default_is_in_the_data_directory),
        cmocka_unit_test(an_answer_has_a_limit),
        cmocka_unit_test(a_snapshot_sees_one_moment),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

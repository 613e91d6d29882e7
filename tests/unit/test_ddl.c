// SPDX-License-Identifier: Apache-2.0
// The schema has every column of the dictionary, once, in the right table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "metadata/metrics.h"
#include "metadata/mpi_tables.h"
#include "storage/ddl_tables.h"
#include "storage/query.h"

static sqlite3 *db;

static int make_db(void **state) {
    struct epmt_strbuf sql = {0};

    (void)state;
    epmt_ddl_create(&sql, EPMT_DIALECT_SQLITE);
    int status =
        sqlite3_open(":memory:", &db) || sqlite3_exec(db, epmt_strbuf_text(&sql), NULL, NULL, NULL);
    epmt_strbuf_free(&sql);
    return status;
}

static int close_db(void **state) {
    (void)state;
    return sqlite3_close(db);
}

// The declared type of a column, "" where there is no such column.
static void type_of(const char *table, const char *column, char type[32]) {
    sqlite3_stmt *stmt;

    type[0] = '\0';
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT type FROM pragma_table_info(?1) WHERE name = ?2",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, column, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        snprintf(type, 32, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}

static void check_mpi_table(enum epmt_row_kind kind) {
    static const char *const names[] = {"mpi_functions", "mpi_imbalance", "mpi_messages",
                                        "mpi_callsites", "mpi_sizes",     "mpi_variables",
                                        "counters"};
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    const char *table = names[kind - EPMT_ROW_MPI_FUNCTION];
    bool of_job = kind == EPMT_ROW_MPI_IMBALANCE || kind == EPMT_ROW_MPI_VARIABLE;
    char type[32];

    for (int i = 0; i < dictionary->count; i++) {
        const struct epmt_column *column = &dictionary->columns[i];
        bool text = column->type == EPMT_TYPE_TEXT || column->type == EPMT_TYPE_LIST;
        bool out = !strcmp(column->name, "image") || !strcmp(column->name, "m2");
        type_of(table, column->name, type);
        assert_string_equal(type, out                              ? ""
                                  : text                           ? "TEXT"
                                  : column->type == EPMT_TYPE_REAL ? "REAL"
                                                                   : "INTEGER");
    }
    type_of(table, "job_id", type);
    assert_string_equal(type, of_job ? "INTEGER" : "");
    type_of(table, "process_id", type);
    assert_string_equal(type, kind == EPMT_ROW_MPI_IMBALANCE ? "" : "INTEGER");
}

static void columns_are_those_of_the_dictionary(void **state) {
    char process[32], thread[32];

    (void)state;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        bool number = column->type == EPMT_TYPE_INT || column->type == EPMT_TYPE_UINT;
        const char *wanted = number ? "INTEGER" : "TEXT";
        type_of("processes", column->name, process);
        type_of("threads", column->name, thread);
        assert_string_equal(process, epmt_column_in_process(column) ? wanted : "");
        assert_string_equal(thread, epmt_column_in_thread(column) ? wanted : "");
    }
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind <= EPMT_ROW_COUNTER; kind++)
        check_mpi_table(kind);
    for (int i = 0; i < EPMT_JOB_COLUMN_COUNT; i++) {
        type_of("jobs", epmt_job_columns[i].name, process);
        assert_string_not_equal(process, "");
    }
}

static void prepare(const char *sql) {
    sqlite3_stmt *stmt;

    if (!sql)
        return;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
    sqlite3_finalize(stmt);
}

static void statements_fit_the_schema(void **state) {
    static const struct epmt_query *const queries[] = {
        &epmt_query_job,           &epmt_query_steps,         &epmt_query_processes,
        &epmt_query_threads,       &epmt_query_mpi_steps,     &epmt_query_mpi_step,
        &epmt_query_mpi_imbalance, &epmt_query_mpi_functions, &epmt_query_mpi_ranks,
        &epmt_query_mpi_slowest,   &epmt_query_mpi_waiting,   &epmt_query_counters};
    struct epmt_strbuf update = {0};
    struct epmt_ddl_rows rows;

    (void)state;
    epmt_ddl_update_job(&update);
    prepare(epmt_strbuf_text(&update));
    epmt_strbuf_free(&update);
    for (int i = 0; i < EPMT_DDL_TABLE_COUNT; i++) {
        epmt_ddl_rows_make(&rows, i);
        prepare(epmt_strbuf_text(&rows.insert));
        epmt_ddl_rows_free(&rows);
    }
    for (unsigned i = 0; i < sizeof queries / sizeof *queries; i++) {
        prepare(queries[i]->for_people);
        prepare(queries[i]->for_programs);
        prepare(queries[i]->of_job_for_people);
        prepare(queries[i]->of_job_for_programs);
    }
    prepare(epmt_query_job_by_jobid);
    prepare(epmt_query_job_by_uuid);
}

// Whatever the number of rows, what is asked about one job is found by an index.
static void one_job_is_found_by_an_index(void **state) {
    static const char *const names[] = {"jobs",          "processes",     "threads",
                                        "mpi_functions", "mpi_imbalance", "counters"};
    const char *const questions[] = {
        epmt_query_job_by_jobid,
        epmt_query_job_by_uuid,
        epmt_query_job.of_job_for_people,
        epmt_query_job.of_job_for_programs,
        epmt_query_steps.of_job_for_people,
        epmt_query_processes.of_job_for_people,
        epmt_query_processes.of_job_for_programs,
        epmt_query_threads.of_job_for_people,
        epmt_query_threads.of_job_for_programs,
        epmt_query_mpi_steps.of_job_for_people,
        epmt_query_mpi_imbalance.of_job_for_people,
        epmt_query_mpi_functions.of_job_for_programs,
        epmt_query_counters.of_job_for_people,
    };
    struct epmt_strbuf sql = {0};

    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        sqlite3_stmt *stmt;
        epmt_strbuf_reset(&sql);
        epmt_strbuf_printf(&sql, "EXPLAIN QUERY PLAN %s", questions[i]);
        assert_int_equal(sqlite3_prepare_v2(db, epmt_strbuf_text(&sql), -1, &stmt, NULL),
                         SQLITE_OK);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(stmt, 3);
            char scan[64];
            for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
                // By its name, or by the letter that stands for it; a view's own rows may be
                // scanned.
                snprintf(scan, sizeof scan, "SCAN %s", names[n]);
                if (!strcmp(step, scan) || (!strncmp(step, "SCAN ", 5) && !step[6]))
                    fail_msg("%s: %s", step, questions[i]);
            }
        }
        sqlite3_finalize(stmt);
    }
    epmt_strbuf_free(&sql);
}

static void the_other_dialect_has_its_types(void **state) {
    struct epmt_strbuf sql = {0};

    (void)state;
    epmt_ddl_create(&sql, EPMT_DIALECT_POSTGRESQL);
    assert_non_null(strstr(epmt_strbuf_text(&sql), "\"usertime\" BIGINT"));
    assert_non_null(strstr(epmt_strbuf_text(&sql), "GENERATED BY DEFAULT AS IDENTITY"));
    assert_non_null(strstr(epmt_strbuf_text(&sql), "\"stddev\" DOUBLE PRECISION"));
    assert_null(strstr(epmt_strbuf_text(&sql), "strftime"));
    assert_null(strstr(epmt_strbuf_text(&sql), "INTEGER"));
    epmt_strbuf_free(&sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_those_of_the_dictionary),
        cmocka_unit_test(statements_fit_the_schema),
        cmocka_unit_test(one_job_is_found_by_an_index),
        cmocka_unit_test(the_other_dialect_has_its_types),
    };

    return cmocka_run_group_tests(tests, make_db, close_db);
}

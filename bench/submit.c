// SPDX-License-Identifier: Apache-2.0
// What putting a job into a database takes, and what the same rows take at least: into the same
// tables with the same indexes by the database's own fastest way, out of memory.
//
//   submit make FILE PROCESSES THREADS    writes a job file of ranks with tags
//   submit tree FILE PROCESSES            one of serial processes, pids coming up again
//   submit run URL FILE                   as epmt submit does
//   submit floor URL FILE                 rows of processes, tags and threads, ready made
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "storage/db_submit.h"
#include "storage/jobfile.h"
#include "tests/unit/jobs.h"

extern char **environ;

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

// On a machine with other work CPU time tells more than the clock: that of this process, and of the
// server's process which serves it.
struct meter {
    double wall, cpu, server;
    int pid; // 0: no server
};

static double server_cpu(int pid) {
    unsigned long user, system;
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *stat = pid ? fopen(path, "r") : NULL;
    if (!stat)
        return 0;
    int got = fscanf(stat, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                     &user, &system);
    fclose(stat);
    return got == 2 ? (double)(user + system) / (double)sysconf(_SC_CLK_TCK) : 0;
}

static struct meter meter_of(int pid) {
    struct timespec cpu;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct meter){now(), (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9, server_cpu(pid),
                          pid};
}

static void report(const char *what, uint64_t processes, uint64_t rows, const struct meter *from) {
    struct meter to = meter_of(from->pid);
    struct rusage usage;
    double seconds = to.wall - from->wall;

    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %lu processes, %lu rows in %.2f s (CPU %.2f s, server %.2f s): %.0f rows/s, peak "
           "%ld MiB\n",
           what, (unsigned long)processes, (unsigned long)rows, seconds, to.cpu - from->cpu,
           to.server - from->server, (double)rows / seconds, usage.ru_maxrss / 1024);
}

static int take_pid(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    if (values && values[0])
        *(int *)context = (int)strtol(values[0], NULL, 10);
    return 0;
}

// A pid comes up again every 30,000 processes; each tenth process is the parent of the next nine.
static int add_serial(struct epmt_jobfold *fold, uint64_t i) {
    struct epmt_record record;
    int64_t start = JOBS_START + (int64_t)i * 1000;
    uint64_t parent = i / 10 * 10;

    jobs_process(&record, i, 1);
    record.valid[EPMT_COL_mpirank / 64] &= ~(UINT64_C(1) << EPMT_COL_mpirank % 64);
    record.valid[EPMT_COL_numranks / 64] &= ~(UINT64_C(1) << EPMT_COL_numranks % 64);
    record.valid[EPMT_COL_step / 64] &= ~(UINT64_C(1) << EPMT_COL_step % 64);
    jobs_text(&record, EPMT_COL_hostname, "node0001");
    epmt_record_set_i(&record, EPMT_COL_pid, 1000 + (int64_t)(i % 30000));
    epmt_record_set_i(&record, EPMT_COL_ppid, i == parent ? 1 : 1000 + (int64_t)(parent % 30000));
    epmt_record_set_i(&record, EPMT_COL_start, start);
    epmt_record_set_i(&record, EPMT_COL_end, start + (i == parent ? 9000 : 500));
    epmt_record_set_u(&record, EPMT_COL_imagestart, (i + 1) * 1000000);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_exited);
    return epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, NULL);
}

static int make(const char *path, uint64_t processes, uint64_t threads, bool tree) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_error err = {.text = ""};
    char uuid[64];
    int status = tree ? 0 : jobs_fill(fold, processes, threads);

    snprintf(uuid, sizeof uuid, "bench-%lx", (unsigned long)jobs_mix((uint64_t)getpid()));
    status |= epmt_fold_set_attribute(fold, "job", "jobid", uuid + 6, &err);
    status |= epmt_fold_set_attribute(fold, "job", "uuid", uuid, &err);
    for (uint64_t i = 0; tree && i < processes; i++)
        status |= add_serial(fold, i);
    if (status || epmt_fold_finish(fold, true, &err) || epmt_jobfile_write(fold, path, &err))
        return fail(path, err.text);
    epmt_fold_destroy(fold);
    return 0;
}

static int run(const char *url, const char *path) {
    struct epmt_error err = {.text = ""};
    struct epmt_submit_result result;
    struct epmt_db *db = epmt_db_open(url, EPMT_DB_WRITE, environ, &err);
    int pid = 0;
    if (db && !strcmp(epmt_db_dialect(db), "postgresql"))
        epmt_db_query(db, "SELECT pg_backend_pid()", NULL, take_pid, &pid, NULL);
    struct meter start = meter_of(pid);
    struct epmt_jobfile *file = db ? epmt_jobfile_open(path, &err) : NULL;

    if (!file || epmt_db_submit(db, file, &result, &err))
        return fail("submit", err.text);
    // A process of `make` has two tags.
    report("submit", result.processes, result.processes * 3 + result.threads, &start);
    epmt_jobfile_close(file);
    epmt_db_close(db);
    return 0;
}

// Rows of one table, ready made.
struct rows {
    int columns;
    size_t count, cap;
    struct epmt_db_value *values;
};

static void keep(struct rows *rows, const struct epmt_db_value *values, int columns) {
    rows->columns = columns;
    if (rows->count == rows->cap) {
        rows->cap = rows->cap ? rows->cap * 2 : 1024;
        rows->values = realloc(rows->values, rows->cap * (size_t)columns * sizeof *values);
        if (!rows->values)
            exit(fail("floor", "out of memory"));
    }
    struct epmt_db_value *to = rows->values + rows->count++ * (size_t)columns;
    memcpy(to, values, (size_t)columns * sizeof *values);
    for (int i = 0; i < columns; i++) {
        if (to[i].kind == EPMT_DB_TEXT)
            to[i].text.data = strndup(to[i].text.data, to[i].text.len);
    }
}

static int load(const char *path, struct rows *processes, struct rows *tags, struct rows *threads) {
    enum { FIXED = 3 + EPMT_PROCESS_COUNTED_N };
    struct epmt_db_value values[EPMT_COLUMN_COUNT + FIXED] = {{0}};
    struct epmt_flatten flatten = {0};
    struct epmt_record record;
    struct epmt_error err;
    struct epmt_jobfile *file = epmt_jobfile_open(path, &err);
    int64_t id = 0;

    if (!file)
        return fail(path, err.text);
    uint64_t per = epmt_jobfile_info(file)->thread_count / epmt_jobfile_info(file)->process_count;
    while (epmt_jobfile_next_process(file, &record, &err) == 1) {
        struct epmt_db_value tag[3] = {epmt_db_int(++id), epmt_db_text("model", 5),
                                       epmt_db_text("am4", 3)};
        values[0] = epmt_db_int(id);
        values[1] = epmt_db_int(1);
        values[3] = values[4] = values[5] = epmt_db_int(id);
        int count = epmt_flatten_row(&flatten, EPMT_ROW_PROCESS, &record, epmt_column_in_process,
                                     values + FIXED);
        keep(processes, values, FIXED + count);
        keep(tags, tag, 3);
        tag[1] = epmt_db_text("op", 2);
        tag[2] = epmt_db_text("run", 3);
        keep(tags, tag, 3);
    }
    for (id = 0; per && epmt_jobfile_next_thread(file, &record, &err) == 1; id++) {
        values[0] = epmt_db_int(1 + id / (int64_t)per);
        int count =
            epmt_flatten_row(&flatten, EPMT_ROW_THREAD, &record, epmt_column_in_thread, values + 1);
        keep(threads, values, 1 + count);
    }
    epmt_jobfile_close(file);
    return 0;
}

static int lite_rows(sqlite3 *lite, const char *insert, const struct rows *rows) {
    sqlite3_stmt *stmt;

    if (!rows->count)
        return 0;
    if (sqlite3_prepare_v2(lite, insert, -1, &stmt, NULL))
        return fail("sqlite", sqlite3_errmsg(lite));
    for (size_t r = 0; r < rows->count; r++) {
        const struct epmt_db_value *values = rows->values + r * (size_t)rows->columns;
        for (int i = 0; i < rows->columns; i++) {
            if (values[i].kind == EPMT_DB_INT)
                sqlite3_bind_int64(stmt, i + 1, values[i].i);
            else if (values[i].kind == EPMT_DB_TEXT)
                sqlite3_bind_text64(stmt, i + 1, values[i].text.data, values[i].text.len,
                                    SQLITE_STATIC, SQLITE_UTF8);
            else
                sqlite3_bind_null(stmt, i + 1);
        }
        if (sqlite3_step(stmt) != SQLITE_DONE)
            return fail("sqlite", sqlite3_errmsg(lite));
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return 0;
}

static int floor_lite(const char *path, struct epmt_db *db, struct rows *rows) {
    sqlite3 *lite;

    if (sqlite3_open(path, &lite) ||
        sqlite3_exec(lite,
                     "PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; BEGIN; INSERT "
                     "INTO jobs (id, uuid, digest) VALUES (1, 'floor', 1)",
                     NULL, NULL, NULL))
        return fail("sqlite", "cannot open");
    if (lite_rows(lite, db->rows[EPMT_TABLE_PROCESSES].insert.data, &rows[0]) ||
        lite_rows(lite, db->rows[EPMT_TABLE_PROCESS_TAGS].insert.data, &rows[1]) ||
        lite_rows(lite, db->rows[EPMT_TABLE_THREADS].insert.data, &rows[2]) ||
        sqlite3_exec(lite, "COMMIT", NULL, NULL, NULL))
        return fail("sqlite", sqlite3_errmsg(lite));
    return sqlite3_close(lite);
}

static void put(struct epmt_strbuf *text, const void *value, size_t len) {
    char big[8];

    for (size_t i = 0; i < len; i++)
        big[i] = ((const char *)value)[len - 1 - i];
    epmt_strbuf_add(text, big, len);
}

static void encode(struct epmt_strbuf *text, const struct rows *rows) {
    epmt_strbuf_add(text, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0", 19);
    for (size_t r = 0; r < rows->count; r++) {
        const struct epmt_db_value *values = rows->values + r * (size_t)rows->columns;
        put(text, &(int16_t){(int16_t)rows->columns}, 2);
        for (int i = 0; i < rows->columns; i++) {
            put(text,
                &(int32_t){values[i].kind == EPMT_DB_INT    ? 8
                           : values[i].kind == EPMT_DB_TEXT ? (int32_t)values[i].text.len
                                                            : -1},
                4);
            if (values[i].kind == EPMT_DB_INT)
                put(text, &values[i].i, 8);
            else if (values[i].kind == EPMT_DB_TEXT)
                epmt_strbuf_add(text, values[i].text.data, values[i].text.len);
        }
    }
    put(text, &(int16_t){-1}, 2);
}

static int copy(PGconn *connection, const char *sql, const struct epmt_strbuf *text) {
    PGresult *result = PQexec(connection, sql);

    if (PQresultStatus(result) != PGRES_COPY_IN)
        return fail("postgresql", PQerrorMessage(connection));
    PQclear(result);
    for (size_t at = 0; at < text->len; at += 1 << 18) {
        size_t len = text->len - at < 1 << 18 ? text->len - at : 1 << 18;
        if (PQputCopyData(connection, text->data + at, (int)len) != 1)
            return fail("postgresql", PQerrorMessage(connection));
    }
    PQputCopyEnd(connection, NULL);
    int status = 0;
    while ((result = PQgetResult(connection))) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            status = fail("postgresql", PQresultErrorMessage(result));
        PQclear(result);
    }
    return status;
}

static int floor_postgres(PGconn *connection, struct epmt_db *db, struct epmt_strbuf *texts) {
    PQclear(
        PQexec(connection, "BEGIN; INSERT INTO jobs (id, uuid, digest) VALUES (1, 'floor', 1)"));
    if (copy(connection, db->rows[EPMT_TABLE_PROCESSES].copy.data, &texts[0]) ||
        copy(connection, db->rows[EPMT_TABLE_PROCESS_TAGS].copy.data, &texts[1]) ||
        copy(connection, db->rows[EPMT_TABLE_THREADS].copy.data, &texts[2]))
        return 1;
    PGresult *result = PQexec(connection, "COMMIT");
    int status = PQresultStatus(result) != PGRES_COMMAND_OK;
    PQclear(result);
    return status ? fail("postgresql", "cannot commit") : 0;
}

static int floor_of(const char *url, const char *path) {
    struct rows rows[3] = {{0}};
    struct epmt_strbuf texts[3] = {{0}};
    struct epmt_error err = {.text = ""};
    struct epmt_db *db = epmt_db_open(url, EPMT_DB_WRITE, environ, &err);
    bool lite = !strncmp(url, "sqlite", 6);

    if (!db)
        return fail(url, err.text);
    if (load(path, &rows[0], &rows[1], &rows[2]))
        return 1;
    for (int i = 0; !lite && i < 3; i++)
        encode(&texts[i], &rows[i]);
    PGconn *connection = lite ? NULL : PQconnectdb(url);
    struct meter start = meter_of(lite ? 0 : PQbackendPID(connection));
    if (lite ? floor_lite(epmt_db_where(db), db, rows) : floor_postgres(connection, db, texts))
        return 1;
    report("floor", rows[0].count, rows[0].count + rows[1].count + rows[2].count, &start);
    PQfinish(connection);
    epmt_db_close(db);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 5 && !strcmp(argv[1], "make"))
        return make(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10), false);
    if (argc == 4 && !strcmp(argv[1], "tree"))
        return make(argv[2], strtoull(argv[3], NULL, 10), 0, true);
    if (argc == 4 && !strcmp(argv[1], "run"))
        return run(argv[2], argv[3]);
    if (argc == 4 && !strcmp(argv[1], "floor"))
        return floor_of(argv[2], argv[3]);
    return fail("usage", "submit make FILE PROCESSES THREADS | tree FILE PROCESSES | "
                         "run URL FILE | floor URL FILE");
}

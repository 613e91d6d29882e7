// SPDX-License-Identifier: Apache-2.0
// Many rows by COPY in its binary format: 64-bit integers, doubles and texts, as the columns are.
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "storage/db_postgres.h"

#define BLOCK_LEN ((size_t)1 << 18)

static void add_16(struct epmt_strbuf *rows, int value) {
    uint16_t big = htons((uint16_t)value);

    epmt_strbuf_add(rows, (const char *)&big, sizeof big);
}

static void add_32(struct epmt_strbuf *rows, int32_t value) {
    uint32_t big = htonl((uint32_t)value);

    epmt_strbuf_add(rows, (const char *)&big, sizeof big);
}

static void add_64(struct epmt_strbuf *rows, uint64_t value) {
    uint64_t big = htobe64(value);

    add_32(rows, 8);
    epmt_strbuf_add(rows, (const char *)&big, sizeof big);
}

static void add_value(struct epmt_strbuf *rows, const struct epmt_db_value *value) {
    uint64_t bits;

    switch (value->kind) {
    case EPMT_DB_INT:
        add_64(rows, (uint64_t)value->i);
        return;
    case EPMT_DB_REAL:
        memcpy(&bits, &value->r, sizeof bits);
        add_64(rows, bits);
        return;
    case EPMT_DB_TEXT:
    case EPMT_DB_NUMBER:
        if (value->text.len > INT32_MAX)
            rows->failed = true;
        else {
            add_32(rows, (int32_t)value->text.len);
            epmt_strbuf_add(rows, value->text.data, value->text.len);
        }
        return;
    case EPMT_DB_NULL:
        add_32(rows, -1);
    }
}

static int send_rows(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;

    if (pg->rows.failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (PQputCopyData(pg->connection, epmt_strbuf_text(&pg->rows), (int)pg->rows.len) != 1)
        return epmt_pg_failed(db, NULL, err);
    epmt_strbuf_reset(&pg->rows);
    return 0;
}

int epmt_pg_rows_begin(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                       struct epmt_error *err) {
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    struct epmt_pg *pg = db->handle;
    PGresult *result = PQexec(pg->connection, rows->copy.data);
    int status = 0;

    pg->copying = PQresultStatus(result) == PGRES_COPY_IN;
    if (!pg->copying)
        status = epmt_pg_failed(db, result, err);
    PQclear(result);
    epmt_strbuf_reset(&pg->rows);
    pg->rows.failed = false;
    epmt_strbuf_add(&pg->rows, head, 19);
    return status;
}

int epmt_pg_rows_add(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                     const struct epmt_db_value *values, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;

    add_16(&pg->rows, rows->count);
    for (int i = 0; i < rows->count; i++)
        add_value(&pg->rows, &values[i]);
    return pg->rows.len < BLOCK_LEN && !pg->rows.failed ? 0 : send_rows(db, err);
}

int epmt_pg_rows_end(struct epmt_db *db, const struct epmt_ddl_rows *rows, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    PGresult *result;
    int status = 0;

    (void)rows;
    add_16(&pg->rows, -1);
    if (send_rows(db, err))
        return -1;
    if (PQputCopyEnd(pg->connection, NULL) != 1)
        return epmt_pg_failed(db, NULL, err);
    pg->copying = false;
    while ((result = PQgetResult(pg->connection))) {
        if (!status && PQresultStatus(result) != PGRES_COMMAND_OK)
            status = epmt_pg_failed(db, result, err);
        PQclear(result);
    }
    return status;
}

void epmt_pg_rows_abandon(struct epmt_db *db) {
    struct epmt_pg *pg = db->handle;
    PGresult *result;

    if (!pg->copying)
        return;
    pg->copying = false;
    if (PQputCopyEnd(pg->connection, "given up") != 1)
        return;
    while ((result = PQgetResult(pg->connection)))
        PQclear(result);
}

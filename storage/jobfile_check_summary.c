// SPDX-License-Identifier: Apache-2.0
// The tables that are made from the rows, held against them: hosts, steps, crashes, columns; and
// the entries of /long_texts.
#include <inttypes.h>
#include <string.h>

#include "common/fmt.h"
#include "metadata/tables.h"
#include "storage/jobfile_check_priv.h"

int epmt_check_open_small(const struct epmt_check *check, enum epmt_small_table table,
                          struct epmt_scan *scan, bool *there, struct epmt_error *err) {
    struct epmt_layout layout;

    epmt_layout_of_small(&layout, table);
    *there = false;
    if (epmt_scan_open(scan, epmt_jobfile_hdf5(check->file), epmt_jobfile_size(check->file),
                       epmt_jobfile_path(check->file), &layout, true, err))
        return -1;
    *there = scan->dataset >= 0;
    if (!*there || table == EPMT_TABLE_LONG_TEXTS)
        return 0;
    return epmt_scan_open_longs(scan, epmt_jobfile_hdf5(check->file),
                                epmt_jobfile_size(check->file), epmt_jobfile_store(check->file),
                                err);
}

typedef int (*row_check_f)(struct epmt_check *check, const struct epmt_cell *cells,
                           struct epmt_error *err);

// Goes through a table. Returns the number of its rows, or -1 with err.
static int64_t check_small(struct epmt_check *check, enum epmt_small_table table, row_check_f row,
                           struct epmt_error *err) {
    struct epmt_cell cells[EPMT_MEMBERS_MAX];
    struct epmt_scan scan = {0};
    struct epmt_layout layout;
    bool there;
    int more = epmt_check_open_small(check, table, &scan, &there, err) ? -1 : 0;

    epmt_layout_of_small(&layout, table);
    check->table = layout.path;
    check->row = 0;
    while (there && more >= 0 && (more = epmt_scan_next(&scan, cells, err)) == 1) {
        if (row(check, cells, err)) {
            more = -1;
            break;
        }
        check->row++;
    }
    epmt_scan_close(&scan);
    return more < 0 ? -1 : (int64_t)check->row;
}

static struct epmt_bytes text_of(const struct epmt_cell *cell) {
    return cell->has ? cell->value.text : (struct epmt_bytes){"", 0};
}

static int check_host(struct epmt_check *check, const struct epmt_cell *cells,
                      struct epmt_error *err) {
    struct epmt_bytes host = text_of(&cells[0]), boot = text_of(&cells[1]);
    struct epmt_strbuf name = {0};
    uint32_t number = EPMT_FOLD_NOWHERE;

    epmt_strbuf_add(&name, host.data, host.len);
    epmt_strbuf_puts(&name, "\n");
    epmt_strbuf_add(&name, boot.data, boot.len);
    if (!name.failed)
        number = epmt_check_name(check, name.data, name.len);
    epmt_strbuf_free(&name);
    if (number == EPMT_FOLD_NOWHERE)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the hosts of a job");
    if (!cells[2].has || check->host_counts[number] != cells[2].value.u)
        epmt_check_wrong(check, "processes", "%" PRIu64 ", but /processes has %" PRIu64,
                         cells[2].has ? cells[2].value.u : 0, check->host_counts[number]);
    check->host_counts[number] = 0;
    return 0;
}

// Hosts that /hosts does not have.
static void check_missing_hosts(struct epmt_check *check) {
    check->row = EPMT_CHECK_NO_ROW;
    for (uint64_t i = 0; i < check->names.count; i++) {
        if (check->host_counts[i])
            epmt_check_wrong(check, "hostname", "%.*s is missing, a host of /processes",
                             (int)strcspn(check->names.items[i].data, "\n"),
                             check->names.items[i].data);
    }
}

static int check_step(struct epmt_check *check, const struct epmt_cell *cells,
                      struct epmt_error *err) {
    struct epmt_bytes key = text_of(&cells[0]);
    uint32_t number = epmt_check_name(check, key.data, key.len);
    int64_t expected = cells[1].has ? cells[1].value.i : 0;
    int64_t reported = cells[2].has ? cells[2].value.i : 0;

    if (number == EPMT_FOLD_NOWHERE)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the steps of a job");
    if (reported < 0 || (uint64_t)reported != check->ranks[number])
        epmt_check_wrong(check, "ranks_reported", "%" PRId64 ", but /processes has %" PRIu64,
                         reported, check->ranks[number]);
    if (expected && reported > expected)
        epmt_check_wrong(check, "ranks_reported", "%" PRId64 " of %" PRId64, reported, expected);
    if (cells[3].has && cells[3].value.i != (expected && reported >= expected))
        epmt_check_wrong(check, "complete", "%" PRId64 " with %" PRId64 " of %" PRId64 " ranks",
                         cells[3].value.i, reported, expected);
    if (cells[4].has && cells[5].has && cells[5].value.i < cells[4].value.i)
        epmt_check_wrong(check, "end", "%" PRId64 " is before the start, %" PRId64,
                         cells[5].value.i, cells[4].value.i);
    check->ranks[number] = 0;
    check->steps++;
    check->steps_complete &= cells[3].has && cells[3].value.i == 1;
    if (__builtin_add_overflow(check->ranks_expected, expected, &check->ranks_expected))
        check->ranks_expected = INT64_MAX;
    if (__builtin_add_overflow(check->ranks_reported, reported, &check->ranks_reported))
        check->ranks_reported = INT64_MAX;
    return 0;
}

static void check_missing_steps(struct epmt_check *check) {
    check->row = EPMT_CHECK_NO_ROW;
    for (uint64_t i = 0; i < check->names.count; i++) {
        if (check->ranks[i])
            epmt_check_wrong(check, "key", "%.*s is missing, a step of /processes",
                             (int)check->names.items[i].len, check->names.items[i].data);
    }
}

static int check_crash(struct epmt_check *check, const struct epmt_cell *cells,
                       struct epmt_error *err) {
    struct epmt_check_process *process =
        cells[0].has ? epmt_check_find(check, cells[0].value.u) : NULL;

    (void)err;
    if (!process)
        epmt_check_wrong(check, "image", "no row of /processes has it");
    else if (!process->crashed)
        epmt_check_wrong(check, "image", "its process did not crash, or stands here already");
    else
        process->crashed = false;
    return 0;
}

static int check_frame(struct epmt_check *check, const struct epmt_cell *cells,
                       struct epmt_error *err) {
    (void)err;
    if (!cells[0].has || !epmt_check_find(check, cells[0].value.u))
        epmt_check_wrong(check, "image", "no row of /processes has it");
    return 0;
}

static int check_crashes(struct epmt_check *check, struct epmt_error *err) {
    if (check_small(check, EPMT_TABLE_CRASHES, check_crash, err) < 0)
        return -1;
    check->row = EPMT_CHECK_NO_ROW;
    for (uint64_t i = 0; i < check->process_count; i++) {
        if (check->processes[i].crashed)
            epmt_check_wrong(check, "image", "row %" PRIu64 " of /processes is missing", i);
    }
    return check_small(check, EPMT_TABLE_CRASH_FRAMES, check_frame, err) < 0 ? -1 : 0;
}

// The layout of a table by its path, with or without the first slash. Returns false for none.
static bool find_table(const char *path, size_t len, struct epmt_layout *layout) {
    if (len && path[0] == '/') {
        path++;
        len--;
    }
    for (int i = 0; i < 2 + EPMT_TABLE_COUNT + EPMT_SMALL_TABLE_COUNT; i++) {
        if (i < 2)
            epmt_layout_of_rows(layout, i ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS);
        else if (i < 2 + EPMT_TABLE_COUNT)
            epmt_layout_of_rows(layout, EPMT_FIRST_TABLE + i - 2);
        else
            epmt_layout_of_small(layout, i - 2 - EPMT_TABLE_COUNT);
        if (strlen(layout->path + 1) == len && !memcmp(layout->path + 1, path, len))
            return true;
    }
    return false;
}

static int check_long_text(struct epmt_check *check, const struct epmt_cell *cells,
                           struct epmt_error *err) {
    struct epmt_bytes path = text_of(&cells[0]), name = text_of(&cells[2]);
    uint64_t len = epmt_jobfile_store(check->file)->len, rows;
    struct epmt_layout layout;

    (void)err;
    if (!cells[3].has || !cells[4].has || cells[3].value.u > len ||
        cells[4].value.u > len - cells[3].value.u)
        epmt_check_wrong(check, "offset", "behind the end of /texts");
    if (!find_table(path.data, path.len, &layout))
        return 0; // of a table that this epmt does not know
    if (epmt_jobfile_table_rows(check->file, layout.path, &rows) &&
        (!cells[1].has || cells[1].value.u >= rows))
        epmt_check_wrong(check, "row", "%" PRIu64 " of %s, which has %" PRIu64,
                         cells[1].has ? cells[1].value.u : 0, layout.path, rows);
    for (int i = 0; i < layout.value_count; i++) {
        if (strlen(layout.members[i].name) == name.len &&
            !memcmp(layout.members[i].name, name.data, name.len) &&
            !epmt_member_is_text(&layout.members[i]))
            epmt_check_wrong(check, "column", "%s of %s is no text", layout.members[i].name,
                             layout.path);
    }
    return 0;
}

// Where a column is described its bit must be the one it has.
static int check_column(struct epmt_check *check, const struct epmt_cell *cells,
                        struct epmt_error *err) {
    struct epmt_bytes table = text_of(&cells[0]), name = text_of(&cells[1]);
    char path[64], column[64];
    int place;

    (void)err;
    if (!epmt_fmt(path, sizeof path, "/%.*s", (int)(table.len < 60 ? table.len : 60), table.data) ||
        !epmt_fmt(column, sizeof column, "%.*s", (int)(name.len < 60 ? name.len : 60), name.data))
        return 0;
    place = epmt_jobfile_column_place(check->file, path, column);
    if (place == -1)
        epmt_check_wrong(check, "name", "%s has no column %s", path, column);
    else if (place >= 0 && cells[2].has && cells[2].value.i != place)
        epmt_check_wrong(check, "bit", "%" PRId64 ", but %s is column %d of %s", cells[2].value.i,
                         column, place, path);
    return 0;
}

int epmt_check_summary(struct epmt_check *check, struct epmt_error *err) {
    if (check_small(check, EPMT_TABLE_HOSTS, check_host, err) < 0)
        return -1;
    check_missing_hosts(check);
    check->steps_complete = true;
    if (check_small(check, EPMT_TABLE_STEPS, check_step, err) < 0)
        return -1;
    check_missing_steps(check);
    // Files of version 1 have no /crashes.
    if (epmt_jobfile_info(check->file)->format_version >= 2 && check_crashes(check, err))
        return -1;
    if (check_small(check, EPMT_TABLE_LONG_TEXTS, check_long_text, err) < 0 ||
        check_small(check, EPMT_TABLE_COLUMNS, check_column, err) < 0)
        return -1;
    return 0;
}

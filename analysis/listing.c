// SPDX-License-Identifier: Apache-2.0
#include "analysis/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64
#define ORDERS_MAX 8
// How the names of the views' columns end where people leave it away.
static const char *const endings[] = {"", "_s", "_mib"};

// The columns of a table, and of a view or a query of groups.
struct column {
    char name[NAME_MAX_LEN];
    enum epmt_content content;
};

struct columns {
    struct column of[2 * EPMT_DDL_COLUMNS_MAX];
    int table; // how many are the table's; those of the view stand behind them
    int count;
};

struct builder {
    struct epmt_db *db;
    const struct epmt_list_request *request;
    const struct epmt_listing *listing;
    enum epmt_list_columns what;
    struct columns columns;
    bool needs_view;                  // some condition or order is by a column of the view
    struct epmt_strbuf jobs, filters; // conditions: which jobs, and by columns
    struct epmt_strbuf order, shown;
    struct epmt_parameters *parameters;
    struct epmt_error *err;
};

static bool is_for_people(const struct builder *builder) {
    return builder->what == EPMT_LIST_SHOWN;
}

static bool has_table(const struct builder *builder) {
    return builder->listing->table >= 0;
}

// What is no text in any table is a number in the views, and in groups.
static bool is_text(const char *name) {
    static const int tables[] = {EPMT_TABLE_JOBS, EPMT_TABLE_STEPS, EPMT_TABLE_PROCESSES,
                                 EPMT_TABLE_THREADS};
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX];

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        int count = epmt_ddl_columns(tables[t], EPMT_DIALECT_SQLITE, columns);
        for (int i = 0; i < count; i++) {
            if (!strcmp(columns[i].name, name) && !strncmp(columns[i].type, "TEXT", 4))
                return true;
        }
    }
    return false;
}

static int take_names(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    struct columns *found = context;

    (void)values, (void)numeric;
    for (int i = 0; i < columns && found->count < 2 * EPMT_DDL_COLUMNS_MAX; i++) {
        if (strlen(names[i]) >= NAME_MAX_LEN)
            continue;
        struct column *column = &found->of[found->count++];
        memcpy(column->name, names[i], strlen(names[i]) + 1);
        column->content = is_text(names[i]) ? EPMT_CONTENT_TEXT : EPMT_CONTENT_NUMBER;
    }
    return 1;
}

static void read_table(struct builder *builder) {
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX];
    int count = epmt_ddl_columns(builder->listing->table, EPMT_DIALECT_SQLITE, columns);

    for (int i = 0; i < count; i++) {
        struct column *column = &builder->columns.of[builder->columns.count++];
        snprintf(column->name, sizeof column->name, "%s", columns[i].name);
        column->content = !strncmp(columns[i].type, "TEXT", 4)      ? EPMT_CONTENT_TEXT
                          : !strncmp(columns[i].type, "INTEGER", 7) ? EPMT_CONTENT_WHOLE
                                                                    : EPMT_CONTENT_NUMBER;
    }
    builder->columns.table = builder->columns.count;
}

// The names of the view, or of the query of groups, as the database tells them.
static int read_columns(struct builder *builder) {
    const struct epmt_listing *listing = builder->listing;
    struct epmt_parameters none = {.dialect = builder->parameters->dialect};
    struct epmt_strbuf sql = {0};

    if (has_table(builder))
        read_table(builder);
    if (has_table(builder))
        epmt_strbuf_printf(&sql, "SELECT * FROM \"%s\" LIMIT 0", listing->view);
    else
        epmt_strbuf_printf(&sql, "SELECT * FROM (%s%s) g LIMIT 0",
                           is_for_people(builder) ? listing->people : listing->programs,
                           listing->group);
    int status = epmt_selection_query(builder->db, &sql, &none, true, take_names, &builder->columns,
                                      builder->err);
    epmt_strbuf_free(&sql);
    return status;
}

static int find_from(const struct columns *columns, int from, int to, const char *name,
                     size_t len) {
    for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
        for (int i = from; i < to; i++) {
            const char *has = columns->of[i].name;
            if (!strncmp(has, name, len) && !strcmp(has + len, endings[e]))
                return i;
        }
    }
    return -1;
}

// The column of that name; of the table where both have it: there values are exact. -1 with err.
static int find_column(struct builder *builder, const char *name, size_t len) {
    const struct columns *columns = &builder->columns;
    int i = find_from(columns, 0, columns->table, name, len);

    if (i < 0)
        i = find_from(columns, columns->table, columns->count, name, len);
    if (i < 0)
        epmt_errf(builder->err, EPMT_ERR_USAGE, "there is no column %.*s of %s", (int)len, name,
                  builder->listing->name);
    return i;
}

// `t."start"`.
static void add_name(const struct builder *builder, struct epmt_strbuf *sql, int i) {
    const char *from = !has_table(builder) ? "g" : i < builder->columns.table ? "t" : "v";

    epmt_strbuf_printf(sql, "%s.\"%s\"", from, builder->columns.of[i].name);
}

// What rows are selected or ordered by is shown to people too.
static void show_too(struct builder *builder, int i) {
    const char *name = builder->columns.of[i].name;
    const struct columns *columns = &builder->columns;
    struct epmt_strbuf column = {0};

    if (!is_for_people(builder) || !has_table(builder))
        return;
    size_t len = strlen(name);
    int shown = find_from(columns, columns->table, columns->count, name, len);
    // cpu_time is cpu_s there.
    if (shown < 0 && len > 5 && !strcmp(name + len - 5, "_time"))
        shown = find_from(columns, columns->table, columns->count, name, len - 5);
    add_name(builder, &column, shown < 0 ? i : shown);
    if (column.data && !strstr(epmt_strbuf_text(&builder->shown), column.data))
        epmt_strbuf_printf(&builder->shown, ", %s", column.data);
    epmt_strbuf_free(&column);
}

static int add_filters(struct builder *builder) {
    const struct epmt_list_request *request = builder->request;
    struct epmt_strbuf expression = {0};
    int status = 0;

    for (int i = 0; i < request->filter_count && !status; i++) {
        const struct epmt_condition *filter = &request->filters[i];
        int at = find_column(builder, filter->column, strlen(filter->column));
        if (at < 0) {
            status = -1;
            break;
        }
        epmt_strbuf_reset(&expression);
        add_name(builder, &expression, at);
        epmt_strbuf_puts(&builder->filters, " AND ");
        status = epmt_condition_add(&builder->filters, builder->parameters,
                                    epmt_strbuf_text(&expression), builder->columns.of[at].content,
                                    filter, builder->err);
        builder->needs_view |= has_table(builder) && at >= builder->columns.table;
        show_too(builder, at);
    }
    epmt_strbuf_free(&expression);
    return status;
}

// One column of an order: -name, name:desc, "name desc", desc(name).
static int add_order(struct builder *builder, const char *text, size_t len, bool asked) {
    bool descending = false;

    if (len && (*text == '-' || *text == '+')) {
        descending = *text == '-';
        text++, len--;
    }
    for (int i = 0; i < 2; i++) {
        static const char *const words[] = {"asc", "desc"};
        size_t word = strlen(words[i]);
        if (len > word + 2 && !strncmp(text, words[i], word) && text[word] == '(' &&
            text[len - 1] == ')') {
            descending = i;
            text += word + 1, len -= word + 2;
        } else if (len > word + 1 && !strncmp(text + len - word, words[i], word) &&
                   strchr(": ", text[len - word - 1])) {
            descending = i;
            len -= word + 1;
        }
    }
    int at = find_column(builder, text, len);
    if (at < 0)
        return -1;
    epmt_strbuf_puts(&builder->order, builder->order.len ? ", " : " ORDER BY ");
    add_name(builder, &builder->order, at);
    epmt_strbuf_puts(&builder->order, descending ? " DESC NULLS LAST" : " ASC NULLS LAST");
    builder->needs_view |= has_table(builder) && at >= builder->columns.table;
    if (asked)
        show_too(builder, at);
    return 0;
}

static int add_orders(struct builder *builder, const char *orders, bool asked) {
    while (orders && *orders) {
        size_t len = strcspn(orders, ",");
        if (add_order(builder, orders, len, asked))
            return -1;
        orders += len + (orders[len] == ',');
    }
    return 0;
}

static void add_limit(const struct builder *builder, struct epmt_strbuf *sql) {
    const struct epmt_list_request *request = builder->request;
    struct epmt_parameters *parameters = builder->parameters;

    if (request->limit < 0 && request->offset <= 0)
        return;
    // An offset needs a limit in SQLite.
    int64_t limit = request->limit < 0 ? INT64_MAX : request->limit;
    int first = epmt_parameters_add(parameters, epmt_db_int(limit));
    int second = epmt_parameters_add(parameters, epmt_db_int(request->offset));
    epmt_strbuf_printf(sql, " LIMIT $%d OFFSET $%d", first, second);
}

static void add_shown(struct builder *builder) {
    const char *name = builder->listing->shown;

    if (!is_for_people(builder) || !has_table(builder))
        return;
    while (*name) {
        size_t len = strcspn(name, ",");
        epmt_strbuf_printf(&builder->shown, "%sv.\"%.*s\"", builder->shown.len ? ", " : "",
                           (int)len, name);
        name += len + (name[len] == ',');
    }
}

static void add_jobs(struct builder *builder) {
    struct epmt_strbuf jobs = {0};

    if (epmt_selection_is_all(&builder->request->selection))
        return;
    epmt_selection_add(&jobs, builder->parameters, &builder->request->selection);
    const char *where = builder->listing->job, *at = strstr(where, "%s");
    epmt_strbuf_printf(&builder->jobs, " AND %.*s%s%s", (int)(at - where), where,
                       epmt_strbuf_text(&jobs), at + 2);
    builder->jobs.failed |= jobs.failed;
    epmt_strbuf_free(&jobs);
}

// The ids of a page are found in the table alone, where that can be; then people's columns of these
// rows.
static void write_rows(struct builder *builder, struct epmt_strbuf *sql) {
    const char *table = epmt_ddl_table_name(builder->listing->table);
    bool stored = builder->what == EPMT_LIST_STORED;
    const char *mine = stored ? NULL : builder->listing->people;
    bool page = builder->request->limit >= 0 && !stored && !builder->needs_view;

    epmt_strbuf_printf(sql, "SELECT %s FROM \"%s\" t",
                       stored                   ? "t.*"
                       : is_for_people(builder) ? epmt_strbuf_text(&builder->shown)
                                                : "v.*, t.*",
                       table);
    if (!stored || builder->needs_view)
        epmt_strbuf_printf(sql, " JOIN \"%s\" v ON v.\"id\" = t.\"id\"", builder->listing->view);
    if (page)
        epmt_strbuf_printf(sql, " WHERE t.\"id\" IN (SELECT t.\"id\" FROM \"%s\" t", table);
    epmt_strbuf_printf(sql, " WHERE %s%s%s%s", mine ? mine : "1 = 1",
                       epmt_strbuf_text(&builder->jobs), epmt_strbuf_text(&builder->filters),
                       epmt_strbuf_text(&builder->order));
    add_limit(builder, sql);
    if (page)
        epmt_strbuf_printf(sql, ")%s", epmt_strbuf_text(&builder->order));
}

// Of groups the jobs are chosen before they are made, and columns are looked at afterwards.
static void write_groups(struct builder *builder, struct epmt_strbuf *sql) {
    const struct epmt_listing *listing = builder->listing;

    epmt_strbuf_printf(sql, "SELECT * FROM (%s%s%s) g WHERE 1 = 1%s%s",
                       is_for_people(builder) ? listing->people : listing->programs,
                       epmt_strbuf_text(&builder->jobs), listing->group,
                       epmt_strbuf_text(&builder->filters), epmt_strbuf_text(&builder->order));
    add_limit(builder, sql);
}

static int build(struct builder *builder, struct epmt_strbuf *sql) {
    if (read_columns(builder))
        return -1;
    add_shown(builder);
    add_jobs(builder);
    if (add_filters(builder) || add_orders(builder, builder->request->order, true) ||
        add_orders(builder, builder->listing->order, false))
        return -1;
    if (has_table(builder))
        write_rows(builder, sql);
    else
        write_groups(builder, sql);
    sql->failed |= builder->jobs.failed || builder->filters.failed || builder->order.failed ||
                   builder->shown.failed;
    return 0;
}

int epmt_listing_query(struct epmt_db *db, const struct epmt_list_request *request,
                       enum epmt_list_columns columns, struct epmt_strbuf *sql,
                       struct epmt_parameters *parameters, struct epmt_error *err) {
    struct builder *builder = calloc(1, sizeof *builder);

    if (!builder)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    *builder = (struct builder){.db = db,
                                .request = request,
                                .listing = request->listing,
                                .what = columns,
                                .parameters = parameters,
                                .err = err};
    parameters->dialect = db->backend->dialect;
    int status = build(builder, sql);
    epmt_strbuf_free(&builder->jobs);
    epmt_strbuf_free(&builder->filters);
    epmt_strbuf_free(&builder->order);
    epmt_strbuf_free(&builder->shown);
    free(builder);
    return status;
}

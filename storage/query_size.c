// SPDX-License-Identifier: Apache-2.0
// What takes the room, by kind, name, bytes and rows (where they are known).
#include <string.h>

#include "storage/query.h"

#define LITE_DATABASE                                                                            \
    "SELECT 'database' AS \"kind\", 'main' AS \"name\", "                                        \
    "(SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) " \
    "AS \"bytes\""
#define LITE_OBJECTS(type)                                                                  \
    "SELECT '" type "' AS \"kind\", d.name AS \"name\", d.pgsize AS \"bytes\" FROM dbstat " \
    "d JOIN sqlite_master m ON m.name = d.name WHERE d.aggregate = 1 AND m.type = '" type "'"
#define LITE_TABLESPACE "SELECT 'tablespace' AS \"kind\", '' AS \"name\", 0 AS \"bytes\" WHERE 0"

#define PG_DATABASE                                                                     \
    "SELECT 'database' AS \"kind\", CAST(current_database() AS TEXT) COLLATE \"C\" AS " \
    "\"name\", pg_database_size(current_database()) AS \"bytes\""
#define PG_OBJECTS(type, kinds, size)                                                         \
    "SELECT '" type "' AS \"kind\", CAST(c.relname AS TEXT) COLLATE \"C\" AS \"name\", " size \
    "(c.oid) AS \"bytes\" FROM pg_class c WHERE c.relkind = '" kinds                          \
    "' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = "                  \
    "to_regclass('epmt_schema'))"
// Only of those that the user may ask for.
#define PG_TABLESPACE                                                                    \
    "SELECT 'tablespace' AS \"kind\", CAST(spcname AS TEXT) COLLATE \"C\" AS \"name\", " \
    "pg_tablespace_size(oid) AS \"bytes\" FROM pg_tablespace WHERE "                     \
    "has_tablespace_privilege(oid, 'CREATE') OR pg_has_role('pg_read_all_stats', 'USAGE')"

#define ORDER " ORDER BY 3 DESC, 2"
#define BOTH " UNION ALL "

static const struct {
    const char *what, *lite, *postgres;
} sizes[] = {
    {"all", LITE_DATABASE BOTH LITE_OBJECTS("table") BOTH LITE_OBJECTS("index") ORDER,
     PG_DATABASE BOTH PG_OBJECTS("table", "r", "pg_table_size")
         BOTH PG_OBJECTS("index", "i", "pg_relation_size") BOTH PG_TABLESPACE ORDER},
    {"database", LITE_DATABASE, PG_DATABASE},
    {"table", LITE_OBJECTS("table") ORDER, PG_OBJECTS("table", "r", "pg_table_size") ORDER},
    {"index", LITE_OBJECTS("index") ORDER, PG_OBJECTS("index", "i", "pg_relation_size") ORDER},
    {"tablespace", LITE_TABLESPACE, PG_TABLESPACE ORDER},
};

const char *epmt_query_size(const char *dialect, const char *what) {
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!strcmp(sizes[i].what, what))
            return strcmp(dialect, "sqlite") ? sizes[i].postgres : sizes[i].lite;
    }
    return NULL;
}

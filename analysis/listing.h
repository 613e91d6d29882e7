// SPDX-License-Identifier: Apache-2.0
// Lists of jobs, or of what belongs to them: which ones, narrowed by columns, ordered, in pages.
#ifndef EPMT_ANALYSIS_LISTING_H
#define EPMT_ANALYSIS_LISTING_H

#include "analysis/condition.h"

// What can be listed. Rows of a table, which people see by a view of the same ids; or (table -1)
// groups, made by a query.
struct epmt_listing {
    const char *name, *other_name; // the other one of the tool before; may be NULL
    int table;                     // of enum epmt_ddl_table_index
    const char *view, *shown;      // and the columns of it that people see
    const char *people;            // the condition that rows fulfil that they see, or of groups the
    const char *programs;          // beginning of the query
    const char *job;               // what is among the jobs' ids: `%s`
    const char *group;             // the end of a query of groups
    const char *order;             // of rows, by columns of the table t
};

// NULL: there is no such listing.
const struct epmt_listing *epmt_listing_find(const char *name);
const struct epmt_listing *epmt_listing_at(int i); // NULL behind the last

#define EPMT_LIST_FILTERS_MAX 8

// Start with {.limit = -1}; texts stay the caller's.
struct epmt_list_request {
    const struct epmt_listing *listing;
    struct epmt_selection selection;
    struct epmt_condition filters[EPMT_LIST_FILTERS_MAX]; // what the rows fulfil
    int filter_count;
    const char *order; // "start,-cpu_time", "desc(start)", "start:desc"; NULL: the listing's own
    int64_t limit, offset;
};

// What of a row: what people see; that and all else there is; the columns of the table, as they are
// stored (of groups the second is as the third).
enum epmt_list_columns { EPMT_LIST_SHOWN, EPMT_LIST_ALL, EPMT_LIST_STORED };

// Writes the query. Returns 0 or -1 with err (USAGE: there is no such column, or it has numbers and
// is compared with what is none).
int epmt_listing_query(struct epmt_db *db, const struct epmt_list_request *request,
                       enum epmt_list_columns columns, struct epmt_strbuf *sql,
                       struct epmt_parameters *parameters, struct epmt_error *err);

#endif

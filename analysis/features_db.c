// SPDX-License-Identifier: Apache-2.0
#include "analysis/features_db.h"

#include <string.h>

#include "analysis/outliers_priv.h"

#define ALL EPMT_FEATURE_COUNTER "*"

static int take_event(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    // A comma would end the name.
    if (values[0] && !strchr(values[0], ','))
        epmt_strbuf_printf(context, EPMT_FEATURE_COUNTER "%s,", values[0]);
    return 0;
}

static int add_events(struct epmt_db *db, const int64_t *jobs, size_t count,
                      struct epmt_strbuf *text, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_puts(&sql,
                     "SELECT DISTINCT c.\"event\" FROM \"processes\" p JOIN \"counters\" c ON "
                     "c.\"process_id\" = p.\"id\"");
    epmt_jobs_add(&sql, "p.\"job_id\"", jobs, count);
    epmt_strbuf_puts(&sql, " ORDER BY 1");
    const char *kept = sql.failed ? NULL : epmt_db_keep(db, epmt_strbuf_text(&sql));
    int status = kept ? db->backend->query(db, kept, NULL, 0, false, take_event, text, err)
                      : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    epmt_strbuf_free(&sql);
    return status;
}

int epmt_features_expand(struct epmt_db *db, const char *names, const int64_t *jobs, size_t count,
                         struct epmt_strbuf *text, struct epmt_error *err) {
    int status = 0;

    while (*names && !status) {
        size_t len = strcspn(names, ",");
        if (len == strlen(ALL) && !memcmp(names, ALL, len))
            status = add_events(db, jobs, count, text, err);
        else
            epmt_strbuf_printf(text, "%.*s,", (int)len, names);
        names += len + (names[len] == ',');
    }
    if (!status && text->failed)
        status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!status && !text->len)
        status = epmt_errf(err, EPMT_ERR_NOT_FOUND, "these jobs have no counters");
    return status;
}

int epmt_features_find_in(struct epmt_db *db, enum epmt_compared compared, const char *names,
                          const int64_t *jobs, size_t count, struct epmt_features *features,
                          struct epmt_error *err) {
    struct epmt_strbuf text = {0};

    if (!names || !*names)
        return epmt_features_find(compared, names, features, err);
    int status = epmt_features_expand(db, names, jobs, count, &text, err) ||
                         epmt_features_find(compared, epmt_strbuf_text(&text), features, err)
                     ? -1
                     : 0;
    epmt_strbuf_free(&text);
    return status;
}

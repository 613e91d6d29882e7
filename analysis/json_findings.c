// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_findings.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/findings.h"
#include "analysis/json_rows.h"

static json_t *real(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *whole(int64_t value) {
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *text(const char *value) {
    return value[0] ? epmt_json_text(value) : json_null();
}

// NULL without memory: json_pack takes care of parts that could not be made.
static json_t *row(const struct epmt_finding *found) {
    return json_pack("[s,s,s,o,o,o,o,o,o,o,o,o]", epmt_finding_name(found->kind),
                     epmt_severity_name(found->severity), epmt_finding_title(found->kind),
                     text(found->text), real(found->share), real(found->seconds),
                     whole(found->count), whole(found->rank), whole(found->process_id),
                     text(found->host), text(found->program), text(found->step));
}

static json_t *table_of(const struct epmt_findings *findings) {
    json_t *rows = json_array();
    json_t *table = json_pack("{s:[s,s,s,s,s,s,s,s,s,s,s,s], s:o}", "columns", "name", "severity",
                              "title", "text", "share_share", "lost_s", "count", "rank", "process",
                              "host", "program", "step", "rows", rows);

    for (int i = 0; table && i < findings->count; i++) {
        if (json_array_append_new(rows, row(&findings->found[i]))) {
            json_decref(table);
            return NULL;
        }
    }
    return table;
}

int epmt_json_findings(struct epmt_db *db, int64_t job, json_t **to, struct epmt_error *err) {
    struct epmt_findings *findings = malloc(sizeof *findings); // some 30 KB

    if (!findings)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    int status = epmt_findings_of(db, job, findings, err);
    if (!status)
        *to = table_of(findings);
    free(findings);
    if (!status && !*to)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return status;
}

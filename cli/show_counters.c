// SPDX-License-Identifier: Apache-2.0
#include "cli/show_counters.h"

#include <string.h>

#include "analysis/ratios.h"
#include "storage/query.h"

static void print_ratios(struct epmt_output *output, const struct epmt_ratios *ratios) {
    if (!ratios->count)
        return;
    epmt_output_pairs(output, "ratios");
    for (int i = 0; i < ratios->count; i++) {
        const char *name = ratios->ratio[i].name;
        struct epmt_db_value value = {.kind = EPMT_DB_REAL, .r = ratios->ratio[i].value};
        epmt_output_pair(output, (struct epmt_bytes){name, strlen(name)}, &value, false);
    }
    epmt_output_close_section(output);
}

int epmt_show_counters(struct epmt_output *output, struct epmt_db *db, const char *id, bool asked,
                       struct epmt_error *err) {
    struct epmt_ratios ratios;

    if (epmt_ratios_of(db, id, &ratios, err))
        return -1;
    if (!ratios.counted)
        return asked ? epmt_errf(err, EPMT_ERR_NOT_FOUND,
                                 "the job has no counters: the setting events was empty")
                     : 0;
    if (epmt_results_print(output, "counters", db, &epmt_query_counters, id, false, err))
        return -1;
    print_ratios(output, &ratios);
    return 0;
}

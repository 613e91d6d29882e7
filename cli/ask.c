// SPDX-License-Identifier: Apache-2.0
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool epmt_ask_drop(const struct epmt_db *db) {
    char answer[16] = "";

    fprintf(stderr, "This removes all jobs and tables of epmt from %s. Are you sure? (yes/NO) ",
            epmt_db_where(db));
    if (!fgets(answer, sizeof answer, stdin))
        fputc('\n', stderr);
    answer[strcspn(answer, "\r\n")] = '\0';
    return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

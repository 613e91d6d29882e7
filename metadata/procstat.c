// SPDX-License-Identifier: Apache-2.0
#include "metadata/procstat.h"

#include <string.h>

#include "common/fmt.h"
#include "common/iox.h"

#include "common/poison.h"

// Addresses and masks, half of the digits, that nobody asks for.
static bool is_passed_over(int field) {
    return field > 22 && field < 39;
}

bool epmt_procstat_parse(const char *text, struct epmt_procstat *stat) {
    const char *open = strchr(text, '(');
    const char *close = strrchr(text, ')');
    const char *end = text + strlen(text);

    if (!open || !close || close < open || end - close < 4)
        return false;
    epmt_fmt(stat->comm, sizeof stat->comm, "%.*s", (int)(close - open - 1), open + 1);
    stat->state = close[2];
    const char *at = close + 3;
    for (stat->last = 3; stat->last < EPMT_STAT_FIELDS; stat->last++) {
        while (*at == ' ')
            at++;
        if (is_passed_over(stat->last + 1) && *at) {
            at = strchrnul(at, ' ');
            continue;
        }
        bool negative = *at == '-';
        uint64_t value;
        at += negative;
        if (!epmt_parse_u64(&at, end, &value))
            break;
        stat->field[stat->last + 1] = negative ? -value : value;
    }
    return stat->last >= 22;
}

bool epmt_procstat_of(int64_t pid, struct epmt_procstat *stat) {
    char path[32], text[1024];

    epmt_fmt(path, sizeof path, "/proc/%ld/stat", (long)pid);
    return epmt_read_small(path, text, sizeof text) > 0 && epmt_procstat_parse(text, stat);
}

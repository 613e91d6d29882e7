// SPDX-License-Identifier: Apache-2.0
#include "analysis/ratios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/query.h"

// What a ratio is of: any event that counts it, by its name without modifiers.
enum quantity {
    INSTRUCTIONS,
    CYCLES,
    BRANCHES,
    BRANCH_MISSES,
    L1D_MISSES,
    L2_MISSES,
    LLC_MISSES,
    DTLB_MISSES,
    FLOPS,
    QUANTITIES
};

static const struct {
    enum quantity quantity;
    const char *event;
} events[] = {
    {INSTRUCTIONS, "PAPI_TOT_INS"},
    {INSTRUCTIONS, "PERF_COUNT_HW_INSTRUCTIONS"},
    {INSTRUCTIONS, "INSTRUCTIONS"},
    {INSTRUCTIONS, "INST_RETIRED"},
    {INSTRUCTIONS, "RETIRED_INSTRUCTIONS"},
    {CYCLES, "PAPI_TOT_CYC"},
    {CYCLES, "PERF_COUNT_HW_CPU_CYCLES"},
    {CYCLES, "CPU-CYCLES"},
    {CYCLES, "CYCLES"},
    {BRANCHES, "PAPI_BR_INS"},
    {BRANCHES, "PERF_COUNT_HW_BRANCH_INSTRUCTIONS"},
    {BRANCHES, "BRANCH-INSTRUCTIONS"},
    {BRANCHES, "BRANCHES"},
    {BRANCH_MISSES, "PAPI_BR_MSP"},
    {BRANCH_MISSES, "PERF_COUNT_HW_BRANCH_MISSES"},
    {BRANCH_MISSES, "BRANCH-MISSES"},
    {L1D_MISSES, "PAPI_L1_DCM"},
    {L1D_MISSES, "L1-DCACHE-LOAD-MISSES"},
    {L2_MISSES, "PAPI_L2_TCM"},
    {L2_MISSES, "PAPI_L2_DCM"},
    {LLC_MISSES, "PAPI_L3_TCM"},
    {LLC_MISSES, "LLC-LOAD-MISSES"},
    {LLC_MISSES, "PERF_COUNT_HW_CACHE_MISSES"},
    {LLC_MISSES, "CACHE-MISSES"},
    {DTLB_MISSES, "PAPI_TLB_DM"},
    {DTLB_MISSES, "DTLB-LOAD-MISSES"},
    {FLOPS, "PAPI_FP_OPS"},
    {FLOPS, "PAPI_DP_OPS"},
};

static const struct {
    const char *name;
    enum quantity of, per;
    double times;
} kinds[] = {
    {"instructions per cycle", INSTRUCTIONS, CYCLES, 1},
    {"branch misses per 1000 instructions", BRANCH_MISSES, INSTRUCTIONS, 1000},
    {"branch misses per 100 branches", BRANCH_MISSES, BRANCHES, 100},
    {"L1 data cache misses per 1000 instructions", L1D_MISSES, INSTRUCTIONS, 1000},
    {"L2 cache misses per 1000 instructions", L2_MISSES, INSTRUCTIONS, 1000},
    {"last level cache misses per 1000 instructions", LLC_MISSES, INSTRUCTIONS, 1000},
    {"data TLB misses per 1000 instructions", DTLB_MISSES, INSTRUCTIONS, 1000},
    {"floating-point operations per cycle", FLOPS, CYCLES, 1},
};
_Static_assert(sizeof kinds / sizeof *kinds <= EPMT_RATIOS_MAX, "room for every ratio");

struct sums {
    double value[QUANTITIES];
    long threads[QUANTITIES]; // 0: not counted
    char excluded[QUANTITIES][16];
    bool any;
};

// A later modifier, or the name of a PMU before it, does not make it another event.
static int quantity_of(const char *name) {
    const char *plain = strstr(name, "::");

    plain = plain ? plain + strspn(plain, ":") : name;
    size_t len = strcspn(plain, ":");
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strlen(events[i].event) == len && !strncasecmp(events[i].event, plain, len))
            return (int)events[i].quantity;
    }
    return -1;
}

static int take(void *context, int columns, const char *const *names, const char *const *values,
                const bool *numeric) {
    enum { EVENT, VALUE, UNIT, THREADS, MISSING, ESTIMATED, EXCLUDED };
    struct sums *sums = context;

    (void)columns, (void)names, (void)numeric;
    if (!values)
        return 0;
    sums->any = true;
    int quantity = values[EVENT] && values[VALUE] ? quantity_of(values[EVENT]) : -1;
    if (quantity < 0 || sums->threads[quantity])
        return 0;
    sums->value[quantity] = strtod(values[VALUE], NULL);
    sums->threads[quantity] = values[THREADS] ? strtol(values[THREADS], NULL, 10) : 0;
    snprintf(sums->excluded[quantity], sizeof sums->excluded[quantity], "%s",
             values[EXCLUDED] ? values[EXCLUDED] : "");
    return 0;
}

// Both must have been counted in as many threads, and in the same modes.
static bool can_divide(const struct sums *sums, enum quantity of, enum quantity per) {
    return sums->threads[of] && sums->threads[of] == sums->threads[per] && sums->value[per] > 0 &&
           !strcmp(sums->excluded[of], sums->excluded[per]);
}

int epmt_ratios_of(struct epmt_db *db, const char *id, struct epmt_ratios *ratios,
                   struct epmt_error *err) {
    const char *parameters[] = {id, NULL};
    struct sums sums = {.any = false};

    *ratios = (struct epmt_ratios){.counted = false};
    if (epmt_db_query(db, epmt_query_counters.of_job_for_people, parameters, take, &sums, err))
        return -1;
    ratios->counted = sums.any;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!can_divide(&sums, kinds[i].of, kinds[i].per))
            continue;
        double value = sums.value[kinds[i].of] / sums.value[kinds[i].per] * kinds[i].times;
        ratios->ratio[ratios->count++] =
            (struct epmt_ratio){kinds[i].name, (double)(long long)(value * 1000 + 0.5) / 1000};
    }
    return 0;
}

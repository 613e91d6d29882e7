// SPDX-License-Identifier: Apache-2.0
// The reduction at sizes that no machine here has: the tree's own code, simulated
// (aggregator/sim.h). Prints one line per number of ranks; fails where a row is lost, doubled or
// changed, or a rank would need more memory than the limit. docs/reduction.md tells what is what.
// usage: reduction [--ranks N[,N...]] [--threads N] [--functions N] [--strings N] [--node N]
// [--placement
//        block|cyclic|irregular] [--chunk KIB] [--limit MIB]
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/sim.h"

static const char *const placements[] = {"plain", "block", "cyclic", "irregular"};

static const struct option long_options[] = {
    {"ranks", required_argument, NULL, 'r'},
    {"threads", required_argument, NULL, 't'},
    {"functions", required_argument, NULL, 'f'},
    {"strings", required_argument, NULL, 's'},
    {"node", required_argument, NULL, 'n'},
    {"placement", required_argument, NULL, 'p'},
    {"chunk", required_argument, NULL, 'c'},
    {"limit", required_argument, NULL, 'l'},
    {0},
};

static int usage(void) {
    fprintf(stderr, "usage: reduction [--ranks N[,N...]] [--threads N] [--functions N] [--strings "
                    "N] [--node N]\n"
                    "       [--placement block|cyclic|irregular] [--chunk KIB] [--limit MIB]\n");
    return 2;
}

static int set_option(struct epmt_sim_options *options, int letter, const char *argument) {
    long number = strtol(argument, NULL, 10);

    switch (letter) {
    case 't':
        options->threads = (int)number;
        return number < 0;
    case 'f':
        options->functions = (int)number;
        return number < 0 || number > 999;
    case 's':
        options->strings = (uint64_t)number;
        return number < 0;
    case 'n':
        options->node = (int)number;
        return number < 1;
    case 'c':
        options->chunk = (size_t)number << 10;
        return number < 1;
    case 'l':
        options->limit = (size_t)number << 20;
        return number < 1;
    case 'p':
        for (int i = EPMT_PLACEMENT_BLOCK; i <= EPMT_PLACEMENT_LISTED; i++) {
            if (!strcmp(argument, placements[i])) {
                options->placement = (enum epmt_placement_kind)i;
                return 0;
            }
        }
        return 1;
    default:
        return 1;
    }
}

static int run(const struct epmt_sim_options *options) {
    struct epmt_sim_result result;
    int status = epmt_sim_run(options, &result);
    double mib = 1.0 / (1 << 20);

    printf("%9d %10s %10llu %10llu %9.1f %8llu %6d %6d %9.2f %9.2f %10.4f %8.2f\n", options->ranks,
           placements[result.placement], (unsigned long long)result.rows,
           (unsigned long long)result.messages, (double)result.bytes * mib,
           (unsigned long long)result.root_messages, result.rounds, result.depth,
           (double)result.root_peak * mib, (double)result.rank_peak * mib, result.modelled_s,
           result.merge_s > 0 ? (double)result.passed / result.merge_s / 1e6 : 0);
    fflush(stdout);
    if (result.lost || result.doubled || result.wrong)
        fprintf(stderr, "reduction: %llu rows lost, %llu twice, %llu wrong\n",
                (unsigned long long)result.lost, (unsigned long long)result.doubled,
                (unsigned long long)result.wrong);
    else if (result.rank_peak > options->limit)
        fprintf(stderr, "reduction: rank %d needs %.1f MiB, more than %.0f\n", result.peak_rank,
                (double)result.rank_peak * mib, (double)options->limit * mib);
    else if (status)
        fprintf(stderr, "reduction: it came to no end\n");
    return status || result.lost || result.doubled || result.wrong;
}

int main(int argc, char **argv) {
    struct epmt_sim_options options;
    const char *ranks = "1,2,4,16,64,256,1024,4096,16384,65536";
    int letter, failed = 0;

    epmt_sim_defaults(&options);
    while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (letter == 'r')
            ranks = optarg;
        else if (set_option(&options, letter, letter == '?' ? "" : optarg))
            return usage();
    }
    printf("# %d threads and %d MPI functions a rank, %llu distinct arguments, %d ranks a host, "
           "placed %s, chunk %zu KiB\n",
           options.threads, options.functions, (unsigned long long)options.strings, options.node,
           placements[options.placement], options.chunk >> 10);
    printf("%9s %10s %10s %10s %9s %8s %6s %6s %9s %9s %10s %8s\n", "ranks", "tree", "rows",
           "messages", "MiB", "at root", "rounds", "depth", "root MiB", "most MiB", "modelled s",
           "Mrows/s");
    for (const char *at = ranks; *at;) {
        char *end;
        long number = strtol(at, &end, 10);
        if (end == at || number < 1 || number > 1 << 24)
            return usage();
        options.ranks = (int)number;
        failed |= run(&options);
        at = *end ? end + 1 : end;
    }
    return failed;
}

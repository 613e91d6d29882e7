// SPDX-License-Identifier: Apache-2.0
#include "storage/jobsum.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "storage/flatten.h"
#include "storage/proctree.h"
#include "storage/slots.h"

// The ranks of one step. Time outside MPI is what a rank does for itself; where MPI was not
// profiled CPU time has to do.
struct step {
    uint64_t ranks, profiled;
    double busy, busy_max; // us
    double cpu, cpu_max;   // us
};

struct epmt_jobsum {
    bool has[EPMT_COLUMN_COUNT];
    int64_t value[EPMT_COLUMN_COUNT];
    int64_t cpu;        // -1: not known
    int64_t start, end; // of all processes; 0: not known
    int64_t failed;
    double rank_time, mpi_time; // us, of the profiled ranks
    struct epmt_slots hosts, steps;
    int64_t cpus, tasks, cpus_per_task, threads; // as the environment says; 0: it does not
};

struct epmt_jobsum *epmt_jobsum_create(void) {
    struct epmt_jobsum *sum = calloc(1, sizeof *sum);

    if (!sum)
        return NULL;
    sum->cpu = -1;
    sum->steps.size = sizeof(struct step);
    return sum;
}

void epmt_jobsum_destroy(struct epmt_jobsum *sum) {
    if (!sum)
        return;
    epmt_slots_free(&sum->hosts);
    epmt_slots_free(&sum->steps);
    free(sum);
}

static int64_t add_bounded(int64_t a, int64_t b) {
    int64_t result;

    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

static int64_t get(const struct epmt_record *process, int column, int64_t missing) {
    return epmt_record_has(process, column) ? process->value[column].i : missing;
}

static uint64_t hash_of(const struct epmt_record *process, int column) {
    struct epmt_bytes text = process->value[column].text;

    return epmt_hash_finish(epmt_hash_bytes(EPMT_HASH_START, text.data, text.len));
}

static void add_columns(struct epmt_jobsum *sum, const struct epmt_record *process) {
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        enum epmt_fold fold = epmt_job_fold(i);
        // Beyond SQL's numbers is no observation.
        if (fold == EPMT_FOLD_NONE || !epmt_record_has(process, i) || process->value[i].i < 0)
            continue;
        int64_t value = process->value[i].i;
        if (!sum->has[i])
            sum->value[i] = value;
        else if (fold == EPMT_FOLD_SUM)
            sum->value[i] = add_bounded(sum->value[i], value);
        else if (value > sum->value[i])
            sum->value[i] = value;
        sum->has[i] = true;
    }
}

static void add_life(struct epmt_jobsum *sum, const struct epmt_record *process, int64_t cpu) {
    int64_t start = get(process, EPMT_COL_start, 0), end = get(process, EPMT_COL_end, 0);
    int64_t state = get(process, EPMT_COL_state, EPMT_STATE_running);

    if (start > 0 && epmt_is_moment(start) && (!sum->start || start < sum->start))
        sum->start = start;
    if (end > sum->end && epmt_is_moment(end))
        sum->end = end;
    if (cpu >= 0)
        sum->cpu = sum->cpu < 0 ? cpu : add_bounded(sum->cpu, cpu);
    sum->failed += state == EPMT_STATE_signaled || state == EPMT_STATE_killed ||
                   get(process, EPMT_COL_exitcode, 0) != 0;
}

static void note(double value, double *total, double *max) {
    *total += value;
    if (value > *max)
        *max = value;
}

static int add_rank(struct epmt_jobsum *sum, const struct epmt_record *process, int64_t cpu) {
    if (!epmt_record_has(process, EPMT_COL_mpirank) || !epmt_record_has(process, EPMT_COL_step))
        return 0;
    struct step *step = epmt_slots_at(&sum->steps, hash_of(process, EPMT_COL_step));
    if (!step)
        return -1;
    step->ranks++;
    note(cpu < 0 ? 0 : (double)cpu, &step->cpu, &step->cpu_max);
    int64_t mpi = get(process, EPMT_COL_mpitime, -1);
    double life = (double)get(process, EPMT_COL_end, 0) - (double)get(process, EPMT_COL_start, 0);
    if (mpi < 0 || life <= 0)
        return 0;
    double in_mpi = (double)mpi / 1000;
    step->profiled++;
    // Several threads may be in MPI at the same time.
    note(in_mpi > life ? 0 : life - in_mpi, &step->busy, &step->busy_max);
    sum->rank_time += life;
    sum->mpi_time += in_mpi;
    return 0;
}

int epmt_jobsum_add(struct epmt_jobsum *sum, const struct epmt_record *process) {
    int64_t cpu = epmt_cpu_time(process);

    add_columns(sum, process);
    add_life(sum, process, cpu);
    if (epmt_record_has(process, EPMT_COL_hostname) &&
        !epmt_slots_at(&sum->hosts, hash_of(process, EPMT_COL_hostname)))
        return -1;
    return add_rank(sum, process, cpu);
}

static bool is(struct epmt_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

// "4", or as Slurm has it for several nodes: "4(x2),2". 0: neither.
static int64_t count_cpus(const char *text) {
    int64_t sum = 0;

    while (*text) {
        char *end;
        long long number = strtoll(text, &end, 10), times = 1;
        if (end == text || number < 0 || number > 1000000)
            return 0;
        if (!strncmp(end, "(x", 2)) {
            times = strtoll(end + 2, &end, 10);
            if (*end++ != ')' || times < 0 || times > 10000000)
                return 0;
        }
        sum += number * times;
        if (*end == ',')
            end++;
        else if (*end)
            return 0;
        text = end;
    }
    return sum;
}

void epmt_jobsum_add_attribute(struct epmt_jobsum *sum, struct epmt_bytes scope,
                               struct epmt_bytes key, struct epmt_bytes value) {
    const struct {
        const char *name;
        int64_t *to;
    } variables[] = {{"SLURM_JOB_CPUS_PER_NODE", &sum->cpus},
                     {"PBS_NP", &sum->cpus},
                     {"NCPUS", &sum->cpus},
                     {"LSB_DJOB_NUMPROC", &sum->cpus},
                     {"NSLOTS", &sum->cpus},
                     {"SLURM_NTASKS", &sum->tasks},
                     {"SLURM_CPUS_PER_TASK", &sum->cpus_per_task},
                     {"OMP_NUM_THREADS", &sum->threads}};
    char text[128];

    if (!is(scope, "env") || value.len >= sizeof text)
        return;
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (!is(key, variables[i].name))
            continue;
        // OMP_NUM_THREADS may list the levels of nesting: the first counts.
        if (variables[i].to == &sum->threads)
            text[strcspn(text, ",")] = '\0';
        int64_t count = count_cpus(text);
        if (count > *variables[i].to)
            *variables[i].to = count;
    }
}

static int64_t cpus_of(const struct epmt_jobsum *sum, int64_t ranks) {
    if (sum->cpus)
        return sum->cpus;
    if (sum->tasks)
        return sum->tasks * (sum->cpus_per_task ? sum->cpus_per_task : 1);
    return ranks > 0 && ranks < 1000000000 ? ranks * (sum->threads ? sum->threads : 1) : 0;
}

// -1: there is no step with several ranks that did anything.
static double imbalance_of(const struct epmt_jobsum *sum) {
    double worst = -1;

    for (size_t i = 0; i < sum->steps.cap; i++) {
        const struct step *step = epmt_slots_get(&sum->steps, i);
        if (!step || step->ranks < 2)
            continue;
        bool profiled = step->profiled == step->ranks;
        double total = profiled ? step->busy : step->cpu;
        double max = profiled ? step->busy_max : step->cpu_max;
        if (max <= 0)
            continue;
        double imbalance = 1 - total / (double)step->ranks / max;
        if (imbalance > worst)
            worst = imbalance < 0 ? 0 : imbalance;
    }
    return worst;
}

static struct epmt_db_value real(double r) {
    return (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = r};
}

static void set_times(const struct epmt_jobsum *sum, struct epmt_db_value *job) {
    if (job[EPMT_JOB_COL_start].kind == EPMT_DB_NULL && sum->start)
        job[EPMT_JOB_COL_start] = epmt_db_int(sum->start);
    if (job[EPMT_JOB_COL_end].kind == EPMT_DB_NULL && sum->end)
        job[EPMT_JOB_COL_end] = epmt_db_int(sum->end);
    int64_t start = job[EPMT_JOB_COL_start].i, end = job[EPMT_JOB_COL_end].i;
    if (job[EPMT_JOB_COL_start].kind == EPMT_DB_INT && job[EPMT_JOB_COL_end].kind == EPMT_DB_INT &&
        start >= 0 && end >= start)
        job[EPMT_JOB_COL_duration] = epmt_db_int(end - start);
}

int epmt_jobsum_finish(const struct epmt_jobsum *sum, struct epmt_db_value *job,
                       struct epmt_db_value *sums) {
    int64_t cpus = cpus_of(sum, job[EPMT_JOB_COL_ranks_expected].i);
    double imbalance = imbalance_of(sum);
    int count = 0;

    for (int i = EPMT_JOB_COL_duration; i <= EPMT_JOB_COL_imbalance; i++)
        job[i] = (struct epmt_db_value){.kind = EPMT_DB_NULL};
    set_times(sum, job);
    job[EPMT_JOB_COL_hosts] = epmt_db_int((int64_t)sum->hosts.count);
    job[EPMT_JOB_COL_failed] = epmt_db_int(sum->failed);
    if (cpus)
        job[EPMT_JOB_COL_cpus] = epmt_db_int(cpus);
    if (sum->cpu >= 0)
        job[EPMT_JOB_COL_cpu_time] = epmt_db_int(sum->cpu);
    if (cpus && sum->cpu >= 0 && job[EPMT_JOB_COL_duration].i > 0)
        job[EPMT_JOB_COL_efficiency] =
            real((double)sum->cpu / ((double)job[EPMT_JOB_COL_duration].i * (double)cpus));
    if (sum->rank_time > 0)
        job[EPMT_JOB_COL_mpi_share] = real(sum->mpi_time / sum->rank_time);
    if (imbalance >= 0)
        job[EPMT_JOB_COL_imbalance] = real(imbalance);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (epmt_job_fold(i) == EPMT_FOLD_NONE)
            continue;
        sums[count] = (struct epmt_db_value){.kind = EPMT_DB_NULL};
        if (sum->has[i])
            sums[count] = epmt_db_int(sum->value[i]);
        count++;
    }
    return count;
}

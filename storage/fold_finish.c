// SPDX-License-Identifier: Apache-2.0
// What can be said only once all rows are there: who was killed, which generation of its pid a
// process image is, and the order.
#include <stdlib.h>

#include "common/hash.h"
#include "metadata/launchers.h"
#include "storage/fold_priv.h"

// Two starts by the kernel that differ by no more are the same: it counts in clock ticks.
#define TICK_US 10000
// As much may the clock of the day be set back between the end of an image and the next one's
// start.
#define CLOCK_STEP_US 1000000

void epmt_fold_set_alive(struct epmt_jobfold *fold, epmt_fold_alive_f alive, void *context) {
    fold->alive = alive;
    fold->alive_context = context;
}

// It says no more than that it was.
uint32_t epmt_fold_add_missing_process(struct epmt_jobfold *fold, uint64_t image) {
    static const struct epmt_layered nothing;
    uint32_t number =
        epmt_fold_table_add(&fold->processes, image, EPMT_FOLD_NO_KEY, EPMT_FOLD_NO_KEY);

    if (number == EPMT_FOLD_NOWHERE)
        return number;
    struct epmt_fold_row *row = &fold->processes.rows[number];
    if (!row->data && epmt_layered_encode(&nothing, &row->data))
        return EPMT_FOLD_NOWHERE;
    return number;
}

// Threads and MPI rows whose process left no row get one.
static int add_missing_processes(struct epmt_jobfold *fold) {
    for (uint32_t i = 0; i < fold->threads.count; i++) {
        fold->threads.rows[i].link =
            epmt_fold_add_missing_process(fold, fold->threads.rows[i].image);
        if (fold->threads.rows[i].link == EPMT_FOLD_NOWHERE)
            return -1;
    }
    return epmt_fold_mpi_add_processes(fold);
}

static bool is_alive(const struct epmt_jobfold *fold, uint32_t number) {
    struct epmt_record record;

    if (!fold->alive)
        return false;
    epmt_fold_decode(fold, EPMT_ROW_PROCESS, number, &record);
    return fold->alive(fold->alive_context, &record);
}

// An exit code that was told before something else happened (daemon failed; a signal came in a
// handler of at_quick_exit) is not how the process ended. Returns whether there was one.
static bool take_back_exit(struct epmt_layered *values) {
    uint64_t state = values->value[EPMT_COL_state];
    bool by_signal = state == EPMT_STATE_signaled || state == EPMT_STATE_killed;

    if (!by_signal || !epmt_layered_has(values, EPMT_COL_state) ||
        !epmt_layered_has(values, EPMT_COL_exitcode))
        return false;
    epmt_layered_unset(values, EPMT_COL_exitcode);
    if (state == EPMT_STATE_killed)
        epmt_layered_unset(values, EPMT_COL_exitsignal);
    return true;
}

// Whether it is a launcher can be said of what has a name.
static bool set_launcher(const struct epmt_jobfold *fold, struct epmt_layered *values) {
    if (!epmt_layered_has(values, EPMT_COL_exename))
        return false;
    struct epmt_bytes name = fold->texts.items[values->value[EPMT_COL_exename]];
    uint64_t launcher = epmt_is_launcher(name.data, name.len);
    if (epmt_layered_has(values, EPMT_COL_launcher) && values->value[EPMT_COL_launcher] == launcher)
        return false;
    epmt_layered_set(values, EPMT_COL_launcher, launcher, 0);
    return true;
}

static int finish_process(struct epmt_jobfold *fold, uint32_t number, bool ended) {
    struct epmt_fold_row *row = &fold->processes.rows[number];
    struct epmt_layered values;

    epmt_layered_decode(&values, row->data);
    bool has_state = epmt_layered_has(&values, EPMT_COL_state), changed = false;
    if (ended && (!has_state || values.value[EPMT_COL_state] == EPMT_STATE_running) &&
        !is_alive(fold, number)) {
        epmt_layered_set(&values, EPMT_COL_state, EPMT_STATE_killed,
                         has_state ? values.revision[EPMT_COL_state] : 0);
        changed = true;
    }
    changed |= take_back_exit(&values);
    changed |= set_launcher(fold, &values);
    if (changed && epmt_layered_encode(&values, &row->data))
        return -1;
    row->tid = EPMT_FOLD_NO_KEY;
    row->start = EPMT_FOLD_NO_KEY;
    row->link = EPMT_FOLD_NOWHERE;
    if (epmt_layered_has(&values, EPMT_COL_mpirank))
        row->tid = (int64_t)values.value[EPMT_COL_mpirank];
    if (epmt_layered_has(&values, EPMT_COL_start))
        row->start = (int64_t)values.value[EPMT_COL_start];
    if (epmt_layered_has(&values, EPMT_COL_step))
        row->link = (uint32_t)values.value[EPMT_COL_step];
    return 0;
}

// A thread that ended before MPI_Init did not know the rank that its process got later.
static int finish_thread(struct epmt_jobfold *fold, struct epmt_fold_row *row) {
    const struct epmt_fold_row *process = &fold->processes.rows[row->link];
    struct epmt_layered values;

    if (process->tid == EPMT_FOLD_NO_KEY)
        return 0;
    epmt_layered_decode(&values, row->data);
    if (epmt_layered_has(&values, EPMT_COL_mpirank))
        return 0;
    epmt_layered_set(&values, EPMT_COL_mpirank, (uint64_t)process->tid, 0);
    return epmt_layered_encode(&values, &row->data);
}

struct image {
    uint64_t pid;   // hash of host, boot, namespace and pid
    uint64_t start; // imagestart
    uint64_t key;   // image, so that the order never depends on that of adding
    uint32_t row;
};

static int compare_images(const void *left, const void *right) {
    const struct image *a = left, *b = right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->key > b->key) - (a->key < b->key);
}

static struct epmt_bytes text_of(const struct epmt_layered *values, int column,
                                 const struct epmt_texts *texts) {
    return epmt_layered_has(values, column) ? texts->items[values->value[column]]
                                            : (struct epmt_bytes){"", 0};
}

static void describe_image(const struct epmt_jobfold *fold, uint32_t number, struct image *image) {
    const struct epmt_fold_row *row = &fold->processes.rows[number];
    struct epmt_layered v;
    uint64_t pid = row->image; // without a pid each image stands alone

    epmt_layered_decode(&v, row->data);
    if (epmt_layered_has(&v, EPMT_COL_pid))
        pid = epmt_fold_hash_pid(text_of(&v, EPMT_COL_hostname, &fold->texts),
                                 text_of(&v, EPMT_COL_bootid, &fold->texts),
                                 epmt_layered_has(&v, EPMT_COL_pidns) ? v.value[EPMT_COL_pidns] : 0,
                                 (int64_t)v.value[EPMT_COL_pid]);
    *image = (struct image){
        .pid = pid,
        .start = epmt_layered_has(&v, EPMT_COL_imagestart) ? v.value[EPMT_COL_imagestart] : 0,
        .key = row->image,
        .row = number,
    };
}

// True where `next` took the place of `before` by exec; false where the pid was used again.
static bool is_exec_of(const struct epmt_layered *before, const struct epmt_layered *next) {
    bool have_starts =
        epmt_layered_has(before, EPMT_COL_starttime) && epmt_layered_has(next, EPMT_COL_starttime);
    uint64_t apart = 0;

    if (have_starts) {
        uint64_t a = before->value[EPMT_COL_starttime], b = next->value[EPMT_COL_starttime];
        apart = a > b ? a - b : b - a;
        if (apart > CLOCK_STEP_US)
            return false;
    }
    if (epmt_layered_has(before, EPMT_COL_state) &&
        before->value[EPMT_COL_state] == EPMT_STATE_exec)
        return !epmt_layered_has(before, EPMT_COL_end) || !epmt_layered_has(next, EPMT_COL_start) ||
               (int64_t)before->value[EPMT_COL_end] / 2 <=
                   (int64_t)next->value[EPMT_COL_start] / 2 + CLOCK_STEP_US / 2;
    // An exec that nobody saw (a raw system call): the kernel's process is the same one.
    return have_starts && apart <= TICK_US;
}

static int set_generation(struct epmt_jobfold *fold, uint32_t number, struct epmt_layered *values,
                          uint64_t generation) {
    bool known = epmt_layered_has(values, EPMT_COL_pid);
    bool there = epmt_layered_has(values, EPMT_COL_generation);

    if (known && there && values->value[EPMT_COL_generation] == generation)
        return 0;
    if (!known && !there)
        return 0;
    if (known)
        epmt_layered_set(values, EPMT_COL_generation, generation, 0);
    else
        values->valid[EPMT_COL_generation / 64] &= ~(UINT64_C(1) << (EPMT_COL_generation % 64));
    return epmt_layered_encode(values, &fold->processes.rows[number].data);
}

static int count_generations(struct epmt_jobfold *fold) {
    uint32_t count = fold->processes.count;
    struct epmt_layered two[2];
    struct epmt_carried carried = {0};
    struct epmt_waits_walk waits;
    uint64_t generation = 0;
    int status = 0;
    struct image *images = malloc((count + 1) * sizeof *images);

    if (!images || epmt_waits_walk_begin(&waits, fold)) {
        free(images);
        return -1;
    }
    for (uint32_t i = 0; i < count; i++)
        describe_image(fold, i, &images[i]);
    qsort(images, count, sizeof *images, compare_images);
    for (uint32_t i = 0; i < count && !status; i++) {
        struct epmt_layered *now = &two[i % 2], *before = &two[(i + 1) % 2];
        epmt_layered_decode(now, fold->processes.rows[images[i].row].data);
        bool same = i && images[i].pid == images[i - 1].pid && is_exec_of(before, now);
        generation = same ? generation + 1 : 0;
        bool goes_on = i + 1 < count && images[i + 1].pid == images[i].pid;
        status = set_generation(fold, images[i].row, now, generation);
        if (!status)
            status = epmt_waits_walk_image(
                &waits, fold, images[i].row, images[i].pid, images[i].start,
                goes_on ? images[i + 1].start : UINT64_MAX, same ? &carried : NULL);
        if (!status)
            status = epmt_fold_take_off_carried(fold, images[i].row, same, &carried);
    }
    epmt_waits_walk_end(&waits);
    free(images);
    return status;
}

// The statistics go through the functions rank by rank, so these are sorted first.
static int finish_mpi(struct epmt_jobfold *fold) {
    if (epmt_fold_mpi_sort(fold, EPMT_ROW_MPI_FUNCTION) ||
        epmt_fold_mpi_sort(fold, EPMT_ROW_MPI_IMBALANCE) || epmt_fold_compute_imbalance(fold))
        return -1;
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        if (epmt_fold_mpi_sort(fold, EPMT_ROW_MPI_FUNCTION + i))
            return -1;
    }
    return 0;
}

int epmt_fold_finish(struct epmt_jobfold *fold, bool ended, struct epmt_error *err) {
    int status = add_missing_processes(fold);

    for (uint32_t i = 0; i < fold->processes.count && !status; i++)
        status = finish_process(fold, i, ended);
    for (uint32_t i = 0; i < fold->threads.count && !status; i++)
        status = finish_thread(fold, &fold->threads.rows[i]);
    if (!status)
        status = count_generations(fold);
    if (!status)
        status = epmt_fold_sort(fold);
    if (!status)
        status = epmt_fold_count_nodes(fold);
    if (!status)
        status = finish_mpi(fold);
    if (status)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the rows of a job");
    return 0;
}

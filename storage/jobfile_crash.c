// SPDX-License-Identifier: Apache-2.0
// /crashes and /crash_frames of a job file: what the rows of processes say of those that a signal
// ended, in a form that tools sort and join.
#include <stdlib.h>
#include <string.h>

#include "storage/jobfile_parts.h"

enum {
    IMAGE,
    RANK,
    HOST,
    EXE,
    PID,
    TIME,
    SIGNAL,
    SIGNAME,
    FRAMES,
    TOP,
};

struct frame {
    uint64_t process; // its place in the fold
    uint64_t number;
    struct epmt_bytes text;
};

struct crashes {
    const struct epmt_jobfold *fold;
    uint64_t *processes; // places of those that crashed
    uint64_t count, cap;
    struct frame *frames;
    uint64_t frame_count, frame_cap;
    struct epmt_record record;
    char name[32];
};

static bool has_crashed(const struct epmt_record *record) {
    return epmt_record_has(record, EPMT_COL_crashstack) ||
           (epmt_record_has(record, EPMT_COL_state) &&
            record->value[EPMT_COL_state].i == EPMT_STATE_signaled);
}

// The frame that begins at *at of a stack, without its NUL; *at goes behind it.
static struct epmt_bytes next_frame(struct epmt_bytes stack, uint64_t *at) {
    const char *frame = stack.data + *at;
    size_t len = strnlen(frame, stack.len - *at);

    *at += len + 1;
    return (struct epmt_bytes){frame, len};
}

static bool make_room(void **items, uint64_t count, uint64_t *cap, size_t size) {
    if (count < *cap)
        return true;
    uint64_t more = *cap ? *cap * 2 : 16;
    void *fresh = realloc(*items, more * size);
    if (!fresh)
        return false;
    *items = fresh;
    *cap = more;
    return true;
}

static int add_crash(struct crashes *crashes, uint64_t place) {
    struct epmt_bytes stack = {"", 0};
    uint64_t number = 0;

    if (!make_room((void **)&crashes->processes, crashes->count, &crashes->cap,
                   sizeof *crashes->processes))
        return -1;
    crashes->processes[crashes->count++] = place;
    if (epmt_record_has(&crashes->record, EPMT_COL_crashstack))
        stack = crashes->record.value[EPMT_COL_crashstack].text;
    for (uint64_t at = 0; at < stack.len;) {
        if (!make_room((void **)&crashes->frames, crashes->frame_count, &crashes->frame_cap,
                       sizeof *crashes->frames))
            return -1;
        struct epmt_bytes text = next_frame(stack, &at);
        crashes->frames[crashes->frame_count++] = (struct frame){place, number++, text};
    }
    return 0;
}

static struct epmt_cell cell_of(const struct epmt_record *record, int column) {
    return (struct epmt_cell){epmt_record_has(record, column), record->value[column]};
}

// "SIGSEGV"; missing for what is no signal.
static struct epmt_cell signal_name(struct crashes *crashes, const struct epmt_record *record) {
    const char *name = NULL;

#if __GLIBC_PREREQ(2, 32)
    if (epmt_record_has(record, EPMT_COL_exitsignal) && record->value[EPMT_COL_exitsignal].i > 0 &&
        record->value[EPMT_COL_exitsignal].i < 65)
        name = sigabbrev_np((int)record->value[EPMT_COL_exitsignal].i);
#endif
    if (!name || strlen(name) > sizeof crashes->name - 4)
        return (struct epmt_cell){.has = false};
    memcpy(crashes->name, "SIG", 3);
    memcpy(crashes->name + 3, name, strlen(name) + 1);
    return (struct epmt_cell){true, {.text = {crashes->name, strlen(crashes->name)}}};
}

static void crash_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct crashes *crashes = context;
    const struct epmt_record *record = &crashes->record;
    struct epmt_bytes stack = {"", 0}, top = {NULL, 0};
    uint64_t frames = 0;

    epmt_fold_process(crashes->fold, crashes->processes[row], &crashes->record);
    if (epmt_record_has(record, EPMT_COL_crashstack))
        stack = record->value[EPMT_COL_crashstack].text;
    for (uint64_t at = 0; at < stack.len; frames++) {
        struct epmt_bytes frame = next_frame(stack, &at);
        if (!frames)
            top = frame;
    }
    cells[IMAGE] = cell_of(record, EPMT_COL_image);
    cells[RANK] = cell_of(record, EPMT_COL_mpirank);
    cells[HOST] = cell_of(record, EPMT_COL_hostname);
    cells[EXE] = cell_of(record, EPMT_COL_exename);
    cells[PID] = cell_of(record, EPMT_COL_pid);
    cells[TIME] = cell_of(record, EPMT_COL_end);
    cells[SIGNAL] = cell_of(record, EPMT_COL_exitsignal);
    cells[SIGNAME] = signal_name(crashes, record);
    cells[FRAMES] = (struct epmt_cell){true, {.u = frames}};
    cells[TOP] = (struct epmt_cell){top.data != NULL, {.text = top}};
}

// Reads +0x<hex> that ends the text. Returns where it begins, or NULL.
static const char *offset_in(struct epmt_bytes text, uint64_t *offset) {
    const char *end = text.data + text.len, *digit = end;
    unsigned shift = 0;

    *offset = 0;
    while (digit > text.data && shift < 64) {
        const char *found = memchr("0123456789abcdef", digit[-1], 16);
        if (!found)
            break;
        *offset |= (uint64_t)(found - "0123456789abcdef") << shift;
        shift += 4;
        digit--;
    }
    if (digit == end || digit - text.data < 3 || memcmp(digit - 3, "+0x", 3) != 0)
        return NULL;
    return digit - 3;
}

// Splits `place+0x<hex>`; what has not that form is all place.
static void split(struct epmt_bytes text, struct epmt_cell *place, struct epmt_cell *offset) {
    uint64_t number;
    const char *plus = offset_in(text, &number);
    struct epmt_bytes before = {text.data, plus ? (uint64_t)(plus - text.data) : text.len};

    *place = (struct epmt_cell){before.len != 0, {.text = before}};
    *offset = (struct epmt_cell){plus != NULL, {.u = number}};
}

// A frame is `module+0x<offset>`, and behind a blank `function+0x<offset>` where that is known.
static void frame_row(void *context, uint64_t row, struct epmt_cell *cells) {
    struct crashes *crashes = context;
    const struct frame *frame = &crashes->frames[row];
    struct epmt_bytes module = frame->text, function = {"", 0};
    uint64_t number;

    // A blank may stand in the module's name; the one that counts follows its offset.
    for (uint64_t i = frame->text.len; i-- > 0;) {
        struct epmt_bytes before = {frame->text.data, i};
        if (frame->text.data[i] == ' ' && offset_in(before, &number)) {
            module = before;
            function = (struct epmt_bytes){frame->text.data + i + 1, frame->text.len - i - 1};
            break;
        }
    }
    epmt_fold_process(crashes->fold, frame->process, &crashes->record);
    cells[0] = cell_of(&crashes->record, EPMT_COL_image);
    cells[1] = (struct epmt_cell){true, {.u = frame->number}};
    split(module, &cells[2], &cells[3]);
    split(function, &cells[4], &cells[5]);
}

int epmt_jobfile_write_crashes(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                               struct epmt_error *err) {
    struct crashes crashes = {.fold = fold};
    struct epmt_layout layout;
    int status = 0;

    for (uint64_t i = 0; i < epmt_fold_process_count(fold) && !status; i++) {
        epmt_fold_process(fold, i, &crashes.record);
        if (has_crashed(&crashes.record) && add_crash(&crashes, i))
            status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the crashes of a job");
    }
    epmt_layout_of_small(&layout, EPMT_TABLE_CRASHES);
    if (!status)
        status = epmt_table_write(writer, &layout, crashes.count, crash_row, &crashes, err);
    epmt_layout_of_small(&layout, EPMT_TABLE_CRASH_FRAMES);
    if (!status)
        status = epmt_table_write(writer, &layout, crashes.frame_count, frame_row, &crashes, err);
    free(crashes.processes);
    free(crashes.frames);
    return status;
}

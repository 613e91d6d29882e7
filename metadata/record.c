// SPDX-License-Identifier: Apache-2.0
#include "metadata/record.h"

#include <string.h>

#include "common/poison.h"

void epmt_record_clear(struct epmt_record *record) {
    memset(record->valid, 0, sizeof record->valid);
}

static void set_valid(struct epmt_record *record, int column) {
    record->valid[column / 64] |= UINT64_C(1) << (column % 64);
}

void epmt_record_set_i(struct epmt_record *record, int column, int64_t value) {
    record->value[column].i = value;
    set_valid(record, column);
}

void epmt_record_set_u(struct epmt_record *record, int column, uint64_t value) {
    record->value[column].u = value;
    set_valid(record, column);
}

void epmt_record_set_r(struct epmt_record *record, int column, double value) {
    record->value[column].r = value;
    set_valid(record, column);
}

void epmt_record_set_text(struct epmt_record *record, int column, const char *data, uint64_t len) {
    record->value[column].text = (struct epmt_bytes){data, len};
    set_valid(record, column);
}

void epmt_record_unset(struct epmt_record *record, int column) {
    record->valid[column / 64] &= ~(UINT64_C(1) << (column % 64));
}

// INT metrics that fold (start, end) are times after 1970, so comparing them unsigned is right.
static uint64_t folded(enum epmt_fold fold, uint64_t a, uint64_t b) {
    switch (fold) {
    case EPMT_FOLD_SUM:
        return a + b;
    case EPMT_FOLD_MIN:
        return a < b ? a : b;
    case EPMT_FOLD_MAX:
        return a > b ? a : b;
    case EPMT_FOLD_NONE:
        break;
    }
    return a;
}

// The folds alone, close together: every process goes through them.
static const uint8_t folds[EPMT_COLUMN_COUNT] = {
#define FOLD(name, scope, type, unit, fold, source, description) EPMT_FOLD_##fold,
    EPMT_COLUMNS(FOLD)
#undef FOLD
};

void epmt_record_fold(struct epmt_record *process, const struct epmt_record *thread) {
    for (int i = epmt_record_next(thread, 0); i < EPMT_COLUMN_COUNT;
         i = epmt_record_next(thread, i + 1)) {
        enum epmt_fold fold = folds[i];
        if (fold == EPMT_FOLD_NONE)
            continue;
        uint64_t value = thread->value[i].u;
        if (epmt_record_has(process, i))
            value = folded(fold, process->value[i].u, value);
        epmt_record_set_u(process, i, value);
    }
}

static uint64_t revision(const struct epmt_record *record) {
    return epmt_record_has(record, EPMT_COL_revision) ? record->value[EPMT_COL_revision].u : 0;
}

void epmt_record_merge(struct epmt_record *onto, const struct epmt_record *from) {
    bool newer = revision(from) > revision(onto);

    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (!epmt_record_has(from, i) || (epmt_record_has(onto, i) && !newer))
            continue;
        onto->value[i] = from->value[i];
        set_valid(onto, i);
    }
}

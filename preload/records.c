// SPDX-License-Identifier: Apache-2.0
// The records of a process: identity at its start, rank after MPI_Init, final at its end; each goes
// to the journal, at MPI_Finalize also up the tree.
#include <string.h>

#include "aggregator/journal.h"
#include "common/fmt.h"
#include "common/hash.h"
#include "common/hot.h"
#include "common/prim.h"
#include "pmpi/profile_rows.h"
#include "pmpi/world.h"
#include "preload/collect.h"
#include "preload/crash.h"
#include "preload/process.h"
#include "preload/signals.h"

#include "common/poison.h"

// Most that the end of the process waits for a record that another thread writes: longer than that
// one may wait for the journal.
#define END_WAIT_NS (EPMT_JOURNAL_APPEND_WAIT_NS + UINT64_C(5000000000))

static void set_string(struct epmt_record *record, int column, const char *text) {
    if (text)
        epmt_record_set_text(record, column, text, strlen(text));
}

static void fill_identity(struct epmt_record *record) {
    set_string(record, EPMT_COL_tags, epmt_self.tags);
    set_string(record, EPMT_COL_hostname, epmt_self.hostname);
    set_string(record, EPMT_COL_exename, epmt_self.exename);
    if (epmt_self.path_len)
        epmt_record_set_text(record, EPMT_COL_path, epmt_self.path, epmt_self.path_len);
    epmt_record_set_text(record, EPMT_COL_args, epmt_self.args ? epmt_self.args : "",
                         epmt_self.args_len);
    epmt_record_set_i(record, EPMT_COL_pid, epmt_self.pid);
    epmt_record_set_i(record, EPMT_COL_ppid, epmt_self.ppid);
    epmt_record_set_i(record, EPMT_COL_start, (int64_t)epmt_self.start_us);
    epmt_record_set_u(record, EPMT_COL_imagestart, epmt_self.imagestart);
    epmt_record_set_u(record, EPMT_COL_pidns, epmt_self.host.pidns);
    set_string(record, EPMT_COL_bootid, epmt_self.host.bootid);
    if (epmt_self.rank_hint >= 0)
        epmt_record_set_i(record, EPMT_COL_rankhint, epmt_self.rank_hint);
    if (epmt_self.texts_lost || epmt_self.texts_missed)
        epmt_record_set_u(record, EPMT_COL_texts_lost, epmt_self.texts_lost);
    if (epmt_self.step) {
        epmt_record_set_i(record, EPMT_COL_mpirank, epmt_self.rank);
        epmt_record_set_i(record, EPMT_COL_numranks, epmt_self.size);
        set_string(record, EPMT_COL_step, epmt_self.step_key);
    }
}

// The part that every record has.
static void fill_key(struct epmt_record *record, enum epmt_state state) {
    epmt_record_clear(record);
    epmt_record_set_u(record, EPMT_COL_image, epmt_self.image);
    epmt_record_set_u(record, EPMT_COL_revision, ++epmt_self.revision);
    epmt_record_set_i(record, EPMT_COL_state, state);
}

// Signals are blocked while a record is made: a handler of the program that ends it, or jumps away,
// would take it with it. Returns false, with nothing to end, where the record must be given up.
static bool start_record_within(uint64_t *signals, uint64_t wait_ns) {
    *signals = epmt_prim_signals_block();
    if (epmt_lock_take_within(&epmt_self.lock, wait_ns))
        return true;
    epmt_prim_signals_restore(*signals);
    return false;
}

static bool start_record(uint64_t *signals) {
    return start_record_within(signals, UINT64_C(1000000000));
}

static void end_record(uint64_t signals) {
    epmt_lock_release(&epmt_self.lock);
    epmt_prim_signals_restore(signals);
}

// Bytes that a row of the process may take.
static size_t process_row_max(void) {
    size_t len = epmt_self.args_len + epmt_self.path_len + epmt_self.crash_len + 4096;

    return epmt_self.tags ? len + strlen(epmt_self.tags) : len;
}

// Adds the row of the process; where memory for it is missing, without one long text after the
// other.
static void add_process(struct epmt_fragment *fragment, struct epmt_record *record) {
    static const int texts[] = {EPMT_COL_args, EPMT_COL_tags, EPMT_COL_path};
    uint64_t lost = 0;

    for (unsigned i = 0; epmt_fragment_add(fragment, EPMT_ROW_PROCESS, record); i++) {
        if (i == sizeof texts / sizeof *texts) {
            epmt_log(0, "a record does not fit");
            return;
        }
        if (epmt_record_has(record, texts[i]))
            lost++;
        epmt_record_unset(record, texts[i]);
        epmt_self.texts_missed |= !epmt_self.texts_told;
        if (epmt_self.texts_missed)
            epmt_record_set_u(record, EPMT_COL_texts_lost, epmt_self.texts_lost + lost);
    }
    // What one record has, others may lack.
    if (!lost && epmt_record_has(record, EPMT_COL_args))
        epmt_self.texts_told = true;
}

// A fragment big enough for this process's texts and `more` bytes: in the scratch memory, or in
// fresh pages where that is too small or `lasting` memory is asked for. Returns the pages to unmap,
// or NULL.
static void *start_fragment(struct epmt_fragment *fragment, size_t more, bool lasting) {
    size_t len = process_row_max() + more + 4096;
    size_t used = (epmt_self.texts_len + 7) / 8 * 8, cap = sizeof epmt_scratch - used;
    void *pages = NULL;

    if (lasting || len > cap)
        pages = epmt_prim_map(len);
    if (pages)
        cap = len;
    epmt_fragment_init(fragment, pages ? pages : (char *)&epmt_scratch + used, cap, NULL, 0);
    return pages;
}

// Makes a sealed fragment of one row. Returns as start_fragment.
static void *make_row(struct epmt_fragment *fragment, struct epmt_record *record, unsigned flags) {
    struct epmt_fragment_header header = epmt_process_header(flags);
    void *pages = start_fragment(fragment, 0, false);

    add_process(fragment, record);
    epmt_fragment_seal(fragment, &header);
    return pages;
}

static void append_row(struct epmt_record *record, unsigned flags) {
    struct epmt_fragment fragment;
    void *pages = make_row(&fragment, record, flags);

    epmt_process_append(EPMT_JOURNAL_CLOSED, fragment.data, fragment.len);
    if (pages)
        epmt_prim_unmap(pages, fragment.cap);
}

void epmt_record_identity(int journal, const void *front, size_t front_len) {
    struct epmt_fragment fragment;
    struct epmt_record record;

    if (!epmt_lock_take(&epmt_self.lock))
        return;
    fill_key(&record, EPMT_STATE_running);
    fill_identity(&record);
    void *pages = make_row(&fragment, &record, 0);
    size_t len = fragment.len;
    if (front_len && front_len <= fragment.cap - len) { // in one write
        memmove(fragment.data + front_len, fragment.data, len);
        memcpy(fragment.data, front, front_len);
        len += front_len;
    }
    epmt_process_append(journal, fragment.data, len);
    if (pages)
        epmt_prim_unmap(pages, fragment.cap);
    epmt_lock_release(&epmt_self.lock);
}

void epmt_process_set_rank(int64_t rank, int64_t size) {
    struct epmt_record record;
    uint64_t signals;

    // Started by no launcher, it is a world of its own.
    if (!epmt_self.step_key[0])
        epmt_fmt(epmt_self.step_key, sizeof epmt_self.step_key, "mpi-%d-%lx", (int)epmt_self.pid,
                 (unsigned long)epmt_self.start_us);
    epmt_self.rank = rank;
    epmt_self.size = size;
    epmt_self.step = epmt_hash_text(epmt_self.step_key);
    if (!start_record(&signals))
        return;
    fill_key(&record, EPMT_STATE_running);
    fill_identity(&record);
    append_row(&record, EPMT_FRAGMENT_RANK);
    epmt_signals_watch_all();
    end_record(signals);
    if (epmt_self.settings.crash_stack == EPMT_CRASH_RANKS)
        epmt_crash_begin(epmt_process_prefix());
}

// Fills a final record; the rows of live threads go to rows.
static void fill_final(struct epmt_record *record, enum epmt_state state,
                       struct epmt_fragment *rows) {
    struct epmt_threads_summary threads;

    fill_key(record, state);
    fill_identity(record);
    epmt_threads_collect(record, rows, &threads);
    epmt_collect_process(record);
    epmt_record_set_i(record, EPMT_COL_numtids, (int64_t)threads.seen);
    epmt_record_set_u(record, EPMT_COL_carried, 1);
    if (epmt_self.uninstrumented)
        epmt_record_set_u(record, EPMT_COL_uninstrumented, epmt_self.uninstrumented);
    if (threads.lost)
        epmt_record_set_u(record, EPMT_COL_threads_lost, threads.lost);
}

static void fill_status(struct epmt_record *record, enum epmt_state state, int status) {
    if (state == EPMT_STATE_signaled) {
        epmt_record_set_i(record, EPMT_COL_exitsignal, status);
        if (epmt_self.crash_len)
            epmt_record_set_text(record, EPMT_COL_crashstack, epmt_self.crash, epmt_self.crash_len);
    } else if (state == EPMT_STATE_exited && status >= 0) {
        epmt_record_set_i(record, EPMT_COL_exitcode, status);
        epmt_record_set_i(record, EPMT_COL_exitsignal, 0);
    }
}

// Builds the final fragment: rows of live threads and of MPI, then the process. Returns as
// start_fragment.
static void *build_final(struct epmt_fragment *fragment, enum epmt_state state, int status,
                         unsigned flags, bool lasting) {
    struct epmt_fragment_header header = epmt_process_header(flags);
    struct epmt_record record;
    bool is_mpi = epmt_mpi_owner != 0; // asked here: the code behind it is cold in other programs
    size_t mpi = is_mpi ? epmt_mpi_rows_room() : 0;
    void *pages =
        start_fragment(fragment, epmt_threads_live_count() * epmt_thread_rows_max() + mpi, lasting);
    size_t cap = fragment->cap, own = process_row_max();

    // However many threads there are, MPI and the process's row have their room.
    fragment->cap = cap > own + mpi ? cap - own - mpi : 0;
    fill_final(&record, state, fragment);
    fragment->cap = cap > own ? cap - own : 0;
    if (is_mpi)
        epmt_mpi_rows_add(fragment, &record, epmt_self.image);
    fragment->cap = cap;
    fill_status(&record, state, status);
    add_process(fragment, &record);
    for (unsigned i = 0; epmt_threads_ended(i); i++)
        epmt_fragment_seal(epmt_threads_ended(i), &header);
    epmt_fragment_seal(fragment, &header);
    return pages;
}

// Thread rows first: the process's final record says that all is there.
static void append_all(const struct epmt_fragment *final) {
    for (unsigned i = 0; epmt_threads_ended(i); i++)
        epmt_process_append(EPMT_JOURNAL_CLOSED, epmt_threads_ended(i)->data,
                            epmt_threads_ended(i)->len);
    epmt_process_append(EPMT_JOURNAL_CLOSED, final->data, final->len);
}

static void append_final(enum epmt_state state, int status) {
    struct epmt_fragment fragment;
    void *pages = build_final(&fragment, state, status, EPMT_FRAGMENT_FINAL, false);

    append_all(&fragment);
    if (pages)
        epmt_prim_unmap(pages, fragment.cap);
}

size_t epmt_process_freeze(struct epmt_bytes **pieces) {
    struct epmt_fragment fragment;
    size_t count = 0;
    uint64_t signals;

    *pieces = NULL;
    if (!start_record(&signals))
        return 0;
    // From here on threads that end are not recorded: their rows are on the way already.
    int life = EPMT_LIFE_READY;
    if (!atomic_compare_exchange_strong(&epmt_self.life, &life, EPMT_LIFE_FINALIZED)) {
        end_record(signals);
        return 0;
    }
    build_final(&fragment, EPMT_STATE_finalized, -1, EPMT_FRAGMENT_FINAL | EPMT_FRAGMENT_RANK,
                true);
    append_all(&fragment);
    while (epmt_threads_ended((unsigned)count))
        count++;
    *pieces = epmt_prim_map((count + 1) * sizeof **pieces);
    if (*pieces) {
        for (unsigned i = 0; i < count; i++) {
            struct epmt_fragment *rows = epmt_threads_ended(i);
            (*pieces)[i] = (struct epmt_bytes){(const char *)rows->data, rows->len};
        }
        (*pieces)[count++] = (struct epmt_bytes){(const char *)fragment.data, fragment.len};
    } else {
        count = 0;
    }
    end_record(signals);
    return count;
}

// Only how it ended: the rest was told before.
static void append_status(enum epmt_state state, int status) {
    struct epmt_record record;

    fill_key(&record, state);
    fill_status(&record, state, status);
    append_row(&record, EPMT_FRAGMENT_FINAL);
}

// Who told the end, and what.
static EPMT_HOT(1) struct {
    const void *thread; // &epmt_tls of it
    enum epmt_state state;
    int status;
} told;

// Whether this thread comes again with another end: from a handler of at_quick_exit, say. Of two
// threads that end the process at once the first one's word stands.
static bool is_correction(enum epmt_state state, int status) {
    return told.thread == &epmt_tls && (told.state != state || told.status != status);
}

// The lock before the life: whoever ends the process beside a thread that does so already waits
// here until that one has written, since its own way out would cut the other's short.
void epmt_process_end(enum epmt_state state, int status) {
    uint64_t signals;

    if (!start_record_within(&signals, END_WAIT_NS))
        return;
    int life = atomic_exchange(&epmt_self.life, EPMT_LIFE_DONE);
    if (life == EPMT_LIFE_READY)
        append_final(state, status);
    else if (life == EPMT_LIFE_FINALIZED && status > 0) // only what MPI_Finalize could not know
        append_status(state, status);
    else if (life == EPMT_LIFE_DONE && is_correction(state, status))
        append_status(state, status);
    if (life != EPMT_LIFE_DONE || told.thread == &epmt_tls) {
        told.thread = &epmt_tls;
        told.state = state;
        told.status = status;
    }
    end_record(signals);
}

void epmt_process_leaving(enum epmt_state state, int status) {
    uint64_t signals;

    if (epmt_self.life != EPMT_LIFE_READY || !start_record(&signals))
        return;
    if (epmt_self.life == EPMT_LIFE_READY)
        append_final(state, status);
    end_record(signals);
}

void epmt_process_stayed(void) {
    struct epmt_record record;
    uint64_t signals;

    if (epmt_self.life != EPMT_LIFE_READY || !start_record(&signals))
        return;
    if (epmt_self.life == EPMT_LIFE_READY) {
        fill_key(&record, EPMT_STATE_running);
        append_row(&record, 0);
    }
    end_record(signals);
}

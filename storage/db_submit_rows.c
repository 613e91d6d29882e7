// SPDX-License-Identifier: Apache-2.0
// The rows below a job, table by table.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/annotate.h"
#include "storage/db_submit.h"

// Tags are put in whenever so many wait.
#define WAITING_MAX 32768
#define WAITING_TEXT_MAX ((size_t)8 << 20)

static int out_of_memory(struct epmt_submit *submit) {
    return epmt_errf(submit->err, EPMT_ERR_MEMORY, "out of memory");
}

static int begin(struct epmt_submit *submit, int table) {
    return submit->db->backend->rows_begin(submit->db, &submit->db->rows[table], submit->err);
}

static int add(struct epmt_submit *submit, int table, const struct epmt_db_value *values) {
    return submit->db->backend->rows_add(submit->db, &submit->db->rows[table], values, submit->err);
}

static int end(struct epmt_submit *submit, int table) {
    return submit->db->backend->rows_end(submit->db, &submit->db->rows[table], submit->err);
}

// A number below 0 is not known.
static struct epmt_db_value known(int64_t number) {
    return number < 0 ? (struct epmt_db_value){.kind = EPMT_DB_NULL} : epmt_db_int(number);
}

static bool is_job(struct epmt_bytes scope) {
    return scope.len == 3 && !memcmp(scope.data, "job", 3);
}

static bool is_scope(struct epmt_bytes scope, const char *name) {
    return scope.len == strlen(name) && !memcmp(scope.data, name, scope.len);
}

// Whether an attribute was put in already: two may have become the same as texts.
static int note_attribute(struct epmt_submit *submit, const struct epmt_db_value *values) {
    size_t before = submit->attributes.count;
    uint64_t hash = epmt_hash_bytes(EPMT_HASH_START, values[1].text.data, values[1].text.len);

    hash = epmt_hash_u64(hash, values[1].text.len);
    hash = epmt_hash_bytes(hash, values[2].text.data, values[2].text.len);
    if (!epmt_slots_at(&submit->attributes, epmt_hash_finish(hash)))
        return out_of_memory(submit);
    return submit->attributes.count == before;
}

static int add_attribute(struct epmt_submit *submit, const struct epmt_row *row) {
    struct epmt_db_value values[4] = {epmt_db_int(submit->job_id),
                                      epmt_flatten_text(&submit->attribute[0], row->scope),
                                      epmt_flatten_text(&submit->attribute[1], row->key),
                                      epmt_flatten_text(&submit->attribute[2], row->value)};

    // These scopes are the database's own.
    if (is_scope(row->scope, EPMT_ANNOTATED_SCOPE) || is_scope(row->scope, EPMT_UNANNOTATED_SCOPE))
        return 0;
    for (int i = 1; i <= 3; i++) {
        if (values[i].kind == EPMT_DB_NULL)
            return out_of_memory(submit);
    }
    for (int i = 1; i <= 2; i++)
        values[i].text = epmt_text_cut(values[i].text, EPMT_INDEXED_TEXT_MAX);
    epmt_jobsum_add_attribute(submit->sum, row->scope, row->key, row->value);
    if (is_job(row->scope))
        epmt_submit_job_column(submit, row->key, row->value);
    int twice = note_attribute(submit, values);
    return twice ? (twice < 0 ? -1 : 0) : add(submit, EPMT_TABLE_JOB_ATTRIBUTES, values);
}

static int add_attributes(struct epmt_submit *submit) {
    struct epmt_row row;
    int more;

    if (begin(submit, EPMT_TABLE_JOB_ATTRIBUTES))
        return -1;
    while ((more = epmt_jobfile_next_attribute(submit->file, &row, submit->err)) == 1) {
        if (add_attribute(submit, &row))
            return -1;
    }
    return more || end(submit, EPMT_TABLE_JOB_ATTRIBUTES) ? -1 : 0;
}

int epmt_submit_job_tags(struct epmt_submit *submit) {
    const struct epmt_db_value *text = &submit->job[EPMT_JOB_COL_tags];

    if (text->kind != EPMT_DB_TEXT)
        return 0;
    if (epmt_tags_parse(&submit->tags, text->text))
        return out_of_memory(submit);
    if (!submit->tags.count)
        return 0;
    if (begin(submit, EPMT_TABLE_JOB_TAGS))
        return -1;
    for (size_t i = 0; i < submit->tags.count; i++) {
        const struct epmt_tag *tag = &submit->tags.tags[i];
        struct epmt_db_value values[3] = {epmt_db_int(submit->job_id),
                                          epmt_db_text(tag->key.data, tag->key.len),
                                          epmt_db_text(tag->value.data, tag->value.len)};
        if (add(submit, EPMT_TABLE_JOB_TAGS, values))
            return -1;
    }
    return end(submit, EPMT_TABLE_JOB_TAGS);
}

static int read_tree(struct epmt_submit *submit) {
    struct epmt_record process;
    int more;

    epmt_jobfile_hold_processes(submit->file);
    while ((more = epmt_jobfile_next_process(submit->file, &process, submit->err)) == 1) {
        if (epmt_proctree_add(submit->tree, &process) || epmt_jobsum_add(submit->sum, &process))
            return out_of_memory(submit);
    }
    if (more)
        return -1;
    if (epmt_proctree_link(submit->tree))
        return out_of_memory(submit);
    submit->result.processes = epmt_proctree_count(submit->tree);
    return 0;
}

static size_t keep_text(struct epmt_strbuf *texts, struct epmt_bytes text) {
    size_t place = texts->len;

    epmt_strbuf_add(texts, text.data, text.len);
    return place;
}

int epmt_submit_wait_with_tags(struct epmt_submit *submit, int64_t process,
                               const struct epmt_db_value *text) {
    struct epmt_waiting_tags *waiting = &submit->waiting;

    if (epmt_tags_parse(&submit->tags, text->text))
        return out_of_memory(submit);
    if (waiting->count + submit->tags.count > waiting->cap) {
        size_t cap = (waiting->count + submit->tags.count) * 2;
        struct epmt_waiting_tag *grown = realloc(waiting->tags, cap * sizeof *grown);
        if (!grown)
            return out_of_memory(submit);
        waiting->tags = grown;
        waiting->cap = cap;
    }
    for (size_t i = 0; i < submit->tags.count; i++) {
        const struct epmt_tag *tag = &submit->tags.tags[i];
        waiting->tags[waiting->count++] =
            (struct epmt_waiting_tag){process, keep_text(&waiting->text, tag->key), tag->key.len,
                                      keep_text(&waiting->text, tag->value), tag->value.len};
    }
    return waiting->text.failed ? out_of_memory(submit) : 0;
}

int epmt_submit_process_tags(struct epmt_submit *submit) {
    struct epmt_waiting_tags *waiting = &submit->waiting;

    if (!waiting->count)
        return 0;
    if (begin(submit, EPMT_TABLE_PROCESS_TAGS))
        return -1;
    for (size_t i = 0; i < waiting->count; i++) {
        const struct epmt_waiting_tag *tag = &waiting->tags[i];
        const char *text = epmt_strbuf_text(&waiting->text);
        struct epmt_db_value values[3] = {epmt_db_int(tag->process),
                                          epmt_db_text(text + tag->key, tag->key_len),
                                          epmt_db_text(text + tag->value, tag->value_len)};
        if (add(submit, EPMT_TABLE_PROCESS_TAGS, values))
            return -1;
    }
    waiting->count = 0;
    epmt_strbuf_reset(&waiting->text);
    return end(submit, EPMT_TABLE_PROCESS_TAGS);
}

static int add_process(struct epmt_submit *submit, uint32_t i, const struct epmt_record *process) {
    enum { FIXED = 3 + EPMT_PROCESS_COUNTED_N };
    struct epmt_db_value values[EPMT_COLUMN_COUNT + FIXED];
    const struct epmt_proctree *tree = submit->tree;
    uint32_t parent = epmt_proctree_parent(tree, i);

    values[0] = epmt_db_int(submit->first + i);
    values[1] = epmt_db_int(submit->job_id);
    values[2] = known(parent == EPMT_PROCTREE_NONE ? -1 : submit->first + parent);
    values[3 + EPMT_PROCESS_depth] = epmt_db_int(epmt_proctree_depth(tree, i));
    values[3 + EPMT_PROCESS_cpu_time] = known(epmt_proctree_cpu(tree, i));
    values[3 + EPMT_PROCESS_inclusive] = known(epmt_proctree_inclusive(tree, i));
    epmt_flatten_row(&submit->flatten, EPMT_ROW_PROCESS, process, epmt_column_in_process,
                     values + FIXED);
    if (add(submit, EPMT_TABLE_PROCESSES, values))
        return -1;
    const struct epmt_db_value *tags = &values[FIXED + EPMT_COL_tags]; // the first column
    return tags->kind == EPMT_DB_TEXT ? epmt_submit_wait_with_tags(submit, submit->first + i, tags)
                                      : 0;
}

static int add_processes(struct epmt_submit *submit) {
    struct epmt_record process;
    int more;

    if (!submit->result.processes)
        return 0;
    if (submit->db->backend->reserve(submit->db, submit->result.processes, &submit->first,
                                     submit->err) ||
        epmt_jobfile_rewind_processes(submit->file, submit->err) ||
        begin(submit, EPMT_TABLE_PROCESSES))
        return -1;
    for (uint32_t i = 0;
         (more = epmt_jobfile_next_process(submit->file, &process, submit->err)) == 1; i++) {
        if (add_process(submit, i, &process))
            return -1;
        if (submit->waiting.count < WAITING_MAX && submit->waiting.text.len < WAITING_TEXT_MAX)
            continue;
        if (end(submit, EPMT_TABLE_PROCESSES) || epmt_submit_process_tags(submit) ||
            begin(submit, EPMT_TABLE_PROCESSES))
            return -1;
    }
    return more || end(submit, EPMT_TABLE_PROCESSES) || epmt_submit_process_tags(submit) ? -1 : 0;
}

// The process of an image as a value: NULL where the file has no row of it.
static struct epmt_db_value process_of(struct epmt_submit *submit, const struct epmt_record *record,
                                       int image) {
    struct epmt_found *last = &submit->last;

    if (image < 0 || !epmt_record_has(record, image))
        return known(-1);
    // Rows of one process follow each other.
    if (!last->valid || last->image != record->value[image].u) {
        last->valid = true;
        last->image = record->value[image].u;
        last->process = epmt_proctree_find(submit->tree, last->image);
    }
    return known(last->process == EPMT_PROCTREE_NONE ? -1 : submit->first + last->process);
}

static int add_threads(struct epmt_submit *submit) {
    struct epmt_db_value values[EPMT_COLUMN_COUNT + 1];
    struct epmt_record thread;
    int more;

    if (!submit->info->thread_count)
        return 0;
    if (begin(submit, EPMT_TABLE_THREADS))
        return -1;
    while ((more = epmt_jobfile_next_thread(submit->file, &thread, submit->err)) == 1) {
        values[0] = process_of(submit, &thread, EPMT_COL_image);
        if (values[0].kind == EPMT_DB_NULL) {
            submit->result.orphans++;
            continue;
        }
        epmt_flatten_row(&submit->flatten, EPMT_ROW_THREAD, &thread, epmt_column_in_thread,
                         values + 1);
        if (add(submit, EPMT_TABLE_THREADS, values))
            return -1;
        submit->result.threads++;
    }
    return more || end(submit, EPMT_TABLE_THREADS) ? -1 : 0;
}

// The keys that stand before the columns. Returns how many; 0: the row belongs to nothing.
static int keys_of(struct epmt_submit *submit, enum epmt_row_kind kind,
                   const struct epmt_record *record, struct epmt_db_value *keys) {
    int image = epmt_ddl_image(kind), count = 0;

    if (epmt_ddl_of_job(kind))
        keys[count++] = epmt_db_int(submit->job_id);
    if (image < 0)
        return count;
    keys[count++] = process_of(submit, record, image);
    return count == 2 || keys[0].kind != EPMT_DB_NULL ? count : 0;
}

static bool stands(const struct epmt_column *column) {
    return epmt_ddl_stands(EPMT_ROW_MPI_FUNCTION, column);
}

static int add_table(struct epmt_submit *submit, int table) {
    enum epmt_row_kind kind = epmt_ddl_table_kind(table);
    struct epmt_db_value values[EPMT_COLUMN_COUNT + 2];
    struct epmt_record record;
    int more;

    if (!epmt_jobfile_mpi_count(submit->file, kind))
        return 0;
    if (begin(submit, table))
        return -1;
    while ((more = epmt_jobfile_next_mpi(submit->file, kind, &record, submit->err)) == 1) {
        int keys = keys_of(submit, kind, &record, values);
        submit->result.orphans += !keys;
        if (!keys)
            continue;
        epmt_flatten_row(&submit->flatten, kind, &record, stands, values + keys);
        if (add(submit, table, values))
            return -1;
    }
    return more || end(submit, table) ? -1 : 0;
}

int epmt_submit_rows(struct epmt_submit *submit) {
    submit->tree = epmt_proctree_create();
    submit->sum = epmt_jobsum_create();
    if (!submit->tree || !submit->sum)
        return out_of_memory(submit);
    if (add_attributes(submit) || epmt_submit_job_tags(submit) || read_tree(submit) ||
        add_processes(submit) || add_threads(submit))
        return -1;
    for (int table = EPMT_TABLE_ROWS; table < EPMT_DDL_TABLE_COUNT; table++) {
        if (add_table(submit, table))
            return -1;
    }
    return 0;
}

void epmt_submit_rows_free(struct epmt_submit *submit) {
    epmt_proctree_destroy(submit->tree);
    epmt_jobsum_destroy(submit->sum);
    epmt_flatten_free(&submit->flatten);
    epmt_tags_free(&submit->tags);
    epmt_strbuf_free(&submit->waiting.text);
    free(submit->waiting.tags);
    epmt_slots_free(&submit->attributes);
    for (int i = 0; i < 3; i++)
        epmt_strbuf_free(&submit->attribute[i]);
}

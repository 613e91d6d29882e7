// SPDX-License-Identifier: Apache-2.0
// epmt dump: what a job file holds, without any database.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/paths.h"
#include "cli/table.h"
#include "common/fmt.h"
#include "metadata/counter_tables.h"
#include "storage/flatten.h"

static enum epmt_format format;
static bool threads_wanted;
static const char *key_wanted;

static const struct epmt_option options[] = {
    {'k', "key", "KEY", "print only the value of this key of the job (or of its environment)"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs)"},
    {'t', "threads", NULL, "the rows of the threads too (csv: instead of the processes')"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter == 'k')
        key_wanted = argument;
    else if (row->letter == 't')
        threads_wanted = true;
    else
        return epmt_format_parse(argument, &format, err);
    return 0;
}

// A dump under way.
struct dump {
    struct epmt_jobfile *file;
    struct epmt_jobfold *facts; // the attributes, in order
    struct epmt_flatten flatten;
    struct epmt_strbuf memory;
    struct epmt_output output;
    struct epmt_error *err;
};

static bool same(struct epmt_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static bool same_bytes(struct epmt_bytes a, struct epmt_bytes b) {
    return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static int read_facts(struct dump *dump) {
    struct epmt_row row;
    int more;

    dump->facts = epmt_fold_create();
    if (!dump->facts)
        return epmt_errf(dump->err, EPMT_ERR_MEMORY, "out of memory");
    while ((more = epmt_jobfile_next_attribute(dump->file, &row, dump->err)) == 1) {
        if (epmt_fold_add(dump->facts, &row, dump->err))
            return -1;
    }
    return more ? -1 : epmt_fold_finish(dump->facts, false, dump->err);
}

static void fact(const struct dump *dump, uint64_t i, struct epmt_row *row) {
    epmt_fold_attribute_at(dump->facts, i, &row->scope, &row->key, &row->value);
}

// For people and -k; JSON keeps every byte by itself.
static struct epmt_db_value clean(struct dump *dump, struct epmt_bytes bytes) {
    return format == EPMT_FORMAT_JSON ? epmt_db_text(bytes.data, bytes.len)
                                      : epmt_flatten_text(&dump->memory, bytes);
}

static void print_facts(struct dump *dump, const char *section, struct epmt_bytes scope) {
    struct epmt_row row;

    epmt_output_pairs(&dump->output, section);
    for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts); i++) {
        fact(dump, i, &row);
        if (!same_bytes(row.scope, scope))
            continue;
        struct epmt_db_value value = clean(dump, row.value);
        epmt_output_pair(&dump->output, row.key, &value, false);
    }
}

// One step as a row: its key, and its attributes as a JSON object.
static void print_step(struct dump *dump, uint64_t *i) {
    struct epmt_row row, next;
    struct epmt_strbuf object = {0};

    fact(dump, *i, &row);
    epmt_strbuf_puts(&object, "{");
    for (next = row; same_bytes(next.scope, row.scope);) {
        epmt_strbuf_puts(&object, object.len > 1 ? ", " : "");
        epmt_strbuf_add_json(&object, next.key);
        epmt_strbuf_puts(&object, ": ");
        epmt_strbuf_add_json(&object, next.value);
        if (++*i >= epmt_fold_attribute_count(dump->facts))
            break;
        fact(dump, *i, &next);
    }
    epmt_strbuf_puts(&object, "}");
    struct epmt_bytes key = {row.scope.data + 5, row.scope.len - 5}; // behind "step "
    struct epmt_db_value values[2] = {clean(dump, key), epmt_db_text(object.data, object.len)};
    if (object.failed)
        dump->output.failed = true;
    else
        epmt_output_row(&dump->output, values);
    epmt_strbuf_free(&object);
}

static void print_steps(struct dump *dump) {
    static const struct epmt_table_column columns[] = {{.name = "step"},
                                                       {.name = "attributes", .json = true}};
    struct epmt_row row;

    epmt_output_rows(&dump->output, "steps", columns, 2);
    for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts);) {
        fact(dump, i, &row);
        if (row.scope.len >= 5 && !memcmp(row.scope.data, "step ", 5))
            print_step(dump, &i);
        else
            i++;
    }
}

static bool is_stored(const struct epmt_column *column) {
    return column->scope != EPMT_SCOPE_WIRE;
}

static int next_row(struct dump *dump, enum epmt_row_kind kind, struct epmt_record *record) {
    if (kind == EPMT_ROW_PROCESS)
        return epmt_jobfile_next_process(dump->file, record, dump->err);
    if (kind == EPMT_ROW_THREAD)
        return epmt_jobfile_next_thread(dump->file, record, dump->err);
    return epmt_jobfile_next_mpi(dump->file, kind, record, dump->err);
}

static int print_rows(struct dump *dump, const char *section, enum epmt_row_kind kind) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    bool (*stands)(const struct epmt_column *) = kind == EPMT_ROW_PROCESS  ? epmt_column_in_process
                                                 : kind == EPMT_ROW_THREAD ? epmt_column_in_thread
                                                                           : is_stored;
    struct epmt_table_column columns[EPMT_COLUMN_COUNT];
    struct epmt_db_value values[EPMT_COLUMN_COUNT];
    struct epmt_record record;
    int count = 0, more;

    for (int i = 0; i < dictionary->count; i++) {
        enum epmt_type type = dictionary->columns[i].type;
        if (stands(&dictionary->columns[i]))
            columns[count++] = (struct epmt_table_column){.name = dictionary->columns[i].name,
                                                          .numeric = type == EPMT_TYPE_INT ||
                                                                     type == EPMT_TYPE_UINT ||
                                                                     type == EPMT_TYPE_REAL,
                                                          .json = type == EPMT_TYPE_LIST};
    }
    epmt_output_rows(&dump->output, section, columns, count);
    while ((more = next_row(dump, kind, &record)) == 1) {
        epmt_flatten_row(&dump->flatten, kind, &record, stands, values);
        epmt_output_row(&dump->output, values);
    }
    epmt_output_close_section(&dump->output);
    return more;
}

// The tables of MPI and of counters that the file has.
static int print_mpi(struct dump *dump) {
    static const char *const names[] = {
#define NAME(list, kind, name, path, title) #name,
        EPMT_FURTHER_TABLES(NAME)
#undef NAME
    };

    for (int i = 0; i < EPMT_MPI_TABLE_COUNT; i++) {
        enum epmt_row_kind kind = EPMT_ROW_MPI_FUNCTION + i;
        if (epmt_jobfile_mpi_count(dump->file, kind) && print_rows(dump, names[i], kind))
            return -1;
    }
    return 0;
}

static int print_all(struct dump *dump) {
    static const char job[] = "job", env[] = "env";

    if (format == EPMT_FORMAT_CSV)
        return print_rows(dump, NULL, threads_wanted ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS);
    print_facts(dump, "job", (struct epmt_bytes){job, 3});
    print_facts(dump, "environment", (struct epmt_bytes){env, 3});
    print_steps(dump);
    if (print_rows(dump, "processes", EPMT_ROW_PROCESS))
        return -1;
    if ((threads_wanted || format == EPMT_FORMAT_JSON) &&
        print_rows(dump, "threads", EPMT_ROW_THREAD))
        return -1;
    return print_mpi(dump);
}

static int print_key(struct dump *dump) {
    struct epmt_row row;
    char text[400];
    struct epmt_text_buffer keys;

    epmt_text_init(&keys, text, sizeof text);
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts); i++) {
            fact(dump, i, &row);
            if (!same(row.scope, pass ? "env" : "job"))
                continue;
            if (same(row.key, key_wanted)) {
                struct epmt_db_value value = clean(dump, row.value);
                fwrite(value.text.data, 1, value.text.len, stdout);
                putchar('\n');
                return 0;
            }
            if (!pass)
                epmt_text_fmt(&keys, "%s%.*s", keys.len ? ", " : "", (int)row.key.len,
                              row.key.data);
        }
    }
    return epmt_errf(dump->err, EPMT_ERR_NOT_FOUND, "there is no key %s; there are %s", key_wanted,
                     text);
}

static int dump_file(const char *path, struct epmt_error *err) {
    struct dump dump = {.err = err};
    int result = -1;

    dump.file = epmt_jobfile_open(path, err);
    if (!dump.file || read_facts(&dump))
        goto out;
    if (key_wanted) {
        result = print_key(&dump);
        goto out;
    }
    epmt_output_begin(&dump.output, stdout, format);
    result = print_all(&dump);
    if (epmt_output_end(&dump.output, result ? NULL : err))
        result = -1;
out:
    epmt_flatten_free(&dump.flatten);
    epmt_strbuf_free(&dump.memory);
    epmt_fold_destroy(dump.facts);
    epmt_jobfile_close(dump.file);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    char path[PATH_MAX];
    int result;

    (void)cli;
    if (argc != 1) {
        epmt_errf(err, EPMT_ERR_USAGE, "give one job file or job directory");
        return err->code;
    }
    enum epmt_path_kind kind = epmt_path_kind(argv[0]);
    if (kind != EPMT_PATH_DIR && kind != EPMT_PATH_JOBDIR)
        result = dump_file(argv[0], err);
    else if (!epmt_path_jobfile(argv[0], path) || epmt_path_kind(path) == EPMT_PATH_NONE)
        result =
            epmt_errf(err, EPMT_ERR_NOT_FOUND,
                      "there is no job file in %s: `epmt stop` or `epmt submit` makes it", argv[0]);
    else
        result = dump_file(path, err);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_dump = {
    .name = "dump",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "FILE|DIR",
    .summary = "Print what a job file holds, without the database.",
    .examples = "epmt dump 4711.h5\n"
                "epmt dump -k jobid 4711.h5     # one value\n",
    .options = options,
    .option = option,
    .run = run,
};

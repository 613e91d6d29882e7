// SPDX-License-Identifier: Apache-2.0
// Reading a job file that may come from anywhere: another version, half a copy, a bad disk.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/prim.h"
#include "metadata/tables.h"
#include "storage/jobfile.h"
#include "storage/jobfile_output.h"
#include "storage/jobfile_parts.h"
#include "storage/jobfile_scan.h"

#define TEXT_MAX 1024
// Of a table that is read twice; some 100,000 processes.
#define HOLD_MAX ((size_t)96 << 20)

enum { PROCESSES, THREADS, ATTRIBUTES, ENVIRONMENT, STEPS, MPI, TABLES = MPI + EPMT_TABLE_COUNT };

struct epmt_jobfile {
    char *path;
    hid_t file;
    uint64_t size; // of what HDF5 sees
    bool has_checksum;
    bool foreign;     // somebody else's
    bool probe;       // a file that is not ours as we wrote it: see whether libhdf5 bears it
    char unknown[96]; // a table that this epmt does not know
    char jobid[TEXT_MAX], uuid[TEXT_MAX], user[TEXT_MAX], creator[TEXT_MAX];
    struct epmt_jobfile_info info;
    struct epmt_long_store store;
    struct epmt_scan tables[TABLES];
};

static int damaged(const struct epmt_jobfile *file, const char *what, struct epmt_error *err) {
    return epmt_h5_errf(err, EPMT_ERR_BAD_INPUT, "%s: %s", file->path, what);
}

// Checks len bytes against the checksum.
static int check_crc(const struct epmt_jobfile *file, int fd, uint64_t len, uint32_t expected,
                     struct epmt_error *err) {
    uint32_t crc = 0;

    errno = epmt_output_crc(fd, 0, len, &crc);
    if (errno)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", file->path);
    if (crc != expected)
        return damaged(file, "damaged job file: its checksum is wrong", err);
    return 0;
}

// End of the file as its HDF5 superblock has it, 0 where that cannot be told.
static uint64_t superblock_end(int fd) {
    static const int places[] = {40, 44, 28, 28}; // of the end's address, by version
    uint8_t block[64];
    uint64_t end = 0;

    if (pread(fd, block, sizeof block, 0) != sizeof block || block[8] > 3 ||
        block[block[8] < 2 ? 13 : 9] != 8) // bytes of an address
        return 0;
    for (int i = 7; i >= 0; i--)
        end = end << 8 | block[places[block[8]] + i];
    return end;
}

// Looks at the bytes before libhdf5 does, which does not bear every damage.
static int check_bytes(struct epmt_jobfile *file, int fd, struct epmt_error *err) {
    static const char signature[8] = "\211HDF\r\n\032\n";
    char start[sizeof signature];
    struct epmt_trailer trailer;
    struct stat st;

    if (fstat(fd, &st))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", file->path);
    if (!S_ISREG(st.st_mode))
        return damaged(file, "no regular file", err);
    file->size = (uint64_t)st.st_size;
    file->foreign = st.st_uid != geteuid();
    if (pread(fd, start, sizeof start, 0) != sizeof start || memcmp(start, signature, sizeof start))
        return damaged(file, "not an HDF5 file", err);
    off_t at = st.st_size - (off_t)sizeof trailer;
    if (at > 0 && pread(fd, &trailer, sizeof trailer, at) == sizeof trailer &&
        !memcmp(trailer.magic, EPMT_TRAILER_MAGIC, sizeof trailer.magic)) {
        file->size = (uint64_t)at;
        file->has_checksum = true;
        if (trailer.len != file->size)
            return damaged(file, "damaged job file: it has another length than was written", err);
        return check_crc(file, fd, file->size, trailer.crc, err);
    }
    // Without the trailer somebody has changed the file with HDF5: then it ends where that says.
    uint64_t end = superblock_end(fd);
    if (end && end != file->size)
        return damaged(file, "damaged job file: cut off or overwritten", err);
    return 0;
}

static int open_hdf5(struct epmt_jobfile *file, struct epmt_error *err) {
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot open %s", file->path);
    int status = check_bytes(file, fd, err);
    close(fd);
    if (status)
        return -1;
    if (file->probe && (!file->has_checksum || file->foreign) &&
        epmt_jobfile_try(file->path, file->size, err))
        return -1;
    hid_t access = epmt_h5_access();
    file->file = H5Fopen(file->path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file->file < 0 ? damaged(file, "damaged job file", err) : 0;
}

static int check_version(struct epmt_jobfile *file, struct epmt_error *err) {
    char format[64];
    int64_t version;

    if (epmt_h5_get_text(file->file, "format", format, sizeof format) ||
        strcmp(format, EPMT_JOBFILE_FORMAT))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                         "%s: an HDF5 file, but no epmt job file (attribute format)", file->path);
    if (epmt_h5_get_i64(file->file, "format_version", &version) || version < 1)
        return damaged(file, "damaged job file: it has no format version", err);
    file->info.format_version = version;
    if (version > EPMT_JOBFILE_VERSION)
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "%s: made by a newer epmt (format version %ld, this one reads %d)",
                         file->path, (long)version, EPMT_JOBFILE_VERSION);
    return 0;
}

static int read_info(struct epmt_jobfile *file, struct epmt_error *err) {
    struct epmt_jobfile_info *info = &file->info;
    int64_t complete = 0, ended = 0;
    hid_t root = file->file;

    // Texts may be missing where the job had none.
    epmt_h5_get_text(root, "jobid", file->jobid, sizeof file->jobid);
    epmt_h5_get_text(root, "uuid", file->uuid, sizeof file->uuid);
    epmt_h5_get_text(root, "user", file->user, sizeof file->user);
    epmt_h5_get_text(root, "creator", file->creator, sizeof file->creator);
    if (epmt_h5_get_i64(root, "complete", &complete) || epmt_h5_get_i64(root, "ended", &ended) ||
        epmt_h5_get_i64(root, "ranks_reported", &info->ranks_reported) ||
        epmt_h5_get_i64(root, "ranks_expected", &info->ranks_expected) ||
        epmt_h5_get_u64(root, "digest", &info->digest))
        return damaged(file, "damaged job file: it lacks attributes", err);
    info->complete = complete == 1;
    info->ended = ended == 1;
    info->jobid = file->jobid;
    info->uuid = file->uuid;
    info->user = file->user;
    info->creator = file->creator;
    info->process_count = file->tables[PROCESSES].rows;
    info->thread_count = file->tables[THREADS].rows;
    info->attribute_count = file->tables[ATTRIBUTES].rows + file->tables[ENVIRONMENT].rows;
    info->step_count = file->tables[STEPS].rows;
    for (int i = MPI; i < TABLES; i++) {
        if (epmt_table_is_of_mpi(EPMT_FIRST_TABLE + i - MPI))
            info->mpi_rows += file->tables[i].rows;
    }
    return 0;
}

// What the root says of the rows, and what there are.
static int check_counts(struct epmt_jobfile *file, struct epmt_error *err) {
    const struct {
        const char *name;
        uint64_t rows;
    } counts[] = {{"processes", file->info.process_count},
                  {"threads", file->info.thread_count},
                  {"mpi_rows", file->info.mpi_rows}};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint64_t said;
        if (epmt_h5_get_u64(file->file, counts[i].name, &said))
            return damaged(file, "damaged job file: it lacks attributes", err);
        if (said != counts[i].rows)
            return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                             "%s: damaged job file: its attribute %s is %lu, but it has %lu rows",
                             file->path, counts[i].name, (unsigned long)said,
                             (unsigned long)counts[i].rows);
    }
    return 0;
}

static int open_tables(struct epmt_jobfile *file, struct epmt_error *err) {
    struct epmt_layout layouts[TABLES];

    epmt_layout_of_rows(&layouts[PROCESSES], EPMT_ROW_PROCESS);
    epmt_layout_of_rows(&layouts[THREADS], EPMT_ROW_THREAD);
    epmt_layout_of_small(&layouts[ATTRIBUTES], EPMT_TABLE_ATTRIBUTES);
    epmt_layout_of_small(&layouts[ENVIRONMENT], EPMT_TABLE_ENVIRONMENT);
    epmt_layout_of_small(&layouts[STEPS], EPMT_TABLE_STEPS);
    for (int i = MPI; i < TABLES; i++)
        epmt_layout_of_rows(&layouts[i], EPMT_ROW_MPI_FUNCTION + i - MPI);
    if (epmt_long_store_open(&file->store, file->file, file->size, file->path, err))
        return -1;
    for (int i = 0; i < TABLES; i++) {
        if (epmt_scan_open(&file->tables[i], file->file, file->size, file->path, &layouts[i],
                           i >= MPI, err))
            return -1;
        if (i != STEPS && file->tables[i].rows &&
            epmt_scan_open_longs(&file->tables[i], file->file, file->size, &file->store, err))
            return -1;
    }
    return 0;
}

static struct epmt_jobfile *open_file(const char *path, bool probe, struct epmt_error *err) {
    struct epmt_jobfile *file = calloc(1, sizeof *file);

    epmt_h5_quiet();
    if (file) {
        file->file = file->store.texts = -1;
        file->path = strdup(path);
        file->probe = probe;
    }
    if (!file || !file->path) {
        epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", path);
        epmt_jobfile_close(file);
        return NULL;
    }
    if (open_hdf5(file, err) || check_version(file, err) || open_tables(file, err) ||
        read_info(file, err) || check_counts(file, err)) {
        epmt_jobfile_close(file);
        return NULL;
    }
    epmt_jobfile_find_unknown(file->file, file->unknown, sizeof file->unknown);
    return file;
}

struct epmt_jobfile *epmt_jobfile_open(const char *path, struct epmt_error *err) {
    return open_file(path, true, err);
}

struct epmt_jobfile *epmt_jobfile_open_unchecked(const char *path, struct epmt_error *err) {
    return open_file(path, false, err);
}

void epmt_jobfile_close(struct epmt_jobfile *file) {
    int saved = errno;

    if (!file)
        return;
    for (int i = 0; i < TABLES; i++)
        epmt_scan_close(&file->tables[i]);
    epmt_long_store_close(&file->store);
    if (file->file >= 0)
        H5Fclose(file->file);
    H5Eclear2(H5E_DEFAULT);
    free(file->path);
    free(file);
    errno = saved;
}

const struct epmt_jobfile_info *epmt_jobfile_info(const struct epmt_jobfile *file) {
    return &file->info;
}

hid_t epmt_jobfile_hdf5(const struct epmt_jobfile *file) {
    return file->file;
}

uint64_t epmt_jobfile_size(const struct epmt_jobfile *file) {
    return file->size;
}

const char *epmt_jobfile_path(const struct epmt_jobfile *file) {
    return file->path;
}

bool epmt_jobfile_has_checksum(const struct epmt_jobfile *file) {
    return file->has_checksum;
}

const char *epmt_jobfile_unknown(const struct epmt_jobfile *file) {
    return file->unknown;
}

const struct epmt_long_store *epmt_jobfile_store(const struct epmt_jobfile *file) {
    return &file->store;
}

static int next_record(struct epmt_scan *scan, struct epmt_record *record, struct epmt_error *err) {
    struct epmt_cell cells[EPMT_MEMBERS_MAX];
    int status = epmt_scan_next(scan, cells, err);

    if (status != 1)
        return status;
    epmt_record_clear(record);
    for (int i = 0; i < scan->layout.value_count; i++) {
        int column = scan->layout.members[i].column;
        if (!cells[i].has)
            continue;
        record->value[column] = cells[i].value;
        record->valid[column / 64] |= UINT64_C(1) << (column % 64);
    }
    return 1;
}

static int table_of(enum epmt_row_kind kind) {
    return kind == EPMT_ROW_PROCESS  ? PROCESSES
           : kind == EPMT_ROW_THREAD ? THREADS
                                     : MPI + (int)kind - EPMT_ROW_MPI_FUNCTION;
}

void epmt_jobfile_look_closely(struct epmt_jobfile *file) {
    for (int i = 0; i < TABLES; i++)
        file->tables[i].closely = true;
}

const char *epmt_jobfile_odd(const struct epmt_jobfile *file, enum epmt_row_kind kind) {
    return file->tables[table_of(kind)].odd;
}

int epmt_jobfile_next_process(struct epmt_jobfile *file, struct epmt_record *record,
                              struct epmt_error *err) {
    return next_record(&file->tables[PROCESSES], record, err);
}

void epmt_jobfile_hold_processes(struct epmt_jobfile *file) {
    epmt_scan_hold(&file->tables[PROCESSES], HOLD_MAX);
}

int epmt_jobfile_rewind_processes(struct epmt_jobfile *file, struct epmt_error *err) {
    return epmt_scan_rewind(&file->tables[PROCESSES], err);
}

int epmt_jobfile_next_thread(struct epmt_jobfile *file, struct epmt_record *record,
                             struct epmt_error *err) {
    return next_record(&file->tables[THREADS], record, err);
}

uint64_t epmt_jobfile_mpi_count(const struct epmt_jobfile *file, enum epmt_row_kind kind) {
    return file->tables[MPI + kind - EPMT_ROW_MPI_FUNCTION].rows;
}

int epmt_jobfile_next_mpi(struct epmt_jobfile *file, enum epmt_row_kind kind,
                          struct epmt_record *record, struct epmt_error *err) {
    return next_record(&file->tables[MPI + kind - EPMT_ROW_MPI_FUNCTION], record, err);
}

int epmt_jobfile_next_attribute(struct epmt_jobfile *file, struct epmt_row *row,
                                struct epmt_error *err) {
    static const struct epmt_bytes environment = {"env", 3}, nothing = {"", 0};
    struct epmt_cell cells[EPMT_MEMBERS_MAX];
    int first = 0;
    int status = epmt_scan_next(&file->tables[ATTRIBUTES], cells, err);

    if (status == 0) {
        status = epmt_scan_next(&file->tables[ENVIRONMENT], cells, err);
        first = -1;
    }
    if (status != 1)
        return status;
    row->kind = EPMT_ROW_ATTRIBUTE;
    row->scope = first ? environment : cells[0].has ? cells[0].value.text : nothing;
    row->key = cells[first + 1].has ? cells[first + 1].value.text : nothing;
    row->value = cells[first + 2].has ? cells[first + 2].value.text : nothing;
    return 1;
}

// A file whose columns would be lost on writing it again must not be written again.
static int check_columns(const struct epmt_jobfile *file, struct epmt_error *err) {
    for (int i = 0; i < TABLES; i++) {
        const struct epmt_scan *scan = &file->tables[i];
        if (scan->has_unknown)
            return epmt_errf(err, EPMT_ERR_VERSION,
                             "%s: made by another epmt: table %s has the column %s, which this one "
                             "does not know",
                             file->path, scan->layout.path, scan->unknown);
    }
    if (file->unknown[0])
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "%s: made by another epmt: it has %s, which this one does not know",
                         file->path, file->unknown);
    return 0;
}

static int add_mpi(struct epmt_jobfold *fold, struct epmt_jobfile *file, struct epmt_row *row,
                   struct epmt_error *err) {
    int status = 0;

    for (int i = 0; i < EPMT_TABLE_COUNT && !status; i++) {
        row->kind = EPMT_ROW_MPI_FUNCTION + i;
        while ((status = epmt_jobfile_next_mpi(file, row->kind, &row->record, err)) == 1) {
            if (epmt_fold_add(fold, row, err))
                return -1;
        }
    }
    return status;
}

int epmt_fold_add_jobfile(struct epmt_jobfold *fold, struct epmt_jobfile *file,
                          struct epmt_error *err) {
    struct epmt_row row;
    int status = check_columns(file, err) ? -1 : 1;

    while (status == 1) {
        status = epmt_jobfile_next_attribute(file, &row, err);
        if (status == 1 && epmt_fold_add(fold, &row, err))
            status = -1;
    }
    if (status == 0)
        status = 1;
    while (status == 1) {
        status = epmt_jobfile_next_process(file, &row.record, err);
        if (status == 1 && epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &row.record, err))
            status = -1;
    }
    if (status == 0)
        status = 1;
    while (status == 1) {
        status = epmt_jobfile_next_thread(file, &row.record, err);
        if (status == 1 && epmt_fold_add_record(fold, EPMT_ROW_THREAD, &row.record, err))
            status = -1;
    }
    return status ? status : add_mpi(fold, file, &row, err);
}

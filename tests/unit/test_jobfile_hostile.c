// SPDX-License-Identifier: Apache-2.0
// Job files made to harm who reads them: links and datasets that lead elsewhere, sizes that cannot
// be, types that take memory. Each is refused, or read without what it has too much; nothing
// outside is opened.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>

#include "common/hash.h"
#include "storage/jobfile_check.h"
#include "storage/jobfile_layout.h"
#include "tests/unit/jobfiles.h"

static char path[PATH_MAX], outside[PATH_MAX];

// What would be opened for reading by mistake: a pipe that nobody writes to, so that it would hang.
static int make_all(void **state) {
    if (make_dir(state))
        return -1;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "job.h5"));
    snprintf(outside, sizeof outside, "%s", tempdir_name(&dir, "outside"));
    alarm(250);
    return mkfifo(outside, 0600);
}

static hid_t fresh(void) {
    struct epmt_jobfold *fold = filled(3, 2);

    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    epmt_fold_destroy(fold);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

// Puts the checksum back, as who wants to look honest would.
static void seal(void) {
    struct epmt_trailer trailer = {.magic = {0}};
    size_t len;
    char *data = slurp(path, &len);

    memcpy(trailer.magic, EPMT_TRAILER_MAGIC, sizeof trailer.magic);
    trailer.len = len;
    trailer.crc = epmt_crc32c(0, data, len);
    data = realloc(data, len + sizeof trailer);
    assert_non_null(data);
    memcpy(data + len, &trailer, sizeof trailer);
    spill(path, data, len + sizeof trailer);
    free(data);
}

static void ignore(void *context, const struct epmt_finding *finding) {
    (void)context;
    assert_null(strchr(finding->text, '\n'));
}

// Reads all there is, as far as it goes; a child of its own would crash. Returns 0 or -1.
static int read_all(void) {
    struct epmt_jobfile *file = epmt_jobfile_open(path, &err);
    struct epmt_jobfold *fold = epmt_fold_create();

    if (!file) {
        epmt_fold_destroy(fold);
        return -1;
    }
    int status = epmt_fold_add_jobfile(fold, file, &err);
    epmt_jobfile_close(file);
    epmt_fold_destroy(fold);
    return status;
}

// Refused with and without a checksum, by reading and by check.
static void expect_file_hostile(void) {
    struct epmt_check_result result;

    for (int sealed = 0; sealed < 2; sealed++) {
        err.code = EPMT_ERR_OK;
        assert_int_equal(read_all(), -1);
        assert_true(err.code == EPMT_ERR_BAD_INPUT || err.code == EPMT_ERR_VERSION);
        assert_non_null(strstr(err.text, path));
        assert_null(strchr(err.text, '\n'));
        if (!epmt_jobfile_check(path, ignore, NULL, &result, &err) && err.code != EPMT_ERR_VERSION)
            assert_true(result.wrong > 0);
        if (!sealed)
            seal();
    }
}

static void expect_hostile(hid_t file) {
    H5Fclose(file);
    expect_file_hostile();
}

static void refuses_links_to_elsewhere(void **state) {
    static const char *const tables[] = {"/threads", "/processes", "/columns", "/texts",
                                         "/steps",   "/job",       "/mpi",     "/hosts"};

    (void)state;
    for (size_t i = 0; i < 6; i++) { // what every reader reads
        hid_t file = fresh();
        assert_true(H5Ldelete(file, tables[i], H5P_DEFAULT) >= 0);
        assert_true(H5Lcreate_external(outside, "/x", file, tables[i], H5P_DEFAULT, H5P_DEFAULT) >=
                    0);
        if (!strcmp(tables[i], "/columns") || !strcmp(tables[i], "/texts")) {
            H5Fclose(file);
            read_all(); // not read by it, or empty
            continue;
        }
        expect_hostile(file);
    }
    hid_t file = fresh();
    assert_true(H5Ldelete(file, "/threads", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/processes", file, "/threads", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    expect_hostile(file);
    file = fresh();
    assert_true(H5Ldelete(file, "/threads", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/threads", file, "/threads", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    expect_hostile(file);
}

static hid_t type_of(hid_t file, const char *table) {
    hid_t set = H5Dopen2(file, table, H5P_DEFAULT), type = H5Dget_type(set);

    H5Dclose(set);
    return type;
}

// Puts another dataset in the place of /threads.
static void put_threads(hid_t file, hid_t type, hid_t space, hid_t creation) {
    assert_true(H5Ldelete(file, "/threads", H5P_DEFAULT) >= 0);
    hid_t set = H5Dcreate2(file, "/threads", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Tclose(type);
    H5Pclose(creation);
}

static void refuses_data_of_elsewhere(void **state) {
    hsize_t rows = 6;

    (void)state;
    hid_t file = fresh(), type = type_of(file, "/threads");
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_external(creation, outside, 0, rows * H5Tget_size(type)) >= 0);
    put_threads(file, type, H5Screate_simple(1, &rows, NULL), creation);
    expect_hostile(file);

    file = fresh();
    type = type_of(file, "/threads");
    creation = H5Pcreate(H5P_DATASET_CREATE);
    hid_t space = H5Screate_simple(1, &rows, NULL);
    assert_true(H5Pset_virtual(creation, space, outside, "/threads", space) >= 0);
    put_threads(file, type, space, creation);
    expect_hostile(file);
}

static void refuses_filters_of_elsewhere(void **state) {
    static const unsigned values[3] = {1, 2, 3};
    hsize_t rows = 6;

    (void)state;
    hid_t file = fresh(), type = type_of(file, "/threads");
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &rows);
    assert_true(H5Pset_filter(creation, 307, H5Z_FLAG_OPTIONAL, 3, values) >= 0);
    put_threads(file, type, H5Screate_simple(1, &rows, NULL), creation);
    expect_hostile(file);
}

static void refuses_sizes_that_cannot_be(void **state) {
    const hsize_t sizes[][2] = {{UINT64_C(1) << 60, 64},       // rows
                                {UINT64_C(1) << 33, 1u << 24}, // and chunks
                                {6, 6},                        // see below
                                {UINT64_C(1) << 40, 1u << 20}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        hid_t file = fresh(), type = type_of(file, "/threads");
        hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_chunk(creation, 1, &sizes[i][1]);
        if (i == 2) { // two dimensions
            const hsize_t both[] = {3, 2};
            H5Pset_chunk(creation, 2, both);
            put_threads(file, type, H5Screate_simple(2, both, NULL), creation);
        } else {
            put_threads(file, type, H5Screate_simple(1, &sizes[i][0], NULL), creation);
        }
        expect_hostile(file);
    }
    hid_t file = fresh();
    put_threads(file, type_of(file, "/threads"), H5Screate(H5S_NULL),
                H5Pcreate(H5P_DATASET_CREATE));
    expect_hostile(file);
}

// A member that should be a number, or a text of fixed length, is of another type.
static void refuses_types_that_take_memory(void **state) {
    hid_t vlen = H5Tcopy(H5T_C_S1), list = H5Tvlen_create(H5T_NATIVE_INT);
    const hsize_t many = 1 << 20;
    hid_t array = H5Tarray_create2(H5T_NATIVE_UINT64, 1, &many);
    hsize_t rows = 6;

    (void)state;
    H5Tset_size(vlen, H5T_VARIABLE);
    const hid_t types[] = {
        vlen, list, array, H5T_STD_REF_OBJ, H5T_STD_REF_DSETREG, H5T_NATIVE_LDOUBLE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        hid_t file = fresh();
        hid_t type = H5Tcreate(H5T_COMPOUND, H5Tget_size(types[i]) + 8);
        H5Tinsert(type, "tid", 0, H5T_NATIVE_INT64);
        H5Tinsert(type, "image", 8, types[i]);
        hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_chunk(creation, 1, (hsize_t[]){1});
        put_threads(file, type, H5Screate_simple(1, &rows, NULL), creation);
        expect_hostile(file);
    }
    H5Tclose(vlen);
    H5Tclose(list);
    H5Tclose(array);
}

// As it stands in the file: the name, padded with zeroes, then where the member is in a row.
static void move_member(const char name[8], uint32_t from, uint32_t to) {
    unsigned char wanted[12], put[4];
    size_t len;
    int found = 0;
    char *data = slurp(path, &len);

    memcpy(wanted, name, 8);
    for (int i = 0; i < 4; i++) {
        wanted[8 + i] = (unsigned char)(from >> (8 * i));
        put[i] = (unsigned char)(to >> (8 * i));
    }
    for (size_t at = 0; at + sizeof wanted <= len; at++) {
        if (memcmp(data + at, wanted, sizeof wanted) != 0)
            continue;
        memcpy(data + at + 8, put, sizeof put);
        found++;
    }
    assert_int_equal(found, 1);
    spill(path, data, len);
    free(data);
}

static uint64_t count_threads(uint64_t image) {
    struct epmt_jobfile *job = epmt_jobfile_open(path, &err);
    struct epmt_record record;
    uint64_t count = 0;

    if (!job)
        fail_msg("%s", err.text);
    for (; epmt_jobfile_next_thread(job, &record, &err) == 1; count++)
        assert_true(!epmt_record_has(&record, EPMT_COL_image) ||
                    record.value[EPMT_COL_image].u == image);
    epmt_jobfile_close(job);
    return count;
}

// libhdf5 takes a place behind the end of the row.
static void refuses_members_beyond_the_row(void **state) {
    const uint32_t places[] = {0x1238, 0x1239, 0x100000, UINT32_MAX - 7};
    hsize_t rows = 6;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        hid_t file = fresh();
        hid_t type = H5Tcreate(H5T_COMPOUND, 0x1240);
        H5Tinsert(type, "tid", 0, H5T_STD_I64LE);
        H5Tinsert(type, "image", 0x1238, H5T_STD_U64LE);
        put_threads(file, type, H5Screate_simple(1, &rows, NULL), H5Pcreate(H5P_DATASET_CREATE));
        H5Fclose(file);
        move_member("image\0\0", 0x1238, places[i]);
        if (i)
            expect_file_hostile();
        else
            assert_int_equal(count_threads(0), rows); // so far it is a job file
    }
}

// The same in columns that no reader knows: they are passed over.
static void passes_over_unknown_types(void **state) {
    hid_t vlen = H5Tcopy(H5T_C_S1);
    hsize_t rows = 6;

    (void)state;
    H5Tset_size(vlen, H5T_VARIABLE);
    hid_t file = fresh();
    hid_t type = H5Tcreate(H5T_COMPOUND, 2016);
    H5Tinsert(type, "image", 0, H5T_STD_U64LE);
    H5Tinsert(type, "note", 8, vlen);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        H5Tinsert(type, name, (size_t)(16 + 2 * i), H5T_STD_I16LE);
    }
    put_threads(file, type, H5Screate_simple(1, &rows, NULL), H5Pcreate(H5P_DATASET_CREATE));
    H5Fclose(file);
    H5Tclose(vlen);
    assert_int_equal(read_all(), -1);
    assert_int_equal(err.code, EPMT_ERR_VERSION); // it opened, but is not to be written anew
    struct epmt_record record;
    struct epmt_jobfile *job = epmt_jobfile_open(path, &err);
    assert_non_null(job);
    while (epmt_jobfile_next_thread(job, &record, &err) == 1)
        continue;
    epmt_jobfile_close(job);
}

static void put_attribute(hid_t file, const char *name, hid_t type, hid_t space, const void *data) {
    H5Adelete(file, name);
    hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attribute >= 0);
    assert_true(H5Awrite(attribute, type, data) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
}

#define SHARED_LEN (1u << 16)
#define SHARED_ROWS 2048

static long kib_used(void) {
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

// All rows of an unknown column share one long text: it would be copied for each of them.
static void put_shared_text(hid_t file) {
    struct {
        uint64_t image;
        char *note;
    } row = {1, calloc(1, SHARED_LEN)};
    const hsize_t one = 1, many = SHARED_ROWS;
    hsize_t at = 0, len = 0;
    char raw[64];
    uint32_t mask;
    hid_t vlen = H5Tcopy(H5T_C_S1), type = H5Tcreate(H5T_COMPOUND, sizeof row);

    H5Tset_size(vlen, H5T_VARIABLE);
    H5Tinsert(type, "image", 0, H5T_STD_U64LE);
    H5Tinsert(type, "note", sizeof row.image, vlen);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &one);
    put_threads(file, type, H5Screate_simple(1, &many, NULL), creation);
    hid_t set = H5Dopen2(file, "/threads", H5P_DEFAULT), space = H5Dget_space(set);
    hid_t written = H5Dget_type(set), in_memory = H5Screate_simple(1, &one, NULL);
    memset(row.note, 'x', SHARED_LEN - 1);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &at, NULL, &one, NULL);
    hid_t native = H5Tget_native_type(written, H5T_DIR_ASCEND);
    assert_true(H5Dwrite(set, native, in_memory, space, H5P_DEFAULT, &row) >= 0);
    assert_true(H5Dflush(set) >= 0);
    assert_true(H5Dget_chunk_storage_size(set, &at, &len) >= 0 && len <= sizeof raw);
    assert_true(H5Dread_chunk(set, H5P_DEFAULT, &at, &mask, raw) >= 0);
    for (at = 1; at < many; at++)
        assert_true(H5Dwrite_chunk(set, H5P_DEFAULT, 0, &at, len, raw) >= 0);
    free(row.note);
    H5Tclose(native);
    H5Tclose(written);
    H5Tclose(vlen);
    H5Sclose(in_memory);
    H5Sclose(space);
    H5Dclose(set);
}

static void takes_no_memory_for_unknown_types(void **state) {
    const int64_t rows = SHARED_ROWS;

    (void)state;
    hid_t file = fresh();
    put_shared_text(file);
    put_attribute(file, "threads", H5T_NATIVE_INT64, H5Screate(H5S_SCALAR), &rows);
    H5Fclose(file);
    long before = kib_used();
    assert_int_equal(count_threads(1), SHARED_ROWS);
    assert_true(kib_used() - before < (long)SHARED_ROWS * (SHARED_LEN / 1024) / 2);
}

// Of rows that were never written, and are not to be filled in, libhdf5 reads nothing.
static void reads_no_memory_of_others(void **state) {
    hsize_t rows = 6;

    (void)state;
    mallopt(M_PERTURB, 0x5a);
    hid_t file = fresh(), type = H5Tcreate(H5T_COMPOUND, 8);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Tinsert(type, "image", 0, H5T_STD_U64LE);
    H5Pset_chunk(creation, 1, &rows);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    put_threads(file, type, H5Screate_simple(1, &rows, NULL), creation);
    H5Fclose(file);
    assert_int_equal(count_threads(0), rows);
    mallopt(M_PERTURB, 0);
}

// A later version's tables, or somebody's own: read over them, but never written over.
static void passes_over_unknown_tables(void **state) {
    static const char *const names[] = {"/series", "/job/more", "/mpi/more"};
    struct epmt_check_result result;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        hid_t file = fresh();
        H5Gclose(H5Gcreate2(file, names[i], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5Fclose(file);
        struct epmt_jobfile *job = epmt_jobfile_open(path, &err);
        assert_non_null(job);
        struct epmt_record record;
        int count = 0;
        while (epmt_jobfile_next_process(job, &record, &err) == 1)
            count++;
        assert_int_equal(count, 3);
        epmt_jobfile_close(job);
        assert_int_equal(read_all(), -1);
        assert_int_equal(err.code, EPMT_ERR_VERSION);
        assert_non_null(strstr(err.text, names[i]));
        assert_int_equal(epmt_jobfile_check(path, ignore, NULL, &result, &err), 0);
        assert_int_equal(result.wrong, 0);
    }
}

// Groups that hold each other, and a chain of them.
static void bears_cycles(void **state) {
    (void)state;
    hid_t file = fresh();
    assert_true(H5Ldelete(file, "/mpi", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(file, "/", file, "/mpi", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(file, "/", file, "/job/job", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    expect_hostile(file);
    file = fresh();
    char deep[4096] = "";
    for (int i = 0; i < 1000; i++) {
        strcat(deep, "/g");
        H5Gclose(H5Gcreate2(file, deep, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    H5Fclose(file);
    assert_int_equal(read_all(), -1);
    assert_int_equal(err.code, EPMT_ERR_VERSION);
}

static void refuses_odd_attributes(void **state) {
    static const char *const needed[] = {"format", "format_version", "digest", "processes"};
    static const int64_t numbers[7] = {2, 2, 2, 2, 2, 2, 2};
    const char *text = "epmt-job";
    hid_t vlen = H5Tcopy(H5T_C_S1);
    hsize_t seven = 7;

    (void)state;
    H5Tset_size(vlen, H5T_VARIABLE);
    for (size_t i = 0; i < 4; i++) {
        hid_t file = fresh();
        put_attribute(file, needed[i], vlen, H5Screate(H5S_SCALAR), &text);
        expect_hostile(file);
        file = fresh();
        put_attribute(file, needed[i], H5T_NATIVE_INT64, H5Screate_simple(1, &seven, NULL),
                      numbers);
        expect_hostile(file);
    }
    H5Tclose(vlen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_links_to_elsewhere),
        cmocka_unit_test(refuses_data_of_elsewhere),
        cmocka_unit_test(refuses_filters_of_elsewhere),
        cmocka_unit_test(refuses_sizes_that_cannot_be),
        cmocka_unit_test(refuses_types_that_take_memory),
        cmocka_unit_test(refuses_members_beyond_the_row),
        cmocka_unit_test(passes_over_unknown_types),
        cmocka_unit_test(takes_no_memory_for_unknown_types),
        cmocka_unit_test(reads_no_memory_of_others),
        cmocka_unit_test(passes_over_unknown_tables),
        cmocka_unit_test(bears_cycles),
        cmocka_unit_test(refuses_odd_attributes),
    };

    return cmocka_run_group_tests(tests, make_all, remove_dir);
}

// SPDX-License-Identifier: Apache-2.0
// Job files that are damaged, of other versions, or none at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/wait.h>

#include "storage/jobfile_scan.h"
#include "tests/unit/jobfiles.h"
#include "tests/unit/rows.h"

static void refuses_every_truncation(void **state) {
    struct epmt_jobfold *fold = filled(12, 2);
    char path[PATH_MAX];
    size_t len;

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "job.h5"));
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    char *data = slurp(path, &len);
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "cut.h5"));
    for (size_t cut = 0; cut<len; cut += cut + 100> len || cut < 100 ? 1 : 197) {
        // Exactly the trailer gone is what HDF5 leaves when somebody changes the file with it.
        if (cut == len - sizeof(struct epmt_trailer))
            continue;
        spill(path, data, cut);
        expect_refused(path, EPMT_ERR_BAD_INPUT);
    }
    spill(path, data, len - sizeof(struct epmt_trailer));
    expect_same(fold, path);
    free(data);
    epmt_fold_destroy(fold);
}

static void refuses_every_flipped_bit(void **state) {
    struct epmt_jobfold *fold = filled(12, 2);
    char path[PATH_MAX];
    size_t len;

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "job.h5"));
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    char *data = slurp(path, &len);
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "flip.h5"));
    for (size_t at = 0; at<len - 4; at += at + 40> len ? 1 : 31) {
        data[at] ^= (char)(1 << at % 8);
        spill(path, data, len);
        expect_refused(path, EPMT_ERR_BAD_INPUT);
        data[at] ^= (char)(1 << at % 8);
    }
    free(data);
    epmt_fold_destroy(fold);
}

static void read_with_flipped_bits(const char *path, char *data, size_t len) {
    uint64_t seed = 4711;
    struct epmt_record record;

    for (int i = 0; i < 150; i++) {
        size_t at = rows_random(&seed) % len;
        data[at] ^= (char)(1 << i % 8);
        spill(path, data, len);
        struct epmt_jobfile *file = epmt_jobfile_open(path, &err);
        while (file && epmt_jobfile_next_process(file, &record, &err) == 1)
            continue;
        for (int kind = EPMT_ROW_MPI_FUNCTION; file && kind <= EPMT_ROW_COUNTER; kind++) {
            while (epmt_jobfile_next_mpi(file, kind, &record, &err) == 1)
                continue;
        }
        epmt_jobfile_close(file);
        data[at] ^= (char)(1 << i % 8);
    }
}

// Without the checksum a file may be refused or not, but nothing crashes. In a child: libhdf5 loses
// memory over damaged files, and what a sanitizer says of that is not for us.
static void bears_damage_without_checksum(void **state) {
    struct epmt_jobfold *fold = filled(12, 2);
    char path[PATH_MAX];
    size_t len;
    int status;

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "job.h5"));
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    char *data = slurp(path, &len);
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "flip.h5"));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        read_with_flipped_bits(path, data, len - sizeof(struct epmt_trailer));
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    free(data);
    epmt_fold_destroy(fold);
}

static hid_t change(const char *path) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);

    assert_true(file >= 0);
    return file;
}

static void refuses_what_is_no_job_file(void **state) {
    struct epmt_jobfold *fold = filled(3, 1);
    char path[PATH_MAX];
    int64_t version = 7;

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "no.h5"));
    unlink(path);
    expect_refused(path, EPMT_ERR_NOT_FOUND);
    expect_refused(dir.path, EPMT_ERR_BAD_INPUT);
    spill(path, "hello", 5);
    expect_refused(path, EPMT_ERR_BAD_INPUT);
    spill(path, "", 0);
    expect_refused(path, EPMT_ERR_BAD_INPUT);

    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    hid_t file = change(path);
    hid_t attribute = H5Aopen(file, "format_version", H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, &version);
    H5Aclose(attribute);
    H5Fclose(file);
    expect_refused(path, EPMT_ERR_VERSION);
    assert_non_null(strstr(err.text, "made by a newer epmt (format version 7, this one reads 2)"));

    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    file = change(path);
    H5Ldelete(file, "threads", H5P_DEFAULT);
    H5Fclose(file);
    expect_refused(path, EPMT_ERR_BAD_INPUT);

    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    file = change(path);
    H5Adelete(file, "format");
    H5Fclose(file);
    expect_refused(path, EPMT_ERR_BAD_INPUT);
    epmt_fold_destroy(fold);
}

// Replaces /threads by a table with other columns.
static void replace_threads(const char *path, const char *const *names, const hid_t *types,
                            int count, hsize_t rows) {
    hid_t file = change(path);
    hid_t type = H5Tcreate(H5T_COMPOUND, (size_t)count * 8);
    hid_t space = H5Screate_simple(1, &rows, NULL);

    for (int i = 0; i < count; i++)
        H5Tinsert(type, names[i], (size_t)i * 8, types[i]);
    H5Ldelete(file, "threads", H5P_DEFAULT);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk = rows < 1024 ? rows : 1024;
    H5Pset_chunk(creation, 1, &chunk);
    hid_t set = H5Dcreate2(file, "threads", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Pclose(creation);
    H5Dclose(set);
    H5Sclose(space);
    H5Tclose(type);
    H5Fclose(file);
}

static void reads_other_columns_by_name(void **state) {
    static const char *const names[] = {"colour", "image"};
    const hid_t good[] = {H5T_STD_I64LE, H5T_STD_U64LE}, bad[] = {H5T_STD_I64LE, H5T_IEEE_F64LE};
    struct epmt_jobfold *fold = filled(3, 1);
    struct epmt_record record;
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "other.h5"));
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    replace_threads(path, names, good, 2, 3);
    struct epmt_jobfile *file = epmt_jobfile_open(path, &err);
    assert_non_null(file);
    assert_int_equal(epmt_jobfile_next_thread(file, &record, &err), 1);
    assert_true(epmt_record_has(&record, EPMT_COL_image));
    assert_false(epmt_record_has(&record, EPMT_COL_tid));
    // Written again it would lose the column that we do not know.
    assert_int_equal(epmt_fold_add_jobfile(fold, file, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_VERSION);
    assert_non_null(strstr(err.text, "colour"));
    epmt_jobfile_close(file);
    replace_threads(path, names, bad, 2, 3);
    expect_refused(path, EPMT_ERR_BAD_INPUT);
    // A size that the file cannot hold.
    replace_threads(path, names, good, 2, UINT64_C(1) << 50);
    expect_refused(path, EPMT_ERR_BAD_INPUT);
    epmt_fold_destroy(fold);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_every_flipped_bit),
        cmocka_unit_test(bears_damage_without_checksum),
        cmocka_unit_test(refuses_what_is_no_job_file),
        cmocka_unit_test(reads_other_columns_by_name),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

// SPDX-License-Identifier: Apache-2.0
// A finished fold as a job file. docs/jobfile.md is the contract of what is written here.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/iox.h"
#include "storage/jobfile.h"
#include "storage/jobfile_output.h"
#include "storage/jobfile_parts.h"
#include "storage/replace.h"

// Members are listed as they were made. Without times two files of the same job are the same bytes.
static herr_t order_links(hid_t creation) {
    if (H5Pset_obj_track_times(creation, false) < 0)
        return -1;
    return H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
}

// What PyTables looks for in a group.
static int describe_group(hid_t group, const char *title) {
    static const char class[] = "GROUP", version[] = "1.0";

    return epmt_h5_put_text(group, "CLASS", (struct epmt_bytes){class, 5}) |
           epmt_h5_put_text(group, "VERSION", (struct epmt_bytes){version, 3}) |
           epmt_h5_put_text(group, "TITLE", (struct epmt_bytes){title, strlen(title)});
}

static int make_group(hid_t file, const char *path, const char *title) {
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = -1;

    if (order_links(creation) >= 0)
        group = H5Gcreate2(file, path, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Pclose(creation);
    if (group < 0)
        return -1;
    int status = describe_group(group, title);
    H5Gclose(group);
    return status;
}

static int write_all(const struct epmt_jobfold *fold, hid_t file, struct epmt_error *err) {
    struct epmt_table_writer writer = {.file = file};
    int status = -1;

    if (describe_group(file, "epmt job file") ||
        make_group(file, "/job", "what is known of the job") ||
        (epmt_jobfile_mpi_rows(fold) && make_group(file, "/mpi", "what the ranks did in MPI")))
        epmt_h5_errf(err, EPMT_ERR_IO, "cannot make a group");
    else if (!epmt_jobfile_write_summary(fold, &writer, err) &&
             !epmt_jobfile_write_rows(fold, &writer, err) && !epmt_table_write_texts(&writer, err))
        status = 0;
    epmt_table_writer_free(&writer);
    return status;
}

static hid_t create(const char *path, hid_t access) {
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t file = -1;

    if (order_links(creation) >= 0 && H5Pset_istore_k(creation, 4) >= 0)
        file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    H5Pclose(creation);
#if H5_VERSION_GE(1, 10, 2)
    // From here on as HDF5 1.8 writes it, which takes less room; the root group would get times.
    if (file >= 0)
        H5Fset_libver_bounds(file, H5F_LIBVER_V18, H5F_LIBVER_V18);
#endif
    return file;
}

static int write_trailer(const struct epmt_output *output, uint32_t crc) {
    struct epmt_trailer trailer = {.len = output->len, .crc = crc};

    memcpy(trailer.magic, EPMT_TRAILER_MAGIC, sizeof trailer.magic);
    if (lseek(output->fd, (off_t)output->len, SEEK_SET) < 0)
        return errno;
    return -epmt_write_all(output->fd, &trailer, sizeof trailer);
}

// What libhdf5 was kept from hearing of.
static int finish(struct epmt_output *output, const char *path, struct epmt_error *err) {
    uint32_t crc;
    int error = epmt_output_finish(output, &crc);

    if (!error)
        error = write_trailer(output, crc);
    errno = error;
    return error ? epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", path) : 0;
}

static int build(const struct epmt_jobfold *fold, struct epmt_replace *target,
                 struct epmt_error *err) {
    struct epmt_output *output = epmt_output_new(target->fd);
    hid_t access = epmt_h5_access();
    hid_t file = H5I_INVALID_HID;
    int status = -1;

    if (output && epmt_output_use(access, output) == 0)
        file = create(target->temporary, access); // of the old file nothing is read
    if (file < 0)
        epmt_h5_errf(err, EPMT_ERR_MEMORY, "cannot put %s together", target->path);
    else
        status = write_all(fold, file, err);
    if (file >= 0 && H5Fclose(file) < 0 && !status)
        status = epmt_h5_errf(err, EPMT_ERR_IO, "cannot write %s", target->path);
    H5Pclose(access);
    if (!output)
        return -1;
    // A disk that is full is the reason of all that follows from it.
    if (!status || output->error)
        status = finish(output, target->path, err);
    epmt_output_free(output);
    return status;
}

int epmt_jobfile_write(const struct epmt_jobfold *fold, const char *path, struct epmt_error *err) {
    struct epmt_replace target;

    epmt_h5_quiet();
    if (epmt_replace_begin(&target, path, err))
        return -1;
    if (build(fold, &target, err)) {
        epmt_replace_abort(&target);
        return -1;
    }
    return epmt_replace_commit(&target, err);
}

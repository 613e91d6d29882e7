// SPDX-License-Identifier: Apache-2.0
#include "storage/jobfile_output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hash.h"
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#define CRC_BLOCK (1u << 18)

// What a file of this driver is to libhdf5, which wants its own part first.
struct file {
    H5FD_t public;
    struct epmt_output *output;
    haddr_t end; // as libhdf5 has allotted it
};

static H5FD_t *open_file(const char *name, unsigned flags, hid_t access, haddr_t most) {
    struct epmt_output *const *output = H5Pget_driver_info(access);
    struct file *file = output && *output ? calloc(1, sizeof *file) : NULL;

    (void)name, (void)flags, (void)most;
    if (!file)
        return NULL;
    file->output = *output;
    if (!file->output->head)
        file->output->head = calloc(1, EPMT_OUTPUT_HEAD);
    if (!file->output->head) {
        free(file);
        return NULL;
    }
    file->output->open++;
    return &file->public;
}

static herr_t close_file(H5FD_t *file) {
    struct epmt_output *output = ((struct file *)file)->output;

    output->open--;
    if (output->abandoned)
        epmt_output_free(output);
    free(file);
    return 0;
}

// As libhdf5's own drivers for files, so that it lays them out in the same way.
static herr_t query(const H5FD_t *file, unsigned long *flags) {
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

static haddr_t get_allotted(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const struct file *)file)->end;
}

static herr_t set_allotted(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
    (void)type;
    ((struct file *)file)->end = end;
    return 0;
}

static haddr_t get_length(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const struct file *)file)->output->len;
}

static int write_at(int fd, const uint8_t *data, size_t len, uint64_t at) {
    while (len) {
        ssize_t n = pwrite(fd, data, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? errno : EIO;
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

// Bytes of len at `at` that are in the head.
static size_t in_head(uint64_t at, size_t len) {
    if (at >= EPMT_OUTPUT_HEAD)
        return 0;
    return len < EPMT_OUTPUT_HEAD - at ? len : EPMT_OUTPUT_HEAD - at;
}

static herr_t write_bytes(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t len,
                          const void *data) {
    struct epmt_output *output = ((struct file *)file)->output;
    size_t head = in_head(at, len);

    (void)type, (void)transfer;
    if (output->abandoned)
        return 0;
    if (head)
        memcpy(output->head + at, data, head);
    if (head < len && !output->error)
        output->error = write_at(output->fd, (const uint8_t *)data + head, len - head, at + head);
    if (at + len > output->len)
        output->len = at + len;
    return 0;
}

// What could not be written, or never was, is 0.
static herr_t read_bytes(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t len,
                         void *data) {
    const struct epmt_output *output = ((const struct file *)file)->output;
    size_t done = in_head(at, len);

    (void)type, (void)transfer;
    if (output->abandoned) {
        memset(data, 0, len);
        return 0;
    }
    if (done)
        memcpy(data, output->head + at, done);
    while (done < len) {
        ssize_t n = pread(output->fd, (uint8_t *)data + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    memset((uint8_t *)data + done, 0, len - done);
    return 0;
}

static herr_t cut(H5FD_t *file, hid_t transfer, hbool_t closing) {
    struct file *f = (struct file *)file;

    (void)transfer, (void)closing;
    f->output->len = f->end;
    return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value = 0x65706d74, // ours alone: no such file is ever opened by another program
#endif
    .name = "epmt_output",
    .maxaddr = INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(struct epmt_output *),
    .open = open_file,
    .close = close_file,
    .query = query,
    .get_eoa = get_allotted,
    .set_eoa = set_allotted,
    .get_eof = get_length,
    .read = read_bytes,
    .write = write_bytes,
    .truncate = cut,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

int epmt_output_use(hid_t access, struct epmt_output *output) {
    static hid_t id = H5I_INVALID_HID;

    if (id < 0 || H5Iis_valid(id) <= 0)
        id = H5FDregister(&driver);
    return id < 0 || H5Pset_driver(access, id, &output) < 0 ? -1 : 0;
}

int epmt_output_crc(int fd, uint64_t from, uint64_t end, uint32_t *crc) {
    char *block = malloc(CRC_BLOCK);
    int status = block ? 0 : ENOMEM;

    while (from < end && !status) {
        ssize_t n = pread(fd, block, end - from < CRC_BLOCK ? end - from : CRC_BLOCK, (off_t)from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            status = n ? errno : EIO;
            continue;
        }
        *crc = epmt_crc32c(*crc, block, (size_t)n);
        from += (uint64_t)n;
    }
    free(block);
    return status;
}

int epmt_output_finish(struct epmt_output *output, uint32_t *crc) {
    size_t head = in_head(0, output->len);

    if (output->error)
        return output->error;
    // libhdf5 may have written more, and have cut it off again.
    if (ftruncate(output->fd, (off_t)output->len))
        return errno;
    int status = write_at(output->fd, output->head, head, 0);
    *crc = epmt_crc32c(0, output->head, head);
    return status ? status : epmt_output_crc(output->fd, head, output->len, crc);
}

struct epmt_output *epmt_output_new(int fd) {
    struct epmt_output *output = calloc(1, sizeof *output);

    if (output)
        output->fd = fd;
    return output;
}

void epmt_output_free(struct epmt_output *output) {
    free(output->head);
    output->head = NULL;
    output->abandoned = output->open > 0;
    if (!output->abandoned)
        free(output);
}

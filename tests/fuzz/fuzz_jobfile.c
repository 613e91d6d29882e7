// SPDX-License-Identifier: Apache-2.0
// The reader of job files: any bytes as a file; it is opened, read, checked and folded. libhdf5 may
// crash over it, but only in the child that reads it first: the process itself goes on.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/jobfile_check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/mpijobs.h"

static char path[64];

static void remove_file(void) {
    unlink(path);
}

static bool write_file(const uint8_t *data, size_t len) {
    if (!*path) {
        snprintf(path, sizeof path, "/tmp/epmt-fuzz.%d.h5", (int)getpid());
        atexit(remove_file);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, data, len) == (ssize_t)len;
    if (fd >= 0)
        close(fd);
    return good;
}

static void nothing(void *context, const struct epmt_finding *finding) {
    (void)context;
    if (strchr(finding->text, '\n'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct epmt_check_result result;
    struct epmt_error err = {.code = EPMT_ERR_OK};

    if (!write_file(data, len))
        return 0;
    struct epmt_jobfile *file = epmt_jobfile_open(path, &err);
    if (!file) {
        if (err.code == EPMT_ERR_OK || strchr(err.text, '\n'))
            abort();
        return 0;
    }
    struct epmt_jobfold *fold = epmt_fold_create();
    if (fold && !epmt_fold_add_jobfile(fold, file, &err))
        epmt_fold_finish(fold, true, &err);
    epmt_fold_destroy(fold);
    epmt_jobfile_close(file);
    epmt_jobfile_check(path, nothing, NULL, &result, &err);
    return 0;
}

// A job file, in the end without its checksum: else nothing but that would ever be looked at.
uint8_t *fuzz_seed(unsigned n, size_t *len) {
    static const uint64_t sizes[][2] = {{0, 0}, {1, 1}, {3, 2}, {12, 3}, {60, 1}};
    char text[300] = "", name[64];

    if (n >= 2 * sizeof sizes / sizeof *sizes)
        return NULL;
    struct epmt_jobfold *fold = epmt_fold_create();
    uint8_t *data = malloc(1u << 20);
    const uint64_t *size = sizes[n / 2];
    snprintf(name, sizeof name, "/tmp/epmt-fuzz-seed.%d.h5", (int)getpid());
    memset(text, 't', sizeof text - 1);
    bool good = fold && data && !epmt_fold_set_attribute(fold, "job", "long", text, NULL);
    if (good && size[0])
        good = !jobs_fill(fold, size[0], size[1]) && !jobs_fill_functions(fold, size[0], 3) &&
               !jobs_fill_more(fold, size[0] / 2);
    good = good && !epmt_fold_finish(fold, true, NULL) && !epmt_jobfile_write(fold, name, NULL);
    epmt_fold_destroy(fold);
    FILE *from = good ? fopen(name, "rb") : NULL;
    *len = from ? fread(data, 1, 1u << 20, from) : 0;
    if (from)
        fclose(from);
    unlink(name);
    if (!*len) {
        free(data);
        return NULL;
    }
    *len -= n % 2 ? 0 : 24; // the trailer
    return data;
}

// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/assets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/hash.h"

static const char *const files[EPMT_ASSET_COUNT] = {
#define FILE_OF(path, file, type) file,
    EPMT_ASSETS(FILE_OF)
#undef FILE_OF
};

static const struct epmt_asset table[EPMT_ASSET_COUNT] = {
#define ROW(path, file, type) {path, type, .is_page = sizeof type == sizeof EPMT_HTML},
    EPMT_ASSETS(ROW)
#undef ROW
};

static int load(struct epmt_asset *asset, const char *path, struct epmt_error *err) {
    FILE *file = fopen(path, "re");
    struct stat about;
    int result = -1;

    if (!file || fstat(fileno(file), &about)) {
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
        goto out;
    }
    asset->len = (size_t)about.st_size;
    asset->data = malloc(asset->len + 1);
    if (!asset->data) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        goto out;
    }
    if (fread(asset->data, 1, asset->len, file) != asset->len) {
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
        goto out;
    }
    uint64_t hash = epmt_hash_bytes(EPMT_HASH_START, asset->data, asset->len);
    snprintf(asset->etag, sizeof asset->etag, "\"%016" PRIx64 "\"", epmt_hash_finish(hash));
    result = 0;
out:
    if (file)
        fclose(file);
    return result;
}

int epmt_assets_load(struct epmt_asset assets[EPMT_ASSET_COUNT], const char *dir,
                     struct epmt_error *err) {
    char path[4096];

    memcpy(assets, table, sizeof table);
    for (int i = 0; i < EPMT_ASSET_COUNT; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        if (load(&assets[i], path, err)) {
            epmt_assets_free(assets);
            return -1;
        }
    }
    return 0;
}

void epmt_assets_free(struct epmt_asset assets[EPMT_ASSET_COUNT]) {
    for (int i = 0; i < EPMT_ASSET_COUNT; i++) {
        free(assets[i].data);
        assets[i].data = NULL;
    }
}

const struct epmt_asset *epmt_assets_find(const struct epmt_asset assets[EPMT_ASSET_COUNT],
                                          const char *path) {
    for (int i = 0; i < EPMT_ASSET_COUNT; i++) {
        if (!strcmp(assets[i].path, path))
            return &assets[i];
    }
    return NULL;
}

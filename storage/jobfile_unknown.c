// SPDX-License-Identifier: Apache-2.0
// Looking at the tables of a job file without reading them.
//
// What a job file holds beside the tables that this epmt knows: a later one's, or what somebody
// added with HDF5. It is passed over by readers, but would be lost where the file is written anew.
#include <string.h>

#include "common/fmt.h"
#include "metadata/tables.h"
#include "storage/jobfile_parts.h"

static bool is_known_table(const char *path) {
    struct epmt_layout layout;

    if (!strcmp(path, "/processes") || !strcmp(path, "/threads") || !strcmp(path, "/texts"))
        return true;
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        if (!strcmp(path, epmt_table_path(EPMT_FIRST_TABLE + i)))
            return true;
    }
    for (int i = 0; i < EPMT_SMALL_TABLE_COUNT; i++) {
        epmt_layout_of_small(&layout, i);
        if (!strcmp(path, layout.path))
            return true;
    }
    return false;
}

// Looks through one group, up to the first name that is none of ours. Returns whether there is one.
static bool look(hid_t file, const char *group, char *unknown, size_t cap) {
    char name[64];

    for (hsize_t i = 0;; i++) {
        ssize_t len = H5Lget_name_by_idx(file, *group ? group : "/", H5_INDEX_NAME, H5_ITER_INC, i,
                                         name, sizeof name, H5P_DEFAULT);
        if (len < 0)
            return false;
        epmt_fmt(unknown, cap, "%s/%s", group, name);
        bool is_group = !*group && (!strcmp(name, "job") || !strcmp(name, "mpi"));
        if (!is_group && !is_known_table(unknown))
            return true;
    }
}

bool epmt_jobfile_find_unknown(hid_t file, char *unknown, size_t cap) {
    bool found = look(file, "", unknown, cap) ||
                 (epmt_h5_is_inside(file, "/job") && look(file, "/job", unknown, cap)) ||
                 (epmt_h5_is_inside(file, "/mpi") && look(file, "/mpi", unknown, cap));

    if (!found)
        *unknown = '\0';
    H5Eclear2(H5E_DEFAULT);
    return found;
}

static hid_t open_table(const struct epmt_jobfile *file, const char *path) {
    hid_t root = epmt_jobfile_hdf5(file);
    const char *slash = strrchr(path, '/');
    char group[64];

    if (slash > path && (!epmt_fmt(group, sizeof group, "%.*s", (int)(slash - path), path) ||
                         !epmt_h5_is_inside(root, group)))
        return -1;
    return epmt_h5_is_inside(root, path) ? H5Dopen2(root, path, H5P_DEFAULT) : -1;
}

bool epmt_jobfile_table_rows(const struct epmt_jobfile *file, const char *path, uint64_t *rows) {
    hid_t dataset = open_table(file, path), space = -1;
    hsize_t count = 0;

    if (dataset >= 0 && epmt_h5_is_plain(dataset, 1))
        space = H5Dget_space(dataset);
    bool good = space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
                H5Sget_simple_extent_dims(space, &count, NULL) == 1;
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    *rows = count;
    return good;
}

int epmt_jobfile_column_place(const struct epmt_jobfile *file, const char *path,
                              const char *column) {
    hid_t dataset = open_table(file, path), type = dataset < 0 ? -1 : H5Dget_type(dataset);
    int place = type < 0 ? -2 : -1;

    if (type >= 0 && H5Tget_class(type) == H5T_COMPOUND)
        place = H5Tget_member_index(type, column);
    if (type >= 0)
        H5Tclose(type);
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Eclear2(H5E_DEFAULT);
    return place < 0 && type >= 0 ? -1 : place;
}

// SPDX-License-Identifier: Apache-2.0
// Looking into archives.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/archive_priv.h"

#define BLOCK (1 << 16)

static bool ends_with(const char *name, size_t len, const char *end) {
    size_t end_len = strlen(end);

    return len > end_len && !memcmp(name + len - end_len, end, end_len);
}

size_t epmt_archive_stem(const char *name) {
    static const char *const suffixes[] = {
#define SUFFIX(suffix) suffix,
        EPMT_ARCHIVE_SUFFIXES(SUFFIX)
#undef SUFFIX
    };
    size_t len = strlen(name);

    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (ends_with(name, len, suffixes[i]))
            return len - strlen(suffixes[i]);
    }
    return 0;
}

struct archive *epmt_archive_open(int fd, const char *shown, struct epmt_error *err) {
    struct archive *archive = archive_read_new();

    if (!archive) {
        epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", shown);
        return NULL;
    }
    // Anything but ARCHIVE_OK would mean that libarchive calls a program for it.
    if (archive_read_support_filter_gzip(archive) || archive_read_support_filter_bzip2(archive) ||
        archive_read_support_filter_xz(archive) || archive_read_support_filter_zstd(archive) ||
        archive_read_support_format_tar(archive)) {
        epmt_errf(err, EPMT_ERR_FAIL, "%s: libarchive lacks a compression: %s", shown,
                  archive_error_string(archive));
        goto fail;
    }
    if (lseek(fd, 0, SEEK_SET) < 0) {
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", shown);
        goto fail;
    }
    if (archive_read_open_fd(archive, fd, BLOCK)) {
        const char *text = archive_error_string(archive);
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: neither a job file nor an archive of jobs (%s)",
                  shown, text ? text : "unknown format");
        goto fail;
    }
    if (archive_filter_count(archive) > 2) { // the last is "none"
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: an archive that is compressed more than once",
                  shown);
        goto fail;
    }
    return archive;
fail:
    archive_read_free(archive);
    return NULL;
}

int epmt_archive_next(struct archive *archive, const char *shown, struct archive_entry **entry,
                      struct epmt_error *err) {
    int status;

    do
        status = archive_read_next_header(archive, entry);
    while (status == ARCHIVE_RETRY);
    if (status == ARCHIVE_EOF)
        return 0;
    if (status >= ARCHIVE_WARN)
        return 1;
    const char *text = archive_error_string(archive);
    bool unknown = archive_format(archive) == 0;
    return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: %s (%s)", shown,
                     unknown ? "neither a job file nor an archive of jobs" : "damaged archive",
                     text ? text : "truncated");
}

static bool is_job_name(const char *name) {
    size_t len = strlen(name);

    return !strcmp(name, EPMT_METADATA_NAME) || ends_with(name, len, EPMT_JOBFILE_SUFFIX) ||
           ends_with(name, len, EPMT_JOURNAL_SUFFIX) || ends_with(name, len, EPMT_STREAM_SUFFIX);
}

static enum epmt_entry_kind kind_of(const char *name, unsigned depth) {
    if (name[0] == '.' || depth > EPMT_ARCHIVE_DEPTH)
        return EPMT_ENTRY_FOREIGN;
    if (is_job_name(name))
        return EPMT_ENTRY_JOB;
    if (epmt_archive_stem(name))
        return EPMT_ENTRY_ARCHIVE;
    return !strcmp(name, "job_metadata") ? EPMT_ENTRY_OLD : EPMT_ENTRY_FOREIGN;
}

// Takes one component over. Returns -1 where the path leads out or is too long.
static int add_component(struct epmt_text_buffer *path, const char *name, size_t len) {
    if (!len || (len == 1 && name[0] == '.'))
        return 0;
    if ((len == 2 && name[0] == '.' && name[1] == '.') || len > NAME_MAX)
        return -1;
    epmt_text_fmt(path, "%s%.*s", path->len ? "/" : "", (int)len, name);
    return path->cut ? -1 : 1;
}

// Returns how many components there are, or -1.
static int clean_path(const char *raw, char path[PATH_MAX]) {
    struct epmt_text_buffer text;
    int depth = 0;

    epmt_text_init(&text, path, PATH_MAX);
    if (raw[0] == '/')
        return -1;
    while (*raw) {
        size_t len = strcspn(raw, "/");
        int added = add_component(&text, raw, len);
        if (added < 0)
            return -1;
        depth += added;
        raw += len;
        raw += *raw == '/';
    }
    return depth;
}

int epmt_archive_judge(struct archive_entry *entry, const char *shown, char path[PATH_MAX],
                       enum epmt_entry_kind *kind, struct epmt_error *err) {
    const char *raw = archive_entry_pathname(entry);

    *kind = EPMT_ENTRY_FOREIGN;
    if (!raw)
        raw = archive_entry_pathname_utf8(entry);
    if (!raw)
        return 0; // in a character set that nobody here knows
    int depth = clean_path(raw, path);
    if (depth < 0)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                         "%s: refused: the entry %.*s would be written elsewhere", shown, 200, raw);
    const char *slash = strrchr(path, '/');
    bool regular = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry);
    if (depth && archive_entry_filetype(entry) != AE_IFDIR)
        *kind = kind_of(slash ? slash + 1 : path, (unsigned)depth);
    if (*kind != EPMT_ENTRY_FOREIGN && !regular)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                         "%s: refused: the entry %.*s is a link or a device", shown, 200, raw);
    return 0;
}

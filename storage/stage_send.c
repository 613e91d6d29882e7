// SPDX-License-Identifier: Apache-2.0
// The side that gives, see stage_priv.h. Journals stay locked until the other side has them.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"
#include "storage/jobdir_priv.h"
#include "storage/stage_priv.h"
#include "storage/stage_remote.h"

// How long the other side may take to make durable what it got.
#define ANSWER_MS 120000

struct item {
    char path[PATH_MAX];
    bool is_journal;
    struct epmt_journal journal; // of another file: data and len alone
};

struct sender {
    struct item *items;
    size_t count, cap;
    int in, out;
};

static int failed(const char *what, const char *path, int status, struct epmt_error *err) {
    errno = -status;
    return epmt_errf_errno(err, EPMT_ERR_IO, "cannot %s %s", what, path);
}

static int put(struct sender *sender, const void *data, size_t len, struct epmt_error *err) {
    int status = epmt_write_all(sender->out, data, len);

    return status ? failed("write to", "the other host", status, err) : 0;
}

static int take_file(struct item *item, struct epmt_error *err) {
    int error = 0;
    int fd = open(item->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot open %s", item->path);
    item->journal.data = epmt_map_file(fd, &item->journal.len, &error);
    close(fd);
    return error ? failed("read", item->path, error, err) : 0;
}

// Takes a file and sends it.
static int send_one(struct sender *sender, const char *dir, const char *name, bool is_journal,
                    struct epmt_error *err) {
    char line[NAME_MAX + 64];

    if (sender->count == sender->cap) {
        size_t cap = sender->cap ? sender->cap * 2 : 16;
        struct item *more = realloc(sender->items, cap * sizeof *more);
        if (!more)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        sender->items = more;
        sender->cap = cap;
    }
    struct item *item = &sender->items[sender->count];
    *item = (struct item){.is_journal = is_journal};
    if (epmt_jobdir_path(item->path, dir, name, err))
        return -1;
    if (is_journal) {
        int status = epmt_journal_take(&item->journal, item->path, EPMT_STAGE_TAKE_MS);
        if (status)
            return status == -ENOENT ? 0 : failed("take", item->path, status, err);
    } else if (take_file(item, err)) {
        return -1;
    }
    sender->count++;
    epmt_fmt(line, sizeof line, "file %lu %s\n", (unsigned long)item->journal.len, name);
    return put(sender, line, strlen(line), err) ||
                   put(sender, item->journal.data, item->journal.len, err)
               ? -1
               : 0;
}

static int send_names(struct sender *sender, const char *dir, const struct epmt_names *names,
                      bool are_journals, struct epmt_error *err) {
    for (size_t i = 0; i < names->count; i++) {
        if (strchr(names->at[i], '\n'))
            return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: a name of two lines", dir);
        if (send_one(sender, dir, names->at[i], are_journals, err))
            return -1;
    }
    return 0;
}

static int send_files(struct sender *sender, const char *dir, const char *jobfile,
                      struct epmt_error *err) {
    struct epmt_jobdir_files files;
    int status = epmt_jobdir_list(dir, &files, err);

    if (!status && jobfile)
        status = send_one(sender, dir, jobfile, false, err);
    if (!status)
        status = send_names(sender, dir, &files.streams, false, err);
    if (!status)
        status = send_names(sender, dir, &files.journals, true, err);
    epmt_jobdir_files_free(&files);
    return status;
}

static int send_dir(struct sender *sender, const char *dir, const char *token,
                    struct epmt_error *err) {
    char path[PATH_MAX], name[NAME_MAX + 1], line[EPMT_STAGE_LINE_MAX];
    struct epmt_jobdir_state state;
    const char *slash = strrchr(dir, '/');
    const char *jobid = slash ? slash + 1 : dir;

    if (access(dir, F_OK) && errno == ENOENT)
        return 0;
    if (epmt_jobdir_path(path, dir, token, err))
        return -1;
    if (!access(path, F_OK))
        return 0;
    if (epmt_jobdir_look(dir, jobid, &state, err))
        return -1;
    if (state.running || state.has_metadata) {
        epmt_fmt(line, sizeof line, "left job %s is %s\n", jobid,
                 state.running ? "still running" : "not stopped");
        return put(sender, line, strlen(line), err);
    }
    epmt_fmt(name, sizeof name, "%s%s", jobid, EPMT_JOBFILE_SUFFIX);
    return send_files(sender, dir, state.has_jobfile ? name : NULL, err);
}

// Waits for the word that all is durable on the other side.
static int wait_for_answer(struct sender *sender, struct epmt_error *err) {
    const char *wanted = EPMT_STAGE_STORED "\n";
    char answer[sizeof EPMT_STAGE_STORED + 1] = "";
    size_t len = 0;

    while (len < strlen(wanted)) {
        struct pollfd fd = {.fd = sender->in, .events = POLLIN};
        int ready = poll(&fd, 1, ANSWER_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t n = ready > 0 ? read(sender->in, answer + len, strlen(wanted) - len) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    if (!strcmp(answer, wanted))
        return 0;
    return epmt_errf(err, EPMT_ERR_IO, "the other host did not store what it was sent");
}

static int remove_one(struct item *item, struct epmt_error *err) {
    if (!item->is_journal)
        return unlink(item->path)
                   ? epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", item->path)
                   : 0;
    int status = epmt_journal_trim(&item->journal, item->path, NULL, NULL);
    item->is_journal = false;
    item->journal = (struct epmt_journal){0};
    return status ? failed("remove", item->path, status, err) : 0;
}

static void release(struct sender *sender) {
    for (size_t i = 0; i < sender->count; i++) {
        struct item *item = &sender->items[i];
        if (item->is_journal)
            epmt_journal_release(&item->journal);
        else if (item->journal.data)
            epmt_prim_unmap((void *)(uintptr_t)item->journal.data, item->journal.len);
    }
    free(sender->items);
}

int epmt_stage_send(const char *const *dirs, const char *token, int in, int out,
                    struct epmt_error *err) {
    struct sender sender = {.in = in, .out = out};
    int status = put(&sender, EPMT_STAGE_GREETING "\n", sizeof EPMT_STAGE_GREETING, err);

    for (size_t i = 0; dirs[i] && !status; i++)
        status = send_dir(&sender, dirs[i], token, err);
    if (!status)
        status = put(&sender, "end\n", 4, err);
    if (!status && sender.count)
        status = wait_for_answer(&sender, err);
    for (size_t i = 0; i < sender.count && !status; i++)
        status = remove_one(&sender.items[i], err);
    for (size_t i = 0; dirs[i] && !status; i++)
        rmdir(dirs[i]); // where nothing else is in it
    release(&sender);
    return status;
}

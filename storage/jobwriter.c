// SPDX-License-Identifier: Apache-2.0
// epmt-jobwriter: reads a stream of fragments from its standard input, folds it into the job file,
// and answers with one byte where that is a socket: 0, the job file is durable, or an exit status.
// Started by rank 0 of an MPI program, whose libraries must not load libhdf5. It prints nothing
// but with -v. By hand: epmt-jobwriter [-v] [-e] [-d DIR] [-j JOBID] < STREAM
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "storage/jobdir.h"

#define BUFFER_LEN (1u << 20)

struct input {
    uint8_t *data;
    size_t len, cap;
    bool whole; // the last fragment was there
    struct epmt_fold_damage damage;
};

// Standard streams that are closed would be the numbers of the next files opened.
static void open_standard_streams(void) {
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

static int make_room(struct input *input, size_t needed, struct epmt_error *err) {
    if (needed <= input->cap)
        return 0;
    uint8_t *more = realloc(input->data, needed);
    if (!more)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for a fragment");
    input->data = more;
    input->cap = needed;
    return 0;
}

// Adds the whole fragments at the beginning of the buffer, and removes them from it. At the end of
// the input, all of it. Where no whole one begins in a buffer that holds the longest there can be,
// it is passed over as damage.
static int fold_buffer(struct input *input, struct epmt_jobfold *fold, bool end,
                       struct epmt_error *err) {
    struct epmt_fragment_header header;
    size_t at = 0, wanted = 0;

    while (input->len - at >= EPMT_FRAGMENT_HEADER_LEN) {
        memcpy(&header, input->data + at, sizeof header);
        bool plausible = header.magic == EPMT_FRAGMENT_MAGIC && header.len >= sizeof header &&
                         header.len <= EPMT_FRAGMENT_MAX;
        if (!plausible)
            break;
        if (header.len > input->len - at) {
            wanted = header.len;
            break;
        }
        if (epmt_fragment_check(input->data + at, header.len, &header, NULL))
            break;
        input->whole |= (header.flags & EPMT_FRAGMENT_LAST) != 0;
        if (epmt_fold_add_bytes(fold, input->data + at, header.len, &input->damage, err))
            return -1;
        at += header.len;
    }
    bool stuck = !wanted && input->len - at >= EPMT_FRAGMENT_HEADER_LEN;
    if ((end || stuck) && input->len > at) {
        // The scan goes to the next fragment by itself; what it passes over is counted.
        const uint8_t *next = NULL;
        static const uint32_t magic = EPMT_FRAGMENT_MAGIC;
        if (!end)
            next = memmem(input->data + at + 1, input->len - at - 1, &magic, sizeof magic);
        size_t len = next ? (size_t)(next - input->data) - at : input->len - at;
        if (epmt_fold_add_bytes(fold, input->data + at, len, &input->damage, err))
            return -1;
        at += len;
    }
    input->len -= at;
    if (input->len)
        memmove(input->data, input->data + at, input->len);
    return make_room(input, wanted > BUFFER_LEN ? wanted : BUFFER_LEN, err);
}

static int read_stream(struct input *input, struct epmt_jobfold *fold, struct epmt_error *err) {
    if (make_room(input, BUFFER_LEN, err))
        return -1;
    for (;;) {
        ssize_t n = read(0, input->data + input->len, input->cap - input->len);
        if (n < 0 && errno == EINTR)
            continue;
        // A sender that died resets the connection: what came before counts.
        if (n < 0 && errno != ECONNRESET)
            return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read the stream");
        if (n > 0)
            input->len += (size_t)n;
        if (fold_buffer(input, fold, n <= 0, err))
            return -1;
        if (n <= 0)
            return 0;
    }
}

struct arguments {
    const char *dir, *jobid;
    bool verbose, ended;
};

static int parse(struct arguments *arguments, int argc, char **argv, struct epmt_error *err) {
    int option;

    opterr = 0;
    while ((option = getopt(argc, argv, "ved:j:")) != -1) {
        if (option == 'v')
            arguments->verbose = true;
        else if (option == 'e')
            arguments->ended = true;
        else if (option == 'd')
            arguments->dir = optarg;
        else if (option == 'j')
            arguments->jobid = optarg;
        else
            return epmt_errf(err, EPMT_ERR_USAGE, "usage: [-v] [-e] [-d DIR] [-j JOBID] < STREAM");
    }
    return 0;
}

// A text from the arguments, or an attribute of the job that the stream carried.
static int place(char *to, size_t cap, const struct epmt_jobfold *fold, const char *given,
                 const char *key, struct epmt_error *err) {
    struct epmt_bytes text = epmt_fold_attribute(fold, "job", key);

    if (given)
        text = (struct epmt_bytes){given, strlen(given)};
    if (!text.len || text.len >= cap || memchr(text.data, '\0', text.len))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "the stream does not say the job's %s", key);
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
    return 0;
}

static int write_job(const struct arguments *arguments, struct input *input,
                     struct epmt_jobfold *fold, struct epmt_error *err) {
    char dir[PATH_MAX], jobid[EPMT_JOBID_MAX];
    struct epmt_jobdir_result result;
    bool ended = arguments->ended;

    // A stream that was cut off says nothing of the end of the job.
    if (!input->whole)
        epmt_fold_drop_attribute(fold, "job", "ended");
    else if (epmt_fold_attribute_number(fold, "job", "ended", 0) == 1)
        ended = true;
    if (place(dir, sizeof dir, fold, arguments->dir, "dir", err) ||
        place(jobid, sizeof jobid, fold, arguments->jobid, "jobid", err))
        return -1;
    // What somebody else has laid out is left alone; so is one that went meanwhile.
    if ((errno = -epmt_check_dirs(dir, 0)))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot use the job directory %s", dir);
    if (!input->whole && epmt_fold_set_attribute(fold, "job", "truncated", "1", err))
        return -1;
    if (!epmt_jobdir_fold_into(dir, jobid, ended, fold, &result, err))
        return 0;
    // What cannot become a job file now can later.
    struct epmt_error why;
    if (epmt_jobdir_save_stream(dir, fold, &why) && arguments->verbose)
        fprintf(stderr, "epmt-jobwriter: %s\n", why.text);
    return -1;
}

// Who listens waits for our end: libhdf5's own would take 8 ms, and has nothing left to do.
static void answer(unsigned char status) {
    struct stat st;

    if (fstat(0, &st) || !S_ISSOCK(st.st_mode))
        return;
    send(0, &status, 1, MSG_NOSIGNAL); // if anybody listens still
    fflush(stderr);
    _exit(status);
}

int main(int argc, char **argv) {
    struct arguments arguments = {0};
    struct input input = {0};
    struct epmt_error err = {.code = EPMT_ERR_OK};
    struct epmt_jobfold *fold = NULL;
    int status;

    open_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    status = parse(&arguments, argc, argv, &err);
    if (!status && !(fold = epmt_fold_create()))
        status = epmt_errf(&err, EPMT_ERR_MEMORY, "out of memory");
    if (!status)
        status = read_stream(&input, fold, &err);
    if (!status)
        status = write_job(&arguments, &input, fold, &err);
    if (status && arguments.verbose)
        fprintf(stderr, "epmt-jobwriter: %s\n", err.text);
    answer(status ? (unsigned char)err.code : 0);
    epmt_fold_destroy(fold);
    free(input.data);
    return status ? (int)err.code : 0;
}

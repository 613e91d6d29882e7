// SPDX-License-Identifier: Apache-2.0
// The side that gets, see stage_priv.h.
#include "storage/stage_remote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/jobplace.h"
#include "storage/replace.h"
#include "storage/stage_priv.h"

#define WORDS_MAX 64

// A login shell may say this much before epmt does.
#define NOISE_MAX ((size_t)64 << 10)

struct fetch {
    const struct epmt_stage_remote *remote;
    const char *host;
    pid_t pid;
    int to, from; // its standard input and output
    char buffer[64 << 10];
    size_t at, len;
    uint64_t files;
    struct epmt_error *err;
};

// Returns -1; the text is said of the host.
static int fail(struct fetch *f, enum epmt_err code, const char *text) {
    return epmt_errf(f->err, code, "%s: %s", f->host, text);
}

static int fail_errno(struct fetch *f, const char *text) {
    return epmt_errf_errno(f->err, EPMT_ERR_IO, "%s: %s", f->host, text);
}

// ssh makes one line of all words, for a shell to take apart, while srun passes them on as they
// are: what is the same either way goes.
static bool is_plain(const char *word) {
    return word[0] && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789_-./:,@%+=")];
}

// The words of the setting with the host in place of %h; behind them the host where none had it.
// Returns how many, or -1 with err.
static int command_words(struct fetch *f, char *words[], char *text, size_t cap) {
    struct epmt_text_buffer buffer;
    bool has_host = false;
    int count = 0;

    epmt_text_init(&buffer, text, cap);
    for (const char *at = f->remote->command; *(at += strspn(at, " \t"));) {
        if (count >= WORDS_MAX - 1)
            return fail(f, EPMT_ERR_USAGE, "remote_command has too many words");
        words[count++] = text + buffer.len;
        for (; *at && *at != ' ' && *at != '\t'; at++) {
            bool is_host = at[0] == '%' && at[1] == 'h';
            has_host |= is_host;
            if (is_host)
                epmt_text_append(&buffer, f->host, strlen(f->host));
            else
                epmt_text_append(&buffer, at, 1);
            at += is_host;
        }
        epmt_text_append(&buffer, "", 1);
    }
    if (buffer.cut || !count)
        return fail(f, EPMT_ERR_USAGE, "remote_command is too long, or empty");
    if (!has_host)
        words[count++] = (char *)(uintptr_t)f->host;
    return count;
}

static void become(char *const words[], int in, int out) {
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    execvp(words[0], words);
    fprintf(stderr, "epmt: cannot execute %s: %s\n", words[0], strerror(errno));
    _exit(127);
}

static int start(struct fetch *f, char *const words[]) {
    int to[2] = {-1, -1}, from[2] = {-1, -1};

    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
        return fail_errno(f, "cannot make a pipe");
    fflush(NULL);
    f->pid = fork();
    if (f->pid == 0)
        become(words, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    f->to = to[1];
    f->from = from[0];
    return f->pid < 0 ? fail_errno(f, "cannot fork") : 0;
}

static int start_there(struct fetch *f) {
    const struct epmt_stage_remote *remote = f->remote;
    char text[4096];
    size_t dirs = 0;

    while (remote->dirs[dirs])
        dirs++;
    char **words = calloc(WORDS_MAX + dirs + 6, sizeof *words);
    if (!words)
        return fail(f, EPMT_ERR_MEMORY, "out of memory");
    int count = command_words(f, words, text, sizeof text);
    int status = count < 0 ? -1 : 0;
    const char *ours[] = {remote->program, "stage", "--send", remote->token, "--"};
    for (size_t i = 0; i < 5 + dirs && !status; i++) {
        const char *word = i < 5 ? ours[i] : remote->dirs[i - 5];
        if (!is_plain(word))
            status =
                epmt_errf(f->err, EPMT_ERR_USAGE,
                          "%s: \"%s\" cannot be passed to another host: a shell would change it",
                          f->host, word);
        words[count++] = (char *)(uintptr_t)word;
    }
    if (!status)
        status = start(f, words);
    free(words);
    return status;
}

// More bytes. Returns how many, 0 at the end, -1 with err.
static ssize_t fill(struct fetch *f) {
    uint64_t seconds = f->remote->timeout_s;
    struct pollfd fd = {.fd = f->from, .events = POLLIN};

    f->at = f->len = 0;
    for (;;) {
        int ready = poll(&fd, 1, seconds > INT_MAX / 1000 ? -1 : (int)seconds * 1000);
        if (!ready)
            return fail(f, EPMT_ERR_IO, "nothing comes (remote_timeout)");
        ssize_t n = ready > 0 ? read(f->from, f->buffer, sizeof f->buffer) : -1;
        if (n >= 0)
            return (ssize_t)(f->len = (size_t)n);
        if (errno != EINTR)
            return fail_errno(f, "cannot read");
    }
}

// The next line without its end. Returns 1, 0 at the end, -1 with err.
static int next_line(struct fetch *f, char line[EPMT_STAGE_LINE_MAX]) {
    for (size_t len = 0;; f->at++) {
        if (f->at == f->len) {
            ssize_t n = fill(f);
            if (n <= 0)
                return (int)n;
        }
        char c = f->buffer[f->at];
        line[len] = '\0';
        if (c == '\n') {
            f->at++;
            return 1;
        }
        if (len < EPMT_STAGE_LINE_MAX - 1)
            line[len++] = c;
    }
}

static int unexpected(struct fetch *f, int got) {
    if (got < 0)
        return -1;
    return fail(f, EPMT_ERR_IO,
                got ? "this is not what `epmt stage --send` says"
                    : "the command ended before all had come");
}

static int wait_for_greeting(struct fetch *f) {
    char line[EPMT_STAGE_LINE_MAX];
    size_t noise = 0;
    int got;

    while ((got = next_line(f, line)) > 0 && strcmp(line, EPMT_STAGE_GREETING)) {
        noise += strlen(line) + 1;
        if (noise > NOISE_MAX)
            break;
    }
    return got > 0 && noise <= NOISE_MAX ? 0 : unexpected(f, got);
}

static const char *suffix_of(const char *name) {
    static const char *const suffixes[] = {EPMT_JOURNAL_SUFFIX, EPMT_STREAM_SUFFIX,
                                           EPMT_JOBFILE_SUFFIX};
    size_t len = strlen(name);

    if (strchr(name, '/') || name[0] == '.' || len > NAME_MAX)
        return NULL;
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t end = strlen(suffixes[i]);
        if (len > end && !strcmp(name + len - end, suffixes[i]))
            return suffixes[i];
    }
    return NULL;
}

// Gives the file its name, while nobody else who fetches to the same place does.
static int store(struct fetch *f, struct epmt_replace *file, const char *name, const char *suffix) {
    int lock = open(f->remote->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_part = false;
    int status = 0;

    if (lock < 0 || flock(lock, LOCK_EX))
        status = fail_errno(f, f->remote->target);
    else
        is_part = !strcmp(suffix, EPMT_JOBFILE_SUFFIX) && !access(file->path, F_OK);
    if (!status && (is_part || strcmp(suffix, EPMT_JOBFILE_SUFFIX)))
        status = epmt_stage_free_path(file->path, f->remote->target, name, suffix, f->err);
    if (status)
        epmt_replace_abort(file);
    else
        status = epmt_replace_commit(file, f->err);
    if (!status && is_part)
        status = epmt_stage_join(file->path, f->remote->target, f->err);
    if (lock >= 0)
        close(lock);
    return status;
}

static int receive(struct fetch *f, int fd, uint64_t left) {
    while (left) {
        if (f->at == f->len) {
            ssize_t n = fill(f);
            if (n <= 0)
                return unexpected(f, (int)n);
        }
        size_t part = f->len - f->at < left ? f->len - f->at : (size_t)left;
        int status = epmt_write_all(fd, f->buffer + f->at, part);
        if (status) {
            errno = -status;
            return fail_errno(f, f->remote->target);
        }
        f->at += part;
        left -= part;
    }
    return 0;
}

static int receive_file(struct fetch *f, const char *rest) {
    char path[PATH_MAX];
    struct epmt_replace file;
    uint64_t len;
    const char *at = rest, *target = f->remote->target;
    bool is_number = epmt_parse_u64(&at, rest + strlen(rest), &len) && *at == ' ';
    const char *name = is_number ? at + 1 : "";
    const char *suffix = suffix_of(name);

    if (!suffix)
        return unexpected(f, 1);
    int made = epmt_make_dirs(target, f->remote->shared);
    if (made) {
        errno = -made;
        return fail_errno(f, target);
    }
    if (!epmt_fmt(path, sizeof path, "%s/%s", target, name))
        return fail(f, EPMT_ERR_IO, "the path is too long");
    if (epmt_replace_begin(&file, path, f->err))
        return -1;
    if (receive(f, file.fd, len)) {
        epmt_replace_abort(&file);
        return -1;
    }
    f->files++;
    return store(f, &file, name, suffix);
}

static int receive_all(struct fetch *f) {
    char line[EPMT_STAGE_LINE_MAX], left[EPMT_STAGE_LINE_MAX] = "";
    int got, status = wait_for_greeting(f);

    if (status)
        return -1;
    while ((got = next_line(f, line)) > 0 && strcmp(line, "end")) {
        if (!strncmp(line, "file ", 5))
            status = receive_file(f, line + 5);
        else if (!strncmp(line, "left ", 5))
            memcpy(left, line, sizeof left);
        else
            status = unexpected(f, 1);
        if (status)
            return -1;
    }
    if (got <= 0)
        return unexpected(f, got);
    if (f->files && epmt_write_all(f->to, EPMT_STAGE_STORED "\n", sizeof EPMT_STAGE_STORED))
        return fail(f, EPMT_ERR_IO, "the command ended before it was told that all is stored");
    return left[0] ? epmt_errf(f->err, EPMT_ERR_FAIL, "%s: %s: left for later", f->host, left + 5)
                   : 0;
}

// Waits for the command, which has nothing to do any more but to end.
static int wait_for_end(struct fetch *f, uint64_t timeout_s) {
    const struct timespec nap = {0, 5000000};
    int how = 0;

    for (uint64_t naps = 0; !waitpid(f->pid, &how, WNOHANG); naps++) {
        if (naps / 200 >= timeout_s)
            kill(f->pid, SIGKILL);
        nanosleep(&nap, NULL);
    }
    return how;
}

// Its end: a failure there is ours too, where there is none yet.
static int end(struct fetch *f, int status) {
    bool is_broken = status && f->err->code != EPMT_ERR_FAIL;

    close(f->to);
    close(f->from);
    int how = wait_for_end(f, is_broken ? 0 : f->remote->timeout_s);
    if (!status && how)
        status = epmt_errf(f->err, EPMT_ERR_IO, "%s: %s ended with %s %d", f->host,
                           f->remote->command, WIFSIGNALED(how) ? "signal" : "status",
                           WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    return status;
}

int epmt_stage_fetch(const struct epmt_stage_remote *remote, const char *host, uint64_t *files,
                     struct epmt_error *err) {
    struct epmt_error unused;
    struct fetch *f = calloc(1, sizeof *f);
    struct sigaction before, ignore = {.sa_handler = SIG_IGN};
    int status;

    *files = 0;
    if (!f)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    f->remote = remote;
    f->host = host;
    f->err = err ? err : &unused;
    sigaction(SIGPIPE, &ignore, &before);
    status = start_there(f);
    if (!status)
        status = end(f, receive_all(f));
    sigaction(SIGPIPE, &before, NULL);
    *files = f->files;
    free(f);
    return status;
}

// SPDX-License-Identifier: Apache-2.0
// common/iox.h and the primitives under it: contents, errors as -errno, errno left alone.
#include "common/iox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/prim.h"
#include "tests/unit/tempdir.h"

static struct tempdir dir;

static int setup(void **state) {
    (void)state;
    return tempdir_make(&dir);
}

static int teardown(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

static void make_file(const char *path, const char *text) {
    int fd = epmt_prim_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(epmt_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(epmt_prim_close(fd), 0);
}

static void small_files_are_read(void **state) {
    char data[16];

    (void)state;
    make_file(tempdir_name(&dir, "small"), "hello");
    memset(data, '#', sizeof data);
    assert_int_equal(epmt_read_small(dir.name, data, sizeof data), 5);
    assert_string_equal(data, "hello");
    for (size_t cap = 1; cap <= 6; cap++) {
        memset(data, '#', sizeof data);
        assert_int_equal(epmt_read_small(dir.name, data, cap), (ssize_t)cap - 1);
        assert_memory_equal(data, "hello", cap - 1);
        assert_int_equal(data[cap - 1], 0);
        assert_int_equal(data[cap], '#');
    }
    assert_true(epmt_read_small("/proc/self/stat", data, sizeof data) > 0);
}

static void errors_are_returned_not_set(void **state) {
    char data[4];
    struct stat st;

    (void)state;
    errno = EDOM;
    assert_int_equal(epmt_read_small(tempdir_name(&dir, "none"), data, sizeof data), -ENOENT);
    assert_int_equal(epmt_read_small(dir.path, data, sizeof data), -EISDIR);
    assert_int_equal(epmt_write_all(-1, "x", 1), -EBADF);
    assert_int_equal(epmt_prim_open(dir.name, O_RDONLY, 0), -ENOENT);
    assert_int_equal(epmt_prim_stat(dir.name, &st), -ENOENT);
    assert_int_equal(epmt_prim_unlink(dir.name), -ENOENT);
    assert_int_equal(epmt_prim_close(-1), -EBADF);
    assert_true(epmt_make_dirs("/proc/none/of/this", 0) < 0);
    // Not that the parent is missing, but why it could not be made.
    assert_int_not_equal(epmt_make_dirs("/sys/none/of/this", 0), -ENOENT);
    assert_int_equal(epmt_make_dirs("/dev/null/of/this", 0), -ENOTDIR);
    assert_int_equal(errno, EDOM);
}

static void a_full_device_is_an_error(void **state) {
    int fd = epmt_prim_open("/dev/full", O_WRONLY, 0);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(epmt_write_all(fd, "x", 1), -ENOSPC);
    epmt_prim_close(fd);
}

static void nothing_to_do(int signal) {
    (void)signal;
}

// Writes data to fd while a timer interrupts, so that calls come back early, with a part or EINTR.
static int write_interrupted(int fd, const char *data, size_t len) {
    struct sigaction action = {.sa_handler = nothing_to_do};
    struct itimerval often = {{0, 200}, {0, 200}};

    if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &often, NULL))
        return -1;
    return epmt_write_all(fd, data, len);
}

static void everything_is_written(void **state) {
    enum { len = 1 << 20 };
    char *data = malloc(len);
    int ends[2];
    int status;

    (void)state;
    assert_non_null(data);
    for (int i = 0; i < len; i++)
        data[i] = (char)(i * 31 >> 8);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write_interrupted(ends[1], data, len) == 0 ? 0 : 1);
    }
    close(ends[1]);
    char piece[5000];
    size_t at = 0;
    for (ssize_t n; (n = read(ends[0], piece, sizeof piece)) > 0; at += (size_t)n) {
        assert_true(at + (size_t)n <= len);
        assert_memory_equal(piece, data + at, (size_t)n);
        usleep(100); // a slow reader: the pipe is full most of the time
    }
    close(ends[0]);
    assert_int_equal(at, len);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(data);
}

static int mode_of(const char *path) {
    struct stat st;

    assert_int_equal(epmt_prim_stat(path, &st), 0);
    return (int)(st.st_mode & 07777);
}

static void directories_are_made(void **state) {
    mode_t mask = umask(077);

    (void)state;
    tempdir_name(&dir, "shared/more/user/job");
    size_t shared = strlen(dir.path) + strlen("/shared/more");
    assert_int_equal(epmt_make_dirs(dir.name, shared), 0);
    umask(mask);
    assert_int_equal(mode_of(dir.name), 0700);
    assert_int_equal(mode_of(tempdir_name(&dir, "shared/more/user")), 0700);
    assert_int_equal(mode_of(tempdir_name(&dir, "shared/more")), 01777);
    assert_int_equal(mode_of(tempdir_name(&dir, "shared")), 01777);
    tempdir_name(&dir, "shared/more/user/job");
    assert_int_equal(epmt_make_dirs(dir.name, shared), 0); // again
    tempdir_name(&dir, "slashes//in/between/");
    assert_int_equal(epmt_make_dirs(dir.name, 0), 0);
}

// A directory above that already stands, with whatever mode, is left as it is.
static void standing_directories_are_left_alone(void **state) {
    (void)state;
    assert_int_equal(mkdir(tempdir_name(&dir, "standing"), 0750), 0);
    assert_int_equal(chmod(dir.name, 0750), 0);
    size_t shared = strlen(dir.name);
    assert_int_equal(epmt_make_dirs(tempdir_name(&dir, "standing/below"), shared), 0);
    assert_int_equal(mode_of(tempdir_name(&dir, "standing")), 0750);
}

static void traps_are_refused(void **state) {
    char target[PATH_MAX];

    (void)state;
    snprintf(target, sizeof target, "%s", tempdir_name(&dir, "target"));
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(symlink(target, tempdir_name(&dir, "link")), 0);
    assert_true(epmt_make_dirs(dir.name, 0) < 0);
    make_file(tempdir_name(&dir, "file"), "");
    assert_true(epmt_make_dirs(dir.name, 0) < 0);
    assert_true(epmt_make_dirs(tempdir_name(&dir, "file/below"), 0) < 0);
    if (geteuid() == 0) { // only root can make somebody else's directory
        assert_int_equal(mkdir(tempdir_name(&dir, "others"), 0777), 0);
        assert_int_equal(chown(dir.name, 12345, 12345), 0);
        assert_int_equal(epmt_make_dirs(dir.name, 0), -EPERM);
        assert_int_equal(chmod(dir.name, 0777), 0); // as a trap would be
        assert_int_equal(epmt_make_dirs(tempdir_name(&dir, "others/job"), strlen(dir.path)),
                         -EPERM);
        assert_int_equal(epmt_check_dirs(dir.name, 0), -EPERM);
        assert_int_equal(epmt_check_dirs(dir.name, strlen(dir.name) - strlen("/job")), -ENOENT);
        assert_int_equal(symlink(target, tempdir_name(&dir, "bait")), 0);
        assert_int_equal(lchown(dir.name, 12345, 12345), 0);
        assert_int_equal(epmt_make_dirs(tempdir_name(&dir, "bait/job"), strlen(dir.path)), -EPERM);
        assert_int_equal(lchown(tempdir_name(&dir, "bait"), 0, 0), 0); // an administrator's
        assert_int_equal(epmt_make_dirs(tempdir_name(&dir, "bait/job"), strlen(dir.path)), 0);
    }
    memset(target, 'a', sizeof target - 1);
    target[0] = '/';
    target[sizeof target - 1] = '\0';
    assert_int_equal(epmt_make_dirs(target, 0), -ENAMETOOLONG);
}

static void files_are_mapped(void **state) {
    size_t len = 99;
    int error = 1;

    (void)state;
    make_file(tempdir_name(&dir, "mapped"), "0123456789");
    int fd = epmt_prim_open(dir.name, O_RDONLY, 0);
    void *at = epmt_map_file(fd, &len, &error);
    assert_non_null(at);
    assert_int_equal(len, 10);
    assert_int_equal(error, 0);
    assert_memory_equal(at, "0123456789", 10);
    munmap(at, len);
    epmt_prim_close(fd);

    make_file(tempdir_name(&dir, "empty"), "");
    fd = epmt_prim_open(dir.name, O_RDONLY, 0);
    error = 1;
    assert_null(epmt_map_file(fd, &len, &error));
    assert_int_equal(len, 0);
    assert_int_equal(error, 0);
    epmt_prim_close(fd);
    assert_null(epmt_map_file(-1, &len, &error));
    assert_int_equal(error, -EBADF);
}

static void pages_are_mapped(void **state) {
    char *at = epmt_prim_map(100000);

    (void)state;
    assert_non_null(at);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(at[i], 0);
    epmt_prim_unmap(at, 100000);
    assert_null(epmt_prim_map(SIZE_MAX / 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files_are_read),
        cmocka_unit_test(errors_are_returned_not_set),
        cmocka_unit_test(a_full_device_is_an_error),
        cmocka_unit_test(everything_is_written),
        cmocka_unit_test(directories_are_made),
        cmocka_unit_test(standing_directories_are_left_alone),
        cmocka_unit_test(traps_are_refused),
        cmocka_unit_test(files_are_mapped),
        cmocka_unit_test(pages_are_mapped),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: Apache-2.0
// metadata/jobplace.h: which job, which directory, for every source of a job id.
#include "metadata/jobplace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tempdir.h"

static struct tempdir dir;
static struct epmt_settings settings;
static char *nobody[] = {"USER=tester", NULL};

static int setup(void **state) {
    (void)state;
    epmt_settings_init(&settings);
    if (tempdir_make(&dir))
        return -1;
    settings.output_prefix = dir.path;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

static struct epmt_job_place find(char **envp) {
    struct epmt_job_place place;
    struct epmt_error err;

    memset(&place, '#', sizeof place);
    if (epmt_job_place_find(&place, &settings, envp, &err))
        fail_msg("%s", err.text);
    return place;
}

static void assert_dir(const struct epmt_job_place *place, const char *below) {
    char want[PATH_MAX];

    snprintf(want, sizeof want, "%s/%s", dir.path, below);
    assert_string_equal(place->dir, want);
}

// Each variable alone names the job; an earlier one in the list wins.
static void variables_name_the_job(void **state) {
    static const char *const names[] = {
        "EPMT_JOB_ID",   "SLURM_JOB_ID", "SLURM_JOBID", "PBS_JOBID",    "PBS_JOB_ID", "LSB_JOBID",
        "LOADL_STEP_ID", "OAR_JOB_ID",   "FLUX_JOB_ID", "COBALT_JOBID", "JOB_ID",
    };
    enum { count = sizeof names / sizeof *names };
    static char texts[count][64];
    char *envp[count + 2] = {"USER=tester"};

    (void)state;
    for (int i = count - 1; i >= 0; i--) {
        char want[32], below[64];
        snprintf(want, sizeof want, "job%d", i);
        snprintf(below, sizeof below, "tester/%s", want);
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], want);
        envp[count - i] = texts[i]; // all later ones stay
        struct epmt_job_place place = find(envp);
        assert_int_equal(place.source, EPMT_JOB_FROM_ENVIRONMENT);
        assert_string_equal(place.jobid, want);
        assert_string_equal(place.user, "tester");
        assert_string_equal(place.step, "");
        assert_dir(&place, below);
    }
}

static void an_empty_variable_is_none(void **state) {
    char *envp[] = {"USER=tester", "EPMT_JOB_ID=", "SLURM_JOB_ID=12", NULL};

    (void)state;
    assert_string_equal(find(envp).jobid, "12");
}

// A job id or a user name never leads out of the prefix.
static void ids_become_one_component(void **state) {
    static const char *const ids[][2] = {
        {"a/b", "a_b"},
        {"..", "_."},
        {".", "_"},
        {"../../etc", "_._.._etc"},
        {"/abs", "_abs"},
        {".hidden", "_hidden"},
        {"a\nb", "a_b"},
        {"a\x7f", "a_"},
        {"123.server[4]", "123.server[4]"},
    };
    struct epmt_job_place place;

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[64], below[64];
        snprintf(text, sizeof text, "EPMT_JOB_ID=%s", ids[i][0]);
        snprintf(below, sizeof below, "tester/%s", ids[i][1]);
        char *envp[] = {"USER=tester", text, NULL};
        place = find(envp);
        assert_string_equal(place.jobid, ids[i][1]);
        assert_dir(&place, below);
        assert_int_equal(epmt_job_place_of(&place, &settings, nobody, ids[i][0], NULL), 0);
        assert_string_equal(place.jobid, ids[i][1]);
        assert_dir(&place, below);
    }
    char *envp[] = {"USER=../root", "EPMT_JOB_ID=1", NULL};
    place = find(envp);
    assert_string_equal(place.user, "_._root");
}

static void impossible_ids_are_refused(void **state) {
    char name[EPMT_JOBID_MAX + 1], prefix[PATH_MAX];
    struct epmt_settings deep = settings;
    struct epmt_job_place place;
    struct epmt_error err = {EPMT_ERR_OK, ""};

    (void)state;
    assert_int_equal(epmt_job_place_of(&place, &settings, nobody, "", &err), -1);
    assert_int_equal(err.code, EPMT_ERR_USAGE);
    memset(name, 'j', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(epmt_job_place_of(&place, &settings, nobody, name, &err), -1);
    name[EPMT_JOBID_MAX - 1] = '\0';
    assert_int_equal(epmt_job_place_of(&place, &settings, nobody, name, NULL), 0);
    assert_string_equal(place.jobid, name);
    memset(prefix, 'p', sizeof prefix - 1);
    prefix[0] = '/';
    prefix[sizeof prefix - 1] = '\0';
    deep.output_prefix = prefix;
    assert_int_equal(epmt_job_place_of(&place, &deep, nobody, "1", &err), -1);
    assert_int_equal(epmt_job_place_find(&place, &deep, nobody, &err), -1);
}

static void slashes_at_the_end_of_the_prefix(void **state) {
    static const char *const prefixes[][2] = {{"/p", "/p/tester/1"},
                                              {"/p/", "/p/tester/1"},
                                              {"/p///", "/p/tester/1"},
                                              {"/", "/tester/1"}};
    struct epmt_settings other = settings;
    struct epmt_job_place place;

    (void)state;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        other.output_prefix = prefixes[i][0];
        assert_int_equal(epmt_job_place_of(&place, &other, nobody, "1", NULL), 0);
        assert_string_equal(place.dir, prefixes[i][1]);
    }
}

static void the_shared_part_is_the_prefix(void **state) {
    char *envp[] = {"USER=tester", "EPMT_JOB_ID=9", NULL};
    struct epmt_job_place place = find(envp);

    (void)state;
    assert_int_equal(epmt_job_place_shared(&place), strlen(dir.path));
}

static void user_names(void **state) {
    char *user[] = {"LOGNAME=b", "USER=a", NULL}, *logname[] = {"USER=", "LOGNAME=b", NULL};
    char *neither[] = {NULL}, name[EPMT_USER_MAX];

    (void)state;
    epmt_user_name(name, user);
    assert_string_equal(name, "a");
    epmt_user_name(name, logname);
    assert_string_equal(name, "b");
    epmt_user_name(name, neither);
    assert_true(name[0]);
    if (geteuid() == 0)
        assert_string_equal(name, "root");
}

static void make_empty_file(const char *below) {
    FILE *file = fopen(tempdir_name(&dir, below), "w");

    assert_non_null(file);
    fclose(file);
}

// <sid>, then <sid>-2 once the first is ended; `epmt start` in an ended directory opens it anew.
static void sessions_that_ended_are_passed_over(void **state) {
    char first[24], second[32], below[128];

    (void)state;
    snprintf(first, sizeof first, "%ld", (long)getsid(0));
    snprintf(second, sizeof second, "%s-2", first);
    struct epmt_job_place place = find(nobody);
    assert_int_equal(place.source, EPMT_JOB_FROM_SESSION);
    assert_string_equal(place.jobid, first);

    assert_int_equal(mkdir(tempdir_name(&dir, "tester"), 0700), 0);
    snprintf(below, sizeof below, "tester/%s", first);
    assert_int_equal(mkdir(tempdir_name(&dir, below), 0700), 0);
    assert_string_equal(find(nobody).jobid, first); // an empty directory is not ended

    snprintf(below, sizeof below, "tester/%s/%s%s", first, first, EPMT_JOBFILE_SUFFIX);
    make_empty_file(below);
    place = find(nobody);
    assert_string_equal(place.jobid, second);
    snprintf(below, sizeof below, "tester/%s", second);
    assert_dir(&place, below);

    snprintf(below, sizeof below, "tester/%s/%s", first, EPMT_METADATA_NAME);
    make_empty_file(below);
    assert_string_equal(find(nobody).jobid, first);
}

static void rank_hints(void **state) {
    char *best[] = {"USER=t",
                    "SLURM_PROCID=2",
                    "SLURM_NTASKS=9",
                    "PMI_RANK=5",
                    "OMPI_COMM_WORLD_RANK=3",
                    "OMPI_COMM_WORLD_SIZE=4",
                    "EPMT_JOB_ID=1",
                    NULL};
    char *alone[] = {"USER=t", "PMI_RANK=5", "EPMT_JOB_ID=1", NULL};
    char *broken[] = {"USER=t", "PMIX_RANK=x", "PMI_RANK=7", "PMI_SIZE=8", "EPMT_JOB_ID=1", NULL};
    char *none[] = {"USER=t", "EPMT_JOB_ID=1", NULL};

    (void)state;
    struct epmt_job_place place = find(best);
    assert_int_equal(place.rank_hint, 3);
    assert_int_equal(place.size_hint, 4);
    place = find(alone);
    assert_int_equal(place.rank_hint, 5);
    assert_int_equal(place.size_hint, -1);
    place = find(broken);
    assert_int_equal(place.rank_hint, 7);
    assert_int_equal(place.size_hint, 8);
    place = find(none);
    assert_int_equal(place.rank_hint, -1);
    assert_int_equal(place.size_hint, -1);
}

// All ranks of one world, and no others, have the same key; a bare mpirun is a job of that name.
static void a_launcher_makes_a_job(void **state) {
    char *rank0[] = {"USER=tester", "PMIX_NAMESPACE=ns/1", "PMIX_RANK=0", NULL};
    char *rank1[] = {"USER=tester", "PMIX_NAMESPACE=ns/1", "PMIX_RANK=1", NULL};
    char *other[] = {"USER=tester", "PMIX_NAMESPACE=ns/2", "PMIX_RANK=1", NULL};
    char *named[] = {"USER=tester", "PMIX_NAMESPACE=ns/1", "PMIX_RANK=1", "EPMT_JOB_ID=7", NULL};
    struct epmt_job_place a = find(rank0), b = find(rank1), c = find(other), d = find(named);

    (void)state;
    assert_int_equal(a.source, EPMT_JOB_FROM_LAUNCHER);
    assert_true(a.step[0]);
    assert_string_equal(a.step, b.step);
    assert_string_equal(a.dir, b.dir);
    assert_string_not_equal(a.step, c.step);
    assert_string_not_equal(a.dir, c.dir);
    assert_null(strchr(a.jobid, '/'));
    assert_int_equal(d.source, EPMT_JOB_FROM_ENVIRONMENT);
    assert_string_equal(d.jobid, "7");
    assert_string_equal(d.step, a.step);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_name_the_job),
        cmocka_unit_test(an_empty_variable_is_none),
        cmocka_unit_test(ids_become_one_component),
        cmocka_unit_test(impossible_ids_are_refused),
        cmocka_unit_test(slashes_at_the_end_of_the_prefix),
        cmocka_unit_test(the_shared_part_is_the_prefix),
        cmocka_unit_test(user_names),
        cmocka_unit_test(sessions_that_ended_are_passed_over),
        cmocka_unit_test(rank_hints),
        cmocka_unit_test(a_launcher_makes_a_job),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

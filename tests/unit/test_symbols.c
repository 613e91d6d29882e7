// SPDX-License-Identifier: Apache-2.0
// storage/symbols.h: the callers of call sites get their names from the modules of this host.
#include "storage/symbols.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "metadata/mpi_tables.h"
#include "tests/unit/rows.h"

// A frame at a function of this program: its file, and the place in it.
static void frame_of(uintptr_t address, char *frame, size_t cap) {
    char line[4600], path[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    uintptr_t from, to, offset;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %" SCNxPTR " %*s %*s %4095s", &from, &to,
                   &offset, path) == 4 &&
            address >= from && address < to)
            snprintf(frame, cap, "%s+0x%" PRIxPTR, path, address - from + offset);
    }
    fclose(maps);
    assert_int_equal(frame[0], '/');
}

static struct epmt_jobfold *make(const char *stack, size_t len) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;
    struct utsname host;

    assert_int_equal(uname(&host), 0);
    for (uint64_t image = 1; image <= 3; image++) {
        const char *name = image == 3 ? "elsewhere" : host.nodename;
        epmt_record_clear(&record);
        epmt_record_set_u(&record, EPMT_COL_image, image);
        epmt_record_set_text(&record, EPMT_COL_hostname, name, strlen(name));
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, NULL), 0);
        epmt_record_clear(&record);
        epmt_record_set_u(&record, EPMT_MPI_CALLSITE_COL_image, image);
        epmt_record_set_text(&record, EPMT_MPI_CALLSITE_COL_function, "MPI_Send", 8);
        epmt_record_set_text(&record, EPMT_MPI_CALLSITE_COL_stack, stack, len);
        epmt_record_set_u(&record, EPMT_MPI_CALLSITE_COL_calls, image);
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_MPI_CALLSITE, &record, NULL), 0);
    }
    return fold;
}

static void callers_get_their_names(void **state) {
    static const char names[] = "callers_get_their_names+0x4\0\0";
    char stack[8192] = "";
    struct epmt_record record;

    (void)state;
    frame_of((uintptr_t)callers_get_their_names + 4, stack, sizeof stack - 32);
    size_t len = strlen(stack) + 1;
    len += (size_t)snprintf(stack + len, 32, "/no/such/module+0x10") + 1;
    struct epmt_jobfold *fold = make(stack, len);
    uint64_t digest = 0;
    for (int again = 0; again < 2; again++) {
        assert_int_equal(epmt_symbols_name_callsites(fold, NULL), 0);
        assert_int_equal(epmt_fold_finish(fold, true, NULL), 0);
        assert_true(!again || epmt_fold_digest(fold) == digest);
        digest = epmt_fold_digest(fold);
    }
    assert_int_equal(epmt_fold_mpi_count(fold, EPMT_ROW_MPI_CALLSITE), 3);
    for (uint64_t i = 0; i < 3; i++) {
        epmt_fold_mpi(fold, EPMT_ROW_MPI_CALLSITE, i, &record);
        bool here = record.value[EPMT_MPI_CALLSITE_COL_image].u != 3;
        assert_int_equal(epmt_record_has(&record, EPMT_MPI_CALLSITE_COL_names), here);
        assert_true(rows_same_bytes(record.value[EPMT_MPI_CALLSITE_COL_stack].text,
                                    (struct epmt_bytes){stack, len}));
        if (here)
            assert_true(rows_same_bytes(record.value[EPMT_MPI_CALLSITE_COL_names].text,
                                        (struct epmt_bytes){names, sizeof names - 1}));
    }
    epmt_fold_destroy(fold);
}

static void what_has_no_name_has_none(void **state) {
    static const char stack[] = "/no/such/module+0x10\0garbage\0/dev/null+0x1\0";
    struct epmt_jobfold *fold = make(stack, sizeof stack - 1);
    struct epmt_record record;

    (void)state;
    assert_int_equal(epmt_symbols_name_callsites(fold, NULL), 0);
    for (uint64_t i = 0; i < 3; i++) {
        epmt_fold_mpi(fold, EPMT_ROW_MPI_CALLSITE, i, &record);
        assert_false(epmt_record_has(&record, EPMT_MPI_CALLSITE_COL_names));
    }
    epmt_fold_destroy(fold);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_get_their_names),
        cmocka_unit_test(what_has_no_name_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// The command line: where options may stand, prefixes, what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/options.h"

#define WORDS_MAX 12

struct parsed {
    struct epmt_cli cli;
    struct epmt_parsed parsed;
    struct epmt_error err;
    char *argv[WORDS_MAX + 1];
    int result;
};

// Parses `epmt` and the words, which end with NULL.
static void parse(struct parsed *to, const char *const *words) {
    int argc = 1;

    *to = (struct parsed){.err.code = EPMT_ERR_OK};
    to->argv[0] = "epmt";
    while (words[argc - 1]) {
        to->argv[argc] = (char *)words[argc - 1];
        argc++;
    }
    to->result = epmt_options_parse(&to->cli, argc, to->argv, &to->parsed, &to->err);
}

#define PARSE(to, ...) parse(to, (const char *const[]){__VA_ARGS__, NULL})

static void auto_stands_before_and_behind(void **state) {
    struct parsed a, b, c;

    (void)state;
    PARSE(&a, "-a", "run", "true");
    PARSE(&b, "run", "-a", "true");
    PARSE(&c, "run", "--auto", "true");
    assert_int_equal(a.result | b.result | c.result, 0);
    assert_true(a.cli.automatic && b.cli.automatic && c.cli.automatic);
    assert_ptr_equal(a.parsed.command, &epmt_command_run);
    assert_string_equal(a.parsed.argv[0], "true");
    assert_int_equal(b.parsed.argc, 1);
}

static void dry_run_and_verbose_stand_anywhere(void **state) {
    struct parsed a, b;

    (void)state;
    PARSE(&a, "-n", "-v", "submit", "x", "-v", "y");
    PARSE(&b, "submit", "x", "-vnv");
    assert_int_equal(a.result | b.result, 0);
    assert_true(a.cli.dry_run && b.cli.dry_run);
    assert_int_equal(a.cli.verbose, 2);
    assert_int_equal(b.cli.verbose, 2);
    assert_int_equal(a.parsed.argc, 2);
    assert_string_equal(a.parsed.argv[1], "y");
    assert_null(a.parsed.argv[2]);
}

static void an_early_option_must_be_the_commands(void **state) {
    struct parsed a, b, c;

    (void)state;
    PARSE(&a, "-a", "list");
    PARSE(&b, "list", "-n");
    PARSE(&c, "list", "--auto");
    assert_true(a.result < 0 && b.result < 0 && c.result < 0);
    assert_int_equal(a.err.code, EPMT_ERR_USAGE);
    assert_non_null(strstr(b.err.text, "-n"));
}

static void run_leaves_the_commands_words_alone(void **state) {
    struct parsed a, b;

    (void)state;
    PARSE(&a, "run", "-a", "prog", "-a", "--help", "--", "-x");
    assert_int_equal(a.result, 0);
    assert_int_equal(a.parsed.argc, 5);
    assert_string_equal(a.parsed.argv[1], "-a");
    assert_string_equal(a.parsed.argv[3], "--");
    assert_false(a.parsed.help);
    PARSE(&b, "run", "--", "-prog", "--");
    assert_int_equal(b.result, 0);
    assert_int_equal(b.parsed.argc, 2);
    assert_string_equal(b.parsed.argv[0], "-prog");
    assert_null(b.parsed.argv[2]);
}

static void two_dashes_end_options(void **state) {
    struct parsed a;

    (void)state;
    PARSE(&a, "submit", "--", "-n", "-");
    assert_int_equal(a.result, 0);
    assert_false(a.cli.dry_run);
    assert_int_equal(a.parsed.argc, 2);
    PARSE(&a, "submit", "-"); // a lone dash is an argument
    assert_int_equal(a.result, 0);
    assert_int_equal(a.parsed.argc, 1);
}

static void arguments_of_options(void **state) {
    static const char *const wrong[][4] = {
        {"dump", "-k"},        {"dump", "--key"},        {"dump", "--threads=1"},
        {"list", "--format="}, {"list", "--format=xml"}, {"dump", "--nothing"},
        {"dump", "-z"},        {"dump", "--key"},
    };
    static const char *const right[][5] = {
        {"dump", "-kx", "f"},        {"dump", "-k", "x", "f"},       {"dump", "--key=x", "f"},
        {"dump", "--key", "x", "f"}, {"dump", "--format=json", "f"}, {"dump", "--form", "csv", "f"},
        {"dump", "-tk", "x", "f"},   {"dump", "f", "-tkx"},
    };
    struct parsed a;

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        parse(&a, wrong[i]);
        assert_true(a.result < 0);
        assert_int_equal(a.err.code, EPMT_ERR_USAGE);
    }
    for (unsigned i = 0; i < sizeof right / sizeof *right; i++) {
        parse(&a, right[i]);
        assert_int_equal(a.result, 0);
        assert_int_equal(a.parsed.argc, 1);
        assert_string_equal(a.parsed.argv[0], "f");
    }
}

static void commands_are_found_by_their_beginning(void **state) {
    struct epmt_error err;

    (void)state;
    assert_ptr_equal(epmt_command_find("sub", &err), &epmt_command_submit);
    assert_ptr_equal(epmt_command_find("stop", &err), &epmt_command_stop);
    assert_null(epmt_command_find("st", &err));
    assert_non_null(strstr(err.text, "start, stop"));
    assert_null(epmt_command_find("", &err));
    assert_null(epmt_command_find("stops", &err));
    assert_int_equal(err.code, EPMT_ERR_USAGE);
}

static void help_and_version(void **state) {
    struct parsed a;

    (void)state;
    PARSE(&a, "-V");
    assert_true(!a.result && a.parsed.version && !a.parsed.command);
    PARSE(&a, "list", "--help");
    assert_true(!a.result && a.parsed.help && a.parsed.command == &epmt_command_list);
    PARSE(&a, "-h", "run");
    assert_true(!a.result && a.parsed.help && a.parsed.command == &epmt_command_run);
    parse(&a, (const char *const[]){NULL});
    assert_true(!a.result && !a.parsed.command);
}

static void options_of_the_old_guide(void **state) {
    struct parsed a;

    (void)state;
    PARSE(&a, "-j1", "source");
    assert_true(!a.result && a.parsed.command == &epmt_command_source);
    PARSE(&a, "-j", "4", "source", "-s");
    assert_true(!a.result && a.parsed.command == &epmt_command_source && !a.parsed.argc);
    PARSE(&a, "-d", "-vv", "list", "--debug", "-v");
    assert_true(!a.result && a.cli.verbose == 5);
    PARSE(&a, "--drop", "list");
    assert_true(a.result < 0 && strstr(a.err.text, "--drop"));
}

static void the_nearest_is_suggested(void **state) {
    static const struct {
        const char *words[3], *part;
    } rows[] = {
        {{"sbumit"}, "did you mean submit?"},
        {{"lst"}, "did you mean list?"},
        {{"runn"}, "did you mean run?"},
        {{"STOP"}, "`epmt help` lists them"},
        {{"list", "--formt"}, "mean --format?"},
        {{"list", "--colums"}, "mean --columns?"},
        {{"submit", "--dryrun"}, "mean --dry-run?"},
        {{"run", "--atuo"}, "mean --auto?"},
        {{"--verbos1"}, "mean --verbose?"},
    };
    struct parsed a;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(&a, rows[i].words);
        assert_true(a.result < 0);
        assert_int_equal(a.err.code, EPMT_ERR_USAGE);
        assert_non_null(strstr(a.err.text, rows[i].part));
    }
    PARSE(&a, "list", "--quite-another");
    assert_null(strstr(a.err.text, "mean"));
}

static void tables_have_columns(void **state) {
    struct parsed a;

    (void)state;
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        bool found = false;
        for (int k = 0; epmt_command_option(command, k); k++)
            found |= !strcmp(epmt_command_option(command, k)->name, "columns");
        assert_true(found == epmt_command_has_tables(command));
    }
    PARSE(&a, "list", "--columns", "jobid,user");
    assert_int_equal(a.result, 0);
    PARSE(&a, "list", "--columns=");
    assert_true(a.result < 0);
    PARSE(&a, "list", "--columns", "jobid,,user");
    assert_true(a.result < 0);
    PARSE(&a, "stop", "--columns", "x");
    assert_true(a.result < 0);
}

static void every_command_describes_itself(void **state) {
    (void)state;
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        assert_true(command->name && command->arguments && command->summary && command->run);
        assert_true(command->group < EPMT_GROUP_COUNT);
        assert_true(command->examples && command->examples[strlen(command->examples) - 1] == '\n');
        for (const struct epmt_option *row = command->options; row && row->name; row++)
            assert_true(row->help && *row->help);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_stands_before_and_behind),
        cmocka_unit_test(dry_run_and_verbose_stand_anywhere),
        cmocka_unit_test(an_early_option_must_be_the_commands),
        cmocka_unit_test(run_leaves_the_commands_words_alone),
        cmocka_unit_test(two_dashes_end_options),
        cmocka_unit_test(arguments_of_options),
        cmocka_unit_test(commands_are_found_by_their_beginning),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(options_of_the_old_guide),
        cmocka_unit_test(the_nearest_is_suggested),
        cmocka_unit_test(tables_have_columns),
        cmocka_unit_test(every_command_describes_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

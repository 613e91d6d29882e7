// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <string.h>

#include "cli/suggest.h"
#include "cli/table.h"
#include "common/fmt.h"

const struct epmt_option epmt_global_options[] = {
    {'h', "help", NULL, "show this help, or that of the command"},
    {'V', "version", NULL, "show the version"},
    {'v', "verbose", NULL, "say more; up to -vvv, anywhere"},
    {'d', "debug", NULL, "the same as -v"},
    {'a', "auto", NULL, "as behind `run`: start before it, stop after it"},
    {'n', "dry-run", NULL, "as behind the command: only say what would be done"},
    {0, "drop", NULL, "as behind `submit`: drop the tables before it"},
    {'j', "jobs", "N", "accepted and ignored"},
    {0},
};

static const struct epmt_option columns_option = {
    0, "columns", "NAMES", "only these columns, in this order: names separated by commas"};

const struct epmt_command *const epmt_command_table[] = {
#define ROW(name) &epmt_command_##name,
    EPMT_COMMANDS(ROW)
#undef ROW
        NULL,
};

static void no_command(const char *name, struct epmt_error *err) {
    struct epmt_suggestion suggestion;
    char text[EPMT_SUGGEST_MAX];

    epmt_suggest_init(&suggestion, name, strlen(name));
    for (int i = 0; epmt_command_table[i]; i++)
        epmt_suggest_try(&suggestion, epmt_command_table[i]->name);
    epmt_suggest_text(&suggestion, "", text);
    epmt_errf(err, EPMT_ERR_USAGE, "there is no command %s%s", name,
              *text ? text : "; `epmt help` lists them");
}

const struct epmt_command *epmt_command_find(const char *name, struct epmt_error *err) {
    const struct epmt_command *found = NULL;
    char text[256];
    struct epmt_text_buffer candidates;
    int count = 0;
    size_t len = strlen(name);

    epmt_text_init(&candidates, text, sizeof text);
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        if (!strcmp(command->name, name))
            return command;
        if (len && !strncmp(command->name, name, len)) {
            found = command;
            epmt_text_fmt(&candidates, "%s%s", count++ ? ", " : "", command->name);
        }
    }
    if (count == 1)
        return found;
    if (count)
        epmt_errf(err, EPMT_ERR_USAGE, "command %s is ambiguous: %s", name, text);
    else
        no_command(name, err);
    return NULL;
}

// A parse under way.
struct parse {
    struct epmt_cli *cli;
    struct epmt_parsed *parsed;
    char **argv;
    int argc, at;
    bool drop; // --drop stood before the command's name
    struct epmt_error *err;
};

static const struct epmt_option *find_letter(const struct epmt_option *table, char letter) {
    for (; table && table->name; table++) {
        if (table->letter == letter)
            return table;
    }
    return NULL;
}

static const struct epmt_option *find_named(const struct epmt_option *table, const char *name) {
    for (; table && table->name; table++) {
        if (!strcmp(table->name, name))
            return table;
    }
    return NULL;
}

// The option with this long name, or the only one that begins so; *count says how many do.
static const struct epmt_option *find_long(const struct epmt_option *table, const char *name,
                                           size_t len, int *count) {
    const struct epmt_option *found = NULL;

    for (; table && table->name; table++) {
        if (strncmp(table->name, name, len))
            continue;
        found = table;
        if (!table->name[len]) {
            *count = 1;
            return found;
        }
        ++*count;
    }
    return found;
}

static const struct epmt_option *own_options(const struct parse *parse) {
    return parse->parsed->command ? parse->parsed->command->options : NULL;
}

static bool is_global(const struct epmt_option *option) {
    for (const struct epmt_option *row = epmt_global_options; row->name; row++) {
        if (row == option)
            return true;
    }
    return false;
}

// What is epmt's own, or stands for an option of the command that comes.
static void take_global(struct parse *parse, const struct epmt_option *option) {
    if (option->letter == 'h')
        parse->parsed->help = true;
    else if (option->letter == 'V')
        parse->parsed->version = true;
    else if (option->letter == 'v' || option->letter == 'd')
        parse->cli->verbose++;
    else if (option->letter == 'a')
        parse->cli->automatic = true;
    else if (option->letter == 'n')
        parse->cli->dry_run = true;
    else if (!strcmp(option->name, "drop"))
        parse->drop = true;
}

static int take(struct parse *parse, const struct epmt_option *option, const char *argument) {
    if (option == &columns_option)
        return epmt_output_select(argument, parse->err);
    if (is_global(option)) {
        take_global(parse, option);
        return 0;
    }
    // These the commands find in struct epmt_cli, wherever they stood.
    if (option->letter == 'a' && !strcmp(option->name, "auto"))
        parse->cli->automatic = true;
    else if (option->letter == 'n' && !strcmp(option->name, "dry-run"))
        parse->cli->dry_run = true;
    else
        return parse->parsed->command->option(parse->cli, option, argument, parse->err);
    return 0;
}

// Of epmt's own options those that a command must have too.
static bool is_of_command(const struct epmt_option *option) {
    return option->letter == 'a' || option->letter == 'n' || !strcmp(option->name, "drop");
}

static int no_option(struct parse *parse, const char *text, size_t len) {
    struct epmt_suggestion suggestion;
    char more[EPMT_SUGGEST_MAX];

    epmt_suggest_init(&suggestion, text, len);
    for (const struct epmt_option *row = own_options(parse); row && row->name; row++)
        epmt_suggest_try(&suggestion, row->name);
    if (epmt_command_has_tables(parse->parsed->command))
        epmt_suggest_try(&suggestion, columns_option.name);
    for (const struct epmt_option *row = epmt_global_options; row->name; row++) {
        if (!parse->parsed->command || !is_of_command(row))
            epmt_suggest_try(&suggestion, row->name);
    }
    return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option --%.*s%s", (int)len, text,
                     epmt_suggest_text(&suggestion, "--", more));
}

static int parse_long(struct parse *parse, const char *text) {
    const char *equals = strchrnul(text, '=');
    size_t len = (size_t)(equals - text);
    const char *argument = *equals ? equals + 1 : NULL;
    int count = 0;
    const struct epmt_option *option = find_long(own_options(parse), text, len, &count);

    if (!option && len >= 3 && epmt_command_has_tables(parse->parsed->command) &&
        !strncmp(columns_option.name, text, len)) {
        option = &columns_option;
        count = 1;
    }
    if (!option)
        option = find_long(epmt_global_options, text, len, &count);
    if (!option)
        return no_option(parse, text, len);
    if (count > 1)
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "option --%.*s is ambiguous", (int)len, text);
    if (!option->argument && argument)
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "option --%s takes no argument", option->name);
    if (option->argument && !argument) {
        if (parse->at >= parse->argc)
            return epmt_errf(parse->err, EPMT_ERR_USAGE, "option --%s needs an argument (%s)",
                             option->name, option->argument);
        argument = parse->argv[parse->at++];
    }
    return take(parse, option, argument);
}

// One word of short options: -vn, -kKEY, -k KEY.
static int parse_short(struct parse *parse, const char *text) {
    for (; *text; text++) {
        const struct epmt_option *option = find_letter(own_options(parse), *text);
        const char *argument = NULL;
        if (!option)
            option = find_letter(epmt_global_options, *text);
        if (!option)
            return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option -%c", *text);
        if (option->argument) {
            argument = text[1] ? text + 1 : NULL;
            if (!argument && parse->at < parse->argc)
                argument = parse->argv[parse->at++];
            if (!argument)
                return epmt_errf(parse->err, EPMT_ERR_USAGE, "option -%c needs an argument (%s)",
                                 *text, option->argument);
            return take(parse, option, argument);
        }
        if (take(parse, option, NULL))
            return -1;
    }
    return 0;
}

// Gives the command its own --drop that stood before its name.
static int pass_drop(struct parse *parse) {
    const struct epmt_command *command = parse->parsed->command;
    const struct epmt_option *row = find_named(command->options, "drop");

    if (!row)
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option --drop");
    return command->option(parse->cli, row, NULL, parse->err);
}

// -a and -n, which may stand before the command's name, must be options of it.
static int check_common(struct parse *parse) {
    const struct epmt_command *command = parse->parsed->command;

    if (!command || parse->parsed->help || parse->parsed->version)
        return 0;
    if (parse->cli->automatic && !find_named(command->options, "auto"))
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option -a");
    if (parse->cli->dry_run && !find_named(command->options, "dry-run"))
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option -n");
    return parse->drop ? pass_drop(parse) : 0;
}

// Takes a word that is no option. Returns 1 where the rest is not to be parsed any more.
static int take_word(struct parse *parse, char *word) {
    struct epmt_parsed *parsed = parse->parsed;

    if (!parsed->command) {
        parsed->command = epmt_command_find(word, parse->err);
        return parsed->command ? 0 : -1;
    }
    parsed->argv[parsed->argc++] = word;
    return parsed->command->passes_arguments;
}

int epmt_options_parse(struct epmt_cli *cli, int argc, char **argv, struct epmt_parsed *parsed,
                       struct epmt_error *err) {
    struct parse parse = {.cli = cli, .parsed = parsed, .argv = argv, .argc = argc, .err = err};
    int status = 0;

    // Arguments are moved to the front of argv, whose first words are read by then.
    *parsed = (struct epmt_parsed){.argv = argv};
    parse.at = 1;
    while (parse.at < argc && !status) {
        char *word = argv[parse.at++];
        if (!strcmp(word, "--") && parsed->command)
            status = 1;
        else if (word[0] == '-' && word[1] == '-' && word[2])
            status = parse_long(&parse, word + 2);
        else if (word[0] == '-' && word[1] && word[1] != '-')
            status = parse_short(&parse, word + 1);
        else
            status = take_word(&parse, word);
    }
    if (status < 0 || check_common(&parse))
        return -1;
    while (parse.at < argc)
        argv[parsed->argc++] = argv[parse.at++];
    argv[parsed->argc] = NULL;
    return 0;
}

bool epmt_command_has_tables(const struct epmt_command *command) {
    return command && find_named(command->options, "format");
}

const struct epmt_option *epmt_command_option(const struct epmt_command *command, int n) {
    static const struct epmt_option help = {'h', "help", NULL, "show this help"};
    const struct epmt_option *verbose = &epmt_global_options[2];
    const struct epmt_option *rest[4] = {NULL};
    int count = 0, own = 0;

    for (; command->options && command->options[own].name; own++) {
        if (own == n)
            return &command->options[own];
    }
    if (epmt_command_has_tables(command))
        rest[count++] = &columns_option;
    rest[count++] = &help;
    rest[count++] = verbose;
    return n - own < count ? rest[n - own] : NULL;
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <string.h>

#include "common/fmt.h"

const struct epmt_option epmt_global_options[] = {
    {'h', "help", NULL, "show this help, or that of the command"},
    {'V', "version", NULL, "show the version"},
    {'v', "verbose", NULL, "say more; may be given several times"},
    {'a', "auto", NULL, "as behind `run`: start before it, stop after it"},
    {'n', "dry-run", NULL, "as behind the command: only say what would be done"},
    {0},
};

const struct epmt_command *const epmt_command_table[] = {
#define ROW(name) &epmt_command_##name,
    EPMT_COMMANDS(ROW)
#undef ROW
        NULL,
};

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
        epmt_errf(err, EPMT_ERR_USAGE, "there is no command %s; `epmt help` lists them", name);
    return NULL;
}

// A parse under way.
struct parse {
    struct epmt_cli *cli;
    struct epmt_parsed *parsed;
    char **argv;
    int argc, at;
    struct epmt_error *err;
};

static const struct epmt_option *find_letter(const struct epmt_option *table, char letter) {
    for (; table && table->name; table++) {
        if (table->letter == letter)
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

// The options that cli itself keeps, wherever they stand. Returns false for others.
static bool take_common(struct parse *parse, const struct epmt_option *option) {
    switch (option->letter) {
    case 'h':
        parse->parsed->help = true;
        return true;
    case 'V':
        parse->parsed->version = true;
        return true;
    case 'v':
        parse->cli->verbose++;
        return true;
    case 'a':
        parse->cli->automatic = true;
        return true;
    case 'n':
        parse->cli->dry_run = true;
        return true;
    default:
        return false;
    }
}

static bool is_common(const struct epmt_option *option) {
    int count = 0;
    const struct epmt_option *global =
        find_long(epmt_global_options, option->name, strlen(option->name), &count);

    return global && !strcmp(global->name, option->name);
}

static int take(struct parse *parse, const struct epmt_option *option, const char *argument) {
    if (is_common(option) && take_common(parse, option))
        return 0;
    return parse->parsed->command->option(parse->cli, option, argument, parse->err);
}

static int parse_long(struct parse *parse, const char *text) {
    const char *equals = strchrnul(text, '=');
    size_t len = (size_t)(equals - text);
    const char *argument = *equals ? equals + 1 : NULL;
    int count = 0;
    const struct epmt_option *option = find_long(own_options(parse), text, len, &count);

    if (!option)
        option = find_long(epmt_global_options, text, len, &count);
    if (!option)
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option --%.*s", (int)len, text);
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

// -a and -n, which may stand before the command's name, must be options of it.
static int check_common(struct parse *parse) {
    const struct epmt_command *command = parse->parsed->command;

    if (!command || parse->parsed->help || parse->parsed->version)
        return 0;
    if (parse->cli->automatic && !find_letter(command->options, 'a'))
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option -a");
    if (parse->cli->dry_run && !find_letter(command->options, 'n'))
        return epmt_errf(parse->err, EPMT_ERR_USAGE, "there is no option -n");
    return 0;
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

char *epmt_option_label(const struct epmt_option *option, char *data, size_t cap) {
    struct epmt_text_buffer text;

    epmt_text_init(&text, data, cap);
    if (option->letter)
        epmt_text_fmt(&text, "-%c, ", option->letter);
    epmt_text_fmt(&text, "--%s", option->name);
    if (option->argument)
        epmt_text_fmt(&text, " %s", option->argument);
    return data;
}

static void print_options(FILE *to, const struct epmt_option *options) {
    char label[64];

    for (; options && options->name; options++)
        fprintf(to, "  %-24s %s\n", epmt_option_label(options, label, sizeof label), options->help);
}

static void print_group(FILE *to, enum epmt_command_group group) {
    static const char *const titles[] = {
#define TITLE(name, title) title,
        EPMT_COMMAND_GROUPS(TITLE)
#undef TITLE
    };

    fprintf(to, "\n%s:\n", titles[group]);
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        if (command->group == group)
            fprintf(to, "  %-24s %s\n", command->name, command->summary);
    }
}

static void print_examples(FILE *to, const char *examples) {
    if (!examples)
        return;
    fputs("\nexamples:\n", to);
    for (const char *line = examples; *line;) {
        size_t len = strcspn(line, "\n");
        fprintf(to, "  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

void epmt_help_print(FILE *to, const struct epmt_command *command) {
    if (command) {
        fprintf(to, "usage: epmt %s%s%s%s\n\n%s\n\noptions:\n", command->name,
                command->options && command->options->name ? " [OPTIONS]" : "",
                *command->arguments ? " " : "", command->arguments, command->summary);
        print_options(to, command->options);
        fprintf(to, "  %-24s %s\n  %-24s %s\n", "-h, --help", "show this help", "-v, --verbose",
                "say more; may be given several times");
        print_examples(to, command->examples);
        return;
    }
    fprintf(to, "usage: epmt [OPTIONS] COMMAND [ARGUMENTS]\n\n"
                "Measures the processes, threads and MPI ranks of jobs.\n");
    for (int group = 0; group < EPMT_GROUP_COUNT; group++)
        print_group(to, (enum epmt_command_group)group);
    fputs("\noptions:\n", to);
    print_options(to, epmt_global_options);
    fputs(
        "\n`epmt COMMAND --help` says more about one; `epmt help metrics`, `settings` and `errors` "
        "list these.\n",
        to);
}

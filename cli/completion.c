// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

// In single quotes, where zsh has its own meaning for [, ] and :.
static void put_quoted(const char *text, bool zsh) {
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (zsh && strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
    putchar('\'');
}

static void put_words(const struct epmt_option *option) {
    if (option->letter)
        printf(" -%c", option->letter);
    printf(" --%s", option->name);
}

// What may stand behind an option, as words; NULL: files.
static const char *values_of(const struct epmt_option *option) {
    return !strcmp(option->name, "format") ? "table json csv" : NULL;
}

static bool takes_files(const struct epmt_command *command) {
    return strstr(command->arguments, "FILE") || strstr(command->arguments, "DIR") ||
           command->passes_arguments;
}

static void bash(void) {
    puts("# Completion of epmt for bash; written by `epmt help completion bash`.\n"
         "_epmt() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    local command= i words= files=\n"
         "    COMPREPLY=()\n"
         "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "        case ${COMP_WORDS[i]} in\n"
         "            -*) ;;\n"
         "            *) command=${COMP_WORDS[i]}; break ;;\n"
         "        esac\n"
         "    done\n"
         "    if [ \"$before\" = --format ]; then\n"
         "        COMPREPLY=($(compgen -W 'table json csv' -- \"$word\"))\n"
         "        return\n"
         "    fi\n"
         "    case $command in");
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        printf("        %s) words='", command->name);
        for (int k = 0; epmt_command_option(command, k); k++)
            put_words(epmt_command_option(command, k));
        printf("'; files=%d ;;\n", takes_files(command));
    }
    fputs("        '') words='", stdout);
    for (int i = 0; epmt_command_table[i]; i++)
        printf(" %s", epmt_command_table[i]->name);
    for (const struct epmt_option *row = epmt_global_options; row->name; row++)
        put_words(row);
    puts("'; files=0 ;;\n"
         "    esac\n"
         "    if [ -n \"$command\" ] && [ \"${word#-}\" = \"$word\" ]; then\n"
         "        [ \"$files\" = 1 ] && COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "        return\n"
         "    fi\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o filenames -F _epmt epmt");
}

static void zsh_option(const struct epmt_option *option) {
    const char *const forms[] = {"", "--"};
    const char *values = values_of(option);

    for (int i = option->letter ? 0 : 1; i < 2; i++) {
        fputs(" \\\n                ", stdout);
        if (i)
            printf("%s%s", forms[i], option->name);
        else
            printf("-%c", option->letter);
        printf("'['");
        put_quoted(option->help, true);
        printf("']%s%s%s%s'", option->argument ? ":" : "", option->argument ? option->argument : "",
               option->argument ? ":" : "",
               values             ? "(table json csv)"
               : option->argument ? "_files"
                                  : "");
    }
}

static void zsh(void) {
    puts("#compdef epmt\n"
         "# Completion of epmt for zsh; written by `epmt help completion zsh`.\n"
         "_epmt() {\n"
         "    local curcontext=$curcontext state line\n"
         "    local -a commands\n"
         "    commands=(");
    for (int i = 0; epmt_command_table[i]; i++) {
        printf("        %s:", epmt_command_table[i]->name);
        put_quoted(epmt_command_table[i]->summary, true);
        putchar('\n');
    }
    fputs("    )\n    _arguments -C", stdout);
    for (const struct epmt_option *row = epmt_global_options; row->name; row++)
        zsh_option(row);
    puts(" \\\n        '1:command:->command' '*::argument:->argument'\n"
         "    case $state in\n"
         "        command) _describe -t commands 'epmt command' commands ;;\n"
         "        argument)\n"
         "            case $line[1] in");
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        printf("            %s) _arguments", command->name);
        for (int k = 0; epmt_command_option(command, k); k++)
            zsh_option(epmt_command_option(command, k));
        printf("%s ;;\n", takes_files(command) ? " '*:file:_files'" : "");
    }
    puts("            esac ;;\n    esac\n}\n"
         "# Called by the completion system, or sourced.\n"
         "if [ \"$funcstack[1]\" = _epmt ]; then _epmt \"$@\"; else compdef _epmt epmt; fi");
}

static void fish_option(const char *condition, const struct epmt_option *option) {
    const char *values = values_of(option);

    printf("complete -c epmt -n '%s'", condition);
    if (option->letter)
        printf(" -s %c", option->letter);
    printf(" -l %s", option->name);
    if (option->argument)
        printf(" -r%s%s%s", values ? " -f -a '" : "", values ? values : "", values ? "'" : "");
    fputs(" -d ", stdout);
    put_quoted(option->help, false);
    putchar('\n');
}

static void fish(void) {
    char condition[96];

    puts("# Completion of epmt for fish; written by `epmt help completion fish`.");
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        printf("complete -c epmt -f -n __fish_use_subcommand -a %s -d ", command->name);
        put_quoted(command->summary, false);
        putchar('\n');
        snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", command->name);
        for (int k = 0; epmt_command_option(command, k); k++)
            fish_option(condition, epmt_command_option(command, k));
        if (!takes_files(command))
            printf("complete -c epmt -f -n '%s'\n", condition);
    }
    for (const struct epmt_option *row = epmt_global_options; row->name; row++)
        fish_option("__fish_use_subcommand", row);
}

int epmt_completion_print(const char *shell, struct epmt_error *err) {
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    for (unsigned i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (!strcmp(shells[i].name, shell)) {
            shells[i].print();
            return 0;
        }
    }
    return epmt_errf(err, EPMT_ERR_USAGE, "there is no completion for %s: bash, zsh or fish",
                     shell);
}

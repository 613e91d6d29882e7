// SPDX-License-Identifier: Apache-2.0
#include "cli/man.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/markdown.h"
#include "cli/options.h"
#include "common/fmt.h"

#define DATE "November 25, 2026"

enum { LINE_LEN = 72, PAGE_NAME_MAX = 64 };

static void put_escaped(const char *text, int len) {
    for (int i = 0; i < len; i++) {
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else
            putchar(text[i]);
    }
}

static bool ends_sentence(const char *word, int len) {
    return strchr(".!?", word[len - 1]) != NULL;
}

// Text as lines of mdoc: words that look like macros are protected, and every sentence begins a
// line, as mdoc wants it.
static void put_text(const char *text) {
    int column = 0;

    while (*text) {
        int len = (int)strcspn(text, " \n");
        if (len) {
            if (column && column + 1 + len > LINE_LEN) {
                putchar('\n');
                column = 0;
            }
            if (column)
                putchar(' ');
            else if (*text == '.' || *text == '\'')
                fputs("\\&", stdout);
            put_escaped(text, len);
            column += len + (column > 0);
            if (ends_sentence(text, len) && text[len]) {
                putchar('\n');
                column = 0;
            }
        }
        text += len + (text[len] != '\0');
    }
    if (column)
        putchar('\n');
}

static void head(const char *title, const char *section, const char *name, const char *about) {
    int len = (int)strlen(about);

    printf(".Dd " DATE "\n.Dt ");
    for (; *title; title++)
        putchar(toupper((unsigned char)*title));
    printf(" %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd ", section, name);
    if (len && about[len - 1] == '.')
        len--;
    putchar(tolower((unsigned char)*about));
    put_escaped(about + 1, len - 1);
    putchar('\n');
}

static void put_option(const struct epmt_option *option) {
    if (option->letter)
        printf(".It Fl %c , Fl Fl %s", option->letter, option->name);
    else
        printf(".It Fl Fl %s", option->name);
    if (option->argument)
        printf(" Ar %s", option->argument);
    putchar('\n');
    put_text(option->help);
}

static void put_exit_status(const char *more) {
    puts(".Sh EXIT STATUS");
    puts(".Bl -tag -width Ds");
#define ROW(name, status, sentence) \
    puts(".It " #status);           \
    put_text(sentence);
    EPMT_ERRORS(ROW)
#undef ROW
    puts(".El");
    if (more)
        put_text(more);
}

static void put_example(void *context, const char *line, int len, const char *comment,
                        int comment_len) {
    (void)context;
    if (comment_len) {
        fputs("# ", stdout);
        put_escaped(comment, comment_len);
        putchar('\n');
    }
    if (*line == '.' || *line == '\'')
        fputs("\\&", stdout);
    put_escaped(line, len);
    putchar('\n');
}

static void command_page(const struct epmt_command *command) {
    char name[PAGE_NAME_MAX];

    epmt_fmt(name, sizeof name, "epmt-%s", command->name);
    head(name, "1", name, command->summary);
    printf(".Sh SYNOPSIS\n.Nm epmt %s\n.Op Ar options\n", command->name);
    put_text(command->arguments);
    puts(".Sh DESCRIPTION");
    put_text(command->summary);
    puts(".Pp\nThe options are:\n.Bl -tag -width Ds");
    for (int i = 0; epmt_command_option(command, i); i++)
        put_option(epmt_command_option(command, i));
    puts(".El");
    put_exit_status(command->passes_arguments
                        ? "Where the command was run, its own exit status: 128 and the number of "
                          "the signal where one ended it, 127 where it is not found, 126 where it "
                          "cannot be run."
                        : NULL);
    if (command->examples) {
        puts(".Sh EXAMPLES\n.Bd -literal -offset indent");
        epmt_help_examples(command, put_example, NULL);
        puts(".Ed");
    }
    puts(".Sh SEE ALSO\n.Xr epmt 1 ,\n.Xr epmt.conf 5");
}

static void put_group(enum epmt_command_group group) {
    printf(".Ss Commands to %s\n.Bl -tag -width completion\n", epmt_group_title(group));
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        if (command->group != group)
            continue;
        printf(".It Ic %s\n", command->name);
        put_text(command->summary);
        printf("See\n.Xr epmt-%s 1 .\n", command->name);
    }
    puts(".El");
}

static void main_page(void) {
    head("epmt", "1", "epmt", "Performance accounting for HPC jobs");
    puts(".Sh SYNOPSIS\n.Nm\n.Op Ar options\n.Ar command\n.Op Ar arguments\n.Sh DESCRIPTION");
    put_text("Measures the processes, threads and MPI ranks of jobs, without a change to the "
             "program, and keeps what they cost in one file per job and in a database. A command, "
             "and a long option, may be shortened as long as it stays clear.");
    for (int group = 0; group < EPMT_GROUP_COUNT; group++)
        put_group((enum epmt_command_group)group);
    puts(".Sh OPTIONS\n.Bl -tag -width Ds");
    for (const struct epmt_option *row = epmt_global_options; row->name; row++)
        put_option(row);
    puts(".El\n.Sh ENVIRONMENT");
    put_text("Every setting has a variable, see");
    puts(".Xr epmt.conf 5 .\n.Bl -tag -width Ds");
    puts(".It Ev EPMT_JOB_ID");
    put_text("the job id, where no scheduler tells one");
    puts(".It Ev EPMT_JOB_TAGS");
    put_text("tags of the job: key:value;key:value");
    puts(".It Ev EPMT_TAGS , PAPIEX_TAGS");
    put_text("tags of the processes that are started with it");
    puts(".It Ev NO_COLOR");
    put_text("no colours on a terminal");
    puts(".El");
    put_exit_status("An error is one line on standard error.");
    puts(".Sh SEE ALSO\n.Xr epmt-help 1 ,\n.Xr epmt.conf 5");
}

static void put_setting(const struct epmt_setting *setting) {
    static const char *const types[] = {"text", "number", "0 or 1"};
    char variable[EPMT_VARIABLE_MAX], value[64];
    const char *def = epmt_markdown_default(setting, value, sizeof value);

    printf(".It Ic %s\n", setting->name);
    put_text(epmt_setting_description(setting));
    printf(".Pq variable\n.Ev %s ,\n%s", epmt_setting_variable(setting, variable),
           types[setting->type]);
    if (*def) {
        fputs(", default\n.Ql ", stdout);
        put_escaped(def, (int)strlen(def));
    }
    putchar('\n');
}

static void settings_page(void) {
    head("epmt.conf", "5", "epmt.conf", "Settings of epmt");
    puts(".Sh SYNOPSIS\n.Pa /etc/epmt/epmt.conf\n.Pa ~/.config/epmt/epmt.conf\n.Sh DESCRIPTION");
    put_text("Lines `name = value` in the section [epmt]; what stands behind # or ; is a comment. "
             "The environment counts more than the user's file, and that more than the system's. "
             "The sections [host PATTERN] and [cpu PATTERN] count on hosts of such a name, and on "
             "processors of such a family/model/stepping; * and ? stand for others, colons "
             "separate patterns.");
    puts(".Pp\nThe settings are:\n.Bl -tag -width Ds");
    for (int i = 0; i < epmt_setting_count; i++)
        put_setting(&epmt_setting_table[i]);
    puts(".El\n.Sh EXAMPLES\n.Bd -literal -offset indent\n[epmt]\n"
         "output_prefix = /scratch/epmt/\ndb_url = postgresql://epmt@db.example/epmt\n\n"
         "[host login*]\ndisable = 1\n.Ed\n.Sh SEE ALSO\n.Xr epmt 1 ,\n.Xr epmt-config 1");
}

// The command of the page epmt-<command>.1, or NULL.
static const struct epmt_command *command_of(const char *page) {
    char name[PAGE_NAME_MAX];

    for (int i = 0; epmt_command_table[i]; i++) {
        epmt_fmt(name, sizeof name, "epmt-%s.1", epmt_command_table[i]->name);
        if (!strcmp(name, page))
            return epmt_command_table[i];
    }
    return NULL;
}

int epmt_man_print(const char *page, struct epmt_error *err) {
    const struct epmt_command *command = command_of(page);

    if (command) {
        command_page(command);
    } else if (!strcmp(page, "epmt.1")) {
        main_page();
    } else if (!strcmp(page, "epmt.conf.5")) {
        settings_page();
    } else if (!strcmp(page, "list")) {
        puts("epmt.1\nepmt.conf.5");
        for (int i = 0; epmt_command_table[i]; i++)
            printf("epmt-%s.1\n", epmt_command_table[i]->name);
    } else {
        return epmt_errf(err, EPMT_ERR_USAGE, "there is no page %s; epmt help man list names them",
                         page);
    }
    return 0;
}

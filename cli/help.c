// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <string.h>

#include "cli/options.h"
#include "cli/settings_show.h"
#include "common/fmt.h"

enum { LABEL_WIDTH = 24 };

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

static void print_option(FILE *to, const struct epmt_option *option) {
    char label[64];

    fprintf(to, "  %-*s %s\n", LABEL_WIDTH, epmt_option_label(option, label, sizeof label),
            option->help);
}

const char *epmt_group_title(enum epmt_command_group group) {
    static const char *const titles[] = {
#define TITLE(name, title) title,
        EPMT_COMMAND_GROUPS(TITLE)
#undef TITLE
    };

    return titles[group];
}

static void print_group(FILE *to, enum epmt_command_group group) {
    fprintf(to, "\n%s:\n", epmt_group_title(group));
    for (int i = 0; epmt_command_table[i]; i++) {
        const struct epmt_command *command = epmt_command_table[i];
        if (command->group == group)
            fprintf(to, "  %-*s %s\n", LABEL_WIDTH, command->name, command->summary);
    }
}

void epmt_help_examples(const struct epmt_command *command,
                        void (*each)(void *context, const char *line, int len, const char *comment,
                                     int comment_len),
                        void *context) {
    for (const char *line = command->examples; line && *line;) {
        int all = (int)strcspn(line, "\n"), len = all;
        const char *mark = memmem(line, (size_t)all, " # ", 3);
        if (mark)
            len = (int)(mark - line);
        while (len && line[len - 1] == ' ')
            len--;
        each(context, line, len, mark ? mark + 3 : "", mark ? all - (int)(mark + 3 - line) : 0);
        line += all + (line[all] == '\n');
    }
}

// Two passes, so that the comments stand in one column.
struct example {
    FILE *to;
    int width;
};

static void measure(void *context, const char *line, int len, const char *comment,
                    int comment_len) {
    struct example *example = context;

    (void)line, (void)comment;
    if (comment_len && len > example->width)
        example->width = len;
}

static void print_example(void *context, const char *line, int len, const char *comment,
                          int comment_len) {
    const struct example *example = context;

    if (comment_len)
        fprintf(example->to, "  %.*s%*s  # %.*s\n", len, line, example->width - len, "",
                comment_len, comment);
    else
        fprintf(example->to, "  %.*s\n", len, line);
}

static void print_command(FILE *to, const struct epmt_command *command) {
    struct example example = {.to = to};

    fprintf(to, "usage: epmt %s%s%s%s\n\n%s\n\noptions:\n", command->name,
            command->options && command->options->name ? " [OPTIONS]" : "",
            *command->arguments ? " " : "", command->arguments, command->summary);
    for (int i = 0; epmt_command_option(command, i); i++)
        print_option(to, epmt_command_option(command, i));
    if (command->examples)
        fputs("\nexamples:\n", to);
    epmt_help_examples(command, measure, &example);
    epmt_help_examples(command, print_example, &example);
}

void epmt_help_print(FILE *to, const struct epmt_command *command) {
    if (command) {
        print_command(to, command);
        return;
    }
    fprintf(to, "usage: epmt [OPTIONS] COMMAND [ARGUMENTS]\n\n"
                "Measures the processes, threads and MPI ranks of jobs.\n");
    for (int group = 0; group < EPMT_GROUP_COUNT; group++)
        print_group(to, (enum epmt_command_group)group);
    fputs("\noptions:\n", to);
    for (const struct epmt_option *row = epmt_global_options; row->name; row++)
        print_option(to, row);
    fputs("\n`epmt COMMAND --help` says more about one; `epmt help metrics`, `settings` and "
          "`errors` list these.\n",
          to);
}

void epmt_help_print_all(FILE *to, const struct epmt_cli *cli) {
    epmt_help_print(to, NULL);
    fputs("\nsettings in force, and where each comes from:\n", to);
    for (int i = 0; i < epmt_setting_count; i++) {
        const struct epmt_setting *setting = &epmt_setting_table[i];
        char value[EPMT_SETTING_SHOWN_MAX];
        fprintf(to, "  %-*s %s  (%s)\n", LABEL_WIDTH, setting->name,
                epmt_setting_shown(&cli->settings, setting, value), epmt_setting_origin(setting));
    }
}

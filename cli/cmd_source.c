// SPDX-License-Identifier: Apache-2.0
// epmt source: shell code that instruments what the shell runs from then on, for
// eval `epmt source` (fish: epmt source | source). Every statement ends with `;`, so that newlines
// may become blanks.
#include <stdio.h>
#include <string.h>

#include "cli/ancestors.h"
#include "cli/instrument.h"
#include "cli/shell.h"

enum flavour { DETECT, SH, CSH, FISH, SLURM };
static enum flavour flavour;

static const struct epmt_option options[] = {
    {'s', "slurm", NULL, "lines `export NAME=value` as a TaskProlog prints them"},
    {0, "bash", NULL, "for sh, bash, ksh and zsh, whatever the environment says"},
    {0, "csh", NULL, "for csh and tcsh"},
    {0, "fish", NULL, "for fish"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)argument, (void)err;
    flavour = row->letter == 's'    ? SLURM
              : row->name[0] == 'b' ? SH
              : row->name[0] == 'c' ? CSH
                                    : FISH;
    return 0;
}

static bool ends_in_csh(const char *path) {
    size_t len = path ? strlen(path) : 0;

    return len >= 3 && !strcmp(path + len - 3, "csh");
}

// The variables `_` and SHELL are what the old tool looked at; but in a script of another shell
// SHELL is still the user's own, so that the shell above us counts more, unless SHELL was set for
// us alone.
static enum flavour detect(const struct epmt_cli *cli) {
    static const enum flavour flavours[] = {[EPMT_SHELL_UNKNOWN] = SH,
                                            [EPMT_SHELL_SH] = SH,
                                            [EPMT_SHELL_CSH] = CSH,
                                            [EPMT_SHELL_FISH] = FISH};
    const char *shell = epmt_environment_get(cli->envp, "SHELL");

    if (ends_in_csh(epmt_environment_get(cli->envp, "_")))
        return CSH;
    enum epmt_shell above = epmt_ancestor_shell(shell);
    if (above == EPMT_SHELL_UNKNOWN)
        above = ends_in_csh(shell) ? EPMT_SHELL_CSH : epmt_shell_of(shell);
    return flavours[above];
}

static void add_sh(struct epmt_strbuf *code, const struct epmt_instrument *instrument) {
    epmt_strbuf_puts(code, "EPMT_LD_PRELOAD=");
    epmt_shell_quote(code, instrument->preload);
    epmt_strbuf_puts(code, ";\nEPMT_OLD_LD_PRELOAD=");
    epmt_shell_quote(code, instrument->preload_before);
    epmt_strbuf_puts(code, ";\nepmt_instrument() {\n");
    for (int i = 0; i < instrument->count; i++) {
        epmt_strbuf_printf(code, "%s=", instrument->variables[i].name);
        epmt_shell_quote(code, instrument->variables[i].value);
        epmt_strbuf_printf(code, ";\nexport %s;\n", instrument->variables[i].name);
    }
    epmt_strbuf_puts(code, "LD_PRELOAD=\"$EPMT_LD_PRELOAD\";\nexport LD_PRELOAD;\n};\n"
                           "epmt_uninstrument() {\n"
                           "LD_PRELOAD=\"$EPMT_OLD_LD_PRELOAD\";\n"
                           "if test -z \"$LD_PRELOAD\"; then unset LD_PRELOAD; fi;\n");
    for (int i = 0; i < instrument->count; i++) {
        if (instrument->variables[i].restore)
            epmt_strbuf_printf(code, "unset %s;\n", instrument->variables[i].name);
    }
    epmt_strbuf_puts(code, "};\nepmt_instrument;\n");
}

static void add_csh_alias(struct epmt_strbuf *code, const char *name,
                          const struct epmt_strbuf *body) {
    epmt_strbuf_printf(code, "alias %s ", name);
    // Its blanks are the shell's own business: an alias is words again.
    epmt_strbuf_puts(code, "'");
    for (const char *p = epmt_strbuf_text(body); *p; p++) {
        if (*p == '\'')
            epmt_strbuf_puts(code, "'\\''");
        else if (*p == '!')
            epmt_strbuf_puts(code, "\\!");
        else
            epmt_strbuf_add(code, p, 1);
    }
    epmt_strbuf_puts(code, "';\n");
}

static void add_setenv(struct epmt_strbuf *code, const char *name, const char *value) {
    epmt_strbuf_printf(code, "setenv %s ", name);
    epmt_shell_quote_csh(code, value);
    epmt_strbuf_puts(code, ";");
}

static void add_csh(struct epmt_strbuf *code, const struct epmt_instrument *instrument) {
    struct epmt_strbuf on = {0}, off = {0};

    for (int i = 0; i < instrument->count; i++) {
        const struct epmt_variable *variable = &instrument->variables[i];
        add_setenv(&on, variable->name, variable->value);
        epmt_strbuf_puts(&on, " ");
        if (variable->restore)
            epmt_strbuf_printf(&off, "unsetenv %s; ", variable->name);
    }
    add_setenv(&on, "LD_PRELOAD", instrument->preload);
    if (*instrument->preload_before)
        add_setenv(&off, "LD_PRELOAD", instrument->preload_before);
    else
        epmt_strbuf_puts(&off, "unsetenv LD_PRELOAD;");
    add_csh_alias(code, "epmt_instrument", &on);
    add_csh_alias(code, "epmt_uninstrument", &off);
    // An alias cannot be used in the line that defines it, and all of this is one line to eval.
    epmt_strbuf_puts(code, epmt_strbuf_text(&on));
    epmt_strbuf_puts(code, "\n");
    code->failed |= on.failed || off.failed;
    epmt_strbuf_free(&on);
    epmt_strbuf_free(&off);
}

static void add_fish_set(struct epmt_strbuf *code, const char *name, const char *value) {
    epmt_strbuf_printf(code, "set -gx %s ", name);
    epmt_shell_quote_fish(code, value);
    epmt_strbuf_puts(code, ";\n");
}

static void add_fish(struct epmt_strbuf *code, const struct epmt_instrument *instrument) {
    epmt_strbuf_puts(code, "function epmt_instrument;\n");
    for (int i = 0; i < instrument->count; i++)
        add_fish_set(code, instrument->variables[i].name, instrument->variables[i].value);
    add_fish_set(code, "LD_PRELOAD", instrument->preload);
    epmt_strbuf_puts(code, "end;\nfunction epmt_uninstrument;\n");
    for (int i = 0; i < instrument->count; i++) {
        if (instrument->variables[i].restore)
            epmt_strbuf_printf(code, "set -e %s;\n", instrument->variables[i].name);
    }
    if (*instrument->preload_before)
        add_fish_set(code, "LD_PRELOAD", instrument->preload_before);
    else
        epmt_strbuf_puts(code, "set -e LD_PRELOAD;\n");
    epmt_strbuf_puts(code, "end;\nepmt_instrument;\n");
}

// Slurm takes the line as it is, without quoting.
static void add_slurm(struct epmt_strbuf *code, const struct epmt_instrument *instrument) {
    for (int i = 0; i < instrument->count; i++) {
        if (!strchr(instrument->variables[i].value, '\n'))
            epmt_strbuf_printf(code, "export %s=%s\n", instrument->variables[i].name,
                               instrument->variables[i].value);
    }
    epmt_strbuf_printf(code, "export LD_PRELOAD=%s\n", instrument->preload);
}

static int print(enum flavour shell, const struct epmt_instrument *instrument,
                 struct epmt_error *err) {
    struct epmt_strbuf code = {0};

    if (shell == SLURM)
        add_slurm(&code, instrument);
    else if (shell == CSH)
        add_csh(&code, instrument);
    else if (shell == FISH)
        add_fish(&code, instrument);
    else
        add_sh(&code, instrument);
    int result = code.failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
    if (!result)
        fputs(epmt_strbuf_text(&code), stdout);
    epmt_strbuf_free(&code);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_job_place place;
    struct epmt_instrument instrument = {0};
    int result = -1;

    (void)argv;
    if (argc)
        epmt_errf(err, EPMT_ERR_USAGE, "it takes no arguments");
    else if (!epmt_job_place_find(&place, &cli->settings, cli->envp, err) &&
             !epmt_instrument_init(&instrument, cli, &place, err))
        result = print(flavour == DETECT ? detect(cli) : flavour, &instrument, err);
    epmt_instrument_fini(&instrument);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_source = {
    .name = "source",
    .group = EPMT_GROUP_COLLECT,
    .arguments = "",
    .summary = "Print shell code that instruments what the shell runs: eval `epmt source`.",
    .examples = "eval `epmt source`             # sh, bash, zsh, csh, tcsh\n"
                "epmt source | source           # fish\n"
                "epmt_uninstrument              # off again; epmt_instrument: on\n"
                "epmt source --slurm            # in a task prolog\n",
    .options = options,
    .option = option,
    .run = run,
};

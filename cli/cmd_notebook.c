// SPDX-License-Identifier: Apache-2.0
// epmt notebook: Jupyter with the ready notebook and the Python module. The notebook is the user's
// own copy, which is never written over; Jupyter takes our place.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/paths.h"
#include "cli/say.h"
#include "cli/settings_show.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "storage/db_url.h"
#include "storage/replace.h"

#define NOTEBOOK "epmt.ipynb"

static const char *directory;
static bool print_wanted;

static const struct epmt_option options[] = {
    {'d', "directory", "DIR",
     "where your copy of the notebook is; default: epmt in your data directory (~/.local/share)"},
    {'p', "print", NULL,
     "start nothing: print the variables that a notebook or a program of your own needs"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)err;
    if (row->letter == 'p')
        print_wanted = true;
    else
        directory = argument;
    return 0;
}

// PYTHONPATH with our module in front.
static void python_path(const struct epmt_cli *cli, struct epmt_strbuf *path) {
    const char *before = epmt_environment_get(cli->envp, "PYTHONPATH");

    epmt_strbuf_printf(path, "%s/share/epmt/python", cli->prefix);
    if (before && *before)
        epmt_strbuf_printf(path, ":%s", before);
}

static int database_url(const struct epmt_cli *cli, struct epmt_strbuf *url,
                        struct epmt_error *err) {
    struct epmt_db_place place;
    int result = epmt_db_place_find(&place, cli->settings.db_url, false, cli->envp, err);

    if (!result && !epmt_db_place_url(&place, url))
        result = epmt_errf_errno(err, EPMT_ERR_IO, "cannot tell the current directory");
    epmt_db_place_free(&place);
    return result;
}

static bool has_password(const struct epmt_cli *cli, const char *url) {
    struct epmt_settings settings = cli->settings;
    char shown[EPMT_SETTING_SHOWN_MAX];

    settings.db_url = url;
    return strcmp(epmt_setting_shown(&settings, epmt_setting_find("db_url"), shown), url) != 0;
}

// For eval "$(epmt notebook --print)", and for whoever reads lines of words in single quotes.
static void print_variable(const char *name, const char *value) {
    printf("export %s='", name);
    for (; *value; value++) {
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    }
    puts("'");
}

static void print(const struct epmt_cli *cli, const char *path, const char *url) {
    print_variable("PYTHONPATH", path);
    if (has_password(cli, url))
        epmt_say("notebook", "there is a password in the URL of the database, which is not shown: "
                             "set EPMT_DB_URL yourself, or keep the password in ~/.pgpass");
    else
        print_variable("EPMT_DB_URL", url);
}

// Where the user's copy is, its directory made.
static int find_copy(const struct epmt_cli *cli, struct epmt_strbuf *copy, struct epmt_error *err) {
    const char *data = epmt_environment_get(cli->envp, "XDG_DATA_HOME");
    const char *home = epmt_environment_get(cli->envp, "HOME");

    if (directory)
        epmt_strbuf_puts(copy, directory);
    else if (data && data[0] == '/')
        epmt_strbuf_printf(copy, "%s/epmt", data);
    else if (home && home[0] == '/')
        epmt_strbuf_printf(copy, "%s/.local/share/epmt", home);
    else
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "no place for the notebook: set HOME or give --directory");
    int made = directory ? mkdir(directory, 0777) && errno != EEXIST ? -errno : 0
                         : epmt_make_dirs(epmt_strbuf_text(copy), 0);
    if (made < 0) {
        errno = -made;
        return epmt_errf_errno(err, EPMT_ERR_IO,
                               "cannot make %s for the notebook (--directory names another)",
                               epmt_strbuf_text(copy));
    }
    epmt_strbuf_puts(copy, "/" NOTEBOOK);
    return 0;
}

// What the file holds; NULL with errno where it cannot be read.
static void *map(const char *path, size_t *len) {
    int error = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    void *data = fd < 0 ? NULL : epmt_map_file(fd, len, &error);

    if (fd >= 0)
        close(fd);
    if (error)
        errno = -error;
    return data;
}

// Puts it there in one step, unless somebody else did so before.
static int write_copy(const char *path, const void *data, size_t len, struct epmt_error *err) {
    struct epmt_replace file;

    if (epmt_replace_begin(&file, path, err))
        return -1;
    int error = epmt_write_all(file.fd, data, len);
    if (!error && link(file.temporary, path) && errno != EEXIST)
        error = -errno;
    epmt_replace_abort(&file);
    errno = -error;
    return error ? epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", path) : 0;
}

static int copy_notebook(const struct epmt_cli *cli, const char *path, struct epmt_error *err) {
    char installed[PATH_MAX];
    size_t len = 0, len_there = 0;

    if (!epmt_fmt(installed, sizeof installed, "%s/share/epmt/notebook/" NOTEBOOK, cli->prefix))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is too long a path", cli->prefix);
    const void *data = map(installed, &len); // they stay mapped until the exec
    if (!data)
        return epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot read %s", installed);
    if (access(path, F_OK))
        return write_copy(path, data, len, err);
    const void *there = map(path, &len_there);
    if (there && (len != len_there || memcmp(there, data, len) != 0))
        epmt_say("notebook", "%s is kept as it is; a fresh one is %s", path, installed);
    return 0;
}

// Returns only where Jupyter cannot be started, with err.
static int start(const struct epmt_cli *cli, const char *copy, int argc, char **argv,
                 struct epmt_error *err) {
    static char jupyter[] = "jupyter", lab[] = "lab", notebook[] = "notebook";
    char **words = calloc((size_t)argc + 4, sizeof *words);
    int count = 0;

    if (!words)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    words[count++] = jupyter;
    words[count++] = epmt_path_is_program(cli->envp, "jupyter-lab") ? lab : notebook;
    words[count++] = (char *)(uintptr_t)copy;
    memcpy(words + count, argv, (size_t)argc * sizeof *words);
    fflush(NULL);
    execvp(words[0], words);
    free(words);
    if (errno == ENOENT)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND,
                         "there is no jupyter here (Debian: jupyter-notebook, python3-ipykernel); "
                         "the notebook is %s",
                         copy);
    return epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot start jupyter");
}

static int open_notebook(const struct epmt_cli *cli, const char *path, const char *url, int argc,
                         char **argv, struct epmt_error *err) {
    struct epmt_strbuf copy = {0};
    int result = find_copy(cli, &copy, err);

    if (!result && copy.failed)
        result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!result)
        result = copy_notebook(cli, epmt_strbuf_text(&copy), err);
    if (!result && (setenv("PYTHONPATH", path, 1) || setenv("EPMT_DB_URL", url, 1)))
        result = epmt_errf_errno(err, EPMT_ERR_MEMORY, "cannot set the environment");
    unsetenv("LD_PRELOAD"); // it runs unmeasured
    if (!result)
        result = start(cli, epmt_strbuf_text(&copy), argc, argv, err);
    epmt_strbuf_free(&copy);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_strbuf path = {0}, url = {0};
    int result = database_url(cli, &url, err);

    python_path(cli, &path);
    if (!result && (path.failed || url.failed))
        result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!result && print_wanted)
        print(cli, epmt_strbuf_text(&path), epmt_strbuf_text(&url));
    else if (!result)
        result =
            open_notebook(cli, epmt_strbuf_text(&path), epmt_strbuf_text(&url), argc, argv, err);
    epmt_strbuf_free(&path);
    epmt_strbuf_free(&url);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_notebook = {
    .name = "notebook",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "[-- JUPYTER-ARGUMENT ...]",
    .summary = "Open Jupyter with a notebook that asks the database and reads job files.",
    .examples = "epmt notebook                  # your own copy: it keeps your changes\n"
                "epmt notebook -- --no-browser --port 9999\n"
                "eval \"$(epmt notebook --print)\"; python3 -c 'import epmt; print(epmt.jobs())'\n",
    .options = options,
    .option = option,
    .run = run,
};

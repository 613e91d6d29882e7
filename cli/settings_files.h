// SPDX-License-Identifier: Apache-2.0
// The settings files: section [epmt], lines `name = value`; /etc/epmt/epmt.conf, then
// epmt/epmt.conf in the user's configuration directory. What the environment says comes after both.
// The sections [host PATTERN] and [cpu PATTERN] count on hosts of that name, and on processors of
// that family/model/stepping.
#ifndef EPMT_CLI_SETTINGS_FILES_H
#define EPMT_CLI_SETTINGS_FILES_H

#include <stddef.h>

#include "metadata/settings.h"

// The system's file; the environment cannot move it.
#define EPMT_SETTINGS_SYSTEM_FILE "/etc/epmt/epmt.conf"

#define EPMT_SETTINGS_USER_FILE "epmt/epmt.conf"

// The path of the user's file, for messages; "" where there is no configuration directory. Writes
// to path[cap]; returns path.
char *epmt_settings_user_path(char *const *envp, char *path, size_t cap);

// Reads one file over settings; one that is missing is none. The values live until
// epmt_settings_files_free. A wrong line is passed over and the first one reported. Returns 0, or
// -1 with err (USAGE, with file and line; IO).
int epmt_settings_file_read(struct epmt_settings *settings, const char *path,
                            struct epmt_error *err);

// Defaults, both files, the environment. Returns 0, or -1 with err, the first complaint; settings
// holds all that was right then.
int epmt_settings_load(struct epmt_settings *settings, char *const *envp, struct epmt_error *err);

// Has every complaint handed over from then on, not only the first (NULL: no more).
void epmt_settings_on_error(void (*take)(void *context, const struct epmt_error *err),
                            void *context);

// Fills err (USAGE): there is no setting of that name; names the nearest. Returns -1.
int epmt_settings_unknown(const char *name, struct epmt_error *err);

void epmt_settings_files_free(void);

#endif

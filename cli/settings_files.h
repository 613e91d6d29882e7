// SPDX-License-Identifier: Apache-2.0
// The settings files: section [epmt], lines `name = value`; /etc/epmt/epmt.ini, then epmt/epmt.ini
// in the user's configuration directory. What the environment says comes after both.
#ifndef EPMT_CLI_SETTINGS_FILES_H
#define EPMT_CLI_SETTINGS_FILES_H

#include "metadata/settings.h"

// The system's file; the environment cannot move it.
#define EPMT_SETTINGS_SYSTEM_FILE "/etc/epmt/epmt.ini"

// Reads one file over settings; one that is missing is none. The values live until
// epmt_settings_files_free. A wrong line is passed over and the first one reported. Returns 0, or
// -1 with err (USAGE, with file and line; IO).
int epmt_settings_file_read(struct epmt_settings *settings, const char *path,
                            struct epmt_error *err);

// Defaults, both files, the environment. Returns 0, or -1 with err, the first complaint; settings
// holds all that was right then.
int epmt_settings_load(struct epmt_settings *settings, char *const *envp, struct epmt_error *err);

void epmt_settings_files_free(void);

#endif

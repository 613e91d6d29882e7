// SPDX-License-Identifier: Apache-2.0
// Settings as people may see them: a secret is never shown.
#ifndef EPMT_CLI_SETTINGS_SHOW_H
#define EPMT_CLI_SETTINGS_SHOW_H

#include <stddef.h>

#include "metadata/settings.h"

#define EPMT_SETTING_SHOWN_MAX 1024

// The value of a setting as text in value[EPMT_SETTING_SHOWN_MAX], which is returned; the password
// in a URL is "***", the value of what is named like a secret "(hidden)".
char *epmt_setting_shown(const struct epmt_settings *settings, const struct epmt_setting *setting,
                         char value[EPMT_SETTING_SHOWN_MAX]);

// Where the value came from: "default", "environment", "PAPIEX_OUTPUT" or the like, or the path of
// a file (see cli/settings_files.h).
const char *epmt_setting_origin(const struct epmt_setting *setting);

#endif

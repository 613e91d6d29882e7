// SPDX-License-Identifier: Apache-2.0
// The program's tables as Markdown: docs/{metrics,settings,commands,errors,schema}.md are made so.
#ifndef EPMT_CLI_MARKDOWN_H
#define EPMT_CLI_MARKDOWN_H

#include "common/err.h"
#include "metadata/metrics.h"
#include "metadata/settings.h"

#define EPMT_MARKDOWN_TABLES "metrics, settings, commands, errors, schema"

// Prints one of them. Returns 0 or -1 with err (USAGE for another name).
int epmt_markdown_print(const char *table, struct epmt_error *err);

// "process", "thread" or "both": in whose rows a column stands.
const char *epmt_markdown_rows(const struct epmt_column *column);

#define EPMT_VARIABLE_MAX 64

// The environment variable of a setting: EPMT_X_Y. Writes to variable, which is returned.
char *epmt_setting_variable(const struct epmt_setting *setting, char variable[EPMT_VARIABLE_MAX]);

const char *epmt_setting_description(const struct epmt_setting *setting);

// The default of a setting as text, in value[cap] where need be.
const char *epmt_markdown_default(const struct epmt_setting *setting, char *value, size_t cap);

#endif

// SPDX-License-Identifier: Apache-2.0
// The shell that called us: which one it is, and which script it runs.
#ifndef EPMT_CLI_ANCESTORS_H
#define EPMT_CLI_ANCESTORS_H

#include <limits.h>
#include <stdbool.h>

enum epmt_shell { EPMT_SHELL_UNKNOWN, EPMT_SHELL_SH, EPMT_SHELL_CSH, EPMT_SHELL_FISH };

// The kind of shell that has this name or path.
enum epmt_shell epmt_shell_of(const char *name);

// The nearest shell above us, unless it has another SHELL in its environment than `shell` (NULL:
// none): then somebody told us another one on purpose.
enum epmt_shell epmt_ancestor_shell(const char *shell);

// The path of the script that the nearest shell above us runs. Writes to path; false where it runs
// none.
bool epmt_ancestor_script(char path[PATH_MAX]);

#endif

// SPDX-License-Identifier: Apache-2.0
// Lines for people on stderr: what is no failure of the command, or one failure of several.
#ifndef EPMT_CLI_SAY_H
#define EPMT_CLI_SAY_H

// Prints `epmt: <command>: <text>`.
void epmt_say(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

// SPDX-License-Identifier: Apache-2.0
// Words of shells, quoted so that they also survive eval `epmt source`: unquoted backticks make
// blanks of newlines, split words and expand *, ? and [.
#ifndef EPMT_CLI_SHELL_H
#define EPMT_CLI_SHELL_H

#include "storage/strbuf.h"

// Appends text as one word of sh, bash, ksh, zsh.
void epmt_shell_quote(struct epmt_strbuf *code, const char *text);

// Appends text as one word of csh and tcsh.
void epmt_shell_quote_csh(struct epmt_strbuf *code, const char *text);

// Appends text as one word of fish.
void epmt_shell_quote_fish(struct epmt_strbuf *code, const char *text);

#endif

// SPDX-License-Identifier: Apache-2.0
// Texts from elsewhere (names, ids, messages) as one line that a terminal takes for text.
#ifndef EPMT_CLI_PRINTABLE_H
#define EPMT_CLI_PRINTABLE_H

#include "storage/strbuf.h"

// Adds bytes such that no terminal does anything but show them: control characters, what is no
// UTF-8 and what changes the direction of writing become \n, \t or \xHH.
void epmt_strbuf_add_printable(struct epmt_strbuf *text, struct epmt_bytes bytes);

// The same of a text, in memory that is used again by the fourth call from now on.
const char *epmt_printable(const char *text);

#endif

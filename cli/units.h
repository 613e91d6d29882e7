// SPDX-License-Identifier: Apache-2.0
// Values in the units that people read, by the ending of the column's name (storage/query.h).
#ifndef EPMT_CLI_UNITS_H
#define EPMT_CLI_UNITS_H

#include <stdbool.h>

#include "storage/strbuf.h"

// Length of the column's name without its unit; the whole length where it has none.
size_t epmt_units_name_len(const char *column);

// True for the ending of a name, with its underscore, that tells a unit.
bool epmt_units_is_ending(const char *ending, size_t len);

// Appends the value of that column, a text as the database has it.
void epmt_units_add(struct epmt_strbuf *text, const char *column, const char *value);

#endif

// SPDX-License-Identifier: Apache-2.0
// Outliers and causes as sections of the output.
#ifndef EPMT_CLI_OUTLIERS_PRINT_H
#define EPMT_CLI_OUTLIERS_PRINT_H

#include "analysis/outliers.h"
#include "cli/table.h"

// For people what they read, in units; for programs (and for columns that only these are shown) all
// there is. Return 0 or -1 with err (MEMORY).
int epmt_outliers_print(struct epmt_output *output, enum epmt_compared compared,
                        const struct epmt_outliers *outliers, struct epmt_error *err);
int epmt_causes_print(struct epmt_output *output, enum epmt_compared compared,
                      const struct epmt_causes *causes, struct epmt_error *err);

// A value with its unit, as people read it.
void epmt_feature_add(struct epmt_strbuf *text, double value, const char *unit);

// A number for programs, in as few digits as tell it; text is its memory. JSON knows no number for
// what is beyond all: it is the text inf.
struct epmt_db_value epmt_real_value(struct epmt_strbuf *text, double number);

#endif

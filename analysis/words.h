// SPDX-License-Identifier: Apache-2.0
// Numbers as sentences have them, and the values of results as numbers.
#ifndef EPMT_ANALYSIS_WORDS_H
#define EPMT_ANALYSIS_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define EPMT_WORD_MAX 32

// Three digits that count, in the unit that fits: "1.25 s", "3.40 h"; "12.5 MiB"; "43 %". Return
// data.
char *epmt_words_seconds(char data[EPMT_WORD_MAX], double seconds);
char *epmt_words_bytes(char data[EPMT_WORD_MAX], double bytes);
char *epmt_words_share(char data[EPMT_WORD_MAX], double share);

// "SIGSEGV" for 11; "signal N" for one without a name.
char *epmt_words_signal(char data[EPMT_WORD_MAX], int64_t number);

// A value of a result; NULL is `missing`, or (of a real) NAN.
int64_t epmt_value_int(const char *value, int64_t missing);
double epmt_value_real(const char *value);

// Copies a value (NULL: "?") to data[cap]; a longer one is cut at the end of a character.
void epmt_value_text(char *data, size_t cap, const char *value);

#endif

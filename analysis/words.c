// SPDX-License-Identifier: Apache-2.0
#include "analysis/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/tags.h"

struct scale {
    double from;
    const char *name;
};

// Nothing measures a part of it.
#define FINEST 1e-9

// In the largest unit of which there is a whole one, else in the smallest.
static char *scaled(char data[EPMT_WORD_MAX], double value, const struct scale *scales) {
    while (scales[1].name && fabs(value) < scales->from)
        scales++;
    double shown = value / scales->from;
    double size = fabs(shown);
    int digits = size >= 99.95 || scales->from <= FINEST ? 0 : size >= 9.995 ? 1 : 2;

    snprintf(data, EPMT_WORD_MAX, "%.*f %s", digits, shown, scales->name);
    return data;
}

char *epmt_words_seconds(char data[EPMT_WORD_MAX], double seconds) {
    static const struct scale scales[] = {{3600, "h"},  {1, "s"},       {1e-3, "ms"},
                                          {1e-6, "us"}, {FINEST, "ns"}, {0, NULL}};

    // 90 minutes are read as easily as 5400 s.
    return scaled(data, seconds, fabs(seconds) >= 10000 ? scales : scales + 1);
}

char *epmt_words_bytes(char data[EPMT_WORD_MAX], double bytes) {
    static const struct scale scales[] = {
        {1125899906842624, "PiB"}, {1099511627776, "TiB"}, {1073741824, "GiB"},
        {1048576, "MiB"},          {1024, "KiB"},          {0, NULL}};

    if (bytes >= 1024)
        return scaled(data, bytes, scales);
    snprintf(data, EPMT_WORD_MAX, "%.0f B", bytes);
    return data;
}

char *epmt_words_share(char data[EPMT_WORD_MAX], double share) {
    double percent = share * 100;

    snprintf(data, EPMT_WORD_MAX, "%.*f %%", percent >= 9.95 || percent <= 0 ? 0 : 1, percent);
    return data;
}

char *epmt_words_signal(char data[EPMT_WORD_MAX], int64_t number) {
    const char *name = number > 0 && number < 65 ? sigabbrev_np((int)number) : NULL;

    if (name)
        snprintf(data, EPMT_WORD_MAX, "SIG%s", name);
    else
        snprintf(data, EPMT_WORD_MAX, "signal %ld", (long)number);
    return data;
}

int64_t epmt_value_int(const char *value, int64_t missing) {
    return value ? strtoll(value, NULL, 10) : missing;
}

double epmt_value_real(const char *value) {
    return value ? strtod(value, NULL) : (double)NAN;
}

void epmt_value_text(char *data, size_t cap, const char *value) {
    struct epmt_bytes text = {value ? value : "?", value ? strlen(value) : 1};

    text = epmt_text_cut(text, cap - 1);
    memcpy(data, text.data, text.len);
    data[text.len] = '\0';
}

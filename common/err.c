// SPDX-License-Identifier: Apache-2.0
#include "common/err.h"

#include <errno.h>
#include <string.h>

#include "common/fmt.h"
#include "common/real.h"

#include "common/poison.h"

static void error_text(struct epmt_error *err, enum epmt_err code, const char *format, va_list args,
                       int number) {
    struct epmt_text_buffer text;

    err->code = code;
    epmt_text_init(&text, err->text, sizeof err->text);
    epmt_text_vfmt(&text, format, args);
    if (number) {
        EPMT_REAL(strerrordesc_np); // glibc 2.32
        const char *name = real ? real(number) : NULL;
        if (name)
            epmt_text_fmt(&text, ": %s", name);
        else
            epmt_text_fmt(&text, ": error %d", number);
    }
    if (text.cut) {
        size_t end = sizeof err->text - 4;
        // Not within a character of UTF-8: a byte 10xxxxxx goes on one.
        while (end && ((unsigned char)err->text[end] & 0xc0) == 0x80)
            end--;
        memcpy(err->text + end, "...", 4);
    }
}

int epmt_errf(struct epmt_error *err, enum epmt_err code, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        error_text(err, code, format, args, 0);
        va_end(args);
    }
    return -1;
}

int epmt_errf_errno(struct epmt_error *err, enum epmt_err code, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        error_text(err, code, format, args, errno);
        va_end(args);
    }
    return -1;
}

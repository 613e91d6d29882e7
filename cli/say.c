// SPDX-License-Identifier: Apache-2.0
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>

void epmt_say(const char *command, const char *format, ...) {
    va_list args;

    fflush(stdout); // so that both come in their order where they go to one place
    fprintf(stderr, "epmt: %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

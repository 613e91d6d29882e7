// SPDX-License-Identifier: Apache-2.0
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/printable.h"

void epmt_say(const char *command, const char *format, ...) {
    va_list args;
    char *text = NULL;

    fflush(stdout); // so that both come in their order where they go to one place
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    // Texts name files, and files can have any names.
    fprintf(stderr, "epmt: %s%s%s\n", command, *command ? ": " : "",
            len < 0 ? format : epmt_printable(text));
    if (len >= 0)
        free(text);
}

// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/arguments.h"

#include <microhttpd.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/strbuf.h"

struct reading {
    struct epmt_arguments *arguments;
    bool many, odd;
};

static bool is_plain(const char *text, size_t len) {
    while (len) {
        size_t one = epmt_utf8_len(text, len);
        if (!one || (unsigned char)*text < ' ' || *text == 0x7f)
            return false;
        text += one;
        len -= one;
    }
    return true;
}

static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *name,
                            size_t name_len, const char *value, size_t value_len) {
    struct reading *reading = context;
    struct epmt_arguments *arguments = reading->arguments;

    (void)kind;
    if (!is_plain(name, name_len) || (value && !is_plain(value, value_len)))
        reading->odd = true;
    if (arguments->count == EPMT_ARGUMENTS_MAX)
        reading->many = true;
    if (reading->odd || reading->many)
        return MHD_NO;
    arguments->names[arguments->count] = name;
    arguments->values[arguments->count++] = value ? value : "";
    return MHD_YES;
}

int epmt_arguments_read(struct epmt_arguments *arguments, struct MHD_Connection *connection,
                        struct epmt_error *err) {
    struct reading reading = {.arguments = arguments};

    arguments->count = 0;
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take, &reading);
    if (reading.odd)
        return epmt_errf(err, EPMT_ERR_USAGE, "an argument of the URL is no text");
    if (reading.many)
        return epmt_errf(err, EPMT_ERR_USAGE, "the URL has more than %d arguments",
                         EPMT_ARGUMENTS_MAX);
    return 0;
}

const char *epmt_arguments_get(const struct epmt_arguments *arguments, const char *name) {
    for (int i = 0; i < arguments->count; i++) {
        if (!strcmp(arguments->names[i], name))
            return *arguments->values[i] ? arguments->values[i] : NULL;
    }
    return NULL;
}

int epmt_arguments_all(const struct epmt_arguments *arguments, const char *name,
                       const char **values, int max) {
    int count = 0;

    for (int i = 0; i < arguments->count && count < max - 1; i++) {
        if (!strcmp(arguments->names[i], name) && *arguments->values[i])
            values[count++] = arguments->values[i];
    }
    values[count] = NULL;
    return count;
}

int epmt_arguments_number(const struct epmt_arguments *arguments, const char *name, int64_t min,
                          int64_t max, int64_t usual, int64_t *number, struct epmt_error *err) {
    const char *text = epmt_arguments_get(arguments, name);

    *number = usual;
    if (!text || (epmt_parse_whole_i64(text, number) && *number >= min && *number <= max))
        return 0;
    return epmt_errf(err, EPMT_ERR_USAGE, "%s must be a number from %ld to %ld", name, (long)min,
                     (long)max);
}

// SPDX-License-Identifier: Apache-2.0
#include "storage/envfilter.h"

#include <string.h>

static const char *const dropped[] = {"LS_COLORS", "LSCOLORS", NULL};
static const char *const dropped_prefixes[] = {"_", "BASH_FUNC_", NULL};

// Names that hide their value: anywhere in the name, at its beginning, at its end, or all of it.
static const char *const secret_parts[] = {"PASSWORD", "PASSWD",     "PASSPHRASE", "SECRET",
                                           "TOKEN",    "CREDENTIAL", "API_KEY",    "APIKEY",
                                           "_KEY_",    "COOKIE",     "PRIVATEKEY", NULL};
static const char *const secret_prefixes[] = {"EPMT_DB_", NULL};
static const char *const secret_ends[] = {"_KEY", "_PWD", "_PASS", NULL};
static const char *const secret_names[] = {"KEY", "PASS", NULL};

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool stands_at(struct epmt_bytes name, uint64_t at, const char *word) {
    size_t len = strlen(word);

    if (at > name.len || name.len - at < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (upper(name.data[at + i]) != word[i])
            return false;
    }
    return true;
}

static bool begins(struct epmt_bytes name, const char *const *words) {
    for (; *words; words++) {
        if (stands_at(name, 0, *words))
            return true;
    }
    return false;
}

static bool ends(struct epmt_bytes name, const char *const *words) {
    for (; *words; words++) {
        size_t len = strlen(*words);
        if (name.len >= len && stands_at(name, name.len - len, *words))
            return true;
    }
    return false;
}

static bool is(struct epmt_bytes name, const char *const *words) {
    for (; *words; words++) {
        if (name.len == strlen(*words) && stands_at(name, 0, *words))
            return true;
    }
    return false;
}

static bool contains(struct epmt_bytes name, const char *const *words) {
    for (; *words; words++) {
        for (uint64_t at = 0; at < name.len; at++) {
            if (stands_at(name, at, *words))
                return true;
        }
    }
    return false;
}

// A user and a password in a URL, as in http_proxy: scheme://user:password@host.
static bool has_password_url(struct epmt_bytes value) {
    const char *at = value.data, *end = value.data + value.len;

    while (at < end && (at = memmem(at, (size_t)(end - at), "://", 3))) {
        bool colon = false;
        for (at += 3; at < end && !strchr("/?# ,", *at) && *at != '@'; at++)
            colon |= *at == ':';
        if (colon && at < end && *at == '@')
            return true;
    }
    return false;
}

enum epmt_env_verdict epmt_env_judge(struct epmt_bytes name, struct epmt_bytes value) {
    if (is(name, dropped) || begins(name, dropped_prefixes))
        return EPMT_ENV_DROP;
    if (begins(name, secret_prefixes) || ends(name, secret_ends) || is(name, secret_names) ||
        contains(name, secret_parts) || (value.len && has_password_url(value)))
        return EPMT_ENV_HIDE;
    return EPMT_ENV_KEEP;
}

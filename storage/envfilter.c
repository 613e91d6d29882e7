// SPDX-License-Identifier: Apache-2.0
#include "storage/envfilter.h"

#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "metadata/settings.h"

static struct { const char *drop, *hide, *keep; } patterns;

void epmt_env_filter_use(const char *drop, const char *hide, const char *keep) {
    patterns.drop = drop;
    patterns.hide = hide;
    patterns.keep = keep;
}

static void use_defaults(void) {
    struct epmt_settings defaults;

    epmt_settings_init(&defaults);
    epmt_env_filter_use(defaults.env_drop, defaults.env_hide, defaults.env_keep);
}

bool epmt_env_matches(const char *list, struct epmt_bytes name) {
    char text[NAME_MAX + 1], pattern[NAME_MAX + 1];

    // A name too long to compare is matched by its beginning.
    size_t name_len = name.len < sizeof text ? name.len : sizeof text - 1;
    memcpy(text, name.data, name_len);
    text[name_len] = '\0';
    while (*list) {
        size_t len = strcspn(list, ":");
        if (len && len < sizeof pattern) {
            memcpy(pattern, list, len);
            pattern[len] = '\0';
            if (!fnmatch(pattern, text, FNM_CASEFOLD))
                return true;
        }
        list += len + (list[len] == ':');
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
    if (!patterns.drop)
        use_defaults();
    if (epmt_env_matches(patterns.drop, name))
        return EPMT_ENV_DROP;
    if (value.len && has_password_url(value))
        return EPMT_ENV_HIDE;
    return epmt_env_matches(patterns.hide, name) && !epmt_env_matches(patterns.keep, name)
               ? EPMT_ENV_HIDE
               : EPMT_ENV_KEEP;
}

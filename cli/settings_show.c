// SPDX-License-Identifier: Apache-2.0
#include "cli/settings_show.h"

#include <string.h>

#include "common/fmt.h"
#include "storage/envfilter.h"

// Where the password of a URL is in text: scheme://user:password@host. Its length goes to *len.
static const char *url_password(const char *text, size_t *len) {
    const char *scheme = strstr(text, "://");
    const char *from = scheme ? scheme + 3 : NULL;
    const char *at = from ? memrchr(from, '@', strcspn(from, "/?#")) : NULL;
    const char *colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;

    *len = colon ? (size_t)(at - colon - 1) : 0;
    return colon ? colon + 1 : NULL;
}

// That of a parameter: password=...
static const char *parameter_password(const char *text, size_t *len) {
    static const char name[] = "password=";
    const char *found = strstr(text, name);

    *len = found ? strcspn(found + sizeof name - 1, "& ") : 0;
    return found ? found + sizeof name - 1 : NULL;
}

static void add_without_password(struct epmt_text_buffer *to, const char *text) {
    size_t len;
    const char *password = url_password(text, &len);

    if (!password)
        password = parameter_password(text, &len);
    if (password)
        epmt_text_fmt(to, "%.*s***%s", (int)(password - text), text, password + len);
    else
        epmt_text_fmt(to, "%s", text);
}

static bool is_secret(const char *name) {
    return epmt_env_judge((struct epmt_bytes){name, strlen(name)}, (struct epmt_bytes){"", 0}) !=
           EPMT_ENV_KEEP;
}

char *epmt_setting_shown(const struct epmt_settings *settings, const struct epmt_setting *setting,
                         char value[EPMT_SETTING_SHOWN_MAX]) {
    const char *field = (const char *)settings + setting->offset;
    struct epmt_text_buffer text;
    uint64_t number;
    const char *string;

    epmt_text_init(&text, value, EPMT_SETTING_SHOWN_MAX);
    if (setting->type != EPMT_SETTING_TEXT) {
        memcpy(&number, field, sizeof number);
        epmt_text_fmt(&text, "%lu", (unsigned long)number);
        return value;
    }
    memcpy(&string, field, sizeof string);
    if (*string && is_secret(setting->name))
        epmt_text_fmt(&text, "%s", EPMT_ENV_HIDDEN);
    else
        add_without_password(&text, string);
    return value;
}

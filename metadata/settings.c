// SPDX-License-Identifier: Apache-2.0
#include "metadata/settings.h"

#include <stddef.h>
#include <string.h>

#include "common/fmt.h"

#include "common/poison.h"

const struct epmt_setting epmt_setting_table[] = {
#define WHO_GUEST true
#define WHO_CLI false
#define ROW(name, type, def, who, description) \
    {#name, EPMT_SETTING_##type, WHO_##who, offsetof(struct epmt_settings, name)},
    EPMT_SETTINGS(ROW)
#undef ROW
};
const int epmt_setting_count = sizeof epmt_setting_table / sizeof *epmt_setting_table;

// One by one: a ready-made value to copy would be pointers for the loader to set in each process.
void epmt_settings_init(struct epmt_settings *settings) {
#define DEFAULT(name, type, def, who, description) settings->name = (def);
    EPMT_SETTINGS(DEFAULT)
#undef DEFAULT
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

// strcasecmp would touch the tables of the locale: two pages of every process.
static bool equal_but_case(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool parse_switch(const char *value, uint64_t *on) {
    static const char words[][8] = {"0", "1", "no", "yes", "false", "true", "off", "on"};

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (equal_but_case(value, words[i])) {
            *on = i & 1;
            return true;
        }
    }
    return false;
}

static int set(struct epmt_settings *settings, const struct epmt_setting *row, const char *value,
               struct epmt_error *err) {
    char *field = (char *)settings + row->offset;
    const char *end = value + strlen(value);
    uint64_t number = 0;
    struct epmt_settings defaults;

    switch ((enum epmt_setting_type)row->type) {
    case EPMT_SETTING_TEXT:
        // Empty is as good as unset where the setting needs a value.
        epmt_settings_init(&defaults);
        if (!*value)
            memcpy(&value, (const char *)&defaults + row->offset, sizeof value);
        memcpy(field, &value, sizeof value);
        return 0;
    case EPMT_SETTING_NUMBER:
        if (!epmt_parse_u64(&value, end, &number) || value != end)
            return epmt_errf(err, EPMT_ERR_USAGE, "setting %s must be a number of 0 or more",
                             row->name);
        break;
    case EPMT_SETTING_SWITCH:
        if (!parse_switch(value, &number))
            return epmt_errf(err, EPMT_ERR_USAGE, "setting %s must be 0 or 1", row->name);
        break;
    }
    memcpy(field, &number, sizeof number);
    return 0;
}

const struct epmt_setting *epmt_setting_find(const char *name) {
    for (int i = 0; i < epmt_setting_count; i++) {
        if (!strcmp(epmt_setting_table[i].name, name))
            return &epmt_setting_table[i];
    }
    return NULL;
}

int epmt_settings_set(struct epmt_settings *settings, const char *name, const char *value,
                      struct epmt_error *err) {
    const struct epmt_setting *row = epmt_setting_find(name);

    if (row)
        return set(settings, row, value, err);
    return epmt_errf(err, EPMT_ERR_USAGE, "there is no setting named %s", name);
}

// The row whose variable EPMT_<NAME> starts text, which goes on with "=".
static const struct epmt_setting *row_of_variable(const char *text) {
    for (int i = 0; i < epmt_setting_count; i++) {
        const char *name = epmt_setting_table[i].name;
        size_t at = 0;
        while (name[at] && name[at] == lower(text[at]) && !(text[at] >= 'a' && text[at] <= 'z'))
            at++;
        if (!name[at] && text[at] == '=')
            return &epmt_setting_table[i];
    }
    return NULL;
}

static const struct alias {
    char variable[16], setting[16];
} aliases[] = {
#define ALIAS(variable, setting) {#variable, #setting},
    EPMT_SETTING_ALIASES(ALIAS)
#undef ALIAS
};

// The row that an alias stands for, where text is the alias and its value.
static const struct epmt_setting *row_of_alias(const char *text) {
    for (unsigned i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        size_t len = strlen(aliases[i].variable);
        if (!strncmp(text, aliases[i].variable, len) && text[len] == '=')
            return epmt_setting_find(aliases[i].setting);
    }
    return NULL;
}

const char *epmt_setting_in_environment(const struct epmt_setting *setting, char *const *envp) {
    const char *alias = NULL;

    for (; envp && *envp; envp++) {
        if (!strncmp(*envp, "EPMT_", 5) && row_of_variable(*envp + 5) == setting)
            return *envp;
        if (!alias && row_of_alias(*envp) == setting)
            alias = *envp;
    }
    return alias;
}

int epmt_settings_from_environment(struct epmt_settings *settings, char *const *envp,
                                   struct epmt_error *err) {
    bool old = false;
    int wrong = 0;

    for (char *const *at = envp; at && *at; at++) {
        if (**at == 'P' && !strncmp(*at, "PAPIEX_", 7))
            old = true;
        if (**at != 'E' || strncmp(*at, "EPMT_", 5) != 0)
            continue;
        const struct epmt_setting *row = row_of_variable(*at + 5);
        if (row && set(settings, row, strchr(*at, '=') + 1, wrong ? NULL : err))
            wrong++;
    }
    for (char *const *at = envp; old && *at; at++) {
        const struct epmt_setting *row = row_of_alias(*at);
        // The setting's own variable counts more.
        if (row && epmt_setting_in_environment(row, envp) == *at &&
            set(settings, row, strchr(*at, '=') + 1, wrong ? NULL : err))
            wrong++;
    }
    return wrong;
}

const char *epmt_environment_get(char *const *envp, const char *name) {
    // Nearly all differ in the first byte or the second: not worth a call.
    for (; envp && *envp; envp++) {
        const char *at = *envp, *wanted = name;
        while (*wanted && *at == *wanted) {
            at++;
            wanted++;
        }
        if (!*wanted && *at == '=')
            return at + 1;
    }
    return NULL;
}

// SPDX-License-Identifier: Apache-2.0
// What of a job's environment is kept: no noise, and no secrets.
#ifndef EPMT_STORAGE_ENVFILTER_H
#define EPMT_STORAGE_ENVFILTER_H

#include "metadata/record.h"

enum epmt_env_verdict {
    EPMT_ENV_KEEP,
    EPMT_ENV_DROP, // of no use: shell functions, colours, the shell's own variables
    EPMT_ENV_HIDE, // the name is kept, the value is EPMT_ENV_HIDDEN
};

#define EPMT_ENV_HIDDEN "(hidden)"

// Has variables judged by these patterns (settings env_drop, env_hide, env_keep) from then on; they
// stay the caller's. Without a call the defaults of the settings count.
void epmt_env_filter_use(const char *drop, const char *hide, const char *keep);

// Judges a variable by its name and its value. A URL with a password in it is hidden whatever its
// name.
enum epmt_env_verdict epmt_env_judge(struct epmt_bytes name, struct epmt_bytes value);

// True where name matches one of the patterns, which colons separate (*, ?, [...]), in capitals or
// not.
bool epmt_env_matches(const char *patterns, struct epmt_bytes name);

#endif

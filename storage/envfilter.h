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

// Judges a variable by its name and its value.
enum epmt_env_verdict epmt_env_judge(struct epmt_bytes name, struct epmt_bytes value);

#endif

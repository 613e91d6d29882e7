// SPDX-License-Identifier: Apache-2.0
// Included last by every source of the guest (common, metadata, aggregator, pmpi, preload): what a
// guest must not call in somebody else's process does not compile. Rules 1 and 5 of the design.
#ifndef EPMT_COMMON_POISON_H
#define EPMT_COMMON_POISON_H

#pragma GCC poison malloc calloc realloc free strdup strndup asprintf
#pragma GCC poison printf fprintf sprintf snprintf vsnprintf vfprintf puts fputs fopen fclose perror
#pragma GCC poison getenv setenv putenv unsetenv secure_getenv
#pragma GCC poison setlocale strtod strtol strtoul strtoll strtoull atoi strerror
#pragma GCC poison atexit on_exit errx verr warnx assert
#pragma GCC poison umask getpwuid getpwnam gethostbyname

#endif

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What libepmt.so calls in somebody else's process is a reviewed list: allowed_undefined.txt.
. "$(dirname "$0")/../lib.sh"

list=$EPMT_SOURCE/tests/lint/allowed_undefined.txt

# Never, whoever reviews it: memory, standard I/O, ends, locale, environment, users.
never='^(malloc|calloc|realloc|reallocarray|free|posix_memalign|aligned_alloc|memalign|strn?dup|'
never+='.*printf(_chk)?|f?puts|f?putc|putchar|fopen(64)?|fdopen|fclose|fread|fwrite|fflush|perror|'
never+='stdin|stdout|stderr|exit|_exit|_Exit|quick_exit|abort|__assert_fail|__assert_perror_fail|'
never+='v?(err|warn)x?|error|error_at_line|atexit|at_quick_exit|__cxa_atexit|'
never+='setlocale|uselocale|newlocale|localeconv|__ctype_.*_loc|strto.*|ato.*|strerror|'
never+='(secure_)?getenv|setenv|unsetenv|putenv|clearenv|getpw.*|getgr.*|getaddrinfo|gethostbyname)$'

undefined() { nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort -u; }

allowed() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$list" | sort -u; }

allowed >"$TEST_DIR/allowed"
undefined "$EPMT_PREFIX/lib/libepmt.so" >"$TEST_DIR/undefined"
check "there are undefined symbols to look at" test -s "$TEST_DIR/undefined"
equal "undefined symbols that are not in the list" "" \
    "$(comm -13 "$TEST_DIR/allowed" "$TEST_DIR/undefined")"
equal "what the list can never allow" "" "$(grep -E "$never" "$TEST_DIR/allowed")"

# Can it fail?
printf 'memcpy\nvsnprintf\n__fprintf_chk\nexit\ngetenv\nstrtoul\n' >"$TEST_DIR/sample"
equal "the forbidden ones of a sample" "5" "$(grep -cE "$never" "$TEST_DIR/sample")"
finish

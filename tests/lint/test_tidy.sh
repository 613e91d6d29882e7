#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy, as .clang-tidy says, over the sources of the library and the programs.
# timeout: 1200
. "$(dirname "$0")/../lib.sh"

cd "$EPMT_SOURCE" || exit 1

# One entry per file, without what only gcc understands.
python3 - "$EPMT_BUILD/compile_commands.json" "$TEST_DIR" "$EPMT_SOURCE" <<'P'
import json, os, sys
commands, out, source = sys.argv[1:]
folders = ("common", "metadata", "aggregator", "pmpi", "preload", "storage", "analysis", "cli")
seen = {}
for entry in json.load(open(commands)):
    name = os.path.relpath(entry["file"], source)
    if name.split(os.sep)[0] in folders:
        seen.setdefault(name, entry)
json.dump(list(seen.values()), open(out + "/compile_commands.json", "w"))
open(out + "/files", "w").writelines(name + "\n" for name in sorted(seen))
P
check "there are sources to look at" test "$(wc -l <"$TEST_DIR/files")" -ge 10

tidy=(clang-tidy --quiet "--config-file=$EPMT_SOURCE/.clang-tidy")
xargs -a "$TEST_DIR/files" -P "$(nproc)" -n 1 "${tidy[@]}" -p "$TEST_DIR" \
    >"$TEST_DIR/found" 2>"$TEST_DIR/noise"
status=$?
equal "clang-tidy finds" "" "$(grep -E 'error:|warning:' "$TEST_DIR/found" | sort -u)"
equal "clang-tidy could read everything (status)" 0 "$status"
[ $status = 0 ] || grep -v 'warnings\? generated' "$TEST_DIR/noise" | tail -n 5 | explain

# Can it fail?
cat >"$TEST_DIR/bad.c" <<'C'
#include <string.h>
int f(const char *text);
int f(const char *text)
{
    char *none = 0;
    if (strcmp(text, "x"))
        return none[0];
    return 0;
}
C
fail_if "a null pointer is found" "${tidy[@]}" "$TEST_DIR/bad.c" -- -std=c11
finish

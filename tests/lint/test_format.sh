#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-format finds nothing to change in C, shellcheck nothing to say about the scripts.
# timeout: 600
. "$(dirname "$0")/../lib.sh"

# The files that clang-format would change.
unformatted() { # FILE...
    clang-format --style=file:"$EPMT_SOURCE/.clang-format" --dry-run -Werror "$@" 2>&1 |
        sed -n 's/^\([^: ]*\):[0-9].* error: .*/\1/p' | sort -u
}

cd "$EPMT_SOURCE" || exit 1
mapfile -t sources < <(source_files c h)
mapfile -t scripts < <(source_files sh && echo .ci/run)
check "there are sources to look at" test "${#sources[@]}" -ge 10
check "clang-format is there" clang-format --version
equal "files that clang-format -i would change" "" "$(unformatted "${sources[@]}")"
check "shellcheck" shellcheck "${scripts[@]}"

# Can it fail?
printf 'int  f (void){return 0;}\n' >"$TEST_DIR/bad.c"
equal "bad format is found" "$TEST_DIR/bad.c" "$(unformatted "$TEST_DIR/bad.c")"
printf '#!/usr/bin/env bash\nrm $1\n' >"$TEST_DIR/bad.sh"
fail_if "a bad script is found" shellcheck "$TEST_DIR/bad.sh"
finish

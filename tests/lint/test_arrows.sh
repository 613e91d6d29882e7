#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Include arrows: a folder includes only itself and folders to its left, always as "folder/file.h";
# what runs in the user's process includes common/poison.h last.
. "$(dirname "$0")/../lib.sh"

guest="common metadata aggregator pmpi preload"

# Sources that need what poison.h forbids; each says why in its head.
unpoisoned="pmpi/backend.c aggregator/sim.c aggregator/sim_rows.c"

allowed() { # FOLDER
    case $1 in
    common) echo "common" ;;
    metadata) echo "common metadata" ;;
    aggregator) echo "common metadata aggregator" ;;
    pmpi) echo "common metadata aggregator pmpi" ;;
    preload) echo "common metadata aggregator pmpi preload" ;;
    storage) echo "common metadata aggregator storage" ;;
    analysis) echo "common metadata aggregator storage analysis" ;;
    cli) echo "common metadata aggregator storage analysis cli" ;;
    esac
}

# Prints what is wrong with a file's includes; the path is relative to the current directory.
wrong_includes() { # FILE
    local folder=${1%%/*} line target includes
    includes=$(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1")
    while read -r target; do
        case $target in
        "") ;;
        */*)
            case " $(allowed "$folder") " in
            *" ${target%%/*} "*) [ -f "$target" ] || echo "$1: no such file: $target" ;;
            *) echo "$1 may not include $target" ;;
            esac
            ;;
        *) echo "$1: include \"$target\" without its folder" ;;
        esac
    done <<<"$includes"
    case " $guest " in
    *" $folder "*) ;;
    *) return ;;
    esac
    case $1 in
    *.c)
        case " $unpoisoned " in *" $1 "*) return ;; esac
        line=$(grep -E '^[[:space:]]*#[[:space:]]*include' "$1" | tail -n 1)
        [ "$line" = '#include "common/poison.h"' ] || echo "$1: its last include is not common/poison.h"
        ;;
    esac
}

cd "$EPMT_SOURCE" || exit 1
files=$(source_files c h | grep -E '^(common|metadata|aggregator|pmpi|preload|storage|analysis|cli)/')
found=
count=0
for file in $files; do
    found+=$(wrong_includes "$file")
    count=$((count + 1))
done
check "there are sources to look at" test "$count" -ge 10
equal "include arrows" "" "$found"

# Can it fail?
mkdir -p "$TEST_DIR/tree/common" "$TEST_DIR/tree/storage" "$TEST_DIR/tree/cli"
cd "$TEST_DIR/tree" || exit 1
touch cli/cmd.h common/err.h
echo '#include "cli/cmd.h"' >storage/up.c
equal "an arrow to the right is found" "storage/up.c may not include cli/cmd.h" \
    "$(wrong_includes storage/up.c)"
echo '#include "err.h"' >storage/bare.c
contains "an include without its folder is found" "without its folder" \
    "$(wrong_includes storage/bare.c)"
printf '#include "common/poison.h"\n#include <stdio.h>\n' >common/late.c
contains "an include behind poison.h is found" "its last include" "$(wrong_includes common/late.c)"
finish

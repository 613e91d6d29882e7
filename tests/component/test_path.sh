#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The column path is what /proc/self/exe says, however a program was started: readlink(1) is started
# in every way and prints what its own says.
. "$(dirname "$0")/../lib.sh"

export EPMT_JOB_ID=path
top=$(realpath "$TEST_DIR") link=$(type -P readlink)
loader=$(readelf -lW "$link" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
mkdir -p "$top/real/bin" "$top/alternatives"
cp "$link" "$top/real/bin/readlink"
cp "$link" "$top/real/bin/"$'odd\n name'
ln -s real "$top/dir"
ln -s ../dir/bin/readlink "$top/alternatives/readlink"
ln -s "$top/alternatives/readlink" "$top/first"
ln -s first "$top/second"
ln "$top/real/bin/readlink" "$top/hard"
printf '#!%s -v\n' "$top/second" >"$top/script"
printf '#!%s\n' "$top/script" >"$top/nested"
chmod +x "$top/script" "$top/nested"
deep=$top
while [ ${#deep} -lt 2000 ]; do
    deep=$deep/$(printf 'd%.0s' {1..200})
done
mkdir -p "$deep"
cp "$link" "$deep/readlink"

cat >"$top/by_descriptor.py" <<'P'
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.execve(fd, ["readlink", "/proc/self/exe"], os.environ)
P

# What the program prints is what it is; the row of what ran last has to say so too.
way() { # DESCRIPTION COMMAND...
    local description=$1 said
    shift
    rm -rf "${EPMT_OUTPUT_PREFIX:?}"
    said=$(cd "$top" && preload "$@" 2>/dev/null && echo .)
    said=${said%$'\n'.}
    said=${said%$'\n'first} # and of the link that one way names beside it
    epmt stop >/dev/null 2>&1
    rm -f "$TEST_DB"
    epmt submit >/dev/null 2>&1
    check "$description: it said where it is" test -n "$said"
    equal "$description" "$(printf %s "$said" | od -An -v -tx1 | tr -d " \n")" \
        "$(sql "select lower(hex(path)) from processes order by start desc, generation desc limit 1")"
}

way "absolute" "$link" /proc/self/exe
way "through a linked directory" /bin/readlink /proc/self/exe
way "links to links" "$top/second" /proc/self/exe
way "a relative link out of a linked directory" "$top/alternatives/readlink" /proc/self/exe
way "relative" real/bin/readlink /proc/self/exe
way "relative, with dots" ./dir/../dir/./bin//readlink /proc/self/exe
way "absolute, with dots" "$top/dir/../dir/./bin//readlink" /proc/self/exe
way "a hard link" "$top/hard" /proc/self/exe
way "a name with a newline" "$top/dir/bin/"$'odd\n name' /proc/self/exe
way "its own name as an argument" "$top/second" -v /proc/self/exe "$top/second"
way "another name as argv[0]" bash -c 'exec -a "$1" "$0" /proc/self/exe' "$top/second" /bin/true
way "a long path" "$deep/readlink" /proc/self/exe
way "a script" "$top/script" /proc/self/exe
way "a script of a script" "$top/nested" /proc/self/exe
way "the loader" "$loader" "$link" /proc/self/exe
way "a descriptor" python3 "$top/by_descriptor.py" "$link"
way "a descriptor's name" bash -c 'exec 9<"$0" && exec /dev/fd/9 /proc/self/exe' "$link"
way "itself again" bash -c 'exec "$0" /proc/self/exe' "$link"
finish

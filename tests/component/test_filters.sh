#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Who is recorded: patterns of program names that are not, EPMT_DISABLE, and epmt itself, which never is.
. "$(dirname "$0")/../lib.sh"

cat >"$TEST_DIR/script.sh" <<'S'
#!/bin/sh
/bin/cat </dev/null
/bin/true
/bin/bash -c '/bin/true; exit 4'
S
cp /bin/true "$TEST_DIR/true-2"
chmod +x "$TEST_DIR/script.sh"

# Programs that are recorded of the script and what it starts, with these patterns.
filter() { # NAME PATTERNS EXPECTED
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/ EPMT_JOB_ID=$1 EPMT_DB_URL=sqlite:///$TEST_DB
    preload env EPMT_EXCLUDE="$2" sh -c '"$0/script.sh"; echo $?; "$0/true-2"; exec 3>&1' "$TEST_DIR" \
        >"$TEST_DIR/out"
    equal "$1: the programs ran all the same" 4 "$(cat "$TEST_DIR/out")"
    epmt submit >/dev/null 2>&1
    equal "$1: recorded" "$3" "$(sql "select group_concat(exename, ' ') from
        (select distinct exename from processes where exename != 'env' order by 1)" 2>/dev/null)"
}

filter nothing '' 'bash cat script.sh sh true true-2'
filter one sh 'bash cat script.sh true true-2'
filter several 'sh:bash:cat' 'script.sh true true-2'
filter star '*sh' 'cat true true-2'
filter question '?at:tru?' 'bash script.sh sh true-2'
filter middle 't*e*2:s*t.sh' 'bash cat sh true'
filter whole_names 'tru:as:a*' 'bash cat script.sh sh true true-2'
filter empty_ones '::cat::' 'bash script.sh sh true true-2'
filter all '*' ''

# From a settings file, by epmt run.
mkdir -p "$XDG_CONFIG_HOME/epmt"
printf '[epmt]\nexclude = *sh:cat\n' >"$XDG_CONFIG_HOME/epmt/epmt.ini"
TEST_DB=$TEST_DIR/file.db
export EPMT_OUTPUT_PREFIX=$TEST_DIR/file/ EPMT_JOB_ID=file EPMT_DB_URL=sqlite:///$TEST_DB
epmt run "$TEST_DIR/script.sh" >/dev/null
epmt submit >/dev/null 2>&1
equal "settings file: recorded" true "$(sql 'select distinct exename from processes')"
rm "$XDG_CONFIG_HOME/epmt/epmt.ini"

# epmt itself, however it is called, and what it starts.
TEST_DB=$TEST_DIR/self.db
export EPMT_OUTPUT_PREFIX=$TEST_DIR/self/ EPMT_JOB_ID=self EPMT_DB_URL=sqlite:///$TEST_DB
preload sh -c 'epmt start; epmt run /bin/true; epmt --version; epmt stop; epmt list' >/dev/null 2>&1
epmt submit >/dev/null 2>&1
equal "epmt and its job writer are not recorded" 'sh true' "$(sql "select group_concat(exename, ' ') from
    (select distinct exename from processes where exename != 'env' order by 1)")"

# Turned off by each word for it, and only by these.
rm -f "$TEST_DB"
for value in 1 yes true on 0 no '' nonsense; do
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/off-$value/ EPMT_JOB_ID=off
    preload env EPMT_DISABLE="$value" sh -c '/bin/true; exit 0'
    case $value in
    1 | yes | true | on) expected=0 ;; # env itself is one: it began without
    *) expected=2 ;;
    esac
    epmt submit "$EPMT_OUTPUT_PREFIX" >/dev/null 2>&1
    equal "EPMT_DISABLE=$value" "$expected" \
        "$(sql "select count(*) from processes join jobs on jobs.id = job_id where exename != 'env'")"
    rm -f "$TEST_DB"
done
finish

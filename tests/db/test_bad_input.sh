#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files that are no job files and no databases: one line, non-zero, nothing changed, and the others
# are still submitted.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
export EPMT_JOB_ID=good
epmt run -a true
good=$(echo "$EPMT_OUTPUT_PREFIX"*/good/good.h5)
check "there is a job file" test -f "$good"

# One line on standard error that names what is meant, and a failure.
refused() { # DESCRIPTION PART COMMAND...
    local description=$1 part=$2 status=0
    shift 2
    "$@" >"$TEST_DIR/said" 2>"$TEST_DIR/complaint" </dev/null || status=$?
    check "$description: fails in order" test $status -ge 1 -a $status -le 125
    equal "$description: one line" 1 "$(wc -l <"$TEST_DIR/complaint")"
    contains "$description: says what" "$part" "$(cat "$TEST_DIR/complaint")"
}

echo "no job file" >text.h5
head -c 3000 "$good" >cut.h5
: >empty.h5
for file in text.h5 cut.h5 empty.h5 missing.h5; do
    refused "dump $file" "$file" epmt dump "$file"
    refused "submit $file" "$file" epmt submit "$file"
done
mkdir hollow
refused "submit of a directory without jobs" "no jobs in hollow" epmt submit hollow
equal "nothing of them in the database" 0 "$(sql 'select count(*) from jobs')"
refused "submit of bad and good" cut.h5 epmt submit cut.h5 "$good"
equal "the good one is in" 1 "$(sql 'select count(*) from jobs')"

cp "$good" text-database.db
EPMT_DB_URL=sqlite:///text-database.db refused "a database that is none" "not an epmt database" \
    epmt submit "$good"
check "it is untouched" cmp "$good" text-database.db
sqlite3 other.db 'create table jobs (a); insert into jobs values (1)'
cp other.db other.before
EPMT_DB_URL=sqlite:///other.db refused "somebody else's database" "not an epmt database" \
    epmt submit "$good"
check "it is untouched" cmp other.before other.db
cp test.db newer.db
sqlite3 newer.db 'pragma user_version = 99'
EPMT_DB_URL=sqlite:///newer.db refused "a newer database" "schema version 99" epmt submit "$good"
EPMT_DB_URL=sqlite:///newer.db refused "reading a newer one" "schema version 99" epmt list
EPMT_DB_URL=sqlite:///none.db refused "reading where there is none" "none.db" epmt list
check "it is not made" test ! -e none.db
EPMT_DB_URL=sqlite:///missing/x.db refused "no directory for the database" "missing/x.db" \
    epmt submit "$good"
for url in sqlite:// sqlite:///:memory: nonsense postgresql://u:secret@127.0.0.1:1/d; do
    EPMT_DB_URL=$url refused "EPMT_DB_URL=$url" "epmt: submit: " epmt submit "$good"
done
equal "the password is not shown" 0 "$(grep -c secret "$TEST_DIR/complaint")"

check "a relative path" env EPMT_DB_URL=sqlite:///here.db epmt submit "$good"
check "it is here" test -f here.db
[ -w /dev/full ] && refused "a full output" "No space left" sh -c 'epmt list >/dev/full'

# Settings files.
mkdir -p "$XDG_CONFIG_HOME/epmt"
printf '[epmt]\nverbose = 1\nverbos = 1\n' >"$XDG_CONFIG_HOME/epmt/epmt.ini"
refused "an unknown setting" "epmt.ini:3: " epmt list
check "it does not keep a program from running" epmt run true
finish

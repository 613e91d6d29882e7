#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What all commands have in common, by the table of commands: help, suggestions, manual pages,
# completion, formats, columns, colours, the settings in force.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}
commands=$(epmt help man list | sed -n 's/^epmt-\(.*\)\.1$/\1/p')
share=$EPMT_PREFIX/share

check "there are commands" test "$(wc -w <<<"$commands")" -ge 12
equal "no command: help, and 2" 2 "$(status_of epmt)"
for word in -h --help help; do
    equal "epmt $word: status" 0 "$(status_of epmt $word)"
    equal "epmt $word: groups" 4 "$(epmt $word | grep -cE '^(measure|jobs into|look at|look after).*:$')"
done
for command in $commands; do
    help=$(epmt "$command" --help)
    equal "$command --help: status" 0 "$(status_of epmt "$command" --help)"
    equal "$command -h, help $command, -h $command" "$help$help$help" \
        "$(epmt "$command" -h)$(epmt help "$command")$(epmt -h "$command")"
    contains "$command --help: usage" "usage: epmt $command" "$help"
    contains "$command --help: examples" "examples:" "$help"
    contains "it is in epmt --help" "  $command " "$(epmt --help)"
    equal "$command: an unknown option" 2 "$(status_of epmt "$command" --no-such-option)"
    contains "$command: the nearest option" "did you mean --help?" "$(epmt "$command" --hlep 2>&1)"
    equal "$command: a settings file that is wrong does not keep its help" 0 \
        "$(EPMT_VERBOSE=x status_of epmt "$command" --help)"
done
equal "an unknown command" 2 "$(status_of epmt frobnicate)"
contains "no option of another command" "there is no option --frob." "$(epmt check --frob 2>&1 | sed "s/$/./")"
contains "the nearest command" "did you mean submit?" "$(epmt sbumit 2>&1)"
equal "one line of complaint" 1 "$(epmt sbumit 2>&1 | wc -l)"

check "the version as scripts look for it" grep -qE '^EPMT [0-9]+\.[0-9]+\.[0-9]+$' <(epmt -V)
equal "epmt version, --version" "$(epmt -V)$(epmt -V)" "$(epmt version)$(epmt --version)"
contains "-v: what it reads and writes" "database schema" "$(epmt -v version)"

# Settings in force, where each came from, no secrets.
mkdir -p "$XDG_CONFIG_HOME/epmt"
printf '[epmt]\narrival_timeout = 7\n' >"$XDG_CONFIG_HOME/epmt/epmt.conf"
export EPMT_DB_URL=postgresql://me:geheim@db/epmt
help=$(epmt --help)
contains "help: from a file" "7  ($XDG_CONFIG_HOME/epmt/epmt.conf)" "$help"
contains "help: from the environment" "$EPMT_OUTPUT_PREFIX  (environment)" "$help"
contains "help: the default" "256  (default)" "$help"
contains "help: a URL without its password" "postgresql://me:***@db/epmt" "$help"
equal "no password anywhere" 0 "$({ epmt --help; epmt help; epmt config; epmt config db_url
    epmt config --format json; epmt -vvv config; } 2>&1 | grep -c geheim)"
EPMT_DB_URL=sqlite:///$TEST_DB
equal "config: one value" 7 "$(epmt config arrival_timeout)"
equal "config as csv: columns in the order asked for" "from,setting
environment,output_prefix" "$(epmt config --format csv --columns from,setting | tr -d '\r' | head -n 2)"
check "config as json" python3 -c 'import json, sys
rows = {r["setting"]: r for r in json.load(sys.stdin)}
assert rows["arrival_timeout"]["value"] == "7", rows' < <(epmt config --format json)
contains "config: an unknown setting" "did you mean output_prefix?" "$(epmt config output_prefx 2>&1)"
check "config --check: right" epmt config --check
printf '[epmt]\nverbos = 1\nverbose = x\n[hosts a]\nlog = y\nnonsense\n' >"$XDG_CONFIG_HOME/epmt/epmt.conf"
out=$(EPMT_CHUNK_KIB=many EPMT_OUTPUT_PREFX=/x epmt config --check 2>&1)
equal "config --check: wrong is 2" 2 "$(status_of epmt config --check)"
for part in 'epmt.conf:2: there is no setting named verbos; did you mean verbose?' \
    'epmt.conf:3: setting verbose' 'epmt.conf:5: ' 'epmt.conf:6: ' \
    'EPMT_CHUNK_KIB: setting chunk_kib' 'mean EPMT_OUTPUT_PREFIX?'; do
    contains "config --check finds: $part" "$part" "$out"
done
contains "config --check FILE" "other.conf:1: " "$(echo 'a = b' >"$TEST_DIR/other.conf"
    epmt config --check "$TEST_DIR/other.conf" 2>&1)"
equal "wrong settings keep a command from running" 2 "$(status_of epmt list)"
equal "but not a program" 5 "$(status_of epmt run sh -c 'exit 5')"
rm "$XDG_CONFIG_HOME/epmt/epmt.conf"

# -v anywhere; -vv tells settings, -vvv all of them.
export EPMT_JOB_ID=line
contains "epmt -v start" "$EPMT_OUTPUT_PREFIX" "$(epmt -v start 2>&1)"
epmt run true
contains "epmt stop -v" "processes" "$(epmt stop -v 2>&1)"
contains "-vv" "setting output_prefix = $EPMT_OUTPUT_PREFIX (environment)" "$(epmt -vv list 2>&1)"
equal "-vv is not -vvv" 0 "$(epmt -vv list 2>&1 | grep -c chunk_kib)"
contains "-vvv" "setting chunk_kib = 256 (default)" "$(epmt list -v -vv 2>&1)"
check "epmt -j1 source" test -n "$(epmt -j1 source)"
check "epmt -d source" test -n "$(epmt -d source)"
contains "epmt -n submit" "Would be imported" "$(epmt -n submit)"
check "submit" epmt submit

# Columns and formats.
equal "list --columns" "$(sql 'select jobid || " " || user from jobs')" \
    "$(epmt list --columns jobid,user | sed 1d | tr -s ' ')"
equal "a column that only programs are shown" "$(sql 'select uuid from jobs')" \
    "$(epmt list --columns uuid | sed 1d)"
equal "columns of some sections of several" \
    "job: jobid line processes: jobid exename line true" "$(epmt show line --columns jobid,exename | xargs)"
equal "an unknown column" 2 "$(status_of epmt list --columns jobid,nothing)"
contains "an unknown column: those that there are" "there are id, jobid" "$(epmt list --columns nothing 2>&1)"
equal "an unknown column: no output" "" "$(epmt list --format csv --columns nothing 2>/dev/null)"
for format in table json csv; do
    check "help metrics as $format" epmt help metrics --format "$format" --columns column,unit
done
contains "units that people read" " ms" "$(epmt list --columns jobid,duration)"
equal "and seconds for who asks for these" 1 "$(epmt list --columns duration_s | sed 1d | wc -l)"

# Colour: on a terminal only, never with NO_COLOR.
terminal() { script -qec "$1" /dev/null </dev/null; }
export TERM=xterm
check "colour on a terminal" grep -q $'\e\\[1m' <(terminal "epmt config")
fail_if "no colour in a pipe" grep -q $'\e' <(epmt config)
fail_if "no colour with NO_COLOR" grep -q $'\e' <(NO_COLOR=1 terminal "epmt config")
fail_if "no colour on a dumb terminal" grep -q $'\e' <(TERM=dumb terminal "epmt config")

# Manual pages.
for page in $(epmt help man list); do
    file=$share/man/man${page##*.}/$page
    check "$page is installed and of today" cmp "$file" <(epmt help man "$page")
    # References are looked up below; mandoc only knows what the system has.
    equal "mandoc -Tlint $page" "" "$(mandoc -Tlint "$file" | grep -v 'referenced manual not found')"
    while read -r _ name section _; do
        check "$page: $name($section) is there" test -f "$share/man/man$section/$name.$section"
    done < <(grep '^\.Xr' "$file")
done
fail_if "an unknown page" epmt help man none.1
printf '.Dd x\n.Sh NAME\n' >"$TEST_DIR/bad.1"
fail_if "a wrong page is found" mandoc -Tlint "$TEST_DIR/bad.1"

# Completion, in the shells themselves.
# shellcheck disable=SC2016
bash_completion='. "$1"; COMP_WORDS=(epmt "${@:2}"); COMP_CWORD=$#; COMP_CWORD=$((COMP_CWORD - 1))
    _epmt; printf "%s\n" "${COMPREPLY[@]}"'
complete_bash() { bash -c "$bash_completion" x "$share/bash-completion/completions/epmt" "$@"; }
complete_fish() { # LINE
    XDG_CONFIG_HOME=$TEST_DIR fish --no-config -c "source '$share/fish/vendor_completions.d/epmt.fish'
        complete -C '$1'" </dev/null | cut -f 1
}
complete_zsh() { # LINE
    ZDOTDIR=$TEST_DIR TERM=xterm zsh -f -c "$zsh_completion" x "$share/zsh/site-functions" "$1" </dev/null
}
# shellcheck disable=SC2016
zsh_completion='zmodload zsh/zpty; zpty z zsh -f -i
    zpty -w z "PS1=; stty -echo; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; echo REA""DY"
    zpty -r z line "*READY*"; zpty -n -w z "$2"$'"'\\t'"'
    sleep 1; zpty -w z $'"'\\n\\nexit\\n'"'; while zpty -r z line; do print -r -- "$line"; done'
for command in $commands; do
    equal "bash completes $command" "$command" "$(complete_bash "$command" | head -n 1)"
    contains "fish completes $command" "$command" "$(complete_fish "epmt ${command:0:2}")"
done
equal "bash: options of a command" --threads "$(complete_bash show --thr)"
equal "bash: values of --format" csv "$(complete_bash list --format c)"
contains "fish: options of a command" --threads "$(complete_fish 'epmt show --thr')"
contains "fish: values of --format" csv "$(complete_fish 'epmt list --format c')"
contains "zsh completes a command" "epmt version" "$(complete_zsh 'epmt vers')"
contains "zsh: options of a command" "--threads" "$(complete_zsh 'epmt show --thr')"
fail_if "another shell" epmt help completion sh
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# eval `epmt source` in the shells that are there, unquoted as people write it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
export EPMT_JOB_ID=src
odd="$TEST_DIR/a  b*'!\$x"
mkdir -p "$XDG_CONFIG_HOME/epmt"
printf '[epmt]\nlog = %s\n' "$odd" >"$XDG_CONFIG_HOME/epmt/epmt.ini"
touch 'x)' 'epmt_instrument()' # what a careless pattern would match

cat >sh.script <<'S'
eval `epmt source --bash`
printenv LD_PRELOAD
printenv EPMT_LOG
printenv EPMT_JOB_ID
epmt_uninstrument
printenv LD_PRELOAD || echo none
printenv EPMT_LOG || echo none
epmt_instrument
printenv LD_PRELOAD
S
cat >csh.script <<'S'
eval `epmt source --csh`
printenv LD_PRELOAD
printenv EPMT_LOG
printenv EPMT_JOB_ID
epmt_uninstrument
printenv LD_PRELOAD || echo none
printenv EPMT_LOG || echo none
epmt_instrument
printenv LD_PRELOAD
S
cat >fish.script <<'S'
epmt source --fish | source
printenv LD_PRELOAD
printenv EPMT_LOG
printenv EPMT_JOB_ID
epmt_uninstrument
printenv LD_PRELOAD || echo none
printenv EPMT_LOG || echo none
epmt_instrument
printenv LD_PRELOAD
S
sed 's/epmt source --fish | source/eval (epmt source --fish)/' fish.script >fish-eval.script
expected="$PRELOAD
$odd
src
none
none
$PRELOAD"
tried=0
for shell in "bash -eu" "sh -eu" "dash -eu" "ksh -eu" "zsh" "csh -f" "tcsh -f" "fish --no-config"; do
    command -v "${shell%% *}" >/dev/null || continue
    # zsh does not split words: quoting the backticks there changes nothing
    script=sh.script
    case $shell in
    *csh*) script=csh.script ;;
    fish*) script=fish.script ;;
    esac
    # shellcheck disable=SC2086
    equal "$shell" "$expected" "$($shell ./$script 2>&1)"
    tried=$((tried + 1))
done
check "there were shells to try" test "$tried" -ge 7
equal "fish, by eval" "$expected" "$(fish --no-config fish-eval.script 2>&1)"

# Values that a shell could take for anything.
printf '[epmt]\n' >"$XDG_CONFIG_HOME/epmt/epmt.conf"
rm -f "$XDG_CONFIG_HOME/epmt/epmt.ini"
# shellcheck disable=SC1003
for hostile in "a b" "'" '"' '$HOME' '`touch bad`' '!!' '*' '\\' '\n' 'a\' ';touch bad;' '~' '[x]' '{a,b}' \
    '(x)' '#x' '%1' $'a\tb' 'ä' '$(touch bad)' '&' '<x' '-n' '=x'; do
    mkdir -p "x$hostile"
    printf 'output_prefix = %s\n' "$TEST_DIR/x$hostile/" | sed '1i [epmt]' >"$XDG_CONFIG_HOME/epmt/epmt.conf"
    for shell in bash dash zsh tcsh fish; do
        # shellcheck disable=SC2016
        code='eval `epmt source`'
        options=(-c)
        [ $shell = tcsh ] && options=(-f -c)
        [ $shell = fish ] && code='epmt source | source'
        equal "$shell: a prefix with $hostile" "$TEST_DIR/x$hostile/" \
            "$(unset EPMT_OUTPUT_PREFIX; $shell "${options[@]}" "$code; printenv EPMT_OUTPUT_PREFIX" 2>&1)"
    done
done
check "nothing was executed" test ! -e bad
rm "$XDG_CONFIG_HOME/epmt/epmt.conf"

other=/lib/x86_64-linux-gnu/libm.so.6
[ -e "$other" ] || other=$(ldconfig -p | sed -n 's/.*libm\.so\.6.* => //p' | head -n 1)
# shellcheck disable=SC2016
equal "what was preloaded before stays, and comes back" "$PRELOAD:$other
$other" "$(LD_PRELOAD=$other sh -c 'eval `epmt source --bash`; printenv LD_PRELOAD
    epmt_uninstrument; printenv LD_PRELOAD')"
# shellcheck disable=SC2016
equal "sourced twice, preloaded once" "$PRELOAD" \
    "$(sh -c 'eval `epmt source --bash`; eval `epmt source --bash`; printenv LD_PRELOAD')"
printf '[epmt]\nlog = %s\n' "$odd" >"$XDG_CONFIG_HOME/epmt/epmt.conf"
equal "a task prolog" "export EPMT_JOB_ID=src
export EPMT_LOG=$odd
export LD_PRELOAD=$PRELOAD" "$(epmt source --slurm)"
for own in SHELL=/bin/sh "-u SHELL"; do
    # shellcheck disable=SC2086
    contains "SHELL set for it, else $own" "setenv LD_PRELOAD" \
        "$(env $own dash -c 'SHELL=/bin/tcsh epmt source; :')"
    # shellcheck disable=SC2086
    contains "SHELL set for it, else $own" "export LD_PRELOAD" \
        "$(env $own dash -c 'SHELL=/bin/bash epmt source; :')"
done
# The shell above counts, whatever the user's own is.
for own in /bin/bash /bin/tcsh /usr/bin/fish; do
    export SHELL=$own
    contains "bash, SHELL=$own" "export LD_PRELOAD" "$(bash -c 'epmt source; :')"
    contains "dash, SHELL=$own" "export LD_PRELOAD" "$(dash -c 'epmt source; :')"
    contains "zsh, SHELL=$own" "export LD_PRELOAD" "$(zsh -f -c 'epmt source; :')"
    contains "tcsh, SHELL=$own" "setenv LD_PRELOAD" "$(tcsh -f -c 'epmt source; :')"
    contains "fish, SHELL=$own" "set -gx LD_PRELOAD" "$(fish --no-config -c 'epmt source; :')"
done
SHELL=/bin/bash

# As the old guide has it, in each shell: the job, then LD_PRELOAD unset, then stop.
unset EPMT_JOB_ID
for shell in bash dash zsh tcsh fish; do
    # shellcheck disable=SC2016
    code='epmt start; eval `epmt source`; /bin/true; unset LD_PRELOAD; epmt stop; epmt submit'
    options=(-c)
    [ $shell = tcsh ] && options=(-f -c) && code=${code/unset/unsetenv}
    if [ $shell = fish ]; then
        # shellcheck disable=SC2016
        code=${code/eval \`epmt source\`/epmt source | source}
        code=${code/unset/set -e}
    fi
    rm -f "$TEST_DB"
    # shellcheck disable=SC2016
    SLURM_JOB_ID=guide-$shell $shell "${options[@]}" "$code" >said 2>&1
    equal "$shell: start, source, unset LD_PRELOAD, stop, submit" "guide-$shell|true" \
        "$(sql "select jobid, exename from jobs join processes on job_id = jobs.id where exename = 'true'")"
done
rm "$XDG_CONFIG_HOME/epmt/epmt.conf"
contains "-vvv: the library talks too" "EPMT_VERBOSE='2'" "$(EPMT_JOB_ID=x epmt -vvv source 2>/dev/null)"
equal "-vv: it does not" 0 "$(EPMT_JOB_ID=x epmt -vv source 2>/dev/null | grep -c EPMT_LOG)"
finish

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
expected="$PRELOAD
$odd
src
none
none
$PRELOAD"
tried=0
for shell in "bash -eu" "sh -eu" "ksh -eu" "zsh" "csh -f" "tcsh -f"; do
    command -v "${shell%% *}" >/dev/null || continue
    # zsh does not split words: quoting the backticks there changes nothing
    script=sh.script
    case $shell in *csh*) script=csh.script ;; esac
    # shellcheck disable=SC2086
    equal "$shell" "$expected" "$($shell ./$script 2>&1)"
    tried=$((tried + 1))
done
check "there were shells to try" test "$tried" -ge 2

other=/lib/x86_64-linux-gnu/libm.so.6
[ -e "$other" ] || other=$(ldconfig -p | sed -n 's/.*libm\.so\.6.* => //p' | head -n 1)
# shellcheck disable=SC2016
equal "what was preloaded before stays, and comes back" "$PRELOAD:$other
$other" "$(LD_PRELOAD=$other sh -c 'eval `epmt source --bash`; printenv LD_PRELOAD
    epmt_uninstrument; printenv LD_PRELOAD')"
# shellcheck disable=SC2016
equal "sourced twice, preloaded once" "$PRELOAD" \
    "$(sh -c 'eval `epmt source --bash`; eval `epmt source --bash`; printenv LD_PRELOAD')"
equal "a task prolog" "export EPMT_JOB_ID=src
export EPMT_LOG=$odd
export LD_PRELOAD=$PRELOAD" "$(epmt source --slurm)"
contains "the shell is found" "setenv LD_PRELOAD" "$(SHELL=/bin/tcsh epmt source)"
contains "the shell is found" "export LD_PRELOAD" "$(SHELL=/bin/bash epmt source)"
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt notebook: the user's copy of the notebook, what Jupyter is started with, and the notebook
# itself, executed on jobs made here; the Python module against what epmt says (python_module.py).
# databases: both
# timeout: 600
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
read -r family _ <<<"$(families)"
user=${USER:-$(id -un)}
export TEST_DIR JOB_RANKS=4
# Jupyter keeps to the test's own directory, whatever HOME is.
for name in JUPYTER_RUNTIME_DIR JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR IPYTHONDIR MPLCONFIGDIR; do
    export "$name=$TEST_DIR/$name"
done
export PYTHONDONTWRITEBYTECODE=1 PYDEVD_DISABLE_FILE_VALIDATION=1

export EPMT_JOB_ID=serial EPMT_JOB_TAGS='exp:a;part:x'
epmt start
epmt run sh -c 'seq 20000 | sort -R | sort -n >/dev/null; /bin/true'
epmt run sh -c : "$(printf '%0700d' 0 | tr 0 x)"
{ epmt run sh -c 'kill -SEGV $$'; } 2>/dev/null
epmt stop
unset EPMT_JOB_TAGS
EPMT_JOB_ID=other epmt -a run true
export EPMT_JOB_ID=ranks
EPMT_EVENTS=task-clock mpi_run "$family" $JOB_RANKS "$(examples "$family")/imbalance" >/dev/null
unset EPMT_JOB_ID
check "three jobs" submit_ended "$EPMT_OUTPUT_PREFIX"
export JOB_FILE=$EPMT_OUTPUT_PREFIX$user/ranks/ranks.h5 LONG_FILE=$EPMT_OUTPUT_PREFIX$user/serial/serial.h5

# The variables, for a notebook of one's own.
printed=$(epmt notebook --print)
contains "--print: the module" "export PYTHONPATH='$EPMT_PREFIX/share/epmt/python'" "$printed"
contains "--print: in front of others" "share/epmt/python:/mine'" "$(PYTHONPATH=/mine epmt notebook -p)"
contains "--print: a relative path, from wherever" "'sqlite:///$TEST_DIR/it'\\''s/here.db'" \
    "$(mkdir "$TEST_DIR/it's" && cd "$TEST_DIR/it's" && EPMT_DB_URL=sqlite:///here.db epmt notebook --print)"
mkdir -p "$XDG_CONFIG_HOME/epmt"
printf "[epmt]\ndb_url = postgresql://h/of_file\n" >"$XDG_CONFIG_HOME/epmt/epmt.conf"
contains "--print: the database of a settings file" "='postgresql://h/of_file'" \
    "$(env -u EPMT_DB_URL epmt notebook --print)"
rm "$XDG_CONFIG_HOME/epmt/epmt.conf"
contains "--print: the default" "sqlite:///$XDG_DATA_HOME/epmt/epmt.db" "$(env -u EPMT_DB_URL epmt notebook -p)"
contains "--print: the variables of the tool before" "postgresql:///?host=db.example&port=5433&user=me&dbname=x%20y" \
    "$(env -u EPMT_DB_URL EPMT_DB_PROVIDER=postgres EPMT_DB_HOST=db.example:5433 EPMT_DB_USER=me \
        EPMT_DB_DBNAME='x y' epmt notebook -p)"
secret=$(EPMT_DB_URL=postgresql://me:pa55@h/d epmt notebook --print 2>&1)
equal "--print: no password" "" "$(grep -F pa55 <<<"$secret")"
contains "--print: says what to do about it" ".pgpass" "$secret"
equal "nothing else is done" "" "$(ls "$XDG_DATA_HOME" 2>/dev/null)"
eval "$printed"

contains "pydoc explains the module" "One row per MPI rank" "$($python -m pydoc epmt.ranks)"
check "the module says what epmt says" $python "$EPMT_SOURCE/tests/db/python_module.py"
equal "a URL with a password reaches the module from the environment" "a:b" "$(
    EPMT_DB_URL=postgresql://a:b@h/d $python -c 'from epmt import commands
print(commands.database_url()[13:16])')"

# Jupyter, as it is started.
mkdir "$TEST_DIR/fake"
cat >"$TEST_DIR/fake/jupyter" <<'S'
#!/bin/sh
printf '%s|' "$@" "$PYTHONPATH" "$EPMT_DB_URL" "$LD_PRELOAD"
S
chmod +x "$TEST_DIR/fake/jupyter"
copy=$XDG_DATA_HOME/epmt/epmt.ipynb ready=$EPMT_PREFIX/share/epmt/notebook/epmt.ipynb
started=$(PYTHONPATH='' LD_PRELOAD=$PRELOAD PATH=$TEST_DIR/fake:/usr/bin:/bin "$EPMT_PREFIX/bin/epmt" notebook -- --port 9 x)
equal "jupyter gets the notebook, the arguments and the variables" \
    "notebook|$copy|--port|9|x|$EPMT_PREFIX/share/epmt/python|$EPMT_DB_URL||" "$started"
check "the notebook is there" cmp "$copy" "$ready"
echo changed >"$copy"
contains "a changed one is kept: says so" "$copy is kept as it is" \
    "$(PATH=$TEST_DIR/fake:/usr/bin:/bin "$EPMT_PREFIX/bin/epmt" notebook 2>&1 >/dev/null)"
equal "and is kept" changed "$(cat "$copy")"
touch "$TEST_DIR/fake/jupyter-lab" && chmod +x "$TEST_DIR/fake/jupyter-lab"
contains "JupyterLab, where it is there" "lab|$TEST_DIR/mine/epmt.ipynb|" \
    "$(PATH=$TEST_DIR/fake:/usr/bin:/bin "$EPMT_PREFIX/bin/epmt" notebook -d "$TEST_DIR/mine")"
check "in a directory of one's own" cmp "$TEST_DIR/mine/epmt.ipynb" "$ready"
equal "nothing else lies there" "epmt.ipynb" "$(ls -A "$TEST_DIR/mine")"
missing=$(PATH=/no/such "$EPMT_PREFIX/bin/epmt" notebook 2>&1)
equal "without jupyter: status" 3 $?
contains "without jupyter: what is missing, and where the notebook is" "there is no jupyter here" "$missing"
contains "without jupyter: the notebook" "$copy" "$missing"
: >"$TEST_DIR/file"
no_place=$(epmt notebook -d "$TEST_DIR/file" 2>&1)
equal "a directory that is none: status" 6 $?
contains "a directory that is none: its name" "$TEST_DIR/file/epmt.ipynb" "$no_place"
contains "the real one starts" "$(jupyter notebook --version)" \
    "$(epmt notebook -d "$TEST_DIR/mine" -- --version 2>/dev/null)"

# The notebook is stored without results, and runs from its beginning to its end.
check "no results are stored" $python -c 'import json, sys
cells = json.load(open(sys.argv[1]))["cells"]
code = [c for c in cells if c["cell_type"] == "code"]
assert len(code) >= 15
assert not any(c["outputs"] or c["execution_count"] for c in code)' "$ready"
execute() { # NAME: results to $TEST_DIR/NAME.ipynb
    timeout -s KILL 300 jupyter nbconvert --to notebook --execute --log-level ERROR \
        --output-dir "$TEST_DIR" --output "$1" "$TEST_DIR/mine/epmt.ipynb"
}
check "it runs" execute results
seen=$($python - "$TEST_DIR/results.ipynb" <<'P'
import json, sys
outputs = [o for c in json.load(open(sys.argv[1]))["cells"] for o in c.get("outputs", ())]
texts = ["".join(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in outputs]
print("pictures", sum("image/png" in o.get("data", {}) for o in outputs))
print("warnings", *[t for o, t in zip(outputs, texts) if o.get("name") == "stderr"])
print("\n".join(texts))
P
)
contains "its pictures are there" "pictures 4" "$seen"
equal "no warnings" "warnings" "$(grep ^warnings <<<"$seen")"
contains "it is of the job with ranks" "MPI_Allreduce" "$seen"
contains "it reads the job file" "CPU time of all processes" "$seen"
sed -i 's/db = epmt.connect()/raise SystemExit(1)/' "$TEST_DIR/mine/epmt.ipynb"
fail_if "can the execution fail?" execute broken
finish

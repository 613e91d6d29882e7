#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the pictures of docs/analysis.md anew, of jobs that it runs: the pages in headless Chromium,
# the charts by the notebook. Nothing else on the machine should be busy.
#   bash tests/long/pictures.sh [DIRECTORY]    (default: docs/images)
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slow_jobs.sh
. "$EPMT_SOURCE/tests/slow_jobs.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
to=${1:-$EPMT_SOURCE/docs/images}
mkdir -p "$to"
export TEST_DIR PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$EPMT_SOURCE/tests/browser
for name in JUPYTER_RUNTIME_DIR JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR IPYTHONDIR MPLCONFIGDIR; do
    export "$name=$TEST_DIR/$name"
done
read -r family _ <<<"$(families)"
check "the jobs" slow_jobs "$family"
for job in late uneven input crowded; do
    check "report of $job" epmt report "$job" -o "$TEST_DIR/$job.html"
done

epmt dashboard --port 0 >"$TEST_DIR/address" &
dashboard=$!
for _ in $(seq 100); do
    grep -q http "$TEST_DIR/address" && break
    sleep 0.1
done
cat >"$TEST_DIR/shoot.py" <<'P'
"""Of each page what stands between the tops of two of its sections, so that a picture stays small."""
import base64
import sys

from browser import Browser

TOP = """const heads = [...document.querySelectorAll("h2")];
const head = heads.find((one) => one.textContent.startsWith(arguments[0]));
return head ? head.closest("section").getBoundingClientRect().top + window.scrollY : 0;"""


def shoot(browser, path, first, last, limit):
    browser.driver.set_window_size(1000, browser.js("return document.documentElement.scrollHeight"))
    begin = browser.js(TOP, first) if first else 0
    end = browser.js(TOP, last) if last else browser.js("return document.documentElement.scrollHeight")
    shot = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
        "x": 0, "y": begin, "width": 1000, "height": min(end - begin, limit), "scale": 0.9}})
    with open(path, "wb") as file:
        file.write(base64.b64decode(shot["data"]))


with Browser(width=1000) as browser:
    directory, to, address = sys.argv[1:]
    for job, first, last, limit in (("late", "What stands out", "MPI ranks", 900),
                                    ("uneven", "MPI ranks", "Threads", 1100),
                                    ("input", "MPI ranks", "Threads", 760),
                                    ("crowded", "Threads", "I/O", 700)):
        browser.open(f"file://{directory}/{job}.html")
        shoot(browser, f"{to}/report-{job}.png", first, last, limit)
    browser.open(address)
    shoot(browser, f"{to}/dashboard-jobs.png", "", "", 900)
P
check "the pages" $python "$TEST_DIR/shoot.py" "$TEST_DIR" "$to" "$(grep -o 'http[^ ]*' "$TEST_DIR/address")"
kill $dashboard
wait $dashboard 2>/dev/null

eval "$(PYTHONPATH='' epmt notebook --print)"
notebook() { # JOB
    sed 's/^ *"JOB = .*/    "JOB = \\"'"$1"'\\""/' "$EPMT_PREFIX/share/epmt/notebook/epmt.ipynb" >"$TEST_DIR/$1.ipynb"
    timeout -s KILL 300 jupyter nbconvert --to notebook --execute --inplace --log-level ERROR "$TEST_DIR/$1.ipynb"
}
cat >"$TEST_DIR/take.py" <<'P'
"""The picture of the cell that has this text."""
import base64, json, sys
for cell in json.load(open(sys.argv[1]))["cells"]:
    for output in cell.get("outputs", ()):
        if sys.argv[2] in "".join(cell["source"]) and "image/png" in output.get("data", {}):
            open(sys.argv[3], "wb").write(base64.b64decode(output["data"]["image/png"]))
            sys.exit(0)
sys.exit("no picture")
P
check "the notebook on uneven" notebook uneven
check "time in functions" $python "$TEST_DIR/take.py" "$TEST_DIR/uneven.ipynb" "Time in MPI functions" "$to/notebook-functions.png"
check "the notebook on crowded" notebook crowded
check "threads" $python "$TEST_DIR/take.py" "$TEST_DIR/crowded.ipynb" "waiting for a CPU" "$to/notebook-threads.png"
equal "no picture is large" "" "$(find "$to" -name '*.png' -size +150k)"
finish

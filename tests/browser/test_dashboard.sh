#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages of epmt dashboard in a browser: no complaint on the console, nothing asked of elsewhere, the
# numbers of the database, links that lead on, names that are markup shown as text, keyboard.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
export TEST_DIR PYTHONPATH=$EPMT_SOURCE/tests/browser PYTHONDONTWRITEBYTECODE=1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; test_exit' EXIT

# An experiment of two components with a job that is unlike the others, and hostile names.
for i in 1 2 3 4 5 6; do
    EPMT_JOB_ID=job-$i EPMT_JOB_TAGS="exp_name:cm4;exp_component:ocean;exp_time:1850010$i" EPMT_TAGS=op:x \
        epmt run -a true
done
EPMT_JOB_ID=slow EPMT_JOB_TAGS='exp_name:cm4;exp_component:ocean;exp_time:18500108' EPMT_TAGS=op:x \
    epmt run -a sh -c 'sleep 1; false'
hostile="<img src=x onerror=alert(1)>\"'&amp;</script>"
EPMT_JOB_ID=hostile EPMT_JOB_TAGS="exp_name:$hostile;exp_component:$hostile;note:$hostile" epmt run -a true
submit_ended "$EPMT_OUTPUT_PREFIX" >/dev/null
sql "update jobs set jobname = '$(printf %s "$hostile" | sed "s/'/''/g")' where jobid = 'hostile'"
# What the six took is chance, and one of them may well stand out.
sql "update jobs set duration = 10000 + 100 * id, \"end\" = start + 10000 + 100 * id, cpu_time = 1000 + 10 * id where jobid like 'job-%'"
epmt models create "$hostile" job-1 job-2 job-3 job-4 >/dev/null
# More jobs than there is room for on a page.
sql "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < 9992)
    insert into jobs (uuid, digest, jobid, \"user\", start, \"end\", duration, cpu_time, processes, failed, exitcode, ended, complete)
    select '00000000-0000-5000-8000-' || substr('000000000000' || i, length('' || i) + 1), i, 'big-' || i, 'user' || i % 7,
    1700000000000000 + i * 60000000, 1700000000000000 + i * 61000000, i * 1000000, i * 1000, 1, 0, 0, 1, 1 from n"

epmt dashboard --port 0 >"$TEST_DIR/url" 2>"$TEST_DIR/err" &
server=$!
for _ in $(seq 600); do
    [ -s "$TEST_DIR/url" ] && break
    sleep 0.1
done

# What the browser sees, as lines `name value`.
cat >"$TEST_DIR/ask.py" <<'P'
import json, sys
from browser import Browser

address, hostile = sys.argv[1], sys.argv[2]
base = address.split("?")[0]

def say(name, value):
    print(name, value if isinstance(value, str) else json.dumps(value))

with Browser(width=1500) as browser:
    def jobs():
        return " ".join(browser.texts("#jobs tbody th"))

    def until(condition, expected=True):
        return browser.wait(lambda: browser.js(f"return {condition}"), expected)

    def shown(first):
        until(f"(document.querySelector('#jobs tbody th') || {{}}).textContent", first)

    say("ready", browser.open(address))
    say("address", browser.driver.current_url.removeprefix(base))
    say("sums", browser.js("return document.querySelector('[data-jobs]').dataset.jobs"))
    say("rows", len(browser.texts("#jobs tbody tr")))
    browser.press("body", "TAB")
    say("first", browser.js("return document.activeElement.textContent"))
    chart = browser.charts()[0]
    say("buckets", sum(value for one in chart["sets"] for value in one["values"]))
    # By the keyboard: order, then the next page.
    browser.press("[data-order=duration_s]", "ENTER")
    shown("big-9992")
    say("longest", jobs().split()[0])
    say("sorted", browser.js("return document.querySelector('[aria-sort]').textContent + "
                             "document.querySelector('[aria-sort]').getAttribute('aria-sort')"))
    browser.press("#pager button:nth-of-type(3)", "ENTER")
    shown("big-9942")
    say("page", browser.driver.current_url.removeprefix(base))
    browser.driver.back()
    shown("big-9992")
    say("back", jobs().split()[0])
    say("kept", browser.js("return epmt.charts.length - document.querySelectorAll('canvas').length"))
    # A form: found, then one job.
    browser.press("[name=tag]", "exp_name:cm4")
    browser.press("[name=tag]", "ENTER")
    until("document.querySelectorAll('#jobs tbody tr').length", 7)
    until("document.querySelector('[data-jobs]').dataset.jobs", "7")
    say("found", " ".join(sorted(jobs().split())))
    say("cells", " ".join(browser.js("""return [...document.querySelectorAll('#jobs tbody tr')]
        .map((row) => `${row.querySelector('th').textContent}=${Number(row.cells[4].dataset.value).toFixed(6)}`).sort()""")))
    # Two selected: marked, compared.
    for job in ("job-1", "slow"):
        browser.js("""[...document.querySelectorAll('#jobs tbody tr')].find((row) =>
            row.querySelector('th').textContent === arguments[0]).querySelector('input').click()""", job)
    say("marked", len(browser.all("#jobs tr.comparable")))
    browser.click("#selection a[href^='compare']")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + document.title"), "yesepmt: compare")
    say("compared", browser.texts("#compared thead th")[2:4])
    say("duration", browser.js("""return [...[...document.querySelectorAll('#compared tbody tr')].find((row) =>
        row.cells[0].textContent === 'duration').cells].slice(2).map((cell) => cell.dataset.value).join(' ')"""))
    say("gantt", [len(one["sets"][0]["values"]) for one in browser.charts() if one["title"] == "When they ran"])
    # Outliers, and why.
    browser.open(f"{base}outliers?tag=exp_name:cm4")
    say("outliers", sorted(set(browser.js("return [...document.querySelectorAll('#found tbody tr')]"
        ".map((row) => `${row.cells[0].textContent}`)"))))
    boxes = next(one for one in browser.charts() if one["title"] == "duration")
    say("boxes", [one["label"] for one in boxes["sets"]])
    say("point", f"{boxes['sets'][3]['values'][0]['x']:.6f}")
    browser.click("#found tbody a[href*='cause=']")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + "
                                    "Boolean(document.querySelector('#found h2'))"), "yestrue")
    say("why", browser.texts("#found h2"))
    say("causes", len(browser.texts("#found tbody tr")) > 3)
    # Models: one of a hostile name.
    browser.open(f"{base}models")
    browser.click("#models tbody a")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + "
                                    "Boolean(document.querySelector('#model h2'))"), "yestrue")
    say("model", browser.texts("#model h2")[0] == f"Model {hostile}")
    say("modelled", sorted(browser.texts("#model li")))
    # Experiments, down to a job.
    browser.open(f"{base}explore")
    browser.js("[...document.querySelectorAll('#shown a')].find((a) => a.textContent === 'cm4').click()")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + document.title"), "yesepmt: cm4")
    say("components", browser.texts("#shown tbody a"))
    say("missing", browser.texts("#missing li"))
    browser.click("#shown tbody a")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + document.title"), "yesepmt: cm4: ocean")
    say("segments", browser.js("return [...document.querySelectorAll('#shown tbody tr')]"
                               ".map((row) => row.cells[1].textContent).join(' ')"))
    browser.js("[...document.querySelectorAll('#shown tbody a')].find((a) => a.textContent === 'slow').click()")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + document.title"), "yesepmt: jobs")
    say("chosen", jobs())
    browser.click("#jobs tbody th a")
    browser.wait(lambda: browser.js("return document.body.dataset.ready + document.title"), "yesepmt: Job slow")
    say("heading", browser.texts("h1"))
    say("links", sorted(browser.js("return [...document.querySelectorAll('header nav a')].map((a) => "
                                       "new URL(a.href).pathname)")))
    # Hostile names, everywhere.
    browser.open(f"{base}?q=hostile")
    say("name", browser.js("return document.querySelector('#jobs tbody tr').cells[2].textContent") == hostile)
    browser.open(f"{base}explore")
    say("experiments", hostile.split(";")[0] in browser.texts("#shown a"))
    say("images", len(browser.all("main img")))
    browser.dark(True)
    say("dark", browser.js("return getComputedStyle(document.body).backgroundColor"))
    say("unlabelled", browser.js("return [...document.querySelectorAll('input, select, button')]"
        ".filter((one) => !one.labels?.length && !one.textContent && !one.getAttribute('aria-label')).length"))
    # Everything that a page may say went well.
    say("complaints", browser.complaints())
    say("elsewhere", sorted({url for url in browser.requests() if not url.startswith((base, "data:"))}))
    # A job that is not there is said.
    browser.open(f"{base}job?id=none", ready="failed")
    say("alert", browser.texts("[role=alert]"))
P
timeout -s KILL 250 "$python" "$TEST_DIR/ask.py" "$(cat "$TEST_DIR/url")" "$hostile" >"$TEST_DIR/said" 2>"$TEST_DIR/wrong"
status=$?
equal "the browser came to its end" 0 "$status"
[ $status = 0 ] || explain <"$TEST_DIR/wrong"
said() { sed -n "s/^$1 //p" "$TEST_DIR/said"; } # NAME

equal "the page is shown" yes "$(said ready)"
equal "the token is out of the address" "" "$(said address)"
equal "all jobs are counted" "$(sql 'select count(*) from jobs')" "$(said sums)"
equal "a page of them" 50 "$(said rows)"
equal "the keyboard comes to the content first" "Skip to the content" "$(said first)"
equal "every job is in the chart" "$(sql 'select count(*) from jobs')" "$(said buckets)"
equal "ordered by the keyboard" "$(sql 'select jobid from jobs order by duration desc limit 1')" "$(said longest)"
equal "the order is told" "durationdescending" "$(said sorted)"
equal "the next page has an address" "?order=duration_s&offset=50" "$(said page)"
equal "back" big-9992 "$(said back)"
equal "no chart is kept of what is no longer shown" 0 "$(said kept)"
equal "found by a tag" "job-1 job-2 job-3 job-4 job-5 job-6 slow" "$(said found)"
duration() { sql "select duration from jobs where jobid = '$1'" | awk '{ printf "%.6f", $1 / 1000000 }'; } # JOB
equal "the numbers are the database's" "$(for job in job-1 job-2 job-3 job-4 job-5 job-6 slow; do
    echo "$job=$(duration $job)"; done | xargs)" "$(said cells)"
equal "jobs that can be compared with the selected are marked" 7 "$(said marked)"
equal "two jobs side by side" '["slow", "job-1"]' "$(said compared | python3 -c 'import sys, json; print(json.dumps(sorted(json.load(sys.stdin), reverse=True)))')"
equal "their durations" "$(sql "select duration from jobs where jobid in ('job-1', 'slow')" | sort -n | xargs)" "$(said duration | xargs -n 1 | sort -n | xargs)"
equal "when they ran" "[2]" "$(said gantt)"
equal "the outlier is found" '["slow"]' "$(said outliers)"
equal "box plots" '["limits of what is usual", "the middle half", "median", "outliers"]' "$(said boxes)"
equal "with its value" "$(duration slow)" "$(said point)"
contains "why it stands out" "slow" "$(said why)"
equal "with causes" true "$(said causes)"
equal "a model of a hostile name" true "$(said model)"
equal "its jobs" '["job-1", "job-2", "job-3", "job-4"]' "$(said modelled)"
equal "the components of an experiment" '["ocean"]' "$(said components)"
equal "a segment that is missing" '["ocean: 18500107"]' "$(said missing)"
equal "the jobs of a component" "job-1 job-2 job-3 job-4 job-5 job-6 slow" "$(said segments)"
equal "one of them" slow "$(said chosen)"
contains "its page" "Job slow" "$(said heading)"
equal "its links" '["/", "/explore", "/models", "/outliers"]' "$(said links)"
equal "a hostile name is text" true "$(said name)"
equal "so is that of an experiment" true "$(said experiments)"
equal "no name became markup" 0 "$(said images)"
contains "dark" "rgb(20, 23, 28)" "$(said dark)"
equal "every field and button has a name" 0 "$(said unlabelled)"
equal "no complaint on the console" "[]" "$(said complaints)"
equal "nothing is asked of elsewhere" "[]" "$(said elsewhere)"
contains "a job that is not there" "there is no job none" "$(said alert)"
kill -INT "$server"
wait "$server"
equal "the server ends" 0 $?
server=
finish

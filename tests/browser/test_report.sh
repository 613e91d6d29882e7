#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt report: one file that a browser shows without complaint and without asking for anything,
# with the numbers of the database; hostile names are text; light and dark; keyboard. What is wrong
# is said in one line and leaves no file.
. "$(dirname "$0")/../lib.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
family=$(families | cut -d' ' -f1)
jobdir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}
export TEST_DIR PYTHONPATH=$EPMT_SOURCE/tests/browser PYTHONDONTWRITEBYTECODE=1

# A job of three ranks and a crash, and one whose names want out of their places.
EPMT_JOB_ID=4713 EPMT_JOB_TAGS='exp_name:cm4;exp_component:ocean' EPMT_EVENTS=CONTEXT-SWITCHES \
    mpi_run "$family" 3 "$(examples "$family")/imbalance" >/dev/null 2>&1
# shellcheck disable=SC2016 # $$ is that shell's
EPMT_JOB_ID=4713 EPMT_CRASH_STACK=2 epmt run -a sh -c 'kill -SEGV $$' 2>/dev/null
hostile="<img src=x onerror=alert(1)>\"'&amp;"
printf '#!/bin/sh\nexit 3\n' >"$TEST_DIR/$hostile"
chmod +x "$TEST_DIR/$hostile"
EPMT_JOB_ID=hostile EPMT_JOB_TAGS="</script><script>alert(1)</script>:$hostile" \
    epmt run -a "$TEST_DIR/$hostile" "</script><script>alert(2)</script>" $'\u2028--><!--' \
    '${alert(3)}' 2>/dev/null
for job in 4713 hostile; do
    check "submit $job" submit_ended "$jobdir/$job"
done

check "a report of a job of the database" epmt report 4713 -o "$TEST_DIR/4713.html"
mkdir "$TEST_DIR/tmp"
check "a report of a job file" env TMPDIR="$TEST_DIR/tmp" epmt report "$jobdir/4713/4713.h5" -o "$TEST_DIR/file.html"
check "both are the same" cmp "$TEST_DIR/4713.html" "$TEST_DIR/file.html"
epmt report 4713 >"$TEST_DIR/printed.html"
check "so is what goes to standard output" cmp "$TEST_DIR/4713.html" "$TEST_DIR/printed.html"
epmt report - <"$jobdir/4713/4713.h5" >"$TEST_DIR/piped.html"
check "and what comes from standard input" cmp "$TEST_DIR/4713.html" "$TEST_DIR/piped.html"
(cd "$jobdir/4713" && epmt report 4713.h5 -o "$TEST_DIR/named.html")
check "and a file that is named without a directory" cmp "$TEST_DIR/4713.html" "$TEST_DIR/named.html"
(cd "$jobdir" && epmt report 4713 -o "$TEST_DIR/named.html")
check "a directory of the job's name does not stand in the way" \
    cmp "$TEST_DIR/4713.html" "$TEST_DIR/named.html"
check "a report of hostile names" epmt report hostile -o "$TEST_DIR/hostile.html"
equal "no text of a job stands in the page as markup" 0 \
    "$(grep -cE '<img|<script>alert' "$TEST_DIR/hostile.html")"
equal "nothing is left beside it" "" "$(find "$TEST_DIR" -maxdepth 1 -name '.*.tmp')"
equal "nor in the temporary directory" "" "$(ls -A "$TEST_DIR/tmp")"

# What the browser says, as lines `name value`.
cat >"$TEST_DIR/ask.py" <<'EOF'
import json, sys
from browser import Browser

def say(name, value):
    print(name, json.dumps(value) if not isinstance(value, str) else value)

def series(charts, title, label):
    chart = next(one for one in charts if one["title"].startswith(title))
    return next(one["values"] for one in chart["sets"] if one["label"] == label)

# The least contrast of texts on their grounds, as WCAG has it.
CONTRAST = """
    const light = (name) => {
        const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        const [r, g, b] = [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16) / 255)
            .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return Math.min(...["--text", "--faint", "--link", "--bad", "--warn", "--good"].flatMap((one) =>
        ["--back", "--panel"].map((ground) => ratio(light(one), light(ground)))));"""

directory = sys.argv[1]
with Browser() as browser:
    say("ready", browser.open(f"file://{directory}/4713.html"))
    browser.press("body", "TAB")
    say("first", browser.js("return document.activeElement.textContent"))
    for fact in ("duration_s", "cpu_s", "processes", "threads", "ranks_reported", "rssmax_bytes"):
        say(fact, browser.js("return document.querySelector(`[data-fact=${arguments[0]}]`)"
                             ".dataset.value", fact))
    say("sections", browser.texts("h2"))
    charts = browser.charts()
    say("charts", [one["title"].split(":")[0] for one in charts])
    say("drawn", all(one["width"] > 300 and one["height"] > 50 for one in charts))
    say("inside", " ".join(f"{value:.6f}" for value in series(charts, "Balance", "in MPI")))
    say("allreduce", " ".join(f"{value:.6f}" for value in
                              series(charts, "Time in MPI", "MPI_Allreduce")))
    # The table behind a chart comes by the keyboard.
    browser.press("figure:has(canvas[aria-label*='Balance']) summary", "ENTER")
    browser.wait(lambda: len(browser.all("figure details[open] tbody tr")), 3)
    say("rows", len(browser.all("figure details[open] tbody tr")))
    browser.press("figure:has(canvas[aria-label*='Balance']) canvas", "ARROW_RIGHT")
    say("spoken", browser.wait(lambda: any(browser.texts("[aria-live]")), True))
    # Sorting by a heading.
    browser.press("figure details[open] th:nth-child(2) button", "ENTER")
    say("sorted", browser.js("return [...document.querySelectorAll("
                             "'figure details[open] tbody tr')].map((row) => row.cells[1].textContent)"))
    say("unnamed", browser.js("return [...document.querySelectorAll('canvas')].filter((one) => "
                              "!one.getAttribute('aria-label') || one.tabIndex !== 0).length"))
    say("links", browser.js("return [...document.querySelectorAll('a[href]')].filter((one) => "
                            "!document.getElementById(one.getAttribute('href').slice(1))).length"))
    say("crash", browser.texts(".crash h3"))
    say("stack", any(browser.texts(".crash pre")))
    say("tag", any("ocean" in text for text in browser.texts("#metadata td")))
    say("counter", any("context-switches" in text.lower() for text in browser.texts("#counters td")))
    say("tree", any("imbalance" in text for text in browser.texts("#tree li")))
    look = ("return [getComputedStyle(document.body).backgroundColor,"
            " epmt.charts[0].chart.options.scales.x.ticks.color]")
    light = browser.js(look)
    say("contrast_light", browser.js(CONTRAST) >= 4.5)
    browser.dark(True)
    browser.wait(lambda: browser.js(look)[1] != light[1], True)
    dark = browser.js(look)
    say("contrast_dark", browser.js(CONTRAST) >= 4.5)
    say("light", light[0])
    say("dark", dark[0])
    say("redrawn", light[1] != dark[1])
    say("complaints", browser.complaints())
    say("requests", [url.replace(directory, "") for url in browser.requests()
                     if not url.startswith("data:")])
    # The policy holds: a script that came in some way would not run.
    say("foreign", browser.js(
        "const made = document.createElement('script'); made.textContent = 'window.foreign = 1';"
        "document.body.append(made); return window.foreign || 'refused'"))
    before = len(browser.complaints())

    say("hostile", browser.open(f"file://{directory}/hostile.html"))
    say("images", browser.js("return document.images.length"))
    say("program", browser.js("return [...document.querySelectorAll('td')].filter((one) => "
                              "one.textContent === arguments[0]).length > 0", sys.argv[2]))
    say("key", browser.js("return [...document.querySelectorAll('#metadata td')].filter((one) => "
                          "one.textContent === '</script><script>alert(1)</script>').length"))
    say("arguments", browser.js("return [...document.querySelectorAll('td')].filter((one) => "
                                "one.textContent.includes('</script><script>alert(2)</script>')"
                                " && one.textContent.includes('${alert(3)}')).length > 0"))
    say("scripts", browser.js("return document.scripts.length"))
    say("quiet", browser.complaints()[before:])
EOF
check "a browser" sh -c "timeout -s KILL 250 $python '$TEST_DIR/ask.py' '$TEST_DIR' \"\$1\" \
    >'$TEST_DIR/answers'" x "$hostile"
answer() { sed -n "s/^$1 //p" "$TEST_DIR/answers"; }
job="\"id\" = (select \"id\" from jobs where jobid = '4713')"
of_job="job_id = (select \"id\" from jobs where jobid = '4713') and mpirank is not null"

equal "the page is ready" yes "$(answer ready)"
for fact in "duration_s round(duration / 1e6, 6)" "cpu_s round(cpu_time / 1e6, 6)" \
    "processes processes" "threads threads" "ranks_reported ranks_reported" \
    "rssmax_bytes rssmax * 1024"; do
    equal "${fact%% *}" "$(sql "select ${fact#* } from jobs where $job")" "$(answer "${fact%% *}")"
done
equal "sections" '["What stands out", "Time line", "MPI ranks", "Threads", "I/O and memory", "Process tree", "Counters", "Failures", "Metadata"]' \
    "$(answer sections)"
for chart in "When what ran" "Balance of the ranks" "Time in MPI by rank and function" \
    "Input and output by program" "Peak memory of the ranks"; do
    contains "a chart: $chart" "\"$chart\"" "$(answer charts)"
done
equal "charts are drawn" true "$(answer drawn)"
equal "time in MPI by rank" "$(sql "select printf('%.6f', mpitime / 1e9) from processes
    where $of_job order by mpirank" | paste -sd' ')" "$(answer inside)"
equal "time in a function by rank" "$(sql "select printf('%.6f', m.\"time\" / 1e9) from processes p
    join mpi_functions m on m.process_id = p.id where $of_job and m.function = 'MPI_Allreduce'
    order by mpirank" | paste -sd' ')" "$(answer allreduce)"
equal "a table behind a chart" 3 "$(answer rows)"
equal "values are read out" true "$(answer spoken)"
equal "a table sorted by a heading" '["2", "1", "0"]' "$(answer sorted)"
equal "the first stop of Tab" "Skip to the content" "$(answer first)"
equal "charts without a name or out of reach" 0 "$(answer unnamed)"
equal "links to nowhere" 0 "$(answer links)"
contains "the crash" "sh: signal 11" "$(answer crash)"
equal "its stack" true "$(answer stack)"
equal "tags" true "$(answer tag)"
equal "counters" true "$(answer counter)"
equal "the process tree" true "$(answer tree)"
equal "light" "rgb(255, 255, 255)" "$(answer light)"
equal "dark" "rgb(20, 23, 28)" "$(answer dark)"
equal "texts can be read, light" true "$(answer contrast_light)"
equal "texts can be read, dark" true "$(answer contrast_dark)"
equal "charts follow" true "$(answer redrawn)"
equal "the console" "[]" "$(answer complaints)"
equal "asked of anybody" '["file:///4713.html"]' "$(answer requests)"
equal "a foreign script" refused "$(answer foreign)"
equal "hostile names: ready" yes "$(answer hostile)"
equal "hostile names: no image" 0 "$(answer images)"
equal "hostile names: the program's as it is" true "$(answer program)"
equal "hostile names: a tag's as it is" 1 "$(answer key)"
equal "hostile names: arguments as they are" true "$(answer arguments)"
equal "hostile names: the console" "[]" "$(answer quiet)"
equal "hostile names: no script more than in the other page" 4 "$(answer scripts)"

# What cannot be.
refused() { # DESCRIPTION PART ARGUMENTS...
    local description=$1 part=$2
    shift 2
    rm -f "$TEST_DIR/none.html"
    fail_if "$description" epmt report "$@" -o "$TEST_DIR/none.html"
    contains "$description: why" "$part" "$(cat "$TEST_DIR/.said")"
    equal "$description: one line" 1 "$(wc -l <"$TEST_DIR/.said")"
    check "$description: no page" test ! -e "$TEST_DIR/none.html"
}
refused "no such job" "there is no job 999" 999
refused "no such file" "./999.h5" ./999.h5
head -c 4096 "$jobdir/4713/4713.h5" >"$TEST_DIR/torn.h5"
refused "a torn job file" "torn.h5" "$TEST_DIR/torn.h5"
echo "no job" >"$TEST_DIR/other.txt"
refused "another file" "other.txt" "$TEST_DIR/other.txt"
tar -cf "$TEST_DIR/two.tar" -C "$jobdir" 4713 hostile
refused "an archive of two" "there are 2 jobs" "$TEST_DIR/two.tar"
refused "two jobs" "give one JOB" 4713 hostile
cp "$TEST_DIR/4713.html" "$TEST_DIR/before.html"
fail_if "no such directory" epmt report 4713 -o "$TEST_DIR/none/4713.html"
fail_if "a job that is not there leaves an older page" epmt report 999 -o "$TEST_DIR/4713.html"
check "as it was" cmp "$TEST_DIR/before.html" "$TEST_DIR/4713.html"
# What is there stays what it is: a pipe, a device, a link, a mode.
page_at() { epmt report 4713 -o "$1"; } # FILE
mkfifo "$TEST_DIR/pipe"
timeout -s KILL 60 cat "$TEST_DIR/pipe" >"$TEST_DIR/through.html" &
check "into a pipe" page_at "$TEST_DIR/pipe"
wait $!
check "all of it" cmp "$TEST_DIR/printed.html" "$TEST_DIR/through.html"
check "it is still a pipe" test -p "$TEST_DIR/pipe"
ln -s /dev/null "$TEST_DIR/null"
check "into a device" page_at "$TEST_DIR/null"
equal "the link to it" /dev/null "$(readlink "$TEST_DIR/null")"
page_at /dev/stdout >"$TEST_DIR/through.html"
check "to standard output by its name" cmp "$TEST_DIR/printed.html" "$TEST_DIR/through.html"
echo old >"$TEST_DIR/target.html"
chmod 640 "$TEST_DIR/target.html"
ln -s target.html "$TEST_DIR/link.html"
check "through a link" page_at "$TEST_DIR/link.html"
check "its target is the page" cmp "$TEST_DIR/printed.html" "$TEST_DIR/target.html"
equal "the link stays" target.html "$(readlink "$TEST_DIR/link.html")"
equal "so does the mode" 640 "$(stat -c %a "$TEST_DIR/target.html")"
ln -s new.html "$TEST_DIR/dangling.html"
check "through a link to nothing" page_at "$TEST_DIR/dangling.html"
check "there is the page" cmp "$TEST_DIR/printed.html" "$TEST_DIR/new.html"
fail_if "a full disk" sh -c 'epmt report 4713 >/dev/full'
finish

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt explore: components, time segments and outliers of an experiment, in the form of the old tool,
# with scores that were computed by hand.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/db/rows.sh
. "$EPMT_SOURCE/tests/db/rows.sh"

make_tables
id=0
run() { # COMPONENT SEGMENT SECONDS
    id=$((id + 1))
    echo "insert into jobs (id, uuid, digest, jobid, start, duration, cpu_time) values
        ($id, '$id', $id, 'j$id', $((day + id))000000, ${3}000000, $((id % 2)));"
    job_tag "$id" exp_name e1
    job_tag "$id" exp_component "$1"
    job_tag "$id" exp_time $((18540101 + $2 * 50000))
}
# ocean: 10 ... 18 s and 100 s: iqr 5.5 to 23.5, z score 2.99, modified z score 23: two methods of three.
# land: eleven times 10 s and 110 s: quartiles 10, z score 3.32, modified 8.1: all three.
# Segments: 10 10 15 20 21 22 23 24 26 27 28 110 110 s: iqr 9.5 to 37.5, modified z score 14.7.
{
    for i in 0 1 2 3 4 5 6 7 8; do run ocean $i $((10 + i)); done
    run ocean 9 100
    for i in 0 1 2 3 4 6 7 8 9 10 11; do run land $i 10; done
    run land 12 110
    run an_ocean_of_a_long_name 0 1
    echo "insert into jobs (id, uuid, digest, jobid, start, duration) values (99, 'other', 99, 'other', 1, 5);"
    job_tag 99 exp_name e2
} | add_rows
out=$(epmt explore e1)
contains "the title" "top 10 components by sum(duration):
       component           sum                  min          max   cv" "$out"
contains "components" "           ocean:    226000000 [50.6%]     10000000    100000000  1.1
            land:    220000000 [49.2%]     10000000    110000000  1.5
an_ocean_of_a_lo:      1000000 [ 0.2%]      1000000      1000000  0.0" "$out"
contains "the title of the segments" "variations across time segments (by component):
       component     exp_time        jobid         duration" "$out"
contains "two methods of three" "           ocean     18990101          j10        100000000   ****" "$out"
contains "no outlier" "           ocean     18940101           j9         18000000       " "$out"
contains "all three" "            land     19140101          j22        110000000 ******" "$out"
contains "an empty line between components" "   ****

            land     18540101" "$out"
contains "by time segment" "duration by time segment:
    18540101         21000000       
    18590101         21000000       " "$out"
contains "an outlier among them" "    18990101        110000000   ****" "$out"
contains "missing segments" "missing time segments:
           ocean     19040101
           ocean     19090101
           ocean     19140101
            land     18790101
an_ocean_of_a_lo     18590101" "$out"
equal "what should be there may be said" "ocean 18530101 land 18530101" "$(epmt explore e1 --limit 2 \
    --segments 18530101:18540101:10000 | sed -n '/^missing/,$p' | sed 1d | xargs)"
contains "shares are of those that are listed" "ocean:    226000000 [50.7%]" "$(epmt explore e1 -l 2)"
contains "another metric" "ocean:            5 [45.5%]            0            1" "$(epmt explore e1 --metric cpu_time -l 2 |
    sed 's/\[[0-9. ]*%\]/[45.5%]/')"
equal "csv: a row for each job" "23 3" "$(epmt explore e1 --format csv | tr -d '\r' | sed 1d | wc -l | xargs) $(epmt \
    explore e1 --format csv | tr -d '\r' | grep -c ',[1-3]$' | awk '{ print $1 + 1 }')"
check "json" python3 -c 'import json, sys
d = json.loads(sys.argv[1])
assert [c["component"] for c in d["components"]][:2] == ["ocean", "land"], d["components"]
assert abs(d["components"][0]["cv"] - 1.1467) < 0.0001, d["components"]
assert [j["outlier_score"] for j in d["jobs"] if j["outlier_score"]] == [2, 3], d["jobs"]
assert len(d["time_segments"]) == 13 and d["missing"][0]["exp_time"] == 19040101' "$(epmt explore e1 --format json)"
missing() { timeout -s KILL 60 epmt explore "$@" --limit 1 | sed -n '/^missing/,$p' | sed 1d | tr -s ' \n' ' ' | sed 's/ $//'; }
times() { # EXPERIMENT SEGMENT...
    local experiment=$1
    for segment in "${@:2}"; do
        id=$((id + 1))
        echo "insert into jobs (id, uuid, digest, jobid, start, duration) values ($id, '$id', $id, 'j$id', $id, 5);"
        job_tag "$id" exp_name "$experiment"
        job_tag "$id" exp_component sea
        job_tag "$id" exp_time "$segment"
    done
}
id=100
{
    times months 18541001 18541101 18541201 18550101 18550301
    times ends 18541031 18541130 18541231 18550131 18550331
    times short 185411 185412 185502
    times days 18540227 18540228 18540301 18540303
    times first_years 00011101 00011201 00020101 00020301
    times noleap 18560226 18560227 18560228 18560301 18560302 18560304
    times leap 18560226 18560227 18560229 18560301 18560302
    times pentads 18560210 18560215 18560220 18560225 18560302 18560307 18560317
    times noleap_ends 18560131 18560228 18560331 18560531
    times all_leap 18550227 18550228 18550229 18550301 18550303
    times days_360 18550129 18550130 18550201 $(seq 18550202 18550230) 18550301 18550303
    times month_ends 18550129 18550130 18550201 18550202
    times ends_360 18550130 18550230 18550330 18550530
    times numbers 18541001 18541101 18541201 18541301 18541501
    times largest 9223372036854775805 9223372036854775806 9223372036854775807
    times far -9223372036854775808 1 2 9223372036854775807
} | add_rows
equal "months go by the calendar" " sea 18550201" "$(missing months)"
equal "the last days of months too" " sea 18550228" "$(missing ends)"
equal "months without a day" " sea 185501" "$(missing short)"
equal "days go by the calendar" " sea 18540302" "$(missing days)"
equal "a calendar without leap days" " sea 18560303" "$(missing noleap)"
equal "one with them" " sea 18560228" "$(missing leap)"
equal "every fifth day, without leap days" " sea 18560312" "$(missing pentads)"
equal "the last days of months, without leap days" " sea 18560430" "$(missing noleap_ends)"
equal "leap days in every year" " sea 18550302" "$(missing all_leap)"
equal "months of 30 days" " sea 18550302" "$(missing days_360)"
equal "their last days" " sea 18550430" "$(missing ends_360)"
equal "one day alone is missing" " sea 18550131" "$(missing month_ends)"
equal "the calendar may be said: standard" " sea 18560229 sea 18560303" "$(missing noleap --calendar standard)"
equal "the calendar may be said: 360_day" "" "$(missing month_ends --calendar 360_day)"
equal "its segments too" " sea 18560225 sea 18560303" "$(missing noleap --segments 18560225:18560303:1)"
contains "an unknown calendar" "not maya" "$(epmt explore leap --calendar maya 2>&1)"
equal "years from 1, as they are written" " sea 00020201" "$(missing first_years)"
equal "numbers that are no dates" " sea 18541401" "$(missing numbers)"
equal "asked for: a step of dates is one too" " sea 18540901 sea 18550201" "$(missing months --segments 18540901:18550301:100)"
equal "asked for: days" " sea 18540226 sea 18540302" "$(missing days --segments 18540226:18540303:1)"
equal "the largest numbers: nothing is missing" "" "$(missing largest)"
equal "the largest numbers asked for" " sea 9223372036854775804" "$(missing largest --segments \
    9223372036854775804:9223372036854775807:1)"
equal "one step before the largest" 8 "$(missing e1 --segments 9223372036854775800:9223372036854775807:1 | grep -o ocean | wc -l)"
equal "the whole range of numbers" 19 "$(missing e1 --segments \
    -9000000000000000000:9000000000000000000:1000000000000000000 | grep -o ocean | wc -l)"
contains "no number is larger" "FIRST:LAST:STEP" "$(epmt explore e1 --segments 1:9223372036854775808:1 2>&1)"
equal "too many to list" "too many to list: there should be more than 100000" "$(missing far)"
contains "too many to list, for programs" '"too_many_segments": [' "$(epmt explore far --format json)"
contains "no such experiment" "exp_name:nothing" "$(epmt explore nothing 2>&1)"
contains "no component" "exp_name:e2" "$(epmt explore e2 2>&1)"
contains "no such metric" "no number jobid" "$(epmt explore e1 --metric jobid 2>&1)"
contains "no injection" "no number" "$(epmt explore e1 --metric 'duration") from jobs; --' 2>&1)"
finish

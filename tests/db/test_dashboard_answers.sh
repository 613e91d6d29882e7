#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the pages of the dashboard are given is what the commands print; wrong questions are refused.
# databases: both
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; test_exit' EXIT

for i in 1 2 3 4 5; do
    EPMT_JOB_ID=job-$i EPMT_JOB_TAGS="exp_name:cm4;exp_component:ocean;exp_time:1850010$i" EPMT_TAGS=op:x \
        epmt run -a true
done
EPMT_JOB_ID=slow EPMT_JOB_TAGS='exp_name:cm4;exp_component:land;exp_time:18500101' EPMT_TAGS=op:x \
    epmt run -a sh -c 'sleep 0.5; false'
submit_ended "$EPMT_OUTPUT_PREFIX" >/dev/null
epmt models create usual job-1 job-2 job-3 job-4 >/dev/null
epmt models create off job-1 job-2 job-3 --disabled >/dev/null
uuid() { sql "select uuid from jobs where jobid = '$1'"; } # JOBID
slow=$(uuid slow) one=$(uuid job-1)

start() { # OPTION... : the server, at $base
    : >"$TEST_DIR/url"
    epmt dashboard --port 0 --no-token "$@" >"$TEST_DIR/url" 2>/dev/null &
    server=$!
    for _ in $(seq 600); do
        [ -s "$TEST_DIR/url" ] && break
        sleep 0.1
    done
    base=$(sed 's|/$||' "$TEST_DIR/url")
}
start
same() { # DESCRIPTION NAME ARGUMENTS TABLE COLUMNS COMMAND...
    local description=$1
    shift
    check "$description" python3 "$EPMT_SOURCE/tests/db/http_same.py" "$base" "$1" "$2" "$3" "$4" -- "${@:5}"
}

same "jobs" jobs "" jobs uuid,jobid,user,processes,exitcode list jobs
for question in user=$(id -un) tag=exp_component:land program=true program=s\* host=$(uname -n) state=failed \
    state=1 from=yesterday to=today; do
    case $question in
    state=*) same "jobs: $question" jobs "$question" jobs uuid list jobs --exit "${question#*=}" ;;
    from=*) same "jobs: $question" jobs "$question" jobs uuid list jobs --after "${question#*=}" ;;
    to=*) same "jobs: $question" jobs "$question" jobs uuid list jobs ;;
    *) same "jobs: $question" jobs "$question" jobs uuid list jobs "--${question%%=*}" "${question#*=}" ;;
    esac
done
same "two jobs compared" compare "job=$slow&job=$one" differences part,name,side0=slow,side1=job-1,change \
    compare slow job-1
same "two groups compared" compare "group=exp_component:ocean&group=exp_component:land;exp_name:cm4" differences \
    part,name,change compare tag=exp_component:ocean tag=exp_component:land
same "outliers" outliers "" rows \
    job_id,feature,value,unit,count,min,q1,median,q3,max,mean,sd,low,high,iqr,z_score,modified_z_score,points=score outliers
same "outliers of all that is" outliers "min=0&feature=all&method=all" rows job_id,feature,value,distance,points=score \
    outliers --min-score 0 -f all -m all
same "outliers among processes" outliers "compared=processes&tag=exp_name:cm4&min=0" rows job_id,feature,value,median \
    outliers processes --tag exp_name:cm4 --min-score 0
same "outliers among operations" outliers "compared=operations&operation=op&min=0" rows job_id,feature,value,median \
    outliers operations -k op --min-score 0
same "outliers by a model" outliers "model=usual" rows job_id,feature,value,points=score outliers --model usual
same "causes" cause "cause=$slow&model=usual" causes feature,value,median,modified_z_score,ratio \
    outliers --root-cause slow --model usual
same "models" models "" models name,enabled,jobs,features,operation models list
same "an experiment" explore "exp=cm4&component=ocean" segments time=exp_time,jobid,value,score=outlier_score,component==ocean \
    explore cm4
same "an experiment by another metric" explore "exp=cm4&component=land&metric=cpu_time" segments jobid,value,component==land \
    explore cm4 --metric cpu_time

# One process asks all: see http_ask.py.
coproc ASKER { exec python3 "$EPMT_SOURCE/tests/db/http_ask.py" "$TEST_DIR/answer"; }
exec 7>&"${ASKER[1]}" 8<&"${ASKER[0]}"
answer_of() { # [-s] ADDRESS PATH
    printf '%s\037' "$@" >&7
    echo >&7
    read -r _ <&8
    cat "$TEST_DIR/answer"
}
status_of() { answer_of -s "$base" "$1"; } # PATH
for path in compare "compare?job=$slow" "compare?job=$slow&group=" 'compare?group=a:b;;;&group=' 'outliers?compared=x' \
    'outliers?compared=ranks' 'outliers?method=x' 'outliers?feature=x' 'outliers?min=9' 'explore?exp=cm4&metric=jobid' \
    'explore?exp=cm4&metric=x%22' 'explore?exp=cm4&limit=0' cause model job \
    "compare?$(for _ in 1 2 3 4 5 6 7 8 9; do printf 'job=%s&' "$one"; done)" \
    "jobs?tag=$(seq -s ';' 1 40)"; do
    equal "refused: ${path:0:40}" 400 "$(status_of "/api/$path")"
done
for path in "compare?job=$slow&job=none" 'compare?group=a:b&group=c:d' 'outliers?model=none' 'outliers?tag=none' \
    'cause?cause=none' 'explore?exp=none' 'model?name=none' 'job?id=none' 'jobs?job=none' "job?id=$slow%27"; do
    equal "not there: ${path:0:40}" 404 "$(status_of "/api/$path")"
done
# What is said of a long name is cut, but not within a character.
long=$(printf '%%C3%%A9%.0s' $(seq 1200))
for name in "$long" "x$long"; do
    equal "a long name: ${name:0:7}" 404 "$(status_of "/api/job?id=$name" | tail -n 1)"
done
equal "a model that is disabled" 500 "$(status_of "/api/outliers?model=off")"
equal "the job page" 200 "$(status_of "/api/job?id=$slow")"
for page in / /job /compare /explore /outliers /models; do
    equal "page $page" 200 "$(status_of "$page")"
done
# More than an answer has room for are missing of the first component alone.
for at in 1 2 7003; do
    id=$((100000 + at))
    sql "insert into jobs (id, uuid, digest, jobid, start, duration) values ($id, '$id', $id, 'j$id', $at, 100)"
    sql "insert into job_tags values ($id, 'exp_name', 'gaps')"
    sql "insert into job_tags values ($id, 'exp_time', '$at')"
    sql "insert into job_tags values ($id, 'exp_component', '$([ $at = 2 ] && echo small || echo large)')"
done
check "what one component misses" python3 -c 'import json, sys, urllib.request
d = json.load(urllib.request.urlopen(sys.argv[1] + "/api/explore?exp=gaps&component=small", timeout=60))
assert d["missing_count"] == 7002, d["missing_count"]
assert len(d["missing"]["rows"]) == 5000 and {row[0] for row in d["missing"]["rows"]} == {"small"}' "$base"
kill -INT "$server"
wait "$server"
server=

# All statements of a question together have so long as was said.
case $EPMT_DB_URL in
postgresql:*) slowly='from (select pg_sleep(0.4)) s, stored p' ;;
*) slowly='from stored p where (with recursive n(i) as (select 1 union all select i + 1 from n
    where i < 2000000) select count(*) from n) > 0' ;;
esac
sql "alter table processes rename to stored; create view processes as select p.* $slowly"
start --timeout 1
for path in "job?id=$slow" 'outliers?compared=processes&feature=all&tag=exp_name:cm4'; do
    equal "many statements, none of them long: ${path%%[?]*}" 503 "$(status_of "/api/$path")"
done
contains "it says why" "the answer took longer than 1 s" "$(answer_of "$base" "/api/job?id=$slow")"
kill -INT "$server"
wait "$server"
server=
finish

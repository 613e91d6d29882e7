#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt dashboard, as a web server: who gets an answer, which, with which headers, and what does no
# harm. Its pages are in tests/browser.
# databases: both
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; test_exit' EXIT

# Starts it; sets base (http://HOST:PORT), token and server.
start() { # OPTIONS...
    rm -f "$TEST_DIR/url"
    epmt dashboard "$@" >"$TEST_DIR/url" 2>"$TEST_DIR/err" &
    server=$!
    for _ in $(seq 600); do
        [ -s "$TEST_DIR/url" ] && break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    base=$(sed 's|/?.*||; s|/$||' "$TEST_DIR/url")
    token=$(sed -n 's/.*token=//p' "$TEST_DIR/url")
}

# Ends it by a signal; sets status.
stop() { # SIGNAL
    kill "-$1" "$server"
    wait "$server"
    status=$?
    server=
}

# One process asks all: see http_ask.py. Prints the status, with -r the headers, and what came.
coproc ASKER { exec python3 "$EPMT_SOURCE/tests/db/http_ask.py" "$TEST_DIR/answer"; }
exec 7>&"${ASKER[1]}" 8<&"${ASKER[0]}"
ask() { # [-m METHOD] [-r] [-s] [-e EXPRESSION] ADDRESS PATH [HEADER: VALUE ...]
    printf '%s\037' "$@" | tr -d '\n' >&7
    echo >&7
    read -r _ <&8
    cat "$TEST_DIR/answer"
}
status_of() { ask -s "$base" "$@"; } # PATH HEADER...
# As the one who has visited the address with the token.
enter() { cookie=$(ask -r "$base" "/?token=$token" | sed -n 's/^Set-Cookie: \([^;]*\);.*/Cookie: \1/p'); }
json() { ask -e "$2" "$base" "/api/$1" "$cookie"; } # NAME?ARGUMENTS EXPRESSION (j: the answer)

contains "without a database" "there is no" "$(epmt dashboard --port 0 2>&1)"
for wrong in '--port 65536' '--port x' '--timeout 0' '--name a/b' '--bind 192.0.2.1' '--bind no.such.host.invalid' 'x'; do
    # shellcheck disable=SC2086 # the option and its value
    fail_if "refused: $wrong" timeout 20 epmt dashboard $wrong
done

# Jobs, one of them of names that are markup, SQL and more.
hostile="<script>alert(1)</script>'\"&\\; -- é"
export EPMT_JOB_TAGS='exp_name:cm4;exp_component:ocean'
EPMT_JOB_ID=one epmt run -a true
EPMT_JOB_ID=two epmt run -a false
printf '#!/bin/sh\n' >"$TEST_DIR/a<b>&'\"c"
chmod +x "$TEST_DIR/a<b>&'\"c"
EPMT_JOB_ID=three EPMT_JOB_TAGS="note:$hostile" epmt run -a "$TEST_DIR/a<b>&'\"c"
unset EPMT_JOB_TAGS
submit_ended "$EPMT_OUTPUT_PREFIX" >/dev/null
sql "update jobs set jobname = '$(printf %s "$hostile" | sed "s/'/''/g")' where jobid = 'three'"
fail_if "no token for the network" timeout 20 epmt dashboard --no-token --bind 0.0.0.0
contains "it says why" "without a token" "$(timeout 20 epmt dashboard --no-token --bind 0.0.0.0 2>&1)"

start --port 0 --name Jobs.example.org
before=$([ "${EPMT_TEST_DB:-sqlite}" = postgresql ] || cksum <"$TEST_DB")
contains "the address has the loopback and a token of 256 bits" 64 "$(printf %s "$token" | wc -c)"
contains "the address is the loopback's" "http://127.0.0.1:" "$base"
equal "nothing listens elsewhere" "${base#http://}" \
    "$(ss -ltnHp 2>/dev/null | grep "pid=$server," | awk '{ print $4 }')"
contains "it says what it shows" "shows" "$(cat "$TEST_DIR/err")"
check "the token is not among its arguments" bash -c "! grep -q $token /proc/$server/cmdline"

# The token.
for path in / /job /api/jobs /web/jobs.js /nothing "/?token=" "/?token=${token%?}" "/?token=${token}0" "/?token=$(printf '%064d' 0)"; do
    equal "no token: $path" 403 "$(status_of "$path")"
done
answer=$(ask -r "$base" "/?token=$token&q=a%26b&user=%C3%A9")
equal "the token leads on" 303 "$(sed -n 1p <<<"$answer")"
contains "the address is without it, the rest stays" $'\nLocation: ./?q=a%26b&user=%C3%A9\n' "$answer"
contains "the cookie" "; Path=/; HttpOnly; SameSite=Strict" "$answer"
enter
equal "the cookie is not the token" "" "$(grep "$token" <<<"$cookie")"
equal "the cookie opens" 200 "$(status_of / "$cookie")"
equal "a wrong one does not" 403 "$(status_of / "${cookie%?}g")"
equal "a shorter one does not" 403 "$(status_of / "${cookie%?}")"
equal "one of another name does not" 403 "$(status_of / "Cookie: epmt=${cookie##*=}")"
contains "no open redirection" $'\nLocation: ./\n' "$(ask -r "$base" "//evil.example/?token=$token")"
contains "from another site our page leads on" $'\nRefresh: 0; url=./\n' \
    "$(ask -r "$base" "/?token=$token" "Sec-Fetch-Site: cross-site")"

# The name it is called by.
port=${base##*:}
for host in localhost "localhost:$port" localhost:1 127.0.0.1 '[::1]:80' "LOCALHOST:$port" jobs.example.org; do
    equal "its name: $host" 200 "$(status_of / "$cookie" "Host: $host")"
done
for host in "evil.example:$port" evil.example "127.0.0.1.evil.example:$port" "localhost.evil.example" \
    "evil.example@127.0.0.1" "localhost:x" "127.0.0.2:$port" "[::1" "2130706433:$port" "localhost:$port:$port"; do
    equal "not its name: $host" 421 "$(status_of / "$cookie" "Host: $host")"
    equal "not with the token either: $host" 421 "$(status_of "/?token=$token" "Host: $host")"
done

# Only questions.
for method in POST PUT DELETE PATCH OPTIONS TRACE CONNECT PROPFIND; do
    equal "method $method" 405 "$(ask -s -m $method "$base" / "$cookie")"
done
contains "it says which" $'\nAllow: GET, HEAD\n' "$(ask -r -m POST "$base" / "$cookie")"
equal "HEAD" "200 0" "$(ask -m HEAD "$base" / "$cookie" | xargs) $(ask -m HEAD "$base" / "$cookie" | sed 1d | wc -c)"
equal "a body" 413 "$(status_of /api/jobs "$cookie" "Content-Length: 5")"

# The headers of every kind of answer.
for path in / /web/jobs.js /api/jobs /nothing /api/nothing '/api/jobs?order=no'; do
    said=$(ask -r "$base" "$path" "$cookie" | tr '[:upper:]' '[:lower:]')
    for header in "x-content-type-options: nosniff" "referrer-policy: no-referrer" "x-frame-options: deny" \
        "cross-origin-opener-policy: same-origin" "cross-origin-resource-policy: same-origin" \
        "default-src 'none'" "script-src 'self';" "style-src 'self';" "frame-ancestors 'none'" "base-uri 'none'"; do
        contains "$path: $header" "$header" "$said"
    done
    equal "$path: nothing inline" "" "$(grep -o 'unsafe[a-z-]*' <<<"$said")"
    equal "$path: nothing for other sites" "" "$(grep '^access-control' <<<"$said")"
done
contains "refused: headers too" "frame-ancestors 'none'" "$(ask -r "$base" / "Host: evil.example")"
contains "without a token: headers too" "frame-ancestors 'none'" "$(ask -r "$base" /)"
contains "data is not kept" $'\nCache-Control: no-store\n' "$(ask -r "$base" /api/jobs "$cookie")"
contains "data is JSON" $'\nContent-Type: application/json\n' "$(ask -r "$base" /api/jobs "$cookie")"
etag=$(ask -r "$base" /web/jobs.js "$cookie" | sed -n 's/^ETag: //p')
equal "a file that the browser has" 304 "$(status_of /web/jobs.js "$cookie" "If-None-Match: $etag")"
for site in cross-site same-site; do
    equal "data for $site" 403 "$(status_of /api/jobs "$cookie" "Sec-Fetch-Site: $site")"
    equal "a link from $site" 200 "$(status_of / "$cookie" "Sec-Fetch-Site: $site")"
done
equal "data for its own pages" 200 "$(status_of /api/jobs "$cookie" "Sec-Fetch-Site: same-origin")"

# Pages take nothing from the network, and what they name is there.
for page in $(ask "$base" / "$cookie" | grep -oE '(src|href)="[^"#]*"' | cut -d'"' -f2 | sort -u); do
    case $page in
    *:*) equal "named by the page" "of our own" "$page" ;;
    *) equal "there is $page" 200 "$(status_of "/${page#./}" "$cookie")" ;;
    esac
done

# What is in no list is not there, whatever way it is written.
for path in /etc/passwd //etc/passwd /web/../../../etc/passwd /web/%2e%2e/%2e%2e/etc/passwd '/web/..%2f..%2fetc%2fpasswd' \
    '/web/%2e%2e%5cpages.js' /web/ /web '/web/./jobs.js' '/web//jobs.js' '/WEB/jobs.js' '/web/jobs.html' \
    '/api/' '/api/../web/jobs.js' '/web/jobs.js/' '/proc/self/environ' "/$TEST_DB" '/web/%252e%252e/x'; do
    equal "no such page: $path" 404 "$(status_of "$path" "$cookie")"
done

# Names arrive as they are.
equal "a hostile name" "$hostile" "$(json 'jobs?q=three' 'j["jobs"]["rows"][0][j["jobs"]["columns"].index("jobname")]')"
equal "a hostile tag" "$(sql "select value from job_tags where key = 'note'")" "$(json 'jobs?q=three' '[r[2] for r in j["tags"]["rows"] if r[1] == "note"][0]')"
for text in "%27" "%27%3B%20drop%20table%20jobs%3B--" "%22" "%25" "_" "%5C" "%24%31" "a%26b"; do
    for argument in q user name program host tag order; do
        equal "no harm: $argument=$text" "$(case $argument in order) echo 400 ;; *) echo 200 ;; esac)" \
            "$(status_of "/api/jobs?$argument=$text" "$cookie")"
    done
done
equal "a percent sign is none" 0 "$(json 'jobs?q=%25' 'j["total"]')"
equal "all jobs are still there" 3 "$(json jobs 'j["total"]')"
for bad in 'q=%ff' 'q=a%00b' 'q=%0a' 'limit=0' 'limit=1001' 'limit=x' 'offset=-1' 'from=soon' 'state=x' 'from=2026-01-01T10:00;'; do
    equal "refused: $bad" 400 "$(status_of "/api/jobs?$bad" "$cookie")"
done

# Found as asked for.
of() { json "jobs?order=jobid&way=up&$1" '" ".join(r[2] for r in j["jobs"]["rows"])'; } # ARGUMENTS
equal "by a word" two "$(of q=TWO)"
equal "by two words" "one two" "$(of "q=cm4+$(id -un)")"
equal "by a tag" "one two" "$(of tag=exp_component:ocean)"
equal "by two tags" "one two" "$(of 'tag=exp_component:ocean&tag=exp_name:cm4')"
equal "by the key of a tag" three "$(of tag=note)"
equal "by a program" "one" "$(of program=true)"
equal "by the pattern of one" "one two" "$(of 'program=?*e')"
equal "by a host" "one three two" "$(of "host=$(uname -n)")"
equal "those that failed" two "$(of state=failed)"
equal "those that did not" "one three" "$(of state=ok)"
equal "by a user that is none" "" "$(of user=nobody-such)"
today=$(date -u +%F)
equal "of today" "one three two" "$(of "from=$(date -u -d yesterday +%F)&to=$today")"
equal "of before" "" "$(of to=2020-01-01)"
equal "the sums" "3 1 $(sql 'select sum(processes) from jobs')" \
    "$(json overview '"%d %d %d" % tuple(j["sums"][k] for k in ("jobs", "failed", "processes"))')"
equal "the buckets" 3 "$(json overview 'sum(r[1] for r in j["buckets"]["rows"])')"
equal "the choices" "$(id -un)" "$(json choices 'j["users"]["rows"][0][0]')"
[ "${EPMT_TEST_DB:-sqlite}" = postgresql ] || equal "the database is as it was" "$before" "$(cksum <"$TEST_DB")"

stop INT
equal "ends well by SIGINT" 0 "$status"

# Somebody else holds the database: there is an end to waiting.
start --port 0 --timeout 1
enter
case $EPMT_DB_URL in
postgresql:*) pg_sql epmt 'begin; lock table jobs in access exclusive mode; select pg_sleep(15)' >/dev/null 2>"$TEST_DIR/held" & ;;
*) (printf 'begin exclusive;\n.print held\n' && sleep 15) | sqlite3 "$TEST_DB" >"$TEST_DIR/held" & ;;
esac
holder=$!
for _ in $(seq 100); do
    [ "$(status_of /api/jobs "$cookie")" = 503 ] && break
    sleep 0.1
done
said=$(ask "$base" /api/jobs "$cookie")
contains "the database is held by another" "503" "$said"
contains "it is said" '{"error":"' "$said"
kill "$holder" && wait "$holder" 2>/dev/null
[ "${EPMT_TEST_DB:-sqlite}" = postgresql ] && pg_sql epmt "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(15)%' and pid <> pg_backend_pid()" >/dev/null
for _ in $(seq 100); do
    [ "$(status_of /api/jobs "$cookie")" = 200 ] && break
    sleep 0.1
done
equal "and it goes on" 200 "$(status_of /api/jobs "$cookie")"

# Requests that are too large, too slow, too many.
check "limits" python3 "$EPMT_SOURCE/tests/db/http_limits.py" "$base" "$cookie"
stop TERM
equal "ends well by SIGTERM" 0 "$status"

# Ten thousand jobs.
sql "with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < 9997)
    insert into jobs (uuid, digest, jobid, \"user\", jobname, start, \"end\", duration, cpu_time, processes, failed, exitcode, ended, complete, tags)
    select '00000000-0000-5000-8000-' || substr('000000000000' || i, length('' || i) + 1), i, 'big-' || i, 'user' || i % 7,
    'model_' || i % 13, 1700000000000000 + (i * 7919 % 10000) * 60000000, 1700000000000000 + (i * 7919 % 10000) * 60000000 + i * 1000000,
    i * 1000000, case when i % 10 <> 0 then i % 1000 * 1000000 end, i % 100, case when i % 50 = 0 then 1 else 0 end, case when i % 100 = 0 then 7 else 0 end, 1, 1, 'batch:' || i % 3 from n"
sql "insert into job_tags (job_id, \"key\", \"value\") select id, 'batch', substr(tags, 7) from jobs where jobid like 'big-%'"
start --port 0 --no-token
contains "without a token it warns" "everybody on this host" "$(cat "$TEST_DIR/err")"
cookie="X: y"
pages() { python3 "$EPMT_SOURCE/tests/db/http_pages.py" "$base" "$@"; } # ARGUMENTS PAGE
equal "10,000 jobs" 10000 "$(json jobs 'j["total"]')"
same() { # DESCRIPTION ARGUMENTS SQL: where and order
    equal "paging: $1" "$(sql "select jobid from jobs $3" | cksum)" "$(pages "$2" 250 | cksum)"
}
same "newest first" "" "order by start desc, id desc"
same "oldest first" "way=up" "order by start, id"
same "by CPU time, missing last" "order=cpu_s" "order by cpu_time is null, cpu_time desc, id desc"
same "by CPU time, least first" "order=cpu_s&way=up" "order by cpu_time is null, cpu_time, id"
same "by a tag" "order=tag:batch&way=up&user=user3" \
    "where \"user\" = 'user3' order by substr(tags, 7), id"
same "filtered" "user=user3&state=failed&order=jobname&way=up" \
    "where \"user\" = 'user3' and exitcode <> 0 order by jobname, id"
same "with processes that failed" "state=failures" "where failed > 0 order by start desc, id desc"
same "searched" "q=model_1+user5&order=duration_s" \
    "where jobname like 'model\\_1%' escape '\\' and \"user\" = 'user5' order by duration desc, id desc"
same "a time range" "from=2023-11-15&to=2023-11-16" \
    "where start >= 1700006400000000 and \"end\" < 1700179200000000 order by start desc, id desc"
same "by tags" "tag=batch:1" "where tags = 'batch:1' order by start desc, id desc"
equal "every job in a bucket" "$(sql 'select count(*) from jobs')" "$(json overview 'sum(r[1] for r in j["buckets"]["rows"])')"
equal "failures in the buckets" "$(sql 'select count(*) from jobs where exitcode <> 0')" \
    "$(json overview 'sum(r[2] for r in j["buckets"]["rows"])')"
stop HUP
equal "ends well by SIGHUP" 0 "$status"

# A port that is taken.
start --port 0
fail_if "a port that is taken" timeout 20 epmt dashboard --port "${base##*:}"
contains "it is named" "port ${base##*:}" "$(timeout 20 epmt dashboard --port "${base##*:}" 2>&1)"
stop TERM

# Nothing of a request is looked for in the file system.
strace -f -qq -e trace=%file -o "$TEST_DIR/strace" epmt dashboard --port 0 --no-token >"$TEST_DIR/url" 2>/dev/null &
server=$!
for _ in $(seq 600); do [ -s "$TEST_DIR/url" ] && break; sleep 0.1; done
base=$(sed 's|/$||' "$TEST_DIR/url")
for path in /needle /web/needle /web/../needle /web/%2e%2e/needle '/job?id=../needle' '/api/job?id=/needle' '/?q=needle'; do
    status_of "$path" >/dev/null
done
status_of /api/jobs >/dev/null
traced=$(pgrep -P "$server" | head -n 1)
kill -INT "${traced:-$server}"
wait "$server"
server=
check "the trace has files" grep -q 'share/epmt/web/jobs.js' "$TEST_DIR/strace"
equal "none of a request" "" "$(grep needle "$TEST_DIR/strace")"
finish

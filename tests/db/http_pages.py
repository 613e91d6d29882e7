# SPDX-License-Identifier: Apache-2.0
# All pages of the dashboard's jobs, one after the other: http_pages.py ADDRESS ARGUMENTS SIZE prints
# the job ids in their order.
import json
import sys
import urllib.request

address, arguments, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
offset = 0
while True:
    url = f"{address}/api/jobs?{arguments}&limit={size}&offset={offset}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        said = json.load(answer)
    at = said["jobs"]["columns"].index("jobid")
    rows = said["jobs"]["rows"]
    if len(rows) != min(size, max(0, said["total"] - offset)):
        sys.exit(f"{len(rows)} jobs at {offset} of {said['total']}")
    for row in rows:
        print(row[at])
    offset += size
    if offset >= said["total"]:
        break

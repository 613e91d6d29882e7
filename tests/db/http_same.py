# SPDX-License-Identifier: Apache-2.0
# The dashboard's data is what the commands print: http_same.py ADDRESS NAME ARGUMENTS TABLE COLUMNS --
# COMMAND... asks /api/NAME?ARGUMENTS for TABLE (a path of names) and epmt COMMAND... --format csv, and
# fails where the rows of the columns (DATA=CSV, separated by commas; CSV==VALUE: of these lines alone)
# differ, or there are none.
import csv
import io
import json
import subprocess
import sys
import urllib.request

address, name, arguments, table, columns = sys.argv[1:6]
command = sys.argv[7:]
wanted = [pair.split("==") for pair in columns.split(",") if "==" in pair]
pairs = [pair.split("=") if "=" in pair else (pair, pair) for pair in columns.split(",") if "==" not in pair]


def plain(value):
    if value in (None, ""):
        return ""
    value = {"yes": 1, "no": 0}.get(value, value)
    try:
        return f"{float(value):.10g}"
    except ValueError:
        return str(value)


with urllib.request.urlopen(f"{address}/api/{name}?{arguments}", timeout=60) as answer:
    said = json.load(answer)
for part in table.split("/"):
    said = said[part]
at = [said["columns"].index(pair[0]) for pair in pairs]
data = sorted([plain(row[i]) for i in at] for row in said["rows"])
printed = subprocess.run(["epmt", *command, "--format", "csv"], capture_output=True, text=True, check=True)
rows = [row for row in csv.DictReader(io.StringIO(printed.stdout))
        if all(row[name] == value for name, value in wanted)]
lines = sorted([plain(row[pair[1]]) for pair in pairs] for row in rows)
if not lines or data != lines:
    sys.exit(f"{len(data)} rows: {data[:4]}...\n{len(lines)} lines: {lines[:4]}...")

# SPDX-License-Identifier: Apache-2.0
"""usage: same_data.py PAGE PAGE: whether two pages hold the same data; numbers to six digits, as
databases round in their own ways. Says where they differ."""
import json
import re
import sys


def data(path):
    with open(path, encoding="utf-8") as page:
        found = re.search(r'id="epmt-data">(.*?)</script>', page.read(), re.S)
    return json.loads(found.group(1))


def differ(a, b, path):
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a:
            differ(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            differ(x, y, f"{path}[{i}]")
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)):
        if abs(a - b) > 2e-6 * max(1, abs(a), abs(b)):
            sys.exit(f"{path}: {a} and {b}")
    elif a != b:
        sys.exit(f"{path}: {str(a)[:200]} and {str(b)[:200]}")


differ(data(sys.argv[1]), data(sys.argv[2]), "page")

# SPDX-License-Identifier: Apache-2.0
"""A reader of job files, written from docs/jobfile.md alone, with h5py and nothing of epmt; and a
comparison of all that it reads with what `epmt dump --format json` prints.

usage: read_jobfile.py FILE DUMP.json"""
import json
import math
import os
import sys

import h5py

MISSING = {"i": -(2**63), "u": 2**64 - 1}


class JobFile:
    """Tables as lists of dicts. A missing value is None, a text is bytes, a list a list of bytes."""

    def __init__(self, path):
        with h5py.File(path, "r") as f:
            if f.attrs["format"] != b"epmt-job" and f.attrs["format"] != "epmt-job":
                raise ValueError("no job file")
            if f.attrs["format_version"] > 2:
                raise ValueError("made by a newer epmt")
            self.attributes = dict(f.attrs)
            self.columns = {}
            for row in f["columns"][:]:
                self.columns[row["table"].decode(), row["name"].decode()] = row
            self.long_texts = {}
            for e in f["long_texts"][:]:
                value = bytes(f["texts"][e["offset"] : e["offset"] + e["length"]])
                self.long_texts[e["table"].decode(), int(e["row"]), e["column"].decode()] = value
            self.tables = {}
            f.visititems(self._add)

    def _add(self, name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.names:
            self.tables[name] = self._read(name, item)

    def _read(self, table, dataset):
        data = dataset[:]
        states = None
        if "state" in data.dtype.names:
            enum = h5py.check_enum_dtype(dataset.dtype["state"])
            states = {number: name for name, number in enum.items()}
        rows = []
        for number, row in enumerate(data):
            values = {}
            for column in data.dtype.names:
                if not column.startswith("valid"):
                    values[column] = self._value(table, number, column, row, states)
            rows.append(values)
        return rows

    def _value(self, table, number, column, row, states):
        cell = row[column]
        about = self.columns.get((table, column))
        if "valid" in row.dtype.names:
            bit = int(about["bit"])
            word = "valid" if bit < 64 else "valid%d" % (bit // 64)
            if not int(row[word]) >> bit % 64 & 1:
                return None
        kind = row.dtype[column].kind
        if column == "state" and states:
            return None if states[int(cell)] == "missing" else states[int(cell)]
        if kind in "iu":
            return None if "valid" not in row.dtype.names and cell == MISSING[kind] else int(cell)
        if kind == "f":
            return float(cell)
        text = self.long_texts.get(("/" + table, number, column), bytes(cell))
        if about is not None and about["type"] == b"list":
            return [os.fsencode(item) for item in json.loads(text)]
        return text


def clean(text):
    """Bytes as `epmt dump` shows those of columns: what is no UTF-8 is \\xHH, and a backslash before
    letters that look so is one itself."""
    out, i = "", 0
    while i < len(text):
        for length in (1, 2, 3, 4):
            try:
                char = text[i : i + length].decode()
            except UnicodeDecodeError:
                continue
            break
        else:
            char, length = None, 1
        if char in (None, "", "\0"):
            out += "\\x%02x" % text[i]
            length = 1
        elif char == "\\" and text[i + 1 : i + 2] == b"x" and len(text) >= i + 4 and all(
            c in b"0123456789abcdefABCDEF" for c in text[i + 2 : i + 4]
        ):
            out += "\\x5c"
        else:
            out += char
        i += length
    return out


def shown(column, value):
    """A value of a row as the dump has it."""
    if isinstance(value, list):
        return [os.fsdecode(item) for item in value]
    if isinstance(value, bytes):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and value > 2**63 - 1: # signed numbers, as in SQL
        return value - 2**64 if column == "image" else None
    return value


def facts(rows, scope):
    return {
        os.fsdecode(r["key"] or b""): os.fsdecode(r["value"] or b"") for r in rows if r["scope"] == scope
    }


def same(a, b):
    if isinstance(a, float) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300)
    return a == b


def compare(job, dump):
    wrong, values = [], 0

    def expect(where, read, dumped):
        nonlocal values
        values += 1
        if not same(read, dumped):
            wrong.append("%s: read %r, dumped %r" % (where, read, dumped))

    attributes = job.tables["job/attributes"]
    expect("job", facts(attributes, b"job"), dump["job"])
    expect(
        "environment",
        {os.fsdecode(r["name"] or b""): os.fsdecode(r["value"] or b"") for r in job.tables["job/environment"]},
        dump["environment"],
    )
    steps = {s["step"]: s["attributes"] for s in dump.get("steps", [])}
    scopes = {r["scope"] for r in attributes if r["scope"].startswith(b"step ")}
    expect("steps", {os.fsdecode(s[5:]): facts(attributes, s) for s in scopes}, steps)
    for table, rows in job.tables.items():
        name = table.replace("mpi/", "mpi_")
        if not (table.startswith("mpi/") or table in ("processes", "threads", "counters")):
            continue
        expect("rows of " + table, len(rows), len(dump.get(name, [])))
        for i, (row, dumped) in enumerate(zip(rows, dump.get(name, []))):
            expect("columns of " + table, [], sorted(set(row) - set(dumped)))
            # Columns that came later than the file are missing in it.
            later = [dumped[column] for column in set(dumped) - set(row)]
            expect("later columns of " + table, [None] * len(later), later)
            for column, value in row.items():
                expect("%s %d %s" % (table, i, column), shown(column, value), dumped.get(column))
    check_crashes(job, expect)
    expect("processes", int(job.attributes["processes"]), len(job.tables["processes"]))
    expect("threads", int(job.attributes["threads"]), len(job.tables["threads"]))
    return wrong, values


def check_crashes(job, expect):
    """/crashes and /crash_frames against the column they are made from (version 1 has none)."""
    crashed = [p for p in job.tables["processes"] if p["state"] == "signaled" or p["crashstack"]]
    if job.attributes["format_version"] < 2:
        return
    expect("crashes", [c["image"] for c in job.tables["crashes"]], [p["image"] for p in crashed])
    for crash, process in zip(job.tables["crashes"], crashed):
        frames = [f for f in job.tables["crash_frames"] if f["image"] == crash["image"]]
        expect("signal", crash["signal"], process["exitsignal"])
        expect("frames", crash["frames"], len(frames))
        texts = []
        for f in frames:
            text = f["module"] or b""
            text += b"+0x%x" % f["offset"] if f["offset"] is not None else b""
            if f["function"]:
                text += b" " + f["function"]
                text += b"+0x%x" % f["into"] if f["into"] is not None else b""
            texts.append(text)
        expect("stack", texts, process["crashstack"] or [])


def main():
    job = JobFile(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8", errors="surrogateescape") as f:
        dump = json.load(f)
    wrong, values = compare(job, dump)
    for line in wrong[:20]:
        print(line)
    print("%d values compared, %d differ" % (values, len(wrong)))
    return 1 if wrong or not job.tables["processes"] else 0


if __name__ == "__main__":
    sys.exit(main())

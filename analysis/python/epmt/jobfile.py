# SPDX-License-Identifier: Apache-2.0
"""Job files (docs/jobfile.md) by h5py."""

import collections.abc
import json
import os

import numpy as np
import pandas as pd

from . import frames
from .commands import EpmtError

_VERSION = 2  # the newest that is understood


def read_file(path):
    """The job file at path, a JobFile."""
    return JobFile(path)


class JobFile(collections.abc.Mapping):
    """The tables of a job file as DataFrames, by their paths: file["processes"],
    file["mpi/functions"]. Each is read when it is asked for. `attributes` are those of the file."""

    def __init__(self, path):
        import h5py
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise EpmtError(f"cannot read {path}: {error}") from None
        self.attributes = {name: _text(value) for name, value in self._file.attrs.items()}
        if self.attributes.get("format") != "epmt-job":
            raise EpmtError(f"{path} is no job file")
        if self.attributes["format_version"] > _VERSION:
            raise EpmtError(f"{path} was made by a newer epmt")
        self._names = []
        self._file.visititems(self._visit)
        self._columns = {}
        for row in self._file["columns"][:]:
            self._columns[row["table"].decode(), row["name"].decode()] = row
        self._long_texts = {}
        for row in self._file["long_texts"][:] if "long_texts" in self._file else ():
            key = row["table"].decode(), row["column"].decode()
            self._long_texts.setdefault(key, []).append(row)

    def _visit(self, name, item):
        if getattr(getattr(item, "dtype", None), "names", None):
            self._names.append(name)

    def close(self):
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)

    def __repr__(self):
        return f"<JobFile {self.attributes.get('jobid')}: {', '.join(self._names)}>"

    def __getitem__(self, table):
        table = table.strip("/")
        if table not in self._names:
            raise KeyError(table)
        dataset = self._file[table]
        rows = dataset[:]
        made, units = {}, {}
        for name in rows.dtype.names:
            if name.startswith("valid") and ("/" + table, name) not in self._columns:
                continue
            made[name] = self._column(table, name, rows, dataset)
            unit = self._about(table, name, "unit")
            if unit not in ("", "-") and name not in frames.TIMES:
                units[name] = unit
        frame = pd.DataFrame(made)
        frame.attrs["units"] = units
        return frame

    def _about(self, table, name, what):
        row = self._columns.get((table, name), self._columns.get(("/" + table, name)))
        return "" if row is None else _text(row[what])

    def _missing(self, table, name, rows):
        cells = rows[name]
        row = self._columns.get((table, name), self._columns.get(("/" + table, name)))
        if "valid" in rows.dtype.names and row is not None:
            bit = int(row["bit"])
            word = rows["valid" if bit < 64 else f"valid{bit // 64}"]
            return (word >> np.uint64(bit % 64)) & np.uint64(1) == 0
        if cells.dtype.kind == "i":
            return cells == np.iinfo(cells.dtype).min
        if cells.dtype.kind == "u":
            return cells == np.iinfo(cells.dtype).max
        return np.isnan(cells) if cells.dtype.kind == "f" else np.zeros(len(cells), bool)

    def _column(self, table, name, rows, dataset):
        import h5py
        cells, missing = rows[name], self._missing(table, name, rows)
        states = h5py.check_enum_dtype(dataset.dtype[name])
        if states:
            names = {number: state for state, number in states.items()}
            return [None if names[int(cell)] == "missing" else names[int(cell)] for cell in cells]
        if cells.dtype.kind == "S":
            return self._texts(table, name, cells, missing)
        if self._about(table, name, "unit") == frames.EPOCH or name in frames.TIMES:
            return pd.to_datetime(pd.Series(np.where(missing, 0, cells).astype("int64")).mask(missing),
                                  unit="us", utc=True)
        is_key = self._about(table, name, "unit") in ("", "-")
        if not missing.any():
            # The difference of two measures may be negative.
            measure = cells.dtype.kind == "u" and not is_key and not (cells >> np.uint64(63)).any()
            return cells.astype("int64") if measure else cells
        if is_key and cells.dtype.kind in "iu":
            whole = np.where(missing, 0, cells).astype(cells.dtype)
            return pd.arrays.IntegerArray(whole, missing.copy())
        return np.where(missing, np.nan, cells.astype(float))

    def _texts(self, table, name, cells, missing):
        texts = [None if gone else bytes(cell) for cell, gone in zip(cells, missing)]
        for entry in self._long_texts.get(("/" + table, name), ()):
            at = int(entry["offset"])
            texts[int(entry["row"])] = bytes(self._file["texts"][at : at + int(entry["length"])])
        if self._about(table, name, "type") == "list":
            return [None if text is None else [os.fsencode(item).decode("utf-8", "surrogateescape")
                                               for item in json.loads(text)] for text in texts]
        return [None if text is None else text.decode("utf-8", "surrogateescape") for text in texts]


def _text(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value

# SPDX-License-Identifier: Apache-2.0
"""Rows as DataFrames: datetimes, missing values, units."""

import decimal

import pandas as pd

TIMES = ("submit", "start", "end", "submitted_at", "time_utc")
EPOCH = "us since epoch"

# What the names of the columns of views end in.
_ENDINGS = {"_s": "s", "_mib": "MiB", "_bytes": "B"}
# Computed columns of tables, which no dictionary has.
_COMPUTED = {"duration": "us", "cpu_time": "us", "inclusive_cpu_time": "us"}


def unit_of(name, known):
    """The unit of a column, None where it has none."""
    if name in known:
        return known[name]
    for ending, unit in _ENDINGS.items():
        if name.endswith(ending):
            return unit
    return _COMPUTED.get(name)


def _column(values, name, unit):
    series = pd.Series(values, dtype=object)
    there = series[series.notna()]
    if name in TIMES:
        if len(there) and isinstance(there.iloc[0], str):
            return pd.to_datetime(series, utc=True)
        return pd.to_datetime(pd.to_numeric(series), unit="us", utc=True)
    kinds = {type(value) for value in there}
    if decimal.Decimal in kinds:
        return pd.to_numeric(series.map(float, na_action="ignore"))
    if kinds and kinds <= {int, float, bool}:
        # A key stays a whole number where some rows have none; a measure becomes a real.
        if kinds == {int} and len(there) < len(series) and unit is None:
            return series.astype("Int64")
        return pd.to_numeric(series)
    if not kinds and unit is not None:
        return series.astype(float)
    return series


def frame(names, rows, known=()):
    """A DataFrame of rows (tuples); known is {column: unit}."""
    known = dict(known)
    columns = list(zip(*rows)) if rows else [()] * len(names)
    found = {name: unit_of(name, known) for name in names}
    made = pd.DataFrame({name: _column(values, name, found[name])
                         for name, values in zip(names, columns)}, columns=list(names))
    made.attrs["units"] = {name: unit for name, unit in found.items()
                           if unit is not None and name not in TIMES}
    return made

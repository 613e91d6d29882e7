# SPDX-License-Identifier: Apache-2.0
"""Outliers among the rows of any DataFrame, by the definitions of `epmt outliers`."""

import numpy as np
import pandas as pd

from . import commands

# Thresholds beyond which a value is an outlier.
METHODS = {"iqr": 1.5, "z_score": 3.0, "modified_z_score": 3.5}
_CONSISTENT = 0.6745  # makes the modified z score of a normal distribution its z score

# Of jobs, processes, threads and ranks, whichever of them a frame has.
FEATURES = ("duration_s", "cpu_s", "mpi_s", "mpitime_s", "outside_s", "usertime_s", "systemtime_s",
            "rssmax_mib", "read_mib", "written_mib", "io_wait_s", "waiting_s", "processes",
            "threads", "duration", "cpu_time", "usertime", "systemtime", "rssmax", "rchar", "wchar")


def scores(values, method):
    """The score of each value: how far it is out, by one of METHODS."""
    values = pd.Series(values).astype(float)
    if method == "z_score":
        spread = values.std(ddof=0)
        return _divided((values - values.mean()).abs(), spread)
    if method == "modified_z_score":
        off = (values - values.median()).abs()
        spread = off.median()
        return _divided(_CONSISTENT * off, spread if spread > 0 else off.mean())
    if method == "iqr":
        low, high = values.quantile(0.25), values.quantile(0.75)
        return _divided(pd.concat([low - values, values - high], axis=1).max(axis=1).clip(lower=0),
                        high - low)
    raise ValueError(f"{method} is none of {', '.join(METHODS)}")


def _divided(distance, spread):
    """Where nothing spreads, whatever is off at all is out without bound."""
    if not spread > 0:
        return distance.where(distance.isna() | (distance == 0), np.inf)
    return distance / spread


def outliers(frame, features=None, methods=tuple(METHODS)):
    """A DataFrame like frame, with the number of methods that call each value of the features an
    outlier; rows that stand out most come first. features: columns; else those known."""
    features = [name for name in (features or FEATURES)
                if name in frame.columns and frame[name].notna().any()]
    if len(frame) < 4:
        raise commands.EpmtError("outliers need four rows or more")
    found = pd.DataFrame(0, index=frame.index, columns=features)
    for name in features:
        for method in methods:
            found[name] += (scores(frame[name], method) > METHODS[method]).astype(int)
    found["score"] = found.sum(axis=1)
    keys = [name for name in ("jobid", "step", "mpirank", "hostname", "exename", "pid", "tid")
            if name in frame.columns]
    return frame[keys].join(found).sort_values("score", ascending=False, kind="stable")

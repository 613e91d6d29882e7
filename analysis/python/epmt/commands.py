# SPDX-License-Identifier: Apache-2.0
"""The program `epmt`, where Python need not know better: settings, units, analyses."""

import functools
import json
import os
import shlex
import shutil
import subprocess

import pandas as pd


class EpmtError(Exception):
    """What went wrong, in one line."""


def program():
    """The path of the program: of the installation this module is in, else the first in PATH."""
    here = os.path.realpath(__file__)
    for _ in range(5):
        here = os.path.dirname(here)
    ours = os.path.join(here, "bin", "epmt")
    return ours if os.access(ours, os.X_OK) else shutil.which("epmt")


def run(*words, url=None):
    """What `epmt WORD ...` prints; url: of another database than that of the settings."""
    path = program()
    if path is None:
        raise EpmtError("the program epmt is not in PATH")
    done = subprocess.run([path, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                          encoding="utf-8", errors="surrogateescape", check=False,
                          env=dict(os.environ, EPMT_DB_URL=url) if url else None)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise EpmtError(lines[-1] if lines else f"epmt ended with status {done.returncode}")
    return done.stdout


def command(*words, url=None):
    """`epmt WORD ... --format json` as a DataFrame; as a dict of them, and of single values, where
    the command prints several tables."""
    return _frames(json.loads(run(*words, "--format", "json", url=url)))


def _frames(data):
    if isinstance(data, list):
        return pd.DataFrame(data)
    if isinstance(data, dict):
        return {name: _frames(value) for name, value in data.items()}
    return data


@functools.lru_cache(maxsize=None)
def units():
    """{table: {column: unit}} of the tables of the database; empty without the program."""
    try:
        rows = json.loads(run("schema", "--tables", "--format", "json"))
    except EpmtError:
        return {}
    tables = {}
    for row in rows:
        if row["unit"] not in (None, "-"):
            tables.setdefault(row["table"], {})[row["column"]] = row["unit"]
    return tables


def database_url():
    """The URL of the database in force. `epmt` knows it (environment, files, default), and shows
    none that holds a password."""
    try:
        said = run("notebook", "--print")
    except EpmtError:
        if os.environ.get("EPMT_DB_URL"):
            return os.environ["EPMT_DB_URL"]
        raise
    for word in shlex.split(said):
        name, _, value = word.partition("=")
        if name == "EPMT_DB_URL":
            return value
    if os.environ.get("EPMT_DB_URL"):
        return os.environ["EPMT_DB_URL"]
    raise EpmtError("the URL of the database holds a password: set EPMT_DB_URL, start by "
                    "`epmt notebook`, or keep the password in ~/.pgpass")

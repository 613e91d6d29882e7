# SPDX-License-Identifier: Apache-2.0
"""The database: its views and tables as DataFrames, read-only."""

import json
import os
import re
import sqlite3

from . import commands, frames
from .commands import EpmtError


def connect(url=None):
    """The database at url (sqlite:///PATH, postgresql://...); without one, that of the settings."""
    return Database(url)


class _SQLite:
    def __init__(self, path):
        if not os.path.exists(path):
            raise EpmtError(f"there is no database {path}")
        # What stands for something else in a URI is escaped.
        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        self.connection = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True)
        self.errors = sqlite3.Error

    def execute(self, sql, parameters):
        return self.connection.execute(sql, parameters)


class _PostgreSQL:
    def __init__(self, url):
        try:
            import psycopg2
        except ImportError:
            raise EpmtError("psycopg2 is needed for PostgreSQL (Debian: python3-psycopg2)") from None
        self.errors = psycopg2.Error
        try:
            self.connection = psycopg2.connect(url)
        except psycopg2.Error as error:
            raise EpmtError(f"cannot connect: {str(error).strip()}") from None
        self.connection.set_session(readonly=True, autocommit=True)

    def execute(self, sql, parameters):
        cursor = self.connection.cursor()
        if parameters:
            # Its own mark is %s; a question mark within quotes is none.
            parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\")", sql.replace("%", "%%"))
            sql = "".join(part if i % 2 else part.replace("?", "%s") for i, part in enumerate(parts))
        cursor.execute(sql, parameters or None)
        return cursor


def _backend(url):
    postgres = re.match(r"postgres(?:ql)?(?:\+\w+)?://", url)
    if postgres:
        return _PostgreSQL("postgresql://" + url[postgres.end():])
    if url.startswith("sqlite:///"):
        return _SQLite(url[len("sqlite:///"):])
    raise EpmtError("the URL must be sqlite:///PATH or postgresql://...")


def _column(name):
    """Of the table or view t: SQLite takes an unknown name that stands alone for a text."""
    return 't."%s"' % name.replace('"', '""')


class Database:
    """A database of epmt."""

    QUESTIONS = ("query", "jobs", "job", "attributes", "steps", "processes", "threads", "tree",
                 "ranks", "balance", "mpi_functions", "mpi_summary", "mpi_messages", "counters",
                 "crashes", "compare")

    def __init__(self, url=None):
        self.url = url or commands.database_url()
        self._backend = _backend(self.url)
        try:
            rows = self._backend.execute("SELECT 1 FROM epmt_schema", ()).fetchall()
        except self._backend.errors as error:
            raise EpmtError(f"this is no database of epmt: {str(error).strip()}") from None
        if not rows:
            raise EpmtError("this is no database of epmt")

    def close(self):
        self._backend.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def query(self, sql, parameters=(), units=()):
        """The rows of an SQL query, a question mark for each parameter. units: {column: unit}
        beside those that the names of the columns tell."""
        try:
            cursor = self._backend.execute(sql, tuple(parameters))
            names = [column[0] for column in cursor.description or ()]
            return frames.frame(names, cursor.fetchall() if names else [], units)
        except self._backend.errors as error:
            raise EpmtError(str(error).strip()) from None

    def _table(self, name, columns, where, parameters, order):
        selected = ", ".join(map(_column, columns)) if columns else "*"
        return self.query(f'SELECT {selected} FROM "{name}" t WHERE {where} ORDER BY {order}',
                          parameters, commands.units().get(name, {}))

    def _of_processes(self, name, columns, job):
        """Rows of a table below the processes, with what tells these apart."""
        units = commands.units()
        return self.query(
            f'SELECT p."step", p."mpirank", p."hostname", p."exename", p."pid", {columns} '
            f'FROM "processes" p JOIN "{name}" t ON t."process_id" = p."id" '
            'WHERE p."job_id" = ? ORDER BY t."process_id", t."id"', (self.find(job),),
            units.get(name, {}))

    def find(self, job):
        """The key (jobs.id) of a job."""
        name = str(job)
        found = self.query('SELECT "id", "uuid" FROM "jobs" WHERE "jobid" = ?', (name,))
        if not len(found) and len(name) >= 4:
            found = self.query('SELECT "id", "uuid" FROM "jobs" WHERE "uuid" >= ? AND "uuid" < ?',
                               (name, name + "~"))
        if not len(found):
            raise EpmtError(f"there is no job {name}")
        if len(found) > 1:
            raise EpmtError(f"job {name} is ambiguous, give a uuid: " + ", ".join(found["uuid"]))
        return int(found["id"].iloc[0])

    def jobs(self, limit=None, tags=None, **equal):
        """Jobs, newest first (view job_summary). limit: so many at most; tags: a dict that the
        job's tags must hold; any column of the view by name: jobs(user="alice")."""
        where, parameters = ["1 = 1"], []
        for key, value in (tags or {}).items():
            where.append('EXISTS (SELECT 1 FROM "job_tags" g WHERE g."job_id" = t."id" '
                         'AND g."key" = ? AND g."value" = ?)')
            parameters += [str(key), str(value)]
        for column, value in equal.items():
            where.append(f"{_column(column)} = ?")
            parameters.append(value)
        order = '"start" DESC, "id" DESC'
        if limit is not None:
            order += f" LIMIT {int(limit)}"
        return self._table("job_summary", None, " AND ".join(where), parameters, order)

    def job(self, job):
        """One job, a Series: the sums over its processes and all else that its row holds."""
        found = self._table("jobs", None, '"id" = ?', (self.find(job),), '"id"')
        series = found.iloc[0].rename(str(job))
        series.attrs["units"] = found.attrs["units"]
        return series

    def attributes(self, job):
        """What is known of a job beside its row: its environment, facts of its steps."""
        return self._table("job_attributes", None, '"job_id" = ?', (self.find(job),),
                           '"scope", "key"')

    def steps(self, job):
        """The MPI worlds or launches of a job (view mpi_step_summary)."""
        return self._table("mpi_step_summary", None, '"job_id" = ?', (self.find(job),), '"id"')

    def processes(self, job, columns=None):
        """The processes of a job, with all metrics, or the columns named."""
        return self._table("processes", columns, '"job_id" = ?', (self.find(job),), '"id"')

    def threads(self, job):
        """The threads of a job, with the host, name and pid of their process."""
        return _without_doubles(self._of_processes("threads", "t.*", job))

    def tree(self, job):
        """The processes of a job as a tree, by depth and time inclusive (view process_tree)."""
        return self._table("process_tree", None, '"job_id" = ?', (self.find(job),), '"id"')

    def ranks(self, job):
        """One row per MPI rank: seconds of the run, on a CPU, in MPI and outside of it, waiting for
        a CPU; memory, MiB read and written. blocked_s: so much of the time outside MPI, at least, it
        neither had a CPU nor waited for one: it slept, or waited for a disk or a lock."""
        seconds = '("end" - "start") / 1000000.0'
        made = self.query(
            'SELECT "step", "mpirank", "hostname", "exename", "pid", "state", "start", "end", '
            f'{seconds} AS "duration_s", "cpu_time" / 1000000.0 AS "cpu_s", '
            '"mpitime" / 1000000000.0 AS "mpi_s", '
            f'{seconds} - "mpitime" / 1000000000.0 AS "outside_s", '
            f'"mpitime" / 1000000000.0 / nullif({seconds}, 0) AS "mpi_share", '
            '"time_waiting" / 1000000000.0 AS "waiting_s", "numtids", '
            '"rssmax" / 1024.0 AS "rssmax_mib", "rchar" / 1048576.0 AS "read_mib", '
            '"wchar" / 1048576.0 AS "written_mib", '
            '"delayacct_blkio_time" / 1000000.0 AS "io_wait_s", "id" AS "process_id" '
            'FROM "processes" WHERE "job_id" = ? AND "mpirank" IS NOT NULL '
            'ORDER BY "step", "mpirank", "id"', (self.find(job),))
        blocked = made["outside_s"] - made["cpu_s"] - made["waiting_s"].fillna(0)
        made.insert(made.columns.get_loc("waiting_s") + 1, "blocked_s", blocked.clip(lower=0))
        made.attrs["units"]["blocked_s"] = "s"
        return made

    def balance(self, job):
        """How even the ranks of each step are (view rank_balance)."""
        return self._table("rank_balance", None, '"job_id" = ?', (self.find(job),), '"step"')

    def mpi_functions(self, job):
        """What each rank spent in each MPI function."""
        return self._of_processes(
            "mpi_functions", 't."process_id", t."function", t."class", t."calls", t."time", '
            't."time_min", t."time_max", t."bytes_out", t."bytes_in"', job)

    def mpi_summary(self, job):
        """Each MPI function over the ranks of each step (view mpi_function_summary)."""
        return self._table("mpi_function_summary", None, '"job_id" = ?', (self.find(job),),
                           '"step", coalesce("time_s", 0) DESC, "function"')

    def mpi_messages(self, job):
        """Messages and bytes by sender and receiver, where the setting mpi_messages was on."""
        return self._of_processes(
            "mpi_messages", 't."process_id", t."peer", t."messages", t."bytes"', job)

    def counters(self, job):
        """The counts of events, thread by thread, or why there is none."""
        return self._of_processes(
            "counters", 't."process_id", t."tid", t."event", t."value", t."unit", t."enabled", '
            't."running", t."scaled", t."excluded", t."source", t."reason"', job)

    def crashes(self, job):
        """The processes that a signal ended, with their stacks (lists, innermost frame first)."""
        found = self.query(
            'SELECT "mpirank", "hostname", "exename", "pid", "end", "exitsignal", "crashstack" '
            'FROM "processes" WHERE "job_id" = ? AND ("state" = \'signaled\' OR "crashstack" '
            'IS NOT NULL) ORDER BY "id"', (self.find(job),))
        found["crashstack"] = found["crashstack"].map(_json_list)
        return found

    def compare(self, first, second, *more):
        """The metrics of jobs, or groups, side by side, what differs most first, as `epmt compare`
        has them (docs/commands.md); change: of the last by the first, 1 is twice as much."""
        found = commands.command("compare", first, second, *more, url=self.url)["metrics"]
        found = found.set_index("name")
        units = commands.units().get("jobs", {})
        found.attrs["units"] = {name: frames.unit_of(name, units) for name in found.index
                                if frames.unit_of(name, units)}
        return found


def _json_list(text):
    return json.loads(text) if text else []


def _without_doubles(frame):
    """Of columns of the same name the first stays."""
    made = frame.loc[:, ~frame.columns.duplicated()]
    made.attrs = frame.attrs
    return made

# SPDX-License-Identifier: Apache-2.0
"""epmt for Python: the database and the job files as pandas DataFrames.

    import epmt
    epmt.jobs(user="alice")        # what is in the database
    epmt.processes("4711")         # one job: also threads, ranks, mpi_functions, counters, tree ...
    epmt.compare("4711", "4712")   # side by side, as epmt compare has it
    epmt.outliers(epmt.jobs())     # what stands out, by three methods
    epmt.command("outliers")       # what any command of epmt prints for programs
    epmt.read_file("4711.h5")      # a job file, without a database
    epmt.query("SELECT ...")       # any SQL (docs/database.md has the tables and views)

JOB is a job id, or 4 or more letters of the beginning of a uuid. Nothing is ever changed: the
database is opened read-only. Times are datetimes in UTC, frame.attrs["units"] tells the units of
the columns, and what was not observed is missing. The functions use the database that the settings
of epmt name; connect(URL) gives another one, with the same functions as methods.
"""

from .analysis import METHODS, outliers
from .commands import EpmtError, command
from .database import Database, connect
from .jobfile import JobFile, read_file
from .version import __version__

__all__ = ["Database", "EpmtError", "JobFile", "METHODS", "command", "connect", "outliers",
           "read_file"] + list(Database.QUESTIONS)

_default = None


def default():
    """The database that the settings name, opened on first use."""
    global _default
    if _default is None:
        _default = connect()
    return _default


def _function(name):
    method = getattr(Database, name)

    def function(*arguments, **named):
        return getattr(default(), name)(*arguments, **named)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = method.__doc__
    return function


for _name in Database.QUESTIONS:
    globals()[_name] = _function(_name)

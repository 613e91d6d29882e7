# SPDX-License-Identifier: Apache-2.0
"""The Python module against what `epmt` itself says of the same jobs. tests/db/test_notebook.sh makes
them: `ranks` (MPI, with counters), `serial` (tags, several processes, a crash), `other`."""
import json
import os
import subprocess
import unittest

import numpy as np
import pandas as pd

import epmt
from epmt import analysis, commands, frames

FILE = os.environ["JOB_FILE"]
RANKS = int(os.environ["JOB_RANKS"])


def said(*words):
    return json.loads(subprocess.run(["epmt", *words, "--format", "json"], check=True,
                                     capture_output=True).stdout)


class Settings(unittest.TestCase):
    def test_version(self):
        line = subprocess.run(["epmt", "--version"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(line.split()[1], epmt.__version__)

    def test_program_is_that_of_the_installation(self):
        self.assertEqual(os.path.realpath(commands.program()),
                         os.path.realpath(os.path.join(os.environ["EPMT_PREFIX"], "bin", "epmt")))

    def test_units_are_those_of_the_schema(self):
        units = commands.units()
        self.assertEqual(units["processes"]["usertime"], "us")
        self.assertEqual(units["mpi_functions"]["time"], "ns")
        self.assertEqual(units["jobs"]["rssmax"], "KiB")
        self.assertNotIn("exename", units["processes"])

    def test_a_complaint_is_one_line(self):
        with self.assertRaisesRegex(epmt.EpmtError, "^epmt: show: there is no job no-such-job"):
            commands.run("show", "no-such-job")

    def test_command(self):
        self.assertEqual(set(epmt.command("list", "jobs").jobid), {"ranks", "serial", "other"})
        several = epmt.command("show", "ranks", "--mpi")
        self.assertEqual(len(several["ranks"]), RANKS)


class Connection(unittest.TestCase):
    def test_no_such_database(self):
        for url, part in (("sqlite:////no/such/file", "there is no database /no/such/file"),
                          ("postgresql://nobody@/none?host=/no/such/dir", "cannot connect"),
                          ("mysql://x/y", "the URL must be")):
            with self.assertRaisesRegex(epmt.EpmtError, part):
                epmt.connect(url)

    def test_another_database(self):
        path = os.path.join(os.environ["TEST_DIR"], "plain?#%.db")
        import sqlite3
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE t (x)")
        connection.close()
        with self.assertRaisesRegex(epmt.EpmtError, "no database of epmt"):
            epmt.connect("sqlite:///" + path)

    def test_read_only(self):
        with epmt.connect() as db:
            with self.assertRaisesRegex(epmt.EpmtError, "read.?only"):
                db.query("DELETE FROM jobs")
        self.assertEqual(len(epmt.jobs()), 3)

    def test_schemes(self):
        url = commands.database_url()
        if url.startswith("postgresql:"):
            with epmt.connect("postgresql+psycopg2" + url[len("postgresql"):]) as db:
                self.assertEqual(len(db.jobs()), 3)

    def test_parameters(self):
        found = epmt.query("SELECT '?' AS mark, \"user\", '100%' AS part FROM jobs WHERE jobid = ?",
                           ("ranks",))
        self.assertEqual(list(found.mark), ["?"])
        self.assertEqual(list(found.part), ["100%"])
        hostile = epmt.query("SELECT count(*) AS n FROM jobs WHERE jobid = ?", ("x' OR '1'='1",))
        self.assertEqual(list(hostile.n), [0])

    def test_wrong_sql(self):
        with self.assertRaises(epmt.EpmtError):
            epmt.query("SELECT no_such FROM jobs")


class Jobs(unittest.TestCase):
    def test_as_epmt_list(self):
        jobs = epmt.jobs().set_index("uuid")
        for row in said("list", "jobs"):
            job = jobs.loc[row["uuid"]]
            self.assertEqual(job.jobid, row["jobid"])
            self.assertAlmostEqual(job.cpu_s, row["cpu_time"] / 1e6, 5)
            self.assertAlmostEqual(job.duration_s, row["duration"] / 1e6, 5)
            self.assertEqual(job.start, pd.Timestamp(row["start"] // 10**6, unit="s", tz="UTC"))
        self.assertEqual(epmt.jobs().attrs["units"]["cpu_s"], "s")
        self.assertTrue(epmt.jobs().start.is_monotonic_decreasing)

    def test_narrowed(self):
        self.assertEqual(list(epmt.jobs(jobid="serial").jobid), ["serial"])
        self.assertEqual(list(epmt.jobs(tags={"exp": "a"}).jobid), ["serial"])
        self.assertEqual(len(epmt.jobs(tags={"exp": "b"})), 0)
        self.assertEqual(len(epmt.jobs(limit=2)), 2)
        with self.assertRaises(epmt.EpmtError):
            epmt.jobs(no_such="no_such")
        self.assertEqual(epmt.jobs(jobid="none").columns.tolist(), epmt.jobs().columns.tolist())

    def test_one(self):
        job = epmt.job("ranks")
        row = said("list", "jobs", "ranks")[0]
        for name, value in row.items():
            if value is not None and name not in frames.TIMES:
                self.assertEqual(job[name], value, name)
        self.assertEqual(job.start, pd.Timestamp(row["start"], unit="us", tz="UTC"))
        self.assertEqual(job.attrs["units"]["cpu_time"], "us")
        self.assertEqual(epmt.job(job.uuid).jobid, "ranks")
        self.assertEqual(epmt.job(job.uuid[:13]).jobid, "ranks")

    def test_no_such_job(self):
        for name in ("none", "", "f" * 40, "x' OR '1'='1"):
            with self.assertRaisesRegex(epmt.EpmtError, "there is no job"):
                epmt.processes(name)

    def test_attributes(self):
        known = epmt.attributes("serial")
        self.assertIn("PATH", set(known[known.scope == "env"].key))

    def test_compare(self):
        table = epmt.compare("serial", "ranks")
        self.assertEqual(table.columns.tolist(), ["serial", "ranks", "change"])
        self.assertEqual(table.loc["cpu_time", "ranks"], epmt.job("ranks").cpu_time)
        self.assertEqual(table.attrs["units"]["cpu_time"], "us")
        with epmt.connect(commands.database_url()) as db:
            self.assertEqual(db.compare("serial", "ranks").index.tolist(), table.index.tolist())


class OneJob(unittest.TestCase):
    def test_processes(self):
        rows = said("list", "processes", "serial")
        processes = epmt.processes("serial")
        self.assertEqual(list(processes.id), [row["id"] for row in rows])
        self.assertEqual(list(processes.exename), [row["exename"] for row in rows])
        self.assertEqual(list(processes.usertime), [row["usertime"] for row in rows])
        self.assertEqual([None if pd.isna(v) else v for v in processes.exitcode],
                         [row["exitcode"] for row in rows])
        self.assertEqual(str(processes.exitcode.dtype), "Int64")  # the crash has none
        self.assertEqual(str(processes.start.dtype), "datetime64[ns, UTC]")
        self.assertEqual(processes.attrs["units"]["rssmax"], "KiB")
        self.assertEqual(epmt.processes("serial", ["pid"]).columns.tolist(), ["pid"])
        with self.assertRaises(epmt.EpmtError):
            epmt.processes("serial", ['pid", "no'])

    def test_threads(self):
        threads = epmt.threads("ranks")
        rows = said("list", "threads", "ranks")
        self.assertEqual(sorted(threads.tid), sorted(row["tid"] for row in rows))
        self.assertEqual(threads.usertime.sum(), sum(row["usertime"] for row in rows))
        self.assertTrue(threads.columns.is_unique)
        self.assertEqual(threads.groupby("process_id").size().min(),
                         epmt.processes("ranks").numtids.min())
        self.assertEqual(threads.attrs["units"]["time_waiting"], "ns")

    def test_ranks(self):
        ranks = epmt.ranks("ranks")
        self.assertEqual(list(ranks.mpirank), list(range(RANKS)))
        processes = epmt.processes("ranks").set_index("mpirank").loc[range(RANKS)]
        np.testing.assert_allclose(ranks.cpu_s, processes.cpu_time / 1e6, atol=1e-6)
        np.testing.assert_allclose(ranks.outside_s + ranks.mpi_s, ranks.duration_s, atol=1e-6)
        self.assertTrue((ranks.blocked_s >= 0).all())
        self.assertEqual(ranks.attrs["units"]["blocked_s"], "s")
        self.assertEqual(len(epmt.ranks("serial")), 0)
        balance = epmt.balance("ranks")
        self.assertAlmostEqual(balance.max_s[0], ranks.outside_s.max(), 4)

    def test_mpi(self):
        functions = epmt.mpi_functions("ranks")
        self.assertEqual(functions.calls.sum(), epmt.job("ranks").mpicalls)
        self.assertEqual(set(functions.mpirank), set(range(RANKS)))
        summary = epmt.mpi_summary("ranks").set_index("function")
        mine = functions[functions.function == "MPI_Allreduce"]
        self.assertAlmostEqual(summary.time_s["MPI_Allreduce"], mine.time.sum() / 1e9, 6)
        self.assertEqual(summary.calls["MPI_Allreduce"], mine.calls.sum())
        self.assertEqual(epmt.steps("ranks").numranks[0], RANKS)
        self.assertEqual(len(epmt.mpi_messages("ranks")), 0)

    def test_counters(self):
        counters = epmt.counters("ranks")
        self.assertEqual(set(counters.event), {"task-clock"})
        self.assertGreater(counters.value.sum(), 0)
        self.assertEqual(len(epmt.counters("serial")), 0)

    def test_tree(self):
        tree = epmt.tree("serial")
        self.assertGreaterEqual(tree.depth.max(), 1)
        self.assertEqual(tree.inclusive_cpu_s.max(), tree[tree.depth == 0].inclusive_cpu_s.max())

    def test_crashes(self):
        crashes = epmt.crashes("serial")
        self.assertEqual(list(crashes.exitsignal), [11])
        self.assertIsInstance(crashes.crashstack[0], list)
        self.assertEqual(len(epmt.crashes("ranks")), 0)


class Outliers(unittest.TestCase):
    # The definitions, on numbers small enough to check by hand.
    VALUES = [10, 11, 10, 12, 11, 10, 12, 100]

    def test_scores(self):
        z = analysis.scores(self.VALUES, "z_score")
        self.assertAlmostEqual(z.iloc[-1], abs(100 - np.mean(self.VALUES)) / np.std(self.VALUES))
        modified = analysis.scores(self.VALUES, "modified_z_score")
        self.assertAlmostEqual(modified.iloc[-1], 0.6745 * 89 / 1.0)
        q1, q3 = np.percentile(self.VALUES, [25, 75])
        self.assertAlmostEqual(analysis.scores(self.VALUES, "iqr").iloc[-1], (100 - q3) / (q3 - q1))
        self.assertEqual(analysis.scores(self.VALUES, "iqr").iloc[1], 0)
        # A median deviation of 0 is replaced by the mean one.
        self.assertAlmostEqual(analysis.scores([1] * 7 + [9], "modified_z_score").iloc[-1],
                               0.6745 * 8 / 1.0)
        self.assertEqual(set(analysis.scores([5] * 6, "iqr")), {0})
        with self.assertRaises(ValueError):
            analysis.scores([1, 2], "no_such")

    def test_as_epmt_outliers(self):
        ranks = epmt.ranks("ranks").set_index("mpirank")
        rows = epmt.command("outliers", "ranks", "ranks", "--min-score", "0", "--feature", "cpu_time")
        self.assertEqual(len(rows), RANKS)
        for method in ("z_score", "modified_z_score"):
            mine = analysis.scores(ranks.cpu_s, method)
            for row in rows.itertuples():
                self.assertAlmostEqual(mine[row.rank], getattr(row, method), 3)
        flagged = epmt.outliers(epmt.ranks("ranks"), ["cpu_s"]).set_index("mpirank").score
        self.assertEqual(dict(flagged), dict(zip(rows["rank"], rows.score)))

    def test_outliers(self):
        frame = pd.DataFrame({"jobid": list("abcdefgh"), "cpu_s": self.VALUES, "io_wait_s": None})
        found = epmt.outliers(frame)
        self.assertEqual(found.jobid.iloc[0], "h")
        self.assertEqual(found.score.iloc[0], 2)  # 8 values have no z score above 2.65
        self.assertEqual(found.score.iloc[1:].sum(), 0)
        self.assertNotIn("io_wait_s", found.columns)
        with self.assertRaises(epmt.EpmtError):
            epmt.outliers(frame.head(3))


class JobFiles(unittest.TestCase):
    def setUp(self):
        self.file = epmt.read_file(FILE)
        self.addCleanup(self.file.close)

    def test_as_the_database(self):
        self.assertEqual(self.file.attributes["jobid"], "ranks")
        for table, rows in (("processes", epmt.processes("ranks")), ("threads", epmt.threads("ranks"))):
            made = self.file[table]
            self.assertEqual(len(made), len(rows))
            for name in made.columns.intersection(rows.columns):
                if name in ("args", "crashstack", "tags", "image"):
                    continue
                left, right = sorted(made[name].dropna()), sorted(rows[name].dropna())
                self.assertEqual(left, right, name)
        self.assertEqual(self.file["mpi/functions"].time.sum(), epmt.mpi_functions("ranks").time.sum())
        self.assertEqual(self.file["/mpi/functions"].attrs["units"]["time"], "ns")
        self.assertEqual(str(self.file["processes"].start.dtype), "datetime64[ns, UTC]")

    def test_as_a_mapping(self):
        self.assertIn("processes", self.file)
        self.assertEqual(len(self.file), len(list(self.file)))
        with self.assertRaises(KeyError):
            _ = self.file["no/such"]

    def test_long_texts(self):
        with epmt.read_file(os.environ["LONG_FILE"]) as file:
            args = file["processes"].args
            self.assertIn(["-c", ":", "x" * 700], list(args))

    def test_no_job_file(self):
        for path in ("/no/such.h5", __file__):
            with self.assertRaisesRegex(epmt.EpmtError, "cannot read " + path):
                epmt.read_file(path)


if __name__ == "__main__":
    unittest.main(verbosity=0)

# SPDX-License-Identifier: Apache-2.0
"""The page docs/analysis.md against what its commands say. In its blocks of `console`, a line that
begins with `$ ` is run, and each of the lines below it must be among what that prints: the same
words and whole numbers; `...` at its end stands for the rest. Measured values (a number with a unit or a decimal point), hosts, pids,
scores and the width of columns are of the machine. Its block of python is run too.

usage: analysis_page.py PAGE commands|python"""
import re
import subprocess
import sys

SCORE = re.compile(r" \d (iqr|modified_z_score)[a-z_,]*$")


def normal(line):
    line = " ".join(line.replace("* ", "- ", 1).split())
    line = re.sub(r"\d+(\.\d+)? ?(%|ns|us|ms|s|min|h|B|[KMGT]iB)(/s)?(?![\w])", "N", line)
    line = re.sub(r"\d+\.\d+", "N", line)
    line = SCORE.sub(" SCORE", line)
    line = re.sub(r"^(late \d) \S+ (\w+) \d+ ", r"\1 HOST \2 PID ", line)
    return re.sub(r" on (?!average)\S+", " on HOST", line)


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", open(page, encoding="utf-8").read(), flags=re.S)


def commands(page):
    missing = checked = 0
    for block in blocks(page, "console"):
        said = ""
        for line in block.splitlines():
            if line.startswith("$ "):
                said = subprocess.run(line[2:], shell=True, check=True, text=True,
                                      stdout=subprocess.PIPE).stdout
                lines = [normal(one) for one in said.splitlines()]
            else:
                checked += 1
                begin = normal(line.removesuffix("..."))
                if not any(one == begin or line.endswith("...") and one.startswith(begin + " ")
                           for one in lines):
                    missing += 1
                    print(f"not said: {line}\n  as:     {normal(line)}\n  in:\n{said}")
    print(checked, "lines were looked for")
    return 1 if missing or checked < 8 else 0


def python(page):
    for block in blocks(page, "python"):
        exec(block, {})
    return 0


sys.exit({"commands": commands, "python": python}[sys.argv[2]](sys.argv[1]))

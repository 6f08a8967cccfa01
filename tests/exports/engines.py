"""Databases, each a function from a statement, the kinds of a table's columns, and its rows, to what comes out."""

import contextlib
import csv
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

TABLE = "data"


def name(text):
    return '"' + text.replace('"', '""') + '"'


def create(kinds, table):
    columns = ", ".join(f"{name(key)} {'DOUBLE PRECISION' if kind is float else 'TEXT'}" for key, kind in kinds.items())
    return f"CREATE TABLE {name(table)} ({columns})"


def sqlite(statement, kinds, rows, table=TABLE):
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(create(kinds, table))
        marks = ", ".join("?" * len(kinds))
        database.executemany(
            f"INSERT INTO {name(table)} VALUES ({marks})", [[row[key] for key in kinds] for row in rows]
        )
        return [list(row) for row in database.execute(statement)]


def duckdb(statement, kinds, rows, table=TABLE):
    import duckdb as package

    with contextlib.closing(package.connect(":memory:", config={"threads": 1})) as database:
        database.execute(create(kinds, table))
        marks = ", ".join("?" * len(kinds))
        database.executemany(
            f"INSERT INTO {name(table)} VALUES ({marks})", [[row[key] for key in kinds] for row in rows]
        )
        return [list(row) for row in database.execute(statement).fetchall()]


class PostgreSQL:
    """A server of its own, which listens in a folder only; as the user postgres where root runs the tests."""

    def __init__(self):
        # Not among the folders of the tests, which other users may not enter.
        self.home = tempfile.TemporaryDirectory(prefix="postgresql")
        self.folder, self.programs = Path(self.home.name), programs_of_postgresql()
        self.folder.chmod(0o777)
        self.run(
            "initdb", "-D", self.folder / "cluster", "-A", "trust", "-U", "tester", "--locale=C.UTF-8", "-E", "UTF8"
        )
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off"
        self.run("pg_ctl", "-D", self.folder / "cluster", "-w", "-o", options, "-l", self.folder / "log", "start")

    def run(self, program, *arguments, text=None):
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, self.programs / program, *map(str, arguments)]
        done = subprocess.run(command, input=text, cwd="/", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __call__(self, statement, kinds, rows, table=TABLE):
        values = ",\n".join(f"({', '.join(self.literal(row[key]) for key in kinds)})" for row in rows)
        text = f"BEGIN;\n{create(kinds, table)};\nINSERT INTO {name(table)} VALUES {values};\n{statement};\nROLLBACK;\n"
        found = self.run(
            "psql", "-h", self.folder, "-U", "tester", "-d", "postgres", "-X", "-q", "--csv", "-t",
            "-v", "ON_ERROR_STOP=1", text=text,
        )  # fmt: skip
        return [[None if cell == "" else cell for cell in row] for row in csv.reader(found.splitlines())]

    @staticmethod
    def literal(cell):
        if cell is None:
            return "NULL"
        return "'" + str(cell).replace("'", "''") + "'"

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "cluster", "-m", "immediate", "stop")
        self.home.cleanup()


def programs_of_postgresql():
    """The folder of the newest PostgreSQL here, None without one."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    return None if found is None else Path(found).parent

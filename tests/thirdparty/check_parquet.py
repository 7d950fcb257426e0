"""Files that pyarrow wrote are linked as the same rows in CSV are: every codec we read, timestamps of every unit, dictionaries."""

import datetime
import os
import pathlib
import subprocess
import sys
import tempfile

import pyarrow
import pyarrow.csv
import pyarrow.parquet

ONECASE = os.environ["ONECASE"]
CONTENTS = ["金桂苑旁工地半夜打桩扰民，凌晨两点还在打桩，噪音太大，无法休息", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见"]


def rows():
    time = datetime.datetime(2026, 3, 1, 9, 30)
    for at in range(200):
        person = at % 20
        number = f"1101051949{person:02}31002X"
        yield {"id": str(at), "name": f"王{person}", "id_number": number, "submitted_at": time, "content": CONTENTS[at % 2], "other": at}


def link(path):
    return subprocess.run([ONECASE, "link", "--quiet", path], check=True, capture_output=True, text=True).stdout


def main():
    table = pyarrow.Table.from_pylist(list(rows()))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pyarrow.csv.write_csv(table, folder / "rows.csv")
        expected = link(folder / "rows.csv")
        for codec in ["none", "snappy", "gzip"]:
            for unit in ["ms", "us", "ns"]:
                at = table.schema.get_field_index("submitted_at")
                cast = table.set_column(at, "submitted_at", table["submitted_at"].cast(pyarrow.timestamp(unit)))
                path = folder / f"{codec}-{unit}.parquet"
                pyarrow.parquet.write_table(cast, path, compression=codec, row_group_size=64)
                if link(path) != expected:
                    sys.exit(f"{path.name} is not linked as the same rows in CSV are")


main()

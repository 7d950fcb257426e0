#!/usr/bin/env python3
"""Runs a command and writes what it cost as JSON: measured.py FILE COMMAND…

`wall` and `cpu` are seconds, `rss` the largest resident set in bytes.
"""

import json
import resource
import subprocess
import sys
import time

started = time.monotonic()
status = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump({"wall": time.monotonic() - started, "cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss * 1024}, file)
sys.exit(status)

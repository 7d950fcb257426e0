"""rensa's MinHash (128 permutations) and LSH at Jaccard 0.5 over character 3-grams: query, then insert, as a stream.

Arguments: a CSV with a column `content`, and a file for the pairs `later,earlier` that it proposes. Prints JSON. Building
the lists of 3-grams in Python counts: it has to be done.
"""

import csv
import json
import sys
import time

from rensa import RMinHash, RMinHashLSH

with open(sys.argv[1], newline="", encoding="utf-8") as file:
    texts = [row["content"] for row in csv.DictReader(file)]
started, processor = time.perf_counter(), time.process_time()
index = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)
proposed = []
for at, text in enumerate(texts):
    sketch = RMinHash(num_perm=128, seed=1)
    sketch.update([text[i : i + 3] for i in range(len(text) - 2)] or [text])
    proposed.append(index.query(sketch))
    index.insert(at, sketch)
seconds, processor = time.perf_counter() - started, time.process_time() - processor
with open(sys.argv[2], "w", encoding="utf-8") as out:
    for later, found in enumerate(proposed):
        out.writelines(f"{later},{earlier}\n" for earlier in found)
print(json.dumps({"texts": len(texts), "seconds": seconds, "processor": processor, "pairs": sum(map(len, proposed))}))

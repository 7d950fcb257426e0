"""rensa's MinHash (128) and LSH at Jaccard 0.5 on character 3-grams of the contents: query, then insert, as a stream."""

import csv
import json
import sys
import time

from rensa import RMinHash, RMinHashLSH

with open(sys.argv[1], newline="") as file:
    texts = [row["content"] for row in csv.DictReader(file)]
started = time.monotonic()
index, candidates = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32), 0
for at, text in enumerate(texts):
    sketch = RMinHash(num_perm=128, seed=1)
    sketch.update([text[i : i + 3] for i in range(len(text) - 2)] or [text])
    candidates += len(index.query(sketch))
    index.insert(at, sketch)
seconds = time.monotonic() - started
print(json.dumps({"texts": len(texts), "texts a second": round(len(texts) / seconds), "candidates": candidates}))

"""openpyxl, pyarrow and csv, written by others, open what we export; its digest is the one the audit log proves."""

import base64
import csv
import hashlib
import io
import json
import sys
import urllib.parse

import openpyxl
import pyarrow.parquet
from gateway import Gateway

PLATFORMS = """
[audit]
checkpoint_interval_ms = 200
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
[[platforms]]
id = "mobile"
name = "手机信访"
kind = "mobile"
division = "000000"
"""
ROWS = 30


def filing(source_id: str, number: int) -> dict:
    return {
        "source_id": source_id, "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{"name": "王小明", "phone": f"1380000{number:04}"}],
        "subject": f"幸福路{number}号旁工地夜间施工噪音", "content": f"=幸福路{number}号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。",
        "division": "430102",
    }


def expect(condition: bool, what: str):
    if not condition:
        sys.exit(f"does not hold: {what}")


def rows_of(form: str, file: bytes) -> list[dict]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))
    if form == "ndjson":
        return [json.loads(line) for line in file.decode().splitlines()]
    if form == "parquet":
        return pyarrow.parquet.read_table(io.BytesIO(file)).to_pylist()
    head, *rows = openpyxl.load_workbook(io.BytesIO(file), read_only=True).active.iter_rows(values_only=True)
    return [dict(zip(head, row)) for row in rows]


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2."""
    node = lambda left, right: hashlib.sha256(b"\x01" + left + right).digest()
    first, last, result = index, size - 1, leaf
    for step in path:
        if first % 2 or first == last:
            result = node(step, result)
            while not (first % 2 or first == 0):
                first, last = first >> 1, last >> 1
        else:
            result = node(result, step)
        first, last = first >> 1, last >> 1
    return result


def prove(gateway: Gateway, key: str, form: str, response, file: bytes) -> dict:
    digest = base64.b64decode(response.headers["Repr-Digest"].removeprefix("sha-256=:").removesuffix(":"))
    expect(digest == hashlib.sha256(file).digest(), f"{form}: the digest sent along is the file's")
    view = gateway.json(f"/v1/exports/{hashlib.sha256(file).hexdigest()}", key)
    manifest, leaf = view["manifest"], view["leaf"]
    expect(response.headers["Link"].startswith(f"</v1/exports/{manifest['id']}>"), f"{form}: the answer leads to its manifest")
    expect(json.loads(view["statement"]) == manifest, f"{form}: the statement is the manifest")
    expect(json.loads(leaf["entry"])["digest"] == hashlib.sha256(view["statement"].encode()).hexdigest(), f"{form}: the leaf is about the statement")
    gateway.until(lambda: int(gateway.open("/v1/audit/checkpoint", headers={"X-API-Key": key}).read().split()[1]) > leaf["index"], "a checkpoint")
    proof = gateway.json(f"/v1/audit/proofs/inclusion?index={leaf['index']}", key)
    hashed = hashlib.sha256(b"\x00" + leaf["entry"].encode()).digest()
    path = [base64.b64decode(node) for node in proof["hashes"]]
    expect(root_of(hashed, proof["index"], proof["size"], path) == base64.b64decode(proof["root"]), f"{form}: the leaf is included")
    note = gateway.open(f"/v1/audit/checkpoint?size={proof['size']}", headers={"X-API-Key": key}).read().decode()
    expect(note.splitlines()[2] == proof["root"], f"{form}: the root is the signed one")
    return manifest


with Gateway(PLATFORMS) as gateway:
    keys = {name: gateway.key("submit", name) for name in ("hunan", "mobile")}
    key = gateway.key("monitor")
    for number in range(ROWS):
        gateway.json("/v1/submissions", keys["hunan"], filing(f"-{number}", number))
        gateway.json("/v1/submissions", keys["mobile"], filing(f"M-{number}", number))
    count = lambda: gateway.json("/v1/duplicates/counts?decision=duplicate", key)["total"]
    gateway.until(lambda: gateway.json("/v1/overview", key)["unlinked"] == 0 and count() >= ROWS, "everything linked")
    for form in ("csv", "xlsx", "ndjson", "parquet"):
        query = urllib.parse.urlencode({"decision": "duplicate", "include": "text", "format": form, **({"bom": "true"} if form == "csv" else {})})
        response = gateway.open(f"/v1/duplicates/export?{query}", headers={"X-API-Key": key})
        file = response.read()
        rows, manifest = rows_of(form, file), prove(gateway, key, form, response, file)
        expect(len(rows) == manifest["rows"] == count() and manifest["complete"], f"{form}: {len(rows)} rows, {manifest['rows']} counted")
        expect(list(rows[0]) == manifest["columns"], f"{form}: the columns are those of the manifest")
        expect(all(0 < float(row["probability"]) <= 1 for row in rows), f"{form}: probabilities are numbers")
        source_ids = {str(row["other_source_id"]) for row in rows}
        guarded = {f"'-{number}" if form == "csv" else f"-{number}" for number in range(ROWS)}
        expect(guarded <= source_ids, f"{form}: texts that begin as formulas do: {sorted(source_ids)[:3]}")
        shown = " ".join(str(row["content"]) for row in rows)
        expect("金桂苑" in shown and "王小明" not in shown and "1380000" not in file.decode("utf-8", "ignore"), f"{form}: nothing personal")
        for name in ("cases", "deadlines", "indicators"):
            response = gateway.open(f"/v1/{name}/export?format={form}", headers={"X-API-Key": key})
            file = response.read()
            found, manifest = rows_of(form, file), prove(gateway, key, form, response, file)
            expect(len(found) == manifest["rows"] > 0, f"{form}: {name} have {len(found)} rows, {manifest['rows']} counted")
        print(f"{form}: {len(rows)} duplicates, digest, manifest and inclusion proof agree")

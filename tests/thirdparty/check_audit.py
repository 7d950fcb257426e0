"""pymerkle and cryptography, written by others, agree with the audit log: its root, its proofs, its signature."""

import base64
import json
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from gateway import Gateway
from pymerkle import InmemoryTree

PLATFORMS = """
[audit]
origin = "gov.example/onecase"
checkpoint_interval_ms = 200
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
"""


def filing(number: int) -> dict:
    return {
        "source_id": f"A-{number}", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{"name": "王小明", "phone": f"1380000{number:04}"}],
        "subject": f"第{number}盏路灯不亮", "content": f"幸福路{number}号门前的路灯坏了。", "division": "430102",
    }


def hashes(texts: list[str]) -> list[bytes]:
    return [base64.b64decode(text) for text in texts]


def expect(condition: bool, what: str):
    if not condition:
        sys.exit(f"does not hold: {what}")


def signed(note: str, key: str) -> tuple[int, bytes]:
    """Checks the log's own signature over a checkpoint; its size and root."""
    text, lines = note.split("\n\n")
    name, _, public = key.split("+", 2)
    raw = base64.b64decode(next(line for line in lines.splitlines() if line.startswith(f"\u2014 {name} ")).split()[2])
    Ed25519PublicKey.from_public_bytes(base64.b64decode(public)[1:]).verify(raw[4:], f"{text}\n".encode())
    origin, size, root = text.splitlines()[:3]
    expect(origin == name == "gov.example/onecase", "the log is named in its checkpoint")
    return int(size), base64.b64decode(root)


def subproof(before: int, start: int, end: int, whole: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1, over roots that pymerkle finds."""
    if before == end - start:
        return [] if whole else [range_root(start, end)]
    middle = start + (1 << ((end - start - 1).bit_length() - 1))
    if before <= middle - start:
        return [*subproof(before, start, middle, whole), range_root(middle, end)]
    return [*subproof(before - (middle - start), middle, end, False), range_root(start, middle)]


def range_root(start: int, end: int) -> bytes:
    part = InmemoryTree(algorithm="sha256")
    for leaf in leaves[start:end]:
        part.append_entry(leaf["entry"].encode())
    return part.get_root(end - start)


with Gateway(PLATFORMS) as gateway:
    own, monitor = gateway.key("submit", "hunan"), gateway.key("monitor")
    read = lambda path: gateway.json(path, monitor)
    note = lambda: gateway.open("/v1/audit/checkpoint", headers={"X-API-Key": monitor}).read().decode()
    size = lambda: int(note().splitlines()[1])
    for number in range(140):
        gateway.json("/v1/submissions", own, filing(number))
    gateway.until(lambda: size() >= 280, "a checkpoint over what was filed and linked")
    command = [gateway.program, "audit"]
    run = lambda *arguments: subprocess.run([*command, *arguments], env=gateway.environment, check=True, capture_output=True, text=True).stdout
    config = ["--config", str(gateway.directory / "federation.toml")]
    key = run("key", *config).strip()
    export = run("export", *config, "--quiet").splitlines()
    count = int(json.loads(export[0])["checkpoint"].splitlines()[1])
    places = [0, 1, 127, 128, 255, 256, count - 1]
    included = {index: read(f"/v1/audit/proofs/inclusion?index={index}&size={count}") for index in places}
    grown = {before: read(f"/v1/audit/proofs/consistency?from={before}&to={count}") for before in [1, 2, 100, 256, 257, count]}

head, leaves = json.loads(export[0]), [json.loads(line) for line in export[1:]]
count, root = signed(head["checkpoint"], key)
expect(count == len(leaves), "the export has the leaves the checkpoint counts")
tree = InmemoryTree(algorithm="sha256")
for leaf in leaves:
    tree.append_entry(leaf["entry"].encode())
expect(tree.get_root(count) == root, "pymerkle finds the signed root")

for index, proof in included.items():
    # Its path begins with the leaf itself, and it counts leaves from 1.
    expected = [bytes.fromhex(node) for node in tree.prove_inclusion(index + 1, count).serialize()["path"]]
    expect(hashes([proof["leaf_hash"], *proof["hashes"]]) == expected, f"pymerkle proves leaf {index} the same way")
for before, proof in grown.items():
    expect(base64.b64decode(proof["from_root"]) == tree.get_root(before), f"pymerkle finds the root of the first {before}")
    expect(hashes(proof["hashes"]) == subproof(before, 0, count, True), f"the proof from {before} leaves is that of RFC 9162")

personal = [name for name in ("王小明", "1380000", "路灯") if any(name in leaf["entry"] for leaf in leaves)]
expect(not personal, f"no personal data in a leaf: {personal}")
print(f"{count} leaves: root, signature, {len(included)} inclusion and {len(grown)} consistency proofs agree")

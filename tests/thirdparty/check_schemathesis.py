"""schemathesis, written by others, calls every operation of the contract with what it makes up: nothing fails, nothing is undocumented.

Examples, coverage, fuzzing and sequences of calls, against a gateway with filings, cases, endpoints and a dead delivery in it.
Environment: SCHEMATHESIS_EXAMPLES, how many calls it makes up for an operation (a few, so that a run takes a minute or two).
"""

import os
import pathlib
import subprocess
import sys

from exchange import PLATFORMS, file_and_answer, filing
from gateway import Gateway

# No address may be called that a made-up endpoint names.
PLATFORMS_INSIDE = PLATFORMS.replace("allow_private_addresses = true", "allow_private_addresses = false")
CITY = """
[[platforms]]
id = "city"
name = "城市服务热线"
kind = "open311"
division = "430100"
"""
CONFIGURATION = pathlib.Path(__file__).with_name("schemathesis.toml")


def seed(gateway: Gateway) -> str:
    """Something of everything; the key with which all of it may be called."""
    case = file_and_answer(gateway, "4301-2026-000123")
    everything = gateway.key("submit,handle,monitor,review,administer", "hunan")
    other = {"subject": "增加公交班次", "content": "建议周末增加旅游公交专线班次并延长运营时间。", "petitioners": [{"name": "李四", "phone": "13911112222"}]}
    gateway.json("/v1/submissions", everything, filing("H-1", **other))
    gateway.json("/v1/webhooks", everything, {"url": "https://petitions.example/hooks", "paused": True})
    gateway.until(lambda: len(gateway.json("/v1/cases", everything)["items"]) >= 2, "cases")
    assert gateway.json(f"/v1/cases/{case}", everything)["status"] == "answered"
    return everything


def main() -> None:
    examples = os.environ.get("SCHEMATHESIS_EXAMPLES", "6")
    with Gateway(PLATFORMS_INSIDE + CITY) as gateway:
        key = seed(gateway)
        command = [
            pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION, "run", f"{gateway.address}/openapi.json",
            "--header", f"Authorization: Bearer {key}", "--max-examples", examples, "--no-color",
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(CONFIGURATION.parent)}
        ran = subprocess.run(command, cwd=gateway.directory, env=os.environ | hooks, capture_output=True, text=True)
        log = (gateway.directory / "log").read_text(encoding="utf-8")
    failed = [line for line in log.splitlines() if '"request failed"' in line or "panicked" in line]
    if ran.returncode != 0 or failed:
        sys.exit("\n".join([ran.stdout[-20_000:], ran.stderr[-2_000:], *failed[:20]]))
    print("schemathesis:", *[line.strip() for line in ran.stdout.splitlines() if "Test cases" in line or "passed" in line][-2:])


if __name__ == "__main__":
    main()

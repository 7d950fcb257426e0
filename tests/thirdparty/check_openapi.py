"""The committed contract is valid OpenAPI 3.1 and well made, in the eyes of a public validator and of a linter.

Environment: REDOCLY, the linter's program.
"""

import json
import os
import pathlib
import subprocess
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

DOCUMENT = pathlib.Path(__file__).parents[2] / "openapi" / "onecase.v1.json"


def validate(spec: dict) -> None:
    if not str(spec.get("openapi", "")).startswith("3.1."):
        sys.exit(f"{DOCUMENT.name} says openapi {spec.get('openapi')}, not 3.1")
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in OpenAPIV31SpecValidator(spec, base_uri=DOCUMENT.as_uri()).iter_errors()
    ]
    if errors:
        sys.exit("\n".join(errors))


def lint() -> None:
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    command = [os.environ["REDOCLY"], "lint", "--config", pathlib.Path(__file__).with_name("redocly.yaml"), "--format", "json", DOCUMENT]
    ran = subprocess.run(command, env=os.environ | quiet, capture_output=True, text=True)
    try:
        problems = json.loads(ran.stdout)["problems"]
    except (ValueError, KeyError):
        sys.exit(f"the linter did not work:\n{ran.stdout[-2_000:]}{ran.stderr[-2_000:]}")
    if problems:
        sys.exit("\n".join(f"{p['severity']} {p['ruleId']} {p['location'][0].get('pointer')}: {p['message']}" for p in problems))


def main() -> None:
    spec = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    validate(spec)
    lint()
    count = sum(len(item) for item in spec["paths"].values())
    print(f"{DOCUMENT.name}: {count} operations, valid OpenAPI {spec['openapi']}, nothing for the linter to say")


if __name__ == "__main__":
    main()

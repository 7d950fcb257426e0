"""The committed contract is a valid OpenAPI 3.1 document, in the eyes of a public validator."""

import json
import pathlib
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

DOCUMENT = pathlib.Path(__file__).parents[2] / "openapi" / "onecase.v1.json"

spec = json.loads(DOCUMENT.read_text(encoding="utf-8"))
if not str(spec.get("openapi", "")).startswith("3.1."):
    sys.exit(f"{DOCUMENT.name} says openapi {spec.get('openapi')}, not 3.1")
base = DOCUMENT.as_uri()
errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in OpenAPIV31SpecValidator(spec, base_uri=base).iter_errors()]
if errors:
    sys.exit("\n".join(errors))
print(f"{DOCUMENT.name}: {sum(len(item) for item in spec['paths'].values())} operations, valid OpenAPI {spec['openapi']}")

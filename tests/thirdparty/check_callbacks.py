"""Webhooks of platforms, signed by programs that others wrote, are taken; forged, altered and stale ones are refused and register nothing.

standardwebhooks signs as Svix and its like do (HMAC-SHA256 in base64 over id, time and body); Python's hmac as GitHub and older software
do (a prefix and SHA-256 or SHA-1 in hex over the body).
"""

import base64
import datetime
import hmac
import json
import secrets
import sys
import urllib.error

from standardwebhooks import Webhook

from gateway import Gateway

KEY = secrets.token_bytes(32)
STANDARD = {"STANDARD_KEY": base64.b64encode(KEY).decode(), "PLAIN_KEY": "It's a Secret to Everybody"}

MANIFEST = """
schema: onecase/adapter/v1
name: {name}
version: 1.0.0
title: A platform that calls
platform_kind: mobile
secrets: {{ key: signs what the platform sends }}
mappings:
  filing:
    yields: submission
    source_ref: record.id
    fields:
      source_id: record.id
      channel: "'mobile_app'"
      kind: "'request'"
      submitted_at: "'2026-03-01T09:30:00+08:00'"
      anonymous: true
      subject: record.subject
      content: record.content
callback:
  kind: webhook
{signature}
  routes: [{{ when: "true", mapping: filing }}]
  answer: {{ status: 202, body: {{ taken: body.id }} }}
"""

STANDARD_WEBHOOKS = """
  signature:
    header: webhook-signature
    prefix: "v1,"
    algorithm: hmac-sha256
    encoding: base64
    key: key
    key_encoding: base64
    signed: "{header:webhook-id}.{timestamp}.{body}"
  timestamp: { header: webhook-timestamp, tolerance_seconds: 300 }
"""

OF_THE_BODY = '  signature: {{ header: {header}, prefix: "{prefix}", algorithm: {algorithm}, encoding: hex, key: key, signed: "{{body}}" }}\n'

ADAPTERS = {
    "standard": STANDARD_WEBHOOKS.strip("\n"),
    "sha256": OF_THE_BODY.format(header="X-Hub-Signature-256", prefix="sha256=", algorithm="hmac-sha256").rstrip(),
    "sha1": OF_THE_BODY.format(header="X-Hub-Signature", prefix="sha1=", algorithm="hmac-sha1").rstrip(),
}


def standard(body: bytes, at: datetime.datetime | None = None) -> dict[str, str]:
    at, number = at or datetime.datetime.now(datetime.timezone.utc), "msg_" + secrets.token_hex(8)
    signature = Webhook(base64.b64encode(KEY).decode()).sign(number, at, body.decode())
    return {"webhook-id": number, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def of_the_body(header: str, algorithm: str):
    return lambda body: {header: f"{algorithm}=" + hmac.new(STANDARD["PLAIN_KEY"].encode(), body, algorithm).hexdigest()}


SIGNERS = {"standard": standard, "sha256": of_the_body("X-Hub-Signature-256", "sha256"), "sha1": of_the_body("X-Hub-Signature", "sha1")}


def platforms() -> str:
    parts = []
    for name in ADAPTERS:
        key = "STANDARD_KEY" if name == "standard" else "PLAIN_KEY"
        parts.append(f'[[platforms]]\nid = "{name}"\nname = "{name}"\nkind = "mobile"\ndivision = "430000"\nadapter = "{name}"\n'
                     f'[platforms.secrets]\nkey = {{ env = "{key}" }}\n')
    hunan = '[[platforms]]\nid = "hunan"\nname = "湖南"\nkind = "provincial"\ndivision = "430000"\n'
    return "".join([*parts, hunan])


def body_of(number: str) -> bytes:
    return json.dumps({"id": number, "subject": "路灯不亮", "content": f"{number}号路灯不亮"}, ensure_ascii=False).encode()


def main() -> None:
    # GitHub's own example of its signature.
    example = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert SIGNERS["sha256"](b"Hello, World!") == {"X-Hub-Signature-256": f"sha256={example}"}
    manifests = {name: MANIFEST.format(name=name, signature=signature) for name, signature in ADAPTERS.items()}
    with Gateway(platforms(), STANDARD, adapters=manifests) as gateway:
        monitor = gateway.key("monitor")

        def called(name: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict]:
            try:
                answer = gateway.open(f"/callbacks/{name}", body, headers | {"Content-Type": "application/json"})
                return answer.status, json.load(answer)
            except urllib.error.HTTPError as refused:
                return refused.code, json.load(refused)

        for name, sign in SIGNERS.items():
            body = body_of(f"{name}-1")
            for _ in range(2):
                assert called(name, body, sign(body)) == (202, {"taken": f"{name}-1"}), name
            for refused in [{}, sign(body_of("another")), {header: value[:-4] + "0000" for header, value in sign(body).items()}]:
                status, problem = called(name, body_of(f"{name}-2"), refused)
                assert status in (400, 401) and problem["code"], (name, status, problem)
            listed = gateway.json(f"/v1/submissions?platform={name}", monitor)["items"]
            assert [item["source_id"] for item in listed] == [f"{name}-1"], listed
        body, yesterday = body_of("standard-3"), datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        status, problem = called("standard", body, standard(body, yesterday))
        assert status in (400, 401), (status, problem)
    print("webhooks signed by standardwebhooks and by hmac are taken once; forged, altered, unsigned and stale ones are refused")


if __name__ == "__main__":
    sys.exit(main())

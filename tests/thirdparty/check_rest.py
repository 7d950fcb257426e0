"""A platform that others wrote is read in four ways and told of cases: json-server with its pages, offsets, times and `Link` headers,
behind oidc-provider's tokens (OAuth 2.0 client credentials, two seconds long) and Node's TLS, which asks for our certificate.

The list grows while it is read, records change and disappear, and a case filed elsewhere is forwarded, noticed and reported on.
Environment: ONECASE, and THIRDPARTY_NODE, the folder with node_modules.
"""

import base64
import datetime
import ipaddress
import json
import os
import pathlib
import secrets
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import Gateway

HERE = pathlib.Path(__file__).parent
SECRET = secrets.token_urlsafe(24)

ADAPTER = """
schema: onecase/adapter/v1
name: {name}
version: 1.0.0
title: A platform behind json-server
platform_kind: provincial
secrets: {{ id: the client, secret: its secret }}
statuses:
  from_platform: {{ accepted: accepted, answered: answered }}
  to_platform: {{ registered: new, routed: sent, objected: sent, accepted: accepted, refused: refused, in_progress: open, extended: open, answered: answered, closed: closed, under_review: open, under_re_review: open, concluded: closed }}
authentication:
  headers: {{ Authorization: "Bearer {{token}}" }}
  access_token:
    method: POST
    path: /oidc/token
    headers: {{ Authorization: "Basic {{basic:id:secret}}" }}
    form: {{ grant_type: client_credentials }}
    token: body.access_token
    lifetime_seconds: body.expires_in
mappings:
  filing:
    yields: submission
    source_ref: record.id
    fields:
      source_id: "'{name}-' + string(record.id)"
      channel: "'web'"
      kind: "'request'"
      submitted_at: parse_time(record.changed, '%+', 'UTC')
      petitioners:
        - name: record.name
          phone: phone(record.phone)
      subject: record.title
      content: record.text
      division: record.division
  progress:
    yields: update
    source_ref: record.id
    fields:
      update_id: string(record.id)
      reference: {{ case: record.case }}
      status: our_status(record.status)
      occurred_at: parse_time(record.at, '%+', 'UTC')
pulls:
  - name: filings
    mapping: filing
    interval_seconds: 1
    request: {{ method: GET, path: /filings, query: {query} }}
    records: body
    paging: {paging}
{progress}outcomes:
  - {{ when: status == 200 || status == 201, delivered: true, receipt: string(body.id) }}
  # json-server's way to say that it has this already.
  - {{ when: "status == 500 && body.contains('duplicate id')", delivered: true }}
deliveries:
  case_forwarded:
    request: {{ method: POST, path: /cases, body: {{ id: message.id, case: message.case.id, title: message.forwarded.subject, text: message.forwarded.content }} }}
  submission_registered: &notice
    request:
      method: PATCH
      path: /filings/{{id}}
      path_parameters: {{ id: "message.submission.source_id.replace('{name}-', '')" }}
      body: {{ case: message.case.id, status: their_status(message.case.status) }}
  duplicate_registered: *notice
  case_status: *notice
  case_reply:
    request:
      method: PATCH
      path: /filings/{{id}}
      path_parameters: {{ id: "message.submission.source_id.replace('{name}-', '')" }}
      body: {{ case: message.case.id, reply: message.reply.content }}
  case_notice: {{ not_sent: nothing is supervised here }}
  case_withdrawn: {{ not_sent: nothing is taken back here }}
  case_revised: {{ not_sent: what was forwarded stays }}
"""

# What the one that handles cases reports on them.
PROGRESS = """  - name: progress
    mapping: progress
    interval_seconds: 1
    request: { method: GET, path: /progress, query: { _sort: "'id'", _start: offset, _limit: 10 } }
    records: body
    paging: { kind: offset, size: 10 }
"""

# How each of four platforms goes through the same list; the last, which handles the cases, by `Link`.
WAYS = {
    "by-page": ("{ _sort: \"'id'\", _page: page, _limit: 10 }", "{ kind: page, start: 1, size: 10, overlap: 1 }"),
    "by-offset": ("{ _sort: \"'id'\", _start: offset, _limit: 10 }", "{ kind: offset, size: 10, overlap: 3 }"),
    "by-time": (
        "{ changed_gte: \"format_time(since, '%Y-%m-%dT%H:%M:%SZ', 'UTC')\", _sort: \"'changed'\", _page: page, _limit: 10 }",
        "{ kind: since, time: \"parse_time(record.changed, '%+', 'UTC')\", overlap_seconds: 60, start: '2026-03-01T00:00:00Z', first_page: 1, size: 10 }",
    ),
    "hunan": ("{ _sort: \"'id'\", _page: 1, _limit: 10 }", "{ kind: link }"),
}


class Authority:
    """A certificate authority of our own, for both sides."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
        self.pem, _ = self.issue("Authority", self.key, authority=True)

    def issue(self, name: str, key=None, authority: bool = False) -> tuple[str, str]:
        """Certificate and key as PEM."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def filing(number: int) -> dict:
    """One record of the list, of a person and a matter of its own."""
    streets = ["解放路", "五一大道", "芙蓉路", "韶山路", "人民路"]
    matters = ["路灯不亮", "井盖缺失", "夜间施工", "垃圾未清", "停水三天", "电梯停运", "占道经营"]
    street, matter = streets[number % 5], matters[number % 7]
    return {
        "id": number, "changed": f"2026-03-01T{number // 60:02}:{number % 60:02}:00Z", "name": f"张{chr(0x4E00 + 37 * number)}",
        "phone": f"1380000{number:04}", "title": f"{street}{number}号{matter}", "text": f"{street}{number}号门前{matter}，请处理。", "division": "430102",
    }


class Platform:
    """The server, and a look into it with a token and a certificate of its own."""

    def __init__(self, folder: pathlib.Path, files: dict[str, str]):
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        command = ["node", HERE / "rest/server.mjs", os.environ["THIRDPARTY_NODE"], folder]
        self.process = subprocess.Popen(command, env=os.environ | {"CLIENT_SECRET": SECRET}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("json-server and oidc-provider did not start")
        self.base = f"https://localhost:{int(line)}"
        self.tls = ssl.create_default_context(cafile=folder / "authority.pem")
        self.tls.load_cert_chain(folder / "client.pem", folder / "client.key")

    def call(self, method: str, path: str, body=None):
        token = urllib.request.Request(f"{self.base}/oidc/token", urllib.parse.urlencode({"grant_type": "client_credentials"}).encode())
        token.add_header("Authorization", "Basic " + base64.b64encode(f"gateway:{SECRET}".encode()).decode())
        bearer = json.load(urllib.request.urlopen(token, context=self.tls))["access_token"]
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        return json.load(urllib.request.urlopen(request, context=self.tls))


def federation(base: str) -> str:
    text = "[outbound]\nallow_private_addresses = true\n"
    for name in WAYS:
        text += f"""
[[platforms]]
id = "{name}"
name = "{name}"
kind = "provincial"
division = "430000"
adapter = "{name}"
base_url = "{base}"
pull_interval_ms = 200
[platforms.secrets]
id = {{ env = "CLIENT_ID" }}
secret = {{ env = "CLIENT_SECRET" }}
[platforms.tls]
authority = "authority.pem"
certificate = "client.pem"
key = {{ file = "client.key" }}
"""
    return text


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        authority = Authority()
        files = {"authority.pem": authority.pem}
        for side in ["server", "client"]:
            files[f"{side}.pem"], files[f"{side}.key"] = authority.issue(side)
        records = [filing(number) for number in range(1, 26)]
        database = {"filings": records, "cases": [], "progress": []}
        platform = Platform(folder, files | {"db.json": json.dumps(database)})
        try:
            check(platform, files)
        finally:
            platform.process.kill()
    print("json-server is read by pages, offsets, times and links, behind oidc-provider's tokens and Node's TLS, and told of its cases")


def check(platform: Platform, files: dict[str, str]) -> None:
    adapters = {name: ADAPTER.format(name=name, query=query, paging=paging, progress=PROGRESS if name == "hunan" else "") for name, (query, paging) in WAYS.items()}
    environment = {"CLIENT_ID": "gateway", "CLIENT_SECRET": SECRET}
    beside = {name: files[name] for name in ["authority.pem", "client.pem", "client.key"]}
    with Gateway(federation(platform.base), environment, beside, adapters) as gateway:
        monitor = gateway.key("monitor")

        def filed(name: str) -> set[str]:
            listed = gateway.json(f"/v1/submissions?platform={name}&limit=200", monitor)["items"]
            return {item["source_id"].removeprefix(f"{name}-") for item in listed}

        def all_see(numbers: set[int]) -> None:
            wanted = {str(number) for number in numbers}
            for name in WAYS:
                gateway.until(lambda: filed(name) == wanted, f"what {name} has: {sorted(wanted ^ filed(name))}")

        all_see(set(range(1, 26)))
        for number in range(26, 48):
            platform.call("POST", "/filings", filing(number))
        all_see(set(range(1, 48)))
        # What disappears moves all others up by one; what was registered stays, and what comes after it is still seen.
        platform.call("DELETE", "/filings/46")
        platform.call("POST", "/filings", filing(48))
        all_see(set(range(1, 49)))

        # One case for the four filings of one person's matter; the answer to the first forward was lost, and it is there once.
        gateway.until(lambda: len(platform.call("GET", "/cases?_limit=1000")) == 48, "48 cases, forwarded")
        forwarded = platform.call("GET", "/cases?title=" + urllib.parse.quote(filing(7)["title"]))
        assert len(forwarded) == 1, forwarded
        told = lambda: platform.call("GET", "/filings/7")
        gateway.until(lambda: (told().get("case"), told().get("status")) == (forwarded[0]["case"], "sent"), "a notice on the record")
        report = {"id": 1, "case": forwarded[0]["case"], "status": "accepted", "at": "2026-03-02T09:00:00Z"}
        platform.call("POST", "/progress", report)
        gateway.until(lambda: told().get("status") == "accepted", "the status, told to where it was filed")
        listed = gateway.json("/v1/submissions?limit=200", monitor)["items"]
        of_seven = {item["case"]["id"] for item in listed if item["source_id"].endswith("-7")}
        assert of_seven == {forwarded[0]["case"]}, of_seven
        pages = {name: gateway.json(f"/v1/platforms/{name}", monitor) for name in WAYS}
        errors = [(name, error["code"], error["count"]) for name, page in pages.items() for error in page.get("errors", [])]
        assert errors == [("hunan", "connection_broken", 1)], errors


if __name__ == "__main__":
    sys.exit(main())

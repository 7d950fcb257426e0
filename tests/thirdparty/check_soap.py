"""A SOAP library that knows the service only by its WSDL makes the same messages as the adapter, and reads the same answers.

zeep plays the vendor's side; libxml2 checks every message against the vendor's schema.
"""

import json
import pathlib
import sys

import zeep
from lxml import etree

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADAPTER = ROOT / "adapters/provincial-soap"
WSDL = pathlib.Path(__file__).parent / "soap/petitions.wsdl"
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"

client = zeep.Client(str(WSDL))
schema = etree.XMLSchema(etree.parse(str(WSDL)).find(".//{http://www.w3.org/2001/XMLSchema}schema"))
failures = []


def check(condition: bool, what: str):
    if not condition:
        failures.append(what)


def content(envelope: etree._Element) -> etree._Element:
    return envelope.find(f"{ENVELOPE}Body")[0]


def canonical(element: etree._Element) -> bytes:
    """Without insignificant differences: prefixes, unused namespaces, blanks between elements."""
    return etree.canonicalize(etree.tostring(element, encoding="unicode"), strip_text=True, rewrite_prefixes=True).encode()


def arguments(element: etree._Element):
    """The members of an element, for zeep."""
    members = {}
    for child in element:
        value = arguments(child) if len(child) else child.text
        if child.tag in members:
            members[child.tag] = [*members[child.tag], value] if isinstance(members[child.tag], list) else [members[child.tag], value]
        else:
            members[child.tag] = value
    return members


requests = 0
for path in sorted(ADAPTER.glob("expected/**/*.json")):
    request = json.loads(path.read_text(encoding="utf-8")).get("request")
    if request is None or "queryProgress" in request["body"]:
        continue
    requests += 1
    ours = content(etree.fromstring(request["body"].encode()))
    operation = etree.QName(ours).localname
    check(request["headers"]["SOAPAction"] == f'"urn:{operation}"', f"{path}: SOAPAction")
    check(schema.validate(ours), f"{path}: {schema.error_log}")
    if operation != "receiveCase":  # zeep writes a choice in its own order
        theirs = content(client.create_message(client.service, operation, **arguments(ours)))
        check(canonical(ours) == canonical(theirs), f"{path}: zeep writes {etree.tostring(theirs, encoding='unicode')}")

answers = 0
for sample in sorted(ADAPTER.glob("samples/pulls/petitions/*.http")):
    expected = json.loads((ADAPTER / "expected/pulls/petitions" / f"{sample.name}.json").read_text(encoding="utf-8"))
    if "records" not in expected:
        continue
    answers += 1
    body = sample.read_bytes().split(b"\n\n", 1)[1].strip()
    envelope = etree.fromstring(body)
    operation = client.service._binding.get("queryPetitions")
    found = operation.process_reply(envelope)
    theirs = [petition.bh for petition in found or []]  # zeep takes wrappers of one member away
    ours = [record.get("submission", {}).get("source_id") or record["unmapped"]["source_ref"] for record in expected["records"]]
    check(theirs == ours, f"{sample}: zeep reads {theirs}, the adapter {ours}")

check(requests >= 10 and answers >= 3, f"only {requests} requests and {answers} answers were compared")
if failures:
    sys.exit("\n".join(failures))
print(f"{requests} messages are zeep's and fit the schema, {answers} answers are read alike")

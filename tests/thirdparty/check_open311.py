"""georeport, written by others, is a client of GeoReport v2: it lists services, their definitions and requests, as XML and JSON."""

import json
import urllib.parse
import xml.etree.ElementTree

from exchange import PLATFORMS
from gateway import Gateway
from georeport import GeoReport

CITY = """
[[platforms]]
id = "city"
name = "城市服务热线"
kind = "open311"
division = "430100"
"""
# The members that GeoReport v2 lists for each document, and those a client cannot do without.
SERVICE = {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
ATTRIBUTE = {"variable", "code", "datatype", "required", "datatype_description", "order", "description"}
REQUEST = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible", "service_notice",
    "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "lat", "long", "media_url",
}


def file(gateway: Gateway, key: str, form: str, **members: str) -> dict | xml.etree.ElementTree.Element:
    members = {"api_key": key, "jurisdiction_id": "city", "service_code": "request", "address_string": "韶山北路88号"} | members
    answer = gateway.open(f"/open311/v2/requests.{form}", urllib.parse.urlencode(members).encode())
    assert answer.status == 201
    text = answer.read().decode()
    return json.loads(text)[0] if form == "json" else xml.etree.ElementTree.fromstring(text)


def check(gateway: Gateway, form: str, filed: dict[str, str]) -> None:
    client = GeoReport(f"{gateway.address}/open311/v2", jurisdiction="city", output_format=form)
    services = client.get_service_list()
    assert [service["service_code"] for service in services] == ["request", "suggestion", "accusation"]
    assert all(set(service) == SERVICE for service in services), services
    definition = client.get_service_definition("request")
    attributes = definition["attributes"] if form == "json" else definition["attributes"]["attribute"]
    assert definition["service_code"] == "request" and all(set(attribute) == ATTRIBUTE for attribute in attributes), attributes
    requests = client.get_service_requests()
    assert {request["service_request_id"] for request in requests} == set(filed), requests
    assert all(set(request) == REQUEST and request["status"] == "open" for request in requests), requests
    only = client.get_service_requests(service_code="request", status="open", start_date="2026-01-01T00:00:00Z")
    assert len(only) == len(filed)
    for number, words in filed.items():
        request = client.get_service_request(number)
        assert request["service_request_id"] == number and words not in json.dumps(request, ensure_ascii=False), request


def main() -> None:
    with Gateway(PLATFORMS + CITY) as gateway:
        key = gateway.key("submit", "city")
        first = file(gateway, key, "json", description="路灯不亮，家门口很黑", last_name="张", first_name="三", phone="13800000000")
        second = file(gateway, key, "xml", description="井盖缺失，行人危险", device_id="d-1", lat="28.19", long="112.98")
        filed = {first["service_request_id"]: "路灯", second.findtext("request/service_request_id"): "井盖"}
        assert len(filed) == 2 and all(filed)
        monitor = gateway.key("monitor")
        gateway.until(lambda: all(gateway.json(f"/v1/submissions/{id}", key).get("case") for id in filed), "the requests linked")
        assert len(gateway.json("/v1/submissions?platform=city", monitor)["items"]) == 2
        for form in ("json", "xml"):
            check(gateway, form, filed)
        discovery = xml.etree.ElementTree.parse(gateway.open("/open311/v2/discovery.xml"))
        assert discovery.findtext("endpoints/endpoint/url") == f"{gateway.address}/open311/v2"
    print("georeport: services, definitions and requests read as XML and JSON; filings posted in both")


if __name__ == "__main__":
    main()

"""GDAL's ogrinfo, written by others, reads the cases as OGC API Features: the layer, all its features page by page, a rectangle, an attribute."""

import json
import os
import re
import subprocess
import sys

from gateway import Gateway

PLATFORMS = """
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
"""
CASES = 45
TOPICS = ["路灯不亮", "水管漏水", "垃圾未清运", "噪音扰民", "道路塌陷", "井盖缺失", "树木倒伏", "公厕停用", "电梯故障"]


def filing(number: int) -> dict:
    return {
        "source_id": f"A-{number}", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{"name": f"王{number}明", "phone": f"1380000{number:04}"}],
        "subject": f"{TOPICS[number % 9]}第{number}处", "content": f"{number * 7919}号{TOPICS[number % 9]}，请尽快处理。",
        "division": "430102", "location": {"type": "Point", "coordinates": [112.9 + number / 100, 28.1]},
    }


def expect(condition: bool, what: str):
    if not condition:
        sys.exit(f"does not hold: {what}")


with Gateway(PLATFORMS) as gateway:
    own, key = gateway.key("submit", "hunan"), gateway.key("monitor")
    for number in range(CASES):
        gateway.json("/v1/submissions", own, filing(number))
    listed = lambda: len(gateway.json("/ogc/collections/cases/items?limit=1000", key)["features"])
    cases = lambda: gateway.json("/v1/cases?limit=200", key)["items"]
    gateway.until(lambda: sum(case["submissions"] for case in cases()) == CASES, "everything linked")
    expected = listed()

    def ogrinfo(*arguments: str) -> str:
        environment = os.environ | {"GDAL_HTTP_HEADERS": f"X-API-Key: {key}"}
        command = ["ogrinfo", "-ro", f"OAPIF:{gateway.address}/ogc", "-oo", "PAGE_SIZE=10", *arguments]
        found = subprocess.run(command, env=environment, capture_output=True, text=True)
        expect(found.returncode == 0, f"{' '.join(command)}: {found.stdout} {found.stderr}")
        return found.stdout

    count = lambda *arguments: int(re.search(r"Feature Count: (\d+)", ogrinfo("-so", *arguments, "cases"))[1])
    expect("cases" in ogrinfo(), "the layer is listed")
    summary = ogrinfo("-so", "cases")
    for field in ("status: String", "division: String", "resolving_body: String", "territorial_body: String", "registered_at: DateTime"):
        expect(field in summary, f"{field} in {summary}")
    expect("Geometry: Point" in summary, summary)
    expect(count() == expected, f"{expected} features over several pages, {count()} counted")
    rectangle = ["112.9", "28.0", "113.0", "28.2"]
    inside = gateway.json(f"/ogc/collections/cases/items?limit=1000&bbox=112.9,28.0,113.0,28.2", key)["numberReturned"]
    expect(0 < count("-spat", *rectangle) == inside < expected, "a rectangle holds some")
    expect(count("-where", "territorial_body = 'furong-office'") == expected, "an attribute narrows")
    expect(count("-where", "territorial_body = 'hunan-office'") == 0, "another one finds nothing")
    features = json.dumps(gateway.json("/ogc/collections/cases/items?limit=1000", key), ensure_ascii=False)
    expect(not any(word in features for word in ("1380000", "路灯", "明")), "nothing personal")
    print(f"ogrinfo reads {expected} features over several pages, by rectangle and by attribute")

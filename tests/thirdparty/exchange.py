"""Who takes part and what is filed, where a check has no need of its own."""

from gateway import Gateway

# A province that handles, and a mobile platform that files.
PLATFORMS = """
[outbound]
allow_private_addresses = true
[[platforms]]
id = "hunan"
name = "湖南省网上信访平台"
kind = "provincial"
division = "430000"
[[platforms]]
id = "mobile"
name = "手机信访"
kind = "mobile"
division = "000000"
"""


def filing(source_id: str, **members) -> dict:
    return {
        "source_id": source_id,
        "channel": "mobile_app",
        "kind": "request",
        "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{"name": "张三", "id_document": {"type": "resident_id", "number": "11010519491231002X"}, "phone": "13800000000"}],
        "subject": "小区楼道堆放杂物存在火灾隐患",
        "content": "三单元楼道长期堆放杂物和电动车，多次向物业反映未果，请求督促清理。",
        "division": "430102",
        "category": "城乡建设/安全生产/事故处理",
    } | members


def answered(case: str, update_id: str = "U-1") -> dict:
    """The handling platform's report that the case is answered."""
    return {
        "update_id": update_id,
        "reference": {"case": case},
        "status": "answered",
        "occurred_at": "2026-03-20T16:00:00+08:00",
        "reply": {"content": "张三同志：经核查已清理。", "organization": "芙蓉区住建局", "replied_at": "2026-03-20T16:00:00+08:00"},
    }


def file_and_answer(gateway: Gateway, source_id: str) -> str:
    """One filing, linked and answered; its case."""
    mobile, hunan = gateway.key("submit", "mobile"), gateway.key("handle", "hunan")
    made = gateway.json("/v1/submissions", mobile, filing(source_id))
    gateway.until(lambda: gateway.json(f"/v1/submissions/{made['id']}", mobile).get("case"), "the filing linked")
    case = gateway.json(f"/v1/submissions/{made['id']}", mobile)["case"]["id"]
    gateway.json("/v1/updates", hunan, answered(case))
    return case

//! The HTTP API over real sockets, on both stores.

use serde_json::{Value, json};

mod authorisation;
mod batch;
mod callbacks;
mod changes;
mod filing;
mod following;
mod limits;
mod open311;
mod refusals;
mod rulings;
mod tls;
mod webhooks;

/// A filing of one person about one thing, in the words of one of two platforms.
fn filing(source_id: &str) -> Value {
    json!({
        "source_id": source_id, "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{ "name": "张三", "id_document": { "type": "resident_id", "number": "11010519491231002X" }, "phone": "13800000000" }],
        "subject": "韶山北路小区三单元楼道堆放杂物存在火灾隐患",
        "content": "我是韶山北路某小区三单元住户,楼道长期堆放杂物和电动车,消防通道被堵,多次向物业反映未果,请求督促清理。",
        "division": "430102", "place": "韶山北路某小区三单元", "category": "城乡建设/安全生产/事故处理"
    })
}

fn reworded(source_id: &str) -> Value {
    let mut filing = filing(source_id);
    filing["channel"] = json!("mobile_app");
    filing["submitted_at"] = json!("2026-03-02T20:10:00+08:00");
    filing["subject"] = json!("小区三单元楼道堆放杂物火灾隐患无人管");
    filing["content"] = json!("韶山北路某小区三单元楼道长期堆放杂物和电动车,消防通道被堵,物业多次不处理,请督促尽快清理。");
    filing
}

/// Somebody else about something else.
fn unrelated(source_id: &str) -> Value {
    json!({
        "source_id": source_id, "channel": "phone", "kind": "suggestion", "submitted_at": "2026-02-11T08:00:00+08:00",
        "petitioners": [{ "name": "李四", "phone": "13911112222" }],
        "subject": "建议增加公交班次", "content": "岳麓山景区周末游客很多,建议周末增加旅游公交专线班次并延长运营时间。", "division": "430104"
    })
}

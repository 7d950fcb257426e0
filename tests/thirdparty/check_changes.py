"""cloudevents, written by others, reads the change feed: as a batch, as single events, and out of the stream."""

import json

from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from exchange import PLATFORMS, file_and_answer
from gateway import Gateway

TYPES = ["onecase.case.registered", "onecase.case.routed", "onecase.case.status_changed", "onecase.case.replied"]


def parsed(text: str, headers: dict[str, str]):
    """An event in the eyes of the library, which refuses what the specification does."""
    event = from_http(HTTPMessage(headers=headers, body=text.encode()), JSONFormat())
    assert event.get_specversion() == "1.0" and event.get_time().tzinfo is not None
    return event


def main() -> None:
    with Gateway(PLATFORMS) as gateway:
        case = file_and_answer(gateway, "M-1")
        key = {"Authorization": f"Bearer {gateway.key('monitor')}"}
        with gateway.open("/v1/changes", headers=key | {"Accept": "application/cloudevents-batch+json"}) as answer:
            assert answer.headers["Content-Type"] == "application/cloudevents-batch+json"
            raw = answer.read().decode()
        batch = [parsed(json.dumps(item), {"content-type": "application/cloudevents+json"}) for item in json.loads(raw)]
        assert [event.get_type() for event in batch] == TYPES, [event.get_type() for event in batch]
        assert {event.get_subject() for event in batch} == {case}
        assert len({(event.get_source(), event.get_id()) for event in batch}) == len(TYPES), "an event is named twice"
        assert "张三" not in raw, "the feed says something personal"
        with gateway.open(f"/v1/changes/{batch[-1].get_id()}", headers=key) as answer:
            single = parsed(answer.read().decode(), {"content-type": answer.headers["Content-Type"]})
        assert single.get_data() == batch[-1].get_data() and single.get_type() == TYPES[-1]
        assert gateway.json(single.get_data()["href"], gateway.key("monitor"))["status"] == "answered"
        streamed = []
        with gateway.open("/v1/changes", headers=key | {"Accept": "text/event-stream"}) as answer:
            while len(streamed) < len(TYPES):
                line = answer.readline().decode()
                if line.startswith("data: "):
                    streamed.append(parsed(line.removeprefix("data: "), {"content-type": "application/cloudevents+json"}).get_id())
        assert streamed == [event.get_id() for event in batch], "the stream and the batch differ"
    print(f"cloudevents: {len(batch)} events read as a batch, singly and as a stream")


if __name__ == "__main__":
    main()

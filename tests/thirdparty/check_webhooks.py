"""standardwebhooks, written by others, receives what an endpoint is sent and verifies it; cloudevents reads it."""

import http.server
import json
import threading
import urllib.request

from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from exchange import PLATFORMS, file_and_answer
from gateway import Gateway
from standardwebhooks import Webhook, WebhookVerificationError

TYPES = ["onecase.case.registered", "onecase.case.routed", "onecase.case.status_changed", "onecase.case.replied"]


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is sent, as it came."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def refused(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


def main() -> None:
    receiver = Receiver()
    with Gateway(PLATFORMS) as gateway:
        monitor = gateway.key("monitor")
        made = gateway.json("/v1/webhooks", monitor, {"url": receiver.url})
        secret, path = made["secret"], f"/v1/webhooks/{made['webhook']['id']}"
        case = file_and_answer(gateway, "M-1")
        gateway.until(lambda: len(receiver.got) >= len(TYPES), "its endpoint told")
        for headers, body in receiver.got:
            said = Webhook(secret).verify(body, headers)
            event = from_http(HTTPMessage(headers=headers, body=body), JSONFormat())
            assert event.get_id() == headers["webhook-id"] and event.get_subject() == case, said
        assert [json.loads(body)["type"] for _, body in receiver.got] == TYPES, "out of order"
        headers, body = receiver.got[0]
        assert refused(secret, body.replace(b"LJ", b"LK"), headers), "a changed body is verified"
        assert refused(secret, body, headers | {"webhook-id": "another"}), "another id is verified"
        assert refused(secret, body, headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)}), "another time is verified"
        rotated = gateway.json(f"{path}/rotate-secret", monitor, {"overlap_seconds": 3600})["secret"]
        assert gateway.json(f"{path}/test", monitor, {})["delivered"]
        headers, body = receiver.got[-1]
        for known in (secret, rotated):
            Webhook(known).verify(body, headers)
        at_once = gateway.json(f"{path}/rotate-secret", monitor, {"overlap_seconds": 0})["secret"]
        assert gateway.json(f"{path}/test", monitor, {})["delivered"]
        headers, body = receiver.got[-1]
        Webhook(at_once).verify(body, headers)
        assert refused(secret, body, headers) and refused(rotated, body, headers), "a secret counts after its overlap"
        request = urllib.request.Request(gateway.address + path, method="DELETE", headers={"Authorization": f"Bearer {monitor}"})
        assert urllib.request.urlopen(request).status == 204
    print(f"standardwebhooks: {len(TYPES)} events verified in order, forgeries refused, secrets rotated with and without overlap")


if __name__ == "__main__":
    main()

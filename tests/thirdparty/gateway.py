"""Starts the program under test as a gateway with a store and keys of its own, on a free port.

Environment: ONECASE, the program.
"""

import contextlib
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ORGANIZATIONS = """
[[organizations]]
id = "hunan-office"
name = "湖南省信访局"
division = "430000"
platform = "hunan"
[[organizations]]
id = "furong-office"
name = "芙蓉区信访局"
division = "430102"
parent = "hunan-office"
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """Stopped, and its folder removed, at the end of the `with` block."""

    def __init__(self, platforms: str, environment: dict[str, str] | None = None, files: dict[str, str] | None = None, adapters: dict[str, str] | None = None):
        """`platforms`: the `[[platforms]]` of the federation file. `files`: what lies beside it, such as secrets. `adapters`: manifests."""
        self.program = os.environ["ONECASE"]
        self.folder = tempfile.TemporaryDirectory()
        self.directory = pathlib.Path(self.folder.name)
        self.address = f"http://127.0.0.1:{free_port()}"
        listen = self.address.removeprefix("http://")
        (self.directory / "organizations.toml").write_text(ORGANIZATIONS, encoding="utf-8")
        for name, content in (files or {}).items():
            (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
            (self.directory / name).write_text(content, encoding="utf-8")
        for name, manifest in (adapters or {}).items():
            folder = self.directory / "adapters" / name
            folder.mkdir(parents=True)
            (folder / "adapter.yaml").write_text(manifest, encoding="utf-8")
        own = 'adapters = "adapters"\n' if adapters else ""
        federation = f'organizations = "organizations.toml"\n{own}[server]\nlisten = "{listen}"\n[limits]\nrefused_keys_per_minute = 100000\npublic_requests_per_minute = 1000000\n{platforms}'
        (self.directory / "federation.toml").write_text(federation, encoding="utf-8")
        keys = {"ONECASE_MASTER_KEY": secrets.token_hex(32), "ONECASE_FEDERATION_KEY": secrets.token_hex(32)}
        self.environment = os.environ | keys | (environment or {})

    def __enter__(self):
        self.log = (self.directory / "log").open("w", encoding="utf-8")
        command = [self.program, "serve", "--config", self.directory / "federation.toml"]
        self.process = subprocess.Popen(command, env=self.environment, stdout=self.log, stderr=self.log)
        self.until(lambda: self.open("/readyz").status == 200, "ready")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.log.close()
        self.folder.cleanup()

    def key(self, scopes: str, platform: str | None = None) -> str:
        """Makes an API key; without a platform, one of the bureau."""
        command = [self.program, "key", "--config", self.directory / "federation.toml", "create", "--scopes", scopes]
        command += ["--platform", platform] if platform else []
        printed = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout
        return next(word for word in printed.split() if word.startswith("oc_"))

    def open(self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None):
        return urllib.request.urlopen(urllib.request.Request(self.address + path, data, headers or {}), timeout=30)

    def json(self, path: str, key: str, body=None):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        return json.load(self.open(path, None if body is None else json.dumps(body).encode(), headers))

    def until(self, condition, what: str):
        for _ in range(600):
            with contextlib.suppress(OSError):
                if condition():
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"the gateway did not get {what}:\n{(self.directory / 'log').read_text(encoding='utf-8')}")

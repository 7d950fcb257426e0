"""An SFTP server written by others, asyncssh's, is read as a folder on this machine is: files are taken when whole, once, and put away.

Beside it the same server under a key that nobody named, with a password that is not ours, stalling in the middle of a file, and at an
address that may not be called: each is named on the platform's page, and loses nothing.
"""

import asyncio
import pathlib
import sys
import tempfile
import threading

import asyncssh

from gateway import Gateway

HEADER = "登记编号,登记日期,信访形式,信访人,主题,内容\n"
PASSWORD = "a made-up password"
stalling = threading.Event()


def row(number: str) -> str:
    return f"{number},2026/03/01 09:30,来信,张三,路灯,路灯不亮{number}\n"


class Server(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return username == "gateway" and password == PASSWORD


class Files(asyncssh.SFTPServer):
    """Gives nothing more of a file behind its first bytes while it stalls."""

    async def read(self, file_obj, offset, size):
        if stalling.is_set() and offset > 0:
            await asyncio.sleep(3600)
        return super().read(file_obj, offset, min(size, 4096))


class Running:
    """The server on a thread of its own."""

    def __init__(self, root: str, client: asyncssh.SSHKey, authorized: pathlib.Path):
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        authorized.write_bytes(client.export_public_key())
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.port = asyncio.run_coroutine_threadsafe(self.listen(root, str(authorized)), self.loop).result(30)

    async def listen(self, root: str, authorized: str) -> int:
        listening = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Server, server_host_keys=[self.key], authorized_client_keys=authorized,
            sftp_factory=lambda channel: Files(channel, chroot=root),
        )
        return listening.get_port()


HUNAN = """
[[platforms]]
id = "hunan"
name = "湖南省网上信访平台"
kind = "provincial"
division = "430000"
"""


def platform(name: str, port: int, fingerprint: str, secret: str, host: str = "127.0.0.1") -> str:
    return f"""
[[platforms]]
id = "{name}"
name = "{name}"
kind = "letters_and_visits"
division = "430000"
adapter = "file-drop"
pull_interval_ms = 200
[platforms.sftp]
host = "{host}"
port = {port}
user = "gateway"
folder = "/{name}"
host_keys = ["{fingerprint}"]
{secret}
"""


def check(server: Running, root: pathlib.Path, client: asyncssh.SSHKey) -> None:
    known, other = server.key.get_fingerprint(), asyncssh.generate_private_key("ssh-ed25519").get_fingerprint()
    password = 'password = { env = "SFTP_PASSWORD" }'
    platforms = "[outbound]\nallow_private_addresses = true\nconnect_timeout_ms = 1000\ntotal_timeout_ms = 1500\n" + HUNAN + "".join([
        platform("password", server.port, known, password),
        platform("key", server.port, known, 'key = { file = "client.key" }'),
        platform("impostor", server.port, other, password),
        platform("locked", server.port, known, 'password = { env = "SFTP_WRONG" }'),
    ])
    for name in ["password", "key", "impostor", "locked"]:
        (root / name).mkdir()
    environment = {"SFTP_PASSWORD": PASSWORD, "SFTP_WRONG": "another"}
    with Gateway(platforms, environment, {"client.key": client.export_private_key().decode()}) as gateway:
        monitor = gateway.key("monitor")

        def filed(name: str) -> list[str]:
            return sorted(item["source_id"] for item in gateway.json(f"/v1/submissions?platform={name}", monitor)["items"])

        def errors(name: str) -> list[str]:
            return [error["code"] for error in gateway.json(f"/v1/platforms/{name}", monitor)["errors"]]

        for name in ["password", "key"]:
            folder, half = root / name, f"{name}-信访登记表1.csv"
            folder.joinpath("信访登记表1.csv.part").write_text(HEADER + row(f"{name}1"), encoding="utf-8")
            folder.joinpath("信访登记表2.csv").write_text(HEADER + row(f"{name}2") + "坏行\n" + row(f"{name}3"), encoding="utf-8")
            folder.joinpath("照片.jpg").write_text("?")
            gateway.until(lambda: (folder / "done/信访登记表2.csv").is_file(), "a file that is done")
            gateway.until(lambda: (folder / "failed/照片.jpg").is_file(), "a file that nobody can read")
            assert filed(name) == [f"{name}2", f"{name}3"], filed(name)
            folder.joinpath("信访登记表1.csv.part").rename(folder / "信访登记表1.csv")
            gateway.until(lambda: (folder / "done/信访登记表1.csv").is_file(), "a file that was renamed")
            # The same again under another name is put away beside the first and read by nobody.
            folder.joinpath("信访登记表2.csv").write_bytes((folder / "done/信访登记表2.csv").read_bytes())
            gateway.until(lambda: len(list((folder / "done").glob("*信访登记表2.csv"))) == 2, "a file that was dropped again")
            assert filed(name) == [f"{name}1", f"{name}2", f"{name}3"], filed(name)
            assert {"no_such_file_kind", "unreadable"} <= set(errors(name)), errors(name)
            assert half not in str(list(folder.iterdir()))

        # A server that stops in the middle of a file is left alone, and the file is read when it is well again.
        stalling.set()
        rows = "".join(row(f"later{number:03}") for number in range(200))
        (root / "key/信访登记表3.csv").write_text(HEADER + rows, encoding="utf-8")
        gateway.until(lambda: "timeout" in errors("key"), "told that the server stalls")
        assert (root / "key/信访登记表3.csv").is_file() and len(filed("key")) == 3
        stalling.clear()
        gateway.until(lambda: (root / "key/done/信访登记表3.csv").is_file(), "the file after all")
        listed = gateway.json("/v1/submissions?platform=key&limit=200", monitor)["items"]
        assert len(listed) == 200, len(listed)

        (root / "impostor/信访登记表1.csv").write_text(HEADER + row("I1"), encoding="utf-8")
        gateway.until(lambda: errors("impostor") == ["host_key_unknown"], "told of a key nobody named")
        gateway.until(lambda: errors("locked") == ["login_refused"], "told that the password is refused")
        assert filed("impostor") == []

    inside = platforms.replace("allow_private_addresses = true", "allow_private_addresses = false").replace('host = "127.0.0.1"', 'host = "localhost"')
    with Gateway(inside, environment, {"client.key": client.export_private_key().decode()}) as gateway:
        monitor = gateway.key("monitor")
        gateway.until(lambda: [e["code"] for e in gateway.json("/v1/platforms/key", monitor)["errors"]] == ["private_address"], "an address inside refused")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        root.mkdir()
        client = asyncssh.generate_private_key("ssh-ed25519")
        check(Running(str(root), client, pathlib.Path(folder) / "authorized"), root, client)
    print("asyncssh's server is read whole and once, by password and by key; a wrong key, a wrong password and a stall are named")


if __name__ == "__main__":
    sys.exit(main())

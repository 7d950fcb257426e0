"""wechatpy, written by others, plays WeChat's server: it proves the address, sends messages plain and in safe mode, and opens our answers."""

import re
import secrets
import string
import sys
import time
import urllib.error
import urllib.parse

from gateway import Gateway
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner, check_signature

TOKEN, APP = "a-token", "wx0123456789abcdef"
# The last character carries bits that belong to no byte, as key generators leave them.
AES_KEY = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(42)) + "Z"

# One account in each mode: where a key is configured, only sealed messages count.
PLATFORMS = """
[keys]
master = { file = "master" }
federation = { file = "federation" }
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
[[platforms]]
id = "sealed"
name = "信访公众号"
kind = "wechat"
division = "430000"
adapter = "wechat"
secrets = { token = { file = "token" }, app_id = { file = "app" }, app_secret = { file = "secret" }, encoding_aes_key = { file = "aes" } }
[[platforms]]
id = "plain"
name = "信访服务号"
kind = "wechat"
division = "430000"
adapter = "wechat"
secrets = { token = { file = "token" }, app_id = { file = "app" }, app_secret = { file = "secret" } }
"""
FILES = {
    "master": secrets.token_hex(32), "federation": secrets.token_hex(32), "token": TOKEN, "app": APP, "secret": "a-secret", "aes": AES_KEY,
}

FORM = """标题：楼道堆放杂物
内容：三单元楼道长期堆放杂物，存在火灾隐患，多次反映无人处理。
姓名：张三
身份证号：11010519491231002X
手机号：13800000000
所在地区：湖南省长沙市芙蓉区"""
MESSAGE = """<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oWx-1]]></FromUserName><CreateTime>{time}</CreateTime>
<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content><MsgId>{number}</MsgId></xml>"""


def signature(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return signer.signature


def member(xml: str, name: str) -> str:
    return re.search(rf"<{name}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{name}>", xml, re.DOTALL).group(1)


class Account:
    """One official account's server, as wechatpy would have it."""

    def __init__(self, gateway: Gateway, platform: str, crypto: WeChatCrypto | None, token: str = TOKEN):
        self.gateway, self.platform, self.crypto, self.token = gateway, platform, crypto, token

    def address(self, timestamp: str, nonce: str, extra: dict[str, str]) -> str:
        signed = signature(self.token, timestamp, nonce)
        check_signature(self.token, signed, timestamp, nonce)
        return f"/wechat/{self.platform}?" + urllib.parse.urlencode({"signature": signed, "timestamp": timestamp, "nonce": nonce} | extra)

    def verify(self) -> bytes:
        return self.gateway.open(self.address(str(int(time.time())), secrets.token_hex(8), {"echostr": "8131571"})).read()

    def send(self, content: str, number: int, forged: bool = False) -> bytes:
        """Sends a text message; the answer's body. A forged one was changed after it was signed."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        body, extra = MESSAGE.format(time=timestamp, content=content, number=number), {}
        if self.crypto:
            body = self.crypto.encrypt_message(body, nonce, timestamp)
            extra = {"encrypt_type": "aes", "msg_signature": member(body, "MsgSignature")}
            if forged:
                sealed = member(body, "Encrypt")
                body = body.replace(sealed, ("B" if sealed[0] == "A" else "A") + sealed[1:])
        address = self.address(timestamp, nonce, extra)
        if forged and not self.crypto:
            # In plain mode only the query is signed.
            address = address.replace("nonce=", "nonce=0")
        return self.gateway.open(address, body.encode(), {"Content-Type": "text/xml"}).read()

    def opened(self, answer: bytes) -> str:
        """The text of a passive reply; wechatpy checks the signature of a sealed one first."""
        xml = answer.decode()
        if self.crypto:
            xml = self.crypto.decrypt_message(xml, member(xml, "MsgSignature"), member(xml, "TimeStamp"), member(xml, "Nonce"))
        message = parse_message(xml)
        assert (message.type, message.target, message.source) == ("text", "oWx-1", "gh_1"), "the reply is addressed to somebody else"
        return message.content


def check_account(account: Account, monitor: str) -> str:
    """Everything that holds in either mode; answers the case of the filing."""
    name = account.platform
    assert account.verify() == b"8131571", f"{name}: the address is not proved"
    offered = account.opened(account.send("你好", 1))
    assert "标题：" in offered and "内容：" in offered, f"{name}: no form is offered: {offered}"
    for _ in range(3):  # WeChat sends again, three times in all, what it thinks was not taken.
        assert account.send(FORM, 2) == b"", f"{name}: a filing is not acknowledged with an empty answer"

    def linked():
        return [filing for filing in filings() if filing["state"] == "linked"]

    def filings():
        return account.gateway.json(f"/v1/submissions?platform={name}", monitor)["items"]

    account.gateway.until(linked, f"{name}'s filing linked")
    assert [filing["source_id"] for filing in filings()] == ["2"], f"{name}: sent three times, filed as {filings()}"
    for forger, what in [
        (lambda: account.send(FORM, 3, forged=True), "a message that was changed"),
        (lambda: Account(account.gateway, name, account.crypto, "another-token").verify(), "an address proved with another token"),
    ]:
        refuse(name, what, forger, 401)
    assert len(filings()) == 1, f"{name}: a forged message was filed"
    return filings()[0]["case"]["id"]


def refuse(name: str, what: str, forger, *statuses: int) -> None:
    try:
        forger()
    except urllib.error.HTTPError as refused:
        assert refused.code in statuses, f"{name}: {what} is answered with {refused.code}"
        return
    sys.exit(f"{name}: {what} is taken")


def main() -> None:
    with Gateway(PLATFORMS, files=FILES) as gateway:
        monitor = gateway.key("monitor")
        sealed = Account(gateway, "sealed", WeChatCrypto(TOKEN, AES_KEY, APP))
        case = check_account(sealed, monitor)
        other_key = WeChatCrypto(TOKEN, AES_KEY[::-1], APP)
        refuse("sealed", "a message sealed with another key", lambda: Account(gateway, "sealed", other_key).send(FORM, 4), 400, 401)
        other_application = WeChatCrypto(TOKEN, AES_KEY, "wx-another")
        refuse("sealed", "a message for another application", lambda: Account(gateway, "sealed", other_application).send(FORM, 5), 400, 401)
        refuse("sealed", "an open message", lambda: Account(gateway, "sealed", None).send(FORM, 6), 400, 401)
        # The same person with the same matter, over another account: one case.
        assert check_account(Account(gateway, "plain", None), monitor) == case, "the same filing over two accounts is two cases"
    print("wechatpy: address proved, forms offered, filings taken once and linked, forgeries refused; plain and in safe mode")


if __name__ == "__main__":
    main()

"""wechatpy, written by others, plays WeChat's server: it proves the address, encrypts a message in safe mode, and decrypts our answer."""

import secrets
import string
import sys
import time
import urllib.error
from urllib.parse import urlencode

from gateway import Gateway
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

TOKEN, APP = "a-token", "wx0123456789abcdef"
AES_KEY = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))

PLATFORMS = """
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
[[platforms]]
id = "wechat"
name = "信访公众号"
kind = "wechat"
division = "430000"
adapter = "wechat"
[platforms.secrets]
token = { env = "CHECK_TOKEN" }
app_id = { env = "CHECK_APP" }
app_secret = { env = "CHECK_SECRET" }
encoding_aes_key = { env = "CHECK_AES_KEY" }
"""

FORM = "标题：楼道堆放杂物\n内容：三单元楼道长期堆放杂物，存在火灾隐患，多次反映无人处理。\n姓名：张三\n身份证号：11010519491231002X\n手机号：13800000000\n所在地区：湖南省长沙市芙蓉区"
MESSAGE = """<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oWx-{sender}]]></FromUserName><CreateTime>{time}</CreateTime>
<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content><MsgId>{number}</MsgId></xml>"""


def signature(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return signer.signature


def query(extra: dict[str, str]) -> str:
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    return urlencode({"signature": signature(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce} | extra)


def send(gateway: Gateway, crypto: WeChatCrypto, content: str, number: int) -> bytes:
    """A message as WeChat's server sends it in safe mode; the answer's body."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    plain = MESSAGE.format(sender="1", time=timestamp, content=content, number=number)
    sealed = crypto.encrypt_message(plain, nonce, timestamp)
    inner = sealed.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    address = "/wechat/wechat?" + urlencode({
        "signature": signature(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": inner,
    })
    return gateway.open(address, sealed.encode(), {"Content-Type": "text/xml"}).read()


def opened(crypto: WeChatCrypto, answer: bytes) -> str:
    """What the gateway answered, opened by wechatpy, which checks the signature first."""
    text = answer.decode()
    field = lambda name: text.split(f"<{name}>")[1].split(f"</{name}>")[0].removeprefix("<![CDATA[").removesuffix("]]>")
    plain = crypto.decrypt_message(text, field("MsgSignature"), field("TimeStamp"), field("Nonce"))
    return parse_message(plain).content


def main() -> int:
    environment = {"CHECK_TOKEN": TOKEN, "CHECK_APP": APP, "CHECK_SECRET": "a-secret", "CHECK_AES_KEY": AES_KEY}
    crypto = WeChatCrypto(TOKEN, AES_KEY, APP)
    with Gateway(PLATFORMS, environment) as gateway:
        assert gateway.open("/wechat/wechat?" + query({"echostr": "8131571"})).read() == b"8131571", "the address is not proved"

        greeting = opened(crypto, send(gateway, crypto, "你好", 1))
        assert "标题" in greeting, f"no form is offered: {greeting}"

        answer = send(gateway, crypto, FORM, 2)
        said = opened(crypto, answer) if answer and answer != b"success" else "(empty)"
        for _ in range(2):  # WeChat sends again what it thinks was not taken.
            send(gateway, crypto, FORM, 2)
        monitor = gateway.key("monitor")
        filed = gateway.json("/v1/submissions?platform=wechat", monitor)["items"]
        assert len(filed) == 1, f"sent three times, filed {len(filed)} times"

        other = WeChatCrypto(TOKEN, AES_KEY[::-1], APP)
        try:
            send(gateway, other, FORM, 3)
            return print("a message sealed with another key was taken", file=sys.stderr) or 1
        except urllib.error.HTTPError as refused:
            assert refused.code in (400, 401, 403), refused.code
    print(f"wechatpy: address proved, message taken once, other keys refused; answers: {greeting.splitlines()[0]!r}, {said.splitlines()[0]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every page in a real browser: nothing fails to load, nothing is wider than the screen, axe-core finds nothing serious,
and the main tasks can be done, with the keyboard too.

Starts a gateway of its own on a free port, with a few filings. `--screenshots DIRECTORY` leaves a picture of each page.
Environment: ONECASE, the program; ONECASE_TEST_CHROMIUM, another browser than Debian's.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import sys
import time

from axe_playwright_python.sync_playwright import Axe
from gateway import Gateway
from playwright.sync_api import Page, expect, sync_playwright

BROWSER = os.environ.get("ONECASE_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
SCREENS = {"phone": (390, 844), "desk": (1440, 900), "wall": (3840, 2160)}
SERIOUS = {"serious", "critical"}

# Rules that every case sets off at once, so that there is something to see.
SUPERVISION = """
[[rules]]
id = "accept-ending"
title = "受理期限将到"
title_en = "time for acceptance about to end"
kind = "reminder"
when = { clock_ending = { clock = "accept", days = 30 } }
addressee = "handler"
answer_within = { working_days = 3 }

[[rules]]
id = "failure-to-act"
title = "督办后仍未办理"
title_en = "failure to act after supervision"
kind = "accountability"
when = { clock_ending = { clock = "accept", days = 30 } }
addressee = "superior"
answer_within = { days = 30 }
"""
PLATFORMS = """
[supervision]
rules = "supervision.toml"
[[platforms]]
id = "hunan"
name = "湖南省网上信访"
kind = "provincial"
division = "430000"
[[platforms]]
id = "mobile"
name = "信访手机端"
kind = "mobile"
division = "000000"
[[platforms]]
id = "wechat"
name = "信访公众号"
kind = "wechat"
division = "000000"
[[platforms]]
id = "letters"
name = "来信登记"
kind = "letters_and_visits"
division = "430000"
adapter = "file-drop"
folder = "drop"
"""
PEOPLE = [("王小明", "11010519491231002X"), ("李建国", "440524188001010014")]
TEXTS = [
    ("幸福路工地夜间施工噪音", "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息，请尽快处理。"),
    ("金桂苑旁工地半夜打桩扰民", "我叫王小明，住在幸福路88号金桂苑小区，东侧工地凌晨两点还在打桩，噪音太大，无法休息，多次反映没有处理。电话13812341234。"),
    ("宏达纺织厂拖欠工资", "宏达纺织厂从去年九月起拖欠六十多名工人工资，老板躲着不见，希望劳动部门帮助讨回。"),
]
FILINGS = [("hunan", 0, 0), ("wechat", 0, 1), ("mobile", 1, 0), ("mobile", 0, 2), ("hunan", 1, 2), ("wechat", 1, 2)]
CHANNELS = {"hunan": "web", "mobile": "mobile_app", "wechat": "wechat"}


def file_all(gateway: Gateway):
    """Files them all and waits until they are linked."""
    keys = {platform: gateway.key("submit", platform) for platform in CHANNELS}
    for number, (platform, person, text) in enumerate(FILINGS):
        name, document = PEOPLE[person]
        subject, content = TEXTS[text]
        filing = {
            "source_id": f"{platform}-{number}", "channel": CHANNELS[platform], "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
            "petitioners": [{"name": name, "id_document": {"type": "resident_id", "number": document}}],
            "subject": subject, "content": content, "division": "430102", "category": "城乡建设/施工管理/夜间施工",
            "location": {"type": "Point", "coordinates": [112.98 + number / 50, 28.19 + number / 90]},
        }
        last = gateway.json("/v1/submissions", keys[platform], filing)["id"]
    gateway.until(lambda: "case" in gateway.json(f"/v1/submissions/{last}", keys[platform]), "everything linked")
    gateway.query_code = gateway.json(f"/v1/submissions/{last}", keys[platform])["case"]["query_code"]


# Of one who gives no number: whether the filings are the same person's is for people to say.
UNCERTAIN = [
    ("hunan", "A-1", None, ("滨河公园路灯不亮", "滨河公园北门到码头一段的路灯坏了两个多月，晚上散步看不清路，老人多次摔倒，请尽快维修。")),
    ("mobile", "M-1", None, ("滨河公园路灯不亮", "滨河公园北门到码头一段的路灯坏了两个多月，晚上散步看不清路，老人多次摔倒，请尽快维修。")),
    ("hunan", "A-2", "13812341234", ("红星小区物业乱收费", "红星小区物业公司擅自提高停车费，每月多收六十元，没有公示，业主多次交涉无果，请查处并退还。")),
    ("mobile", "M-2", "13812341235", ("红星小区物业乱收费", "红星小区物业公司擅自提高停车费，每月多收六十元，没有公示，业主多次交涉无果，请查处并退还。")),
]


def file_what_is_uncertain(gateway: Gateway):
    keys = {platform: gateway.key("submit", platform) for platform in ("hunan", "mobile")}
    for platform, number, phone, (subject, content) in UNCERTAIN:
        petitioner = {"name": "赵志强"} | ({"phone": phone} if phone else {})
        filing = {
            "source_id": number, "channel": CHANNELS[platform], "kind": "request", "submitted_at": "2026-03-02T09:30:00+08:00",
            "petitioners": [petitioner], "subject": subject, "content": content, "division": "430102", "category": "城乡建设/市政设施/路灯",
        }
        last = gateway.json("/v1/submissions", keys[platform], filing)["id"]
    gateway.until(lambda: "case" in gateway.json(f"/v1/submissions/{last}", keys[platform]), "everything linked")


def hold_records(gateway: Gateway):
    """The letters office drops a register with a line that nobody can read, and follows the changes at an endpoint that is not there."""
    lines = [
        {"lxbh": "LX-1", "sxrq": "20260301", "zy": "河道被填", "zw": "村东河道被填埋建厂，汛期积水，请查处。", "qhdm": "430102"},
        {"lxbh": "LX-2", "sxrq": "二月三十日", "zy": "退休金少发", "zw": "退休金少发两个月，请补发。", "qhdm": "430102"},
    ]
    drop = gateway.directory / "drop"
    (drop / "laixin.tmp").write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    (drop / "laixin.tmp").rename(drop / "laixin-20260301.ndjson")
    key = gateway.key("monitor")
    gateway.until(lambda: gateway.json("/v1/platforms/letters", key)["records_quarantined"] > 0, "a record set aside")
    endpoint = {"url": "https://changes.invalid/hooks", "description": "答复通知"}
    gateway.json("/v1/webhooks", gateway.key("submit,handle", "letters"), endpoint)


class Checker:
    def __init__(self, browser, address: str, screenshots: pathlib.Path | None):
        self.browser, self.address, self.screenshots = browser, address, screenshots
        self.axe = Axe()
        self.wrong: list[str] = []
        self.looked = 0

    @contextlib.contextmanager
    def page(self, screen: str, scheme: str, lang: str):
        width, height = SCREENS[screen]
        locale = {"zh": "zh-CN", "en": "en-GB"}[lang]
        context = self.browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale, base_url=self.address)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        # A stream ends with the page that follows it.
        ended = lambda request: request.url.endswith("/live") and request.failure == "net::ERR_ABORTED"
        page.on("requestfailed", lambda request: None if ended(request) else complaints.append(f"not loaded: {request.url} ({request.failure})"))
        page.complaints = complaints
        yield page
        context.close()

    def look(self, page: Page, name: str, path: str, screen: str, scheme: str, lang: str, status: int = 200):
        where = f"{name} ({screen}, {scheme}, {lang})"
        page.complaints.clear()
        response = page.goto(path)
        self.looked += 1
        if response.status != status:
            self.wrong.append(f"{where}: status {response.status}")
        # Chromium itself reports a page whose status is an error.
        found = [c for c in page.complaints if not (status >= 400 and "Failed to load resource" in c)]
        too_wide = page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")
        if too_wide > 0:
            found.append(f"{too_wide} px wider than the screen")
        if page.locator("h1").count() != 1:
            found.append("not exactly one main heading")
        if page.locator("html").get_attribute("lang") != {"zh": "zh-Hans", "en": "en"}[lang]:
            found.append("not in the language that was preferred")
        if screen != "wall":
            for violation in self.axe.run(page).response["violations"]:
                if violation["impact"] in SERIOUS:
                    nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
                    found.append(f"axe, {violation['impact']}: {violation['help']}: {nodes}")
        self.wrong += [f"{where}: {complaint}" for complaint in found]
        if self.screenshots:
            page.screenshot(path=self.screenshots / f"{name}-{SCREENS[screen][0]}-{scheme}-{lang}.png", full_page=screen != "wall")

    def look_everywhere(self, paths: dict[str, tuple[str, int]]):
        views = [("phone", "light", "zh"), ("desk", "light", "zh"), ("desk", "dark", "zh"), ("desk", "light", "en"), ("wall", "light", "zh")]
        for screen, scheme, lang in views:
            with self.page(screen, scheme, lang) as page:
                for name, (path, status) in paths.items():
                    self.look(page, name, path, screen, scheme, lang, status)


def an_auditor_sees_why_two_filings_are_one(page: Page):
    page.goto("/")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="重复件").click()
    page.locator("select[name=decision]").select_option("duplicate")
    page.get_by_role("button", name="查询").click()
    assert "decision=duplicate" in page.url, page.url
    row = page.get_by_role("row").filter(has_text="wechat-1")
    row.get_by_role("link", name="查看依据").click()
    expect(page.get_by_role("heading", name="证据瀑布")).to_be_visible()
    expect(page.locator("mark").first).to_be_visible()
    body = page.locator("main").inner_text()
    assert "138****1234" in body and "王**" in body and "13812341234" not in body, body
    total = page.locator("tr.total .number").first.inner_text()
    last = page.locator(".waterfall tbody tr").nth(-2).locator(".number").last.inner_text()
    assert total == last, f"the bars end at {last}, the total is {total}"
    page.get_by_role("link", name="LJ").first.click()
    expect(page.get_by_role("heading", name="办理过程")).to_be_visible()
    assert page.locator(".event").count() >= 2


def a_keyboard_is_enough(page: Page):
    page.goto("/cases")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first stop is the link past the navigation"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "code", "the filter is next"
    code = page.locator("tbody th a").first.inner_text()
    page.keyboard.type(code.lower())
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{code}")


def the_language_changes_and_the_filter_stays(page: Page):
    page.goto("/cases?division=430000")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cases")
    assert "division=430000" in page.url
    page.goto("/platforms")
    expect(page.get_by_role("heading", level=1)).to_have_text("Platforms")


def the_duty_officer_follows_a_platform(page: Page):
    """From the overview to the platform, its deliveries, and the alerts."""
    page.goto("/")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="平台").click()
    page.get_by_role("rowheader").get_by_role("link", name="湖南省网上信访").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("湖南省网上信访")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="投递").click()
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="告警").click()
    page.locator("select[name=severity]").select_option("critical")
    page.get_by_role("button", name="查询").click()
    assert "severity=critical" in page.url, page.url


def the_colours_are_chosen_and_stay(page: Page):
    page.goto("/cases?division=430000")
    page.get_by_role("link", name="深色").click()
    assert "division=430000" in page.url
    assert page.locator("html").get_attribute("data-theme") == "dark"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto("/platforms")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("link", name="跟随系统").click()
    assert page.locator("html").get_attribute("data-theme") is None
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def it_prints(page: Page):
    page.goto("/duplicates")
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="主导航").is_visible() and not page.locator(".filter").is_visible()
    page.emulate_media(media="screen")


def sign(page: Page, key: str, reason: str):
    page.get_by_label("理由").locator("visible=true").fill(reason)
    page.get_by_label("认定人密钥").locator("visible=true").fill(key)


def a_reviewer_decides_and_takes_it_back(page: Page):
    """From the queue to the comparison; apart, taken back, merged, split, and the filings have two cases again."""
    page.goto("/")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="待认定").click()
    address = page.locator("main table a[href^='/reviews/']").first.get_attribute("href")
    page.goto(address)
    expect(page.get_by_role("heading", name="证据瀑布")).to_be_visible()
    page.get_by_label("不是同一事项").or_(page.locator("input[name=decision][value=keep_apart]")).first.check()
    sign(page, page.review_key, "电话核实，并非同一人")
    page.get_by_role("button", name="提交认定").or_(page.locator("form.order button[type=submit]")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("认定结果")
    case = page.locator("main .trail a[href^='/cases/']").first.get_attribute("href")
    page.goto(case)
    page.locator("summary", has_text="撤销").click()
    sign(page, page.review_key, "核实有误")
    page.locator("form[action$='/release'] button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("认定结果")
    page.goto(address)
    page.locator("input[name=decision][value=merge]").check()
    sign(page, page.review_key, "当面核实，同一人同一事")
    page.locator("form.order button[type=submit]").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("认定结果")
    page.goto(page.locator("main .trail a[href^='/cases/']").first.get_attribute("href"))
    page.locator("summary", has_text="拆分").click()
    page.locator("form[action$='/split'] input[type=checkbox]").first.check()
    sign(page, page.review_key, "反映的是另一处路灯")
    page.locator("form[action$='/split'] button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("认定结果")
    assert page.locator("main tbody th a.code").count() == 2, "two cases again"


def a_vendor_mends_its_platform_with_the_keyboard(page: Page):
    """Records set aside are offered again, the endpoint is paused and resumed; no mouse is touched."""
    def press(button):
        button.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")

    page.goto("/platforms/letters")
    expect(page.get_by_role("heading", name="暂存的异常记录")).to_be_visible()
    press(page.get_by_role("button", name="全部重新接收"))
    expect(page.get_by_role("status").filter(has_text="仍暂存 1 条")).to_be_visible()
    press(page.get_by_role("button", name="暂停"))
    press(page.get_by_role("button", name="恢复"))
    press(page.locator("button[value=replay]"))
    assert page.url.endswith("/platforms/letters"), page.url


def an_auditor_takes_a_file_and_its_manifest(page: Page):
    """The report, narrowed; the case with all its filings; the file, and what was recorded of it."""
    page.goto("/duplicates?decision=duplicate")
    page.locator("tbody td a.code").first.click()
    expect(page.get_by_role("heading", name="各次反映之间的依据")).to_be_visible()
    page.goto("/duplicates?decision=duplicate")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    content = pathlib.Path(downloading.value.path()).read_bytes()
    assert content.count(b"duplicate") >= 2, content[:200]
    recorded = page.gateway.json(f"/v1/exports/{hashlib.sha256(content).hexdigest()}", page.gateway.key("monitor"))
    assert recorded["manifest"]["rows"] >= 2 and recorded["leaf"], recorded


def the_duty_officer_records_what_became_of_a_proposal(page: Page):
    """The body answers on the page of the proposal, the officer records that it was adopted, the yearly report counts it."""
    page.goto("/supervisions?kind=accountability")
    page.locator("tbody th a").first.click()
    page.locator("textarea[name=content]").fill("已约谈承办人，三日内办结。")
    page.get_by_label("单位密钥").fill(page.gateway.key("submit,handle", "hunan"))
    page.get_by_role("button", name="提交反馈").click()
    expect(page.locator("h1")).to_contain_text("已反馈")
    page.get_by_label("已采纳", exact=True).check()
    sign(page, page.review_key, "已通报批评。")
    page.get_by_role("button", name="登记").click()
    expect(page.locator("dl.facts")).to_contain_text("已采纳")
    monitor = page.gateway.key("monitor")
    report = f"/v1/reports/{time.strftime('%Y')}"
    page.gateway.until(lambda: page.gateway.json(report, monitor)["total"]["supervision"]["adopted"]["numerator"] == 1, "the proposal counted")
    page.goto(f"/reports/{time.strftime('%Y')}")
    expect(page.get_by_role("row").filter(has_text="已采纳的责任追究建议").get_by_role("link")).to_have_text("1")


TASKS = [a_reviewer_decides_and_takes_it_back, a_vendor_mends_its_platform_with_the_keyboard, an_auditor_takes_a_file_and_its_manifest,
         the_duty_officer_records_what_became_of_a_proposal,          an_auditor_sees_why_two_filings_are_one, a_keyboard_is_enough, the_language_changes_and_the_filter_stays, the_duty_officer_follows_a_platform,
         the_colours_are_chosen_and_stay, it_prints]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", type=pathlib.Path)
    options = parser.parse_args()
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    with Gateway(PLATFORMS, files={"drop/.keep": "", "supervision.toml": SUPERVISION}) as gateway, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        try:
            file_all(gateway)
            gateway.monitor = gateway.key("monitor")
            file_what_is_uncertain(gateway)
            hold_records(gateway)
            checker = Checker(browser, gateway.address, options.screenshots)
            with checker.page("desk", "light", "zh") as page:
                page.goto("/duplicates")
                evidence = page.get_by_role("link", name="查看依据").first.get_attribute("href")
                case = page.locator("tbody td a.code").first.get_attribute("href")
            with checker.page("desk", "light", "zh") as page:
                page.goto("/reviews")
                review = page.locator("main table a[href^='/reviews/']").first.get_attribute("href")
            gateway.until(lambda: gateway.json("/v1/supervisions?kind=accountability", gateway.monitor)["items"], "a proposal")
            proposal = gateway.json("/v1/supervisions?kind=accountability", gateway.monitor)["items"][0]["id"]
            checker.look_everywhere({
                "overview": ("/", 200), "platforms": ("/platforms", 200), "platform": ("/platforms/hunan", 200), "platform-held": ("/platforms/letters", 200), "endpoints": ("/endpoints", 200), "supervision": (f"/supervisions/{proposal}", 200), "review": (review, 200),
                "cases": ("/cases", 200),
                "cases-none": ("/cases?division=110000", 200), "case": (case, 200), "deadlines": ("/deadlines", 200), "deadlines-none": ("/deadlines?state=overdue", 200), "supervisions": ("/supervisions", 200), "conflicts": ("/referral-conflicts", 200), "warnings": ("/warnings", 200), "coverage": ("/coverage", 200), "coverage-none": ("/coverage?area=110000", 200), "duplicates": ("/duplicates", 200),
                "duplicate": (evidence, 200), "reviews": ("/reviews", 200), "matters": ("/matters", 200), "indicators": ("/indicators", 200), "indicators-none": ("/indicators?area=110000&by=organization", 200), "public": ("/public", 200), "public-case": (f"/public/cases/{gateway.query_code}", 200), "map": ("/map", 200), "map-province": ("/map?area=430000", 200), "report": (f"/reports/{time.strftime('%Y')}", 200), "deliveries": ("/deliveries", 200), "alerts": ("/alerts", 200), "alerts-none": ("/alerts?state=resolved&watch=silence", 200), "missing": ("/nowhere", 404),
            })
            for task in TASKS:
                with checker.page("desk", "light", "zh") as page:
                    page.gateway, page.review_key = gateway, gateway.key("review")
                    try:
                        task(page)
                    except Exception as error:  # whatever stops a task is what there is to report
                        checker.wrong.append(f"{task.__name__}: {error} (at {page.url})")
        finally:
            browser.close()
    print("\n".join(checker.wrong), file=sys.stderr)
    print(f"{checker.looked} page views, {len(TASKS)} tasks, {len(checker.wrong)} wrong")
    return 1 if checker.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

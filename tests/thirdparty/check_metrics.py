"""prometheus_client, Prometheus' own library, reads what it would scrape."""

from exchange import PLATFORMS, file_and_answer
from gateway import Gateway
from prometheus_client.openmetrics.parser import text_string_to_metric_families


def main() -> None:
    with Gateway(PLATFORMS) as gateway:
        file_and_answer(gateway, "M-1")
        key = gateway.key("monitor")
        with gateway.open("/metrics", headers={"Authorization": f"Bearer {key}"}) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text"), answer.headers["Content-Type"]
            families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
        assert families["onecase_http_request_duration_seconds"].type == "histogram"
        filed = {sample.labels["platform"]: sample.value for sample in families["onecase_platform_submissions"].samples}
        assert sum(filed.values()) == 1, filed
        answered = {sample.labels["status"]: sample.value for sample in families["onecase_cases"].samples}
        assert answered == {"answered": 1}, answered
    print(f"prometheus_client: {len(families)} families read")


if __name__ == "__main__":
    main()

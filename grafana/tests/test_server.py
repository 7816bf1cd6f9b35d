"""Grafana's settings in compose.yaml, by its hardening guide: checked from the file, since its server isn't here."""

from pathlib import Path
from urllib.parse import urlsplit

import yaml

from grafana.tests.test_data_sources import FILES, PROVISIONING, data_sources

ROOT = Path(__file__).parents[2]
CLOSED = {
    "GF_USERS_ALLOW_SIGN_UP": "false",
    "GF_AUTH_ANONYMOUS_ENABLED": "false",
    "GF_AUTH_ANONYMOUS_HIDE_VERSION": "true",
    "GF_SECURITY_CONTENT_SECURITY_POLICY": "true",
    "GF_SECURITY_COOKIE_SAMESITE": "lax",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
}
NO_CALL_TO_THE_OUTSIDE = {
    "GF_SECURITY_DISABLE_GRAVATAR": "true",
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    "GF_NEWS_NEWS_FEED_ENABLED": "false",
    "GF_PLUGINS_PREINSTALL_DISABLED": "true",
}
SERVICE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["grafana"]
SETTINGS: dict[str, str] = SERVICE["environment"]


def test_nobody_gets_in_without_an_account_and_nothing_goes_out() -> None:
    expected = CLOSED | NO_CALL_TO_THE_OUTSIDE
    assert {name: SETTINGS.get(name) for name in expected} == expected


def test_the_proxy_reaches_the_provisioned_data_sources_and_no_other_address() -> None:
    addresses = {urlsplit(source["url"]).netloc for name in FILES for source in data_sources(name)}
    assert set(SETTINGS["GF_SECURITY_DATA_SOURCE_PROXY_WHITELIST"].split()) == addresses


def test_boards_are_read_only_in_a_folder_and_the_overview_is_the_start_page() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "dashboards.yml").read_text(encoding="utf-8"))[
        "providers"
    ]
    assert (provider["folder"], provider["disableDeletion"], provider["allowUiUpdates"]) == (
        "Applications",
        False,
        False,
    )
    start = SETTINGS["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    (folder,) = [volume.split(":")[0] for volume in SERVICE["volumes"] if f":{Path(start).parent}:" in volume]
    assert (ROOT / folder / Path(start).name).is_file()

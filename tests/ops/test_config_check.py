"""What a program says of a file that it refuses, without what it says of those that it takes."""

from ops.config_check import said_of_the_fault

PROMTOOL = """Checking /etc/prometheus/sandbox/prometheus.yml
  WARNING: file "/etc/prometheus/sandbox/targets/*.yml" for file_sd in scrape job "targets" does not exist
 SUCCESS: 22 rule files found
Checking /etc/prometheus/sandbox/rules/account.yml
  SUCCESS: 4 rules found

Checking /etc/prometheus/sandbox/rules/own/shop.yml
  FAILED:
/etc/prometheus/sandbox/rules/own/shop.yml: 3:3: group "shop", rule 1: could not parse expression
"""


def test_it_begins_with_the_file_that_is_refused() -> None:
    file = "/etc/prometheus/sandbox/rules/own/shop.yml"
    assert said_of_the_fault(PROMTOOL).splitlines() == [
        f"Checking {file}",
        "  FAILED:",
        f'{file}: 3:3: group "shop", rule 1: could not parse expression',
    ]


def test_where_nothing_is_marked_all_is_told() -> None:
    assert said_of_the_fault("amtool: error: no such file\n") == "amtool: error: no such file"

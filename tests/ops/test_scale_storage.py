"""The storage of SCALE=on has its buckets before anybody wants them, and what is wrong with a storage is told."""

from collections.abc import Iterator

import pytest

from ops import image_source, secrets
from ops.commands import current
from ops.settings import Settings
from ops.stack import ONCE, Stack
from tests.support.compose_model import words

pytestmark = [pytest.mark.timeout(600), pytest.mark.thorough]
PROJECT = "erp-observability-storage-test"


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Of it only the storage runs."""
    source, folder = current(), tmp_path_factory.mktemp("secrets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRETS_DIR", str(folder))
        values = {**source.settings.values, "SCALE": "on", "PROJECT": PROJECT, "STORAGE_URL": ""}
        stack = Stack(Settings(values, {}), source.image_source)
        secrets.ensure(stack.settings, folder)
        image_source.provide_some(
            stack, [stack.everything["services"][name] for name in ("storage", "storage-buckets")]
        )
        stack.compose("up", "--detach", "--wait", "storage", timeout=180)
        try:
            yield stack
        finally:
            stack.compose("--profile", "*", "down", "--volumes", "--timeout=1", timeout=120)


def found(stack: Stack, *command: str) -> list[str]:
    return stack.compose(*ONCE, "--entrypoint=rclone", "storage-history", *command).split()


def test_buckets_are_made_once_and_nothing_stays_in_them(scaled: Stack) -> None:
    for _ in range(2):
        scaled.compose(*ONCE, "storage-buckets")
    assert found(scaled, "lsf", "storage:") == ["logs/", "metrics/"]
    assert found(scaled, "lsf", "--recursive", "storage:logs") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("AWS_SHARED_CREDENTIALS_FILE=/nothing", "NoCredentialProviders"),
        ("RCLONE_CONFIG_STORAGE_ENDPOINT=http://nobody:1", "lookup nobody"),
    ],
)
def test_what_is_wrong_with_a_storage_ends_the_start_with_a_sentence(scaled: Stack, change: str, said: str) -> None:
    done = scaled.attempt(*ONCE, f"--env={change}", "storage-buckets", timeout=300)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.strip().endswith("write, read and delete there by the key in secrets/storage_s3.")


@pytest.mark.parametrize("url", ["", "https://storage.example.com"])
def test_loki_and_thanos_take_the_settings(scaled: Stack, url: str) -> None:
    style = "false" if url else "true"
    values = {**scaled.settings.values, "STORAGE_URL": url, "STORAGE_PATH_STYLE": style}
    stack = Stack(Settings(values, {}), scaled.image_source)
    services = stack.everything["services"]
    image_source.provide_some(stack, [services[name] for name in ("loki", "thanos-store")])
    loki = words(services["loki"]["command"])
    stack.compose(*ONCE, "loki", *loki, "-verify-config")
    ask = ("tools", "bucket", "ls", "--objstore.config-file=/etc/thanos/storage.yml")
    asked = stack.attempt(*ONCE, "--entrypoint=timeout", "thanos-store", "20", "/bin/thanos", *ask)
    if url:
        assert "metrics.storage.example.com" in asked.stderr
    else:
        assert asked.returncode == 0, asked.stderr

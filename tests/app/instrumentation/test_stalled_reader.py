"""Real processes write log lines to one pipe, read slowly or not at all."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from harness import scripts
from harness.processes import web as start_web
from harness.reader import Reader
from harness.samples import total
from harness.wait import eventually

DROPPED = "log_lines_dropped_total"

WRITER = """
import logging.config, sys
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config
logging.config.dictConfig(logging_config(Settings(service="s", env="e", version="v")))
for number in range(12):  # fewer than the 1 MB that may wait, so that none is dropped
    logging.info("%s", sys.argv[1], extra={str(key): sys.argv[1] * 1_900 for key in range(40)})
writer = logging.getLogger().handlers[0].writer
with writer._changed:
    writer._changed.wait_for(lambda: not writer._lines)  # not only for the moment that the end of a process gives them
"""


def test_long_lines_of_several_processes_do_not_mix_in_one_pipe() -> None:
    # Lines of 76 kB, larger than the pipe; read in small pieces, so that the writers have to wait for each other.
    reader, pipe = os.pipe()
    writers = [subprocess.Popen([sys.executable, "-u", "-c", WRITER, letter], stdout=pipe) for letter in "abc"]
    os.close(pipe)
    with os.fdopen(reader, "rb", buffering=0) as stream:
        output = b"".join(iter(lambda: stream.read(3_000), b""))
    assert [writer.wait(timeout=30) for writer in writers] == [0, 0, 0]
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) == 36
    assert all(set("".join(line["extra"].values())) == {line["message"]} for line in lines)


def test_what_is_formatted_may_log_and_no_other_thread_waits_for_it() -> None:
    """A str() that is slow, or that waits for a thread that logs, is the caller's own trouble."""
    code = """
import logging.config, threading
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config
logging.config.dictConfig(logging_config(Settings(service="s", env="e", version="v")))
class Waits:
    def __str__(self):
        logging.info("inside")
        other = threading.Thread(target=logging.info, args=("other",))
        other.start()
        other.join(10)
        return "waited" if not other.is_alive() else "stuck"
logging.info("%s", Waits())
"""
    assert [json.loads(line)["message"] for line in scripts.output("-c", code).splitlines()][-1] == "waited"


def test_gunicorn_answers_while_the_reader_of_its_lines_stalls(django_db_setup: None, tmp_path: Path) -> None:
    """Requests go on, and what was read afterwards and what was counted as dropped are all of them together."""
    os.mkfifo(tmp_path / "erp-web.log")
    reader = os.open(tmp_path / "erp-web.log", os.O_RDONLY | os.O_NONBLOCK)
    number = 1_200

    def get(_: int) -> int:
        return requests.get(f"{process.url}/api/version", headers={"Connection": "close"}, timeout=10).status_code

    with start_web(tmp_path, workers=1, VERSION="v" * 1_000) as process, ThreadPoolExecutor(4) as pool:
        assert set(pool.map(get, range(number))) == {200}
        dropped = total(process.metrics(), DROPPED)
        assert dropped > 0
        os.set_blocking(reader, True)
        text = Reader(reader)
        eventually(lambda: text.text.count(b'"logger": "access"') + dropped == number, "all other lines")
        assert {get(0) for _ in range(5)} == {200}
        eventually(lambda: text.text.count(b'"logger": "access"') + dropped == number + 5, "the lines after it")
        assert total(process.metrics(), DROPPED, reason="slow_reader") == dropped
    for line in text.text.splitlines():
        json.loads(line)
    assert (tmp_path / "erp-web.err").read_text() == ""

"""An exception that ends a thread becomes a log line, whether Python or a library calls threading.excepthook."""

import json
from pathlib import Path

from harness.foreign import Project


def test_a_thread_whose_class_has_an_attribute_of_that_name_is_told_like_any_other(tmp_path: Path) -> None:
    """A thread of Python 3.14 has its context in `_context`; a project may keep there what it likes."""
    code = """
import contextvars, django, threading
django.setup()

class Worker(threading.Thread):
    def run(self):
        self._context = given
        raise ValueError("in a worker")

def told():
    try:
        raise ValueError("told from within")
    except ValueError as error:
        threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, threading.current_thread())))

for given in (object(), None, contextvars.copy_context()):
    worker = Worker()
    worker.start()
    worker.join()
threading.current_thread()._context = own = contextvars.copy_context()
own.run(told)
"""
    project = Project(tmp_path)
    project.write()
    done = project.run("-c", code, DJANGO_SETTINGS_MODULE="shop.settings")
    assert done.stderr == ""
    messages = [line["message"].rpartition(": ")[2] for line in map(json.loads, done.stdout.splitlines())]
    assert messages == [*["in a worker"] * 3, "told from within"]

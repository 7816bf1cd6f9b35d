"""gunicorn doesn't start where its workers would not count as one."""

from types import SimpleNamespace

import pytest

from observability import gunicorn


def server(workers: int = 3, preload_app: bool = False) -> SimpleNamespace:
    return SimpleNamespace(cfg=SimpleNamespace(workers=workers, preload_app=preload_app), WORKERS={})


def test_workers_without_a_common_folder_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    with pytest.raises(SystemExit, match="there are 3 workers, each counting for itself; expected a directory"):
        gunicorn.on_starting(server())
    gunicorn.on_starting(server(workers=1))


def test_preloading_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match="preload_app is on"):
        gunicorn.on_starting(server(preload_app=True))


def test_a_new_worker_takes_the_lowest_slot_that_is_free() -> None:
    there = server()
    for expected in (0, 1, 2):
        worker = SimpleNamespace()
        gunicorn.pre_fork(there, worker)
        assert worker.slot == expected
        there.WORKERS[expected] = worker
    del there.WORKERS[1]
    replacement = SimpleNamespace()
    gunicorn.pre_fork(there, replacement)
    assert replacement.slot == 1

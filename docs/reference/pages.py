"""`python -m docs.reference.pages`: the pages of settings, log lines and metrics, made from the code itself."""

import ast
import inspect
import json
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from django_instrumentation import conf
from docs.reference import metrics_page

SCHEMA = Path(conf.__file__).with_name("log_line.schema.json")


def settings_page() -> str:
    """Each field of conf.Settings with its variable, default and meaning."""
    meanings = _meanings()
    rows = [
        f"| `{field.name}` | {_variable(field.metadata)} | {_default(field)} | {meanings[field.name]} |"
        for field in fields(conf.Settings)
    ]
    head = (
        "# Settings of `django_instrumentation`\n\nMade by `make reference` from `django_instrumentation/conf.py`; "
        "`django_instrumentation.setup()` reads the variables, each also as "
        "`INSTRUMENTATION_` and its name, which wins; what is given to `setup()` wins over both.\n\n"
        "| field | variable | default | meaning |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def log_line_page() -> str:
    """Each field of a log line, from its schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    rows = [
        f"| `{name}` | {_type(each)} | {'yes' if name in schema['required'] else 'no'} | {each['description']} |"
        for name, each in schema["properties"].items()
    ]
    head = (
        "# The log line\n\n"
        f"{schema['description']}\nIt is the same from Django, gunicorn, Celery and libraries. The schema is "
        "`django_instrumentation/log_line.schema.json`; this page is made from it by `make reference`.\n\n"
        "| field | type | in every line | meaning |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


PAGES = {"settings.md": settings_page, "log-line.md": log_line_page, "metrics.md": metrics_page.page}


def _meanings() -> dict[str, str]:
    """The string that follows each field in the source."""
    (cls,) = ast.parse(inspect.getsource(conf.Settings)).body
    assert isinstance(cls, ast.ClassDef)  # noqa: S101 - for the type checker: it is one
    found = {}
    for field, text in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)  # noqa: S101 - as above
            found[field.target.id] = ast.literal_eval(text.value)
    return found


def _variable(metadata: Any) -> str:
    name = metadata.get("variable")
    if not name:
        return "—"
    return f"`{name}` or `{name}_FILE`" if metadata.get("secret") else f"`{name}`"


def _default(field: Any) -> str:
    if field.default is MISSING:
        return "the project's name"
    return "empty" if field.default == "" else f"`{field.default!r}`"


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "string")
    return " or ".join(kind) if isinstance(kind, list) else kind


def main(folder: str) -> None:
    for name, page in PAGES.items():
        Path(folder, name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])

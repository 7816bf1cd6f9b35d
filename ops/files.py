"""Writing files that other programs read."""

import uuid
from pathlib import Path


def update(path: Path, text: str) -> None:
    """Write the file at once, and not at all where it says so already: a container may have it mounted."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex}")  # several programs may write it at once
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)

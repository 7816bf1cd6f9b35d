"""Sets a database of the tracker aside that SQLite can't read, so that it begins anew: `python set_aside.py FOLDER`."""

import datetime
import json
import sqlite3
import sys
from pathlib import Path


def is_damaged(database: Path) -> bool:
    try:
        with sqlite3.connect(database) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
    except sqlite3.DatabaseError:
        return True


def main(folder: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    for database in sorted(folder.glob("*.sqlite3")):
        if is_damaged(database):
            aside = f"{database.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
            for file in folder.glob(f"{database.name}*"):
                if "damaged" not in file.name:
                    file.rename(folder / file.name.replace(database.name, aside, 1))
            said = f"{database.name} is damaged and was set aside as {aside}"
            sys.stdout.write(json.dumps({"timestamp": now.isoformat(), "level": "ERROR", "message": said}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

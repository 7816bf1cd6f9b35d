"""The databases of the settings, as far as they are asked how they are."""

from django.db import connections

DUMMY = "django.db.backends.dummy"


def is_real(alias: str) -> bool:
    """Whether there is a database behind the alias: `"default": {}` is how a project says that it has no default."""
    return bool(connections.settings[alias]["ENGINE"] != DUMMY)


def ask(alias: str) -> None:
    """Connect and run a query, with a connection of its own: it may hang without harm to a request."""
    connection = connections.create_connection(alias)
    options = {name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "pool"}
    # Not one of a pool: requests may have them all, and it proves that connecting works.
    connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1{connection.features.bare_select_suffix}")  # Oracle's FROM DUAL
    finally:
        connection.close()

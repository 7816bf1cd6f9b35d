"""`python -m django_instrumentation.uvicorn`: uvicorn's own command, with JSON lines from its first one on.

The parent of several workers never loads the application. Here it holds their metrics files all the same, so that
counts outlive the death of all workers at once.
"""

from django_instrumentation import group_folder, multiprocess
from django_instrumentation.conf import from_environment_or_exit
from django_instrumentation.logging import logging_config


def main() -> None:
    import uvicorn.main
    from uvicorn.config import LOGGING_CONFIG

    settings = from_environment_or_exit()
    LOGGING_CONFIG.clear()  # what uvicorn takes without a --log-config, in each worker too
    LOGGING_CONFIG.update(logging_config(settings))
    LOGGING_CONFIG["formatters"] |= {"default": {}, "access": {}}  # --use-colors writes into both
    multiprocess.enter(group_folder.of_server(settings.service))  # as the middleware of its workers does
    uvicorn.main.main()


if __name__ == "__main__":
    main()

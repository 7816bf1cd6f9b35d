"""A way to a service on which every answer comes late: `serve("erp-db-1", 5432)`. A fault of `make break` starts it."""

import asyncio
from asyncio import StreamReader, StreamWriter

SECONDS = 2


def serve(host: str, port: int) -> None:
    """Listen at the same port, pass on at once what is asked, and what is answered SECONDS later."""
    asyncio.run(_serve(host, port))


async def _serve(host: str, port: int) -> None:
    async def connected(asking: StreamReader, asker: StreamWriter) -> None:
        answering, answerer = await asyncio.open_connection(host, port)
        await asyncio.gather(_pass_on(asking, answerer, 0), _pass_on(answering, asker, SECONDS))

    async with await asyncio.start_server(connected, port=port) as server:
        await server.serve_forever()


async def _pass_on(reader: StreamReader, writer: StreamWriter, seconds: float) -> None:
    try:
        while data := await reader.read(65536):
            await asyncio.sleep(seconds)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the other side has gone, and this one is told by the end of its connection
    finally:
        writer.close()

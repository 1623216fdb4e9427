"""The plainest reverse proxy: each connection goes to the next server in turn, bytes as they are.

python -m bench.balancer PORT SERVER_PORT...
"""

import asyncio
import sys
from itertools import cycle

import uvloop


class Half(asyncio.Protocol):
    """One side of a connection; what it receives is written to the other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None
        self.waiting: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None:
            self.waiting.append(data)
        else:
            self.other.transport.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


async def serve(port: int, targets: list[int]) -> None:
    loop, turns = asyncio.get_running_loop(), cycle(targets)

    class Front(Half):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.task = loop.create_task(self._join(next(turns)))

        async def _join(self, target: int) -> None:
            _, back = await loop.create_connection(Half, "127.0.0.1", target)
            self.other, back.other = back, self
            for data in self.waiting:
                back.transport.write(data)
            self.waiting.clear()

    server = await loop.create_server(Front, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), [int(each) for each in sys.argv[2:]]))

"""A WebSocket by hand: only as far as to be let in, for those who then behave as no client does."""

import asyncio
import socket
from urllib.parse import urlencode, urlsplit

# What the server makes of the key is not looked at.
KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
UPGRADE = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"


class Raw:
    """A connection with as little room for what it does not read as the system allows."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, url: str) -> "Raw":
        parts = urlsplit(url)
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
        return cls(parts.netloc, *await asyncio.open_connection(sock=plain, limit=1024))

    async def knock(self, path: str, bearer: str | None) -> int:
        """Asks to be let in; gives the answer's status."""
        query = f"?{urlencode({'access_token': bearer, 'protocol': 16})}" if bearer else ""
        self._writer.write(f"GET {path}{query} HTTP/1.1\r\nHost: {self._host}\r\n{UPGRADE}\r\n".encode())
        line = await self._reader.readline()
        return int(line.split()[1])

    async def end(self) -> None:
        """Reads until the server ends the connection."""
        try:
            while await self._reader.read(65536):
                pass
        except ConnectionError:
            pass

    def close(self) -> None:
        self._writer.transport.abort()

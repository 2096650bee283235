"""The client."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from foregsyte._async.calls import Calls
from foregsyte._async.jobs import JobMethods
from foregsyte._async.reads import ReadMethods
from foregsyte._async.servers import ServerMethods
from foregsyte._async.submissions import SubmitMethods
from foregsyte._channels import Address, Credentials
from foregsyte.options import ClientOptions


class AsyncClient(SubmitMethods, JobMethods, ReadMethods, ServerMethods):
    """A client of one JobService.

    Every failed call raises a ForegSyteError; foregsyte.errors has a class for each published reason.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:5200",
        *,
        api_key: str | None = None,
        api_key_file: str | None = None,
        token: Callable[[], str] | None = None,
        ca_file: str | None = None,
        certificate_file: str | None = None,
        key_file: str | None = None,
        allow_unencrypted: bool = False,
        options: ClientOptions | None = None,
    ) -> None:
        """Creates a client, which connects with its first call.

        Args:
            address: HOST:PORT or http://HOST:PORT, https://HOST:PORT for a server with TLS, or unix:/PATH.
            api_key: API key.
            api_key_file: File with the API key, read for each call.
            token: Returns a bearer token (JWT) for each call.
            ca_file: Certificate authorities to trust, PEM; None means those of gRPC.
            certificate_file: Client certificate, PEM.
            key_file: Its private key, PEM.
            allow_unencrypted: Whether a key or token may go to another machine without TLS.
            options: Deadlines and limits.

        Raises:
            ValueError: An argument is wrong; the message names it.
            OSError: A file cannot be read.
        """
        server = Address.parse(address)
        credentials = Credentials(
            server,
            api_key=api_key,
            api_key_file=api_key_file,
            token=token,
            ca_file=ca_file,
            certificate_file=certificate_file,
            key_file=key_file,
            allow_unencrypted=allow_unencrypted,
        )
        self._calls = Calls(server, credentials, options or ClientOptions())

    async def close(self) -> None:
        """Closes the connection."""
        await self._calls.channel.close()

    async def __aenter__(self) -> AsyncClient:
        """Returns the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        await self.close()

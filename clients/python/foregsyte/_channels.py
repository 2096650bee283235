"""Addresses, credentials and arguments of a channel."""

from __future__ import annotations

import ipaddress
import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import grpc

from foregsyte.options import ClientOptions

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Address:
    """Where the server listens."""

    text: str
    target: str
    """The address as gRPC writes it."""

    is_tls: bool
    is_local: bool
    """Whether the server is on this machine."""

    @staticmethod
    def parse(text: str) -> Address:
        """Reads HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:/PATH.

        Raises:
            ValueError: The text is not such an address.
        """
        if text.startswith("unix:"):
            return Address(text, text, is_tls=False, is_local=True)
        if (server := _server(text)) is None:
            raise ValueError(
                f"'{text}' is not an address. Write HOST:PORT, http://HOST:PORT, https://HOST:PORT for a server with "
                "TLS, or unix:/PATH for a Unix socket."
            )
        host, port, is_tls = server
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return Address(text, target, is_tls, _is_loopback(host))


class Credentials:
    """API key or token, and certificates; never part of an error message or of repr()."""

    def __init__(
        self,
        address: Address,
        *,
        api_key: str | None,
        api_key_file: str | None,
        token: Callable[[], str] | None,
        ca_file: str | None,
        certificate_file: str | None,
        key_file: str | None,
        allow_unencrypted: bool,
    ) -> None:
        """Checks the combination and reads the certificates.

        Raises:
            ValueError: The arguments contradict each other, or a secret would go over the network in the clear.
            OSError: A file cannot be read.
        """
        secrets = {"api_key": api_key, "api_key_file": api_key_file, "token": token}
        given = [name for name, value in secrets.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"Set only one of {' and '.join(given)}.")
        if (ca_file or certificate_file or key_file) and not address.is_tls:
            raise ValueError(f"Certificates need an https address, not '{address.text}'.")
        if bool(certificate_file) != bool(key_file):
            raise ValueError("Set both certificate_file and key_file, or neither.")
        if given and not (address.is_tls or address.is_local or allow_unencrypted):
            raise ValueError(
                f"The {given[0]} would go to {address.text} without TLS, readable by everyone on the way. Use an https "
                "address, or set allow_unencrypted=True."
            )
        self._api_key, self._api_key_file, self._token = api_key, api_key_file, token
        self.channel: grpc.ChannelCredentials | None = None
        if address.is_tls:
            self.channel = grpc.ssl_channel_credentials(
                root_certificates=_read(ca_file), private_key=_read(key_file), certificate_chain=_read(certificate_file)
            )
        self.metadata()

    def metadata(self) -> Metadata:
        """Returns the headers of one call. A key in a file is read for each call, so it can be replaced."""
        if self._token is not None:
            return (("authorization", f"Bearer {_printable(self._token(), 'token')}"),)
        if self._api_key_file is not None:
            key = pathlib.Path(self._api_key_file).read_text(encoding="ascii", errors="replace").strip()
            return (("x-api-key", _printable(key, f"api_key_file {self._api_key_file}")),)
        if self._api_key is not None:
            return (("x-api-key", _printable(self._api_key, "api_key")),)
        return ()


def arguments(address: Address, options: ClientOptions) -> list[tuple[str, int | str]]:
    """Returns the arguments of the channel."""
    return [
        ("grpc.max_send_message_length", options.max_message_bytes),
        ("grpc.max_receive_message_length", options.max_message_bytes),
        # gRPC's own back-off grows to 2 minutes, longer than a restart of the server.
        ("grpc.initial_reconnect_backoff_ms", int(options.retry_base_delay * 1000)),
        # The timeout of a connection attempt, in spite of its name.
        ("grpc.min_reconnect_backoff_ms", int(options.connect_timeout * 1000)),
        ("grpc.max_reconnect_backoff_ms", int(options.retry_max_delay * 1000)),
        # A proxy of the environment cannot reach servers of this machine.
        ("grpc.enable_http_proxy", 0 if address.is_local else 1),
        # The client retries itself: gRPC ignores RetryInfo, and stops at large requests.
        ("grpc.enable_retries", 0),
    ]


def _server(text: str) -> tuple[str, int, bool] | None:
    """Returns host, port and whether the server has TLS; None if the text is not an address."""
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"http://{text}")
        port = parts.port
    except ValueError:
        return None
    is_tls = parts.scheme == "https"
    if port is None and has_scheme:
        port = 443 if is_tls else 80
    if parts.scheme not in ("http", "https") or not parts.hostname or not port:
        return None
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return parts.hostname, port, is_tls


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(path: str | None) -> bytes | None:
    return None if path is None else pathlib.Path(path).read_bytes()


def _printable(secret: str, name: str) -> str:
    if not secret or not all("!" <= letter <= "~" for letter in secret):
        raise ValueError(f"The {name} must be printable ASCII without spaces.")
    return secret

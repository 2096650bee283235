"""The server: what it has and allows, and what operators do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timezone

from foregsyte._async.calls import Calls, time_limit_of
from foregsyte._runtime_async import sleep
from foregsyte.job_options import duration
from foregsyte.v1 import (
    backup_pb2,
    job_service_pb2,
    node_pb2,
    pipeline_pb2,
    server_info_pb2,
    tenant_usage_pb2,
)

_BACKUP_POLL = 1.0


class ServerMethods:
    """Methods about the server. `timeout` is the deadline of a call in seconds, including retries."""

    _calls: Calls

    async def pipelines(self, *, timeout: float | None = None) -> AsyncIterator[pipeline_pb2.Pipeline]:
        """Yields the pipelines that a job can use."""
        request = job_service_pb2.ListPipelinesRequest()
        async for page in self._calls.pages(self._calls.jobs.ListPipelines, request, timeout):
            for pipeline in page.pipelines:
                yield pipeline

    async def server_info(self, *, timeout: float | None = None) -> server_info_pb2.ServerInfo:
        """Returns the server's version, its limits, and whether it starts jobs."""
        response = await self._calls.run(
            self._calls.jobs.GetServerInfo,
            job_service_pb2.GetServerInfoRequest(),
            time_limit_of(timeout, self._calls.options.read_deadline),
        )
        info: server_info_pb2.ServerInfo = response.server_info
        return info

    async def nodes(self, *, timeout: float | None = None) -> AsyncIterator[node_pb2.Node]:
        """Yields the JobServices that share the job store, by name. Needs the permission admin."""
        async for page in self._calls.pages(self._calls.jobs.ListNodes, node_pb2.ListNodesRequest(), timeout):
            for node in page.nodes:
                yield node

    async def tenant_usage(self, *, timeout: float | None = None) -> AsyncIterator[tenant_usage_pb2.TenantUsage]:
        """Yields what tenants store, with their quotas, by name: all of them for admins, otherwise the caller's own."""
        request = tenant_usage_pb2.ListTenantUsageRequest()
        async for page in self._calls.pages(self._calls.jobs.ListTenantUsage, request, timeout):
            for usage in page.usage:
                yield usage

    async def drain(
        self, *, drain_timeout: float | None = None, exit_when_drained: bool = False, timeout: float | None = None
    ) -> server_info_pb2.DrainStatus:
        """Stops the server from starting jobs and returns the state of the drain. Needs the permission admin.

        The server still answers calls and accepts jobs. It is not repeated: after a lost response it would drain the
        server's successor.

        Args:
            drain_timeout: Time in seconds after which running jobs return to the queue, 0 to 86400:
                DrainServerRequest.timeout. None means Stop:GraceTime (20 s by default).
            exit_when_drained: Whether the server exits when no job runs.
            timeout: Deadline of the call.
        """
        request = server_info_pb2.DrainServerRequest(
            timeout=None if drain_timeout is None else duration(drain_timeout), exit_when_drained=exit_when_drained
        )
        limit = time_limit_of(timeout, self._calls.options.control_deadline)
        response = await self._calls.once(self._calls.jobs.DrainServer, request, limit)
        status: server_info_pb2.DrainStatus = response.drain
        return status

    async def undrain(self, *, timeout: float | None = None) -> server_info_pb2.DrainStatus:
        """Ends the drain of the server: waiting jobs start at once. Needs the permission admin.

        It is not repeated: after a lost response it could end somebody else's drain.
        """
        limit = time_limit_of(timeout, self._calls.options.control_deadline)
        response = await self._calls.once(self._calls.jobs.UndrainServer, server_info_pb2.UndrainServerRequest(), limit)
        status: server_info_pb2.DrainStatus = response.drain
        return status

    async def backup(
        self, backup_id: str = "", *, wait: bool = True, timeout: float | None = None
    ) -> backup_pb2.Backup:
        """Backs up the running server into a folder of its option Backup:Directory. Needs the permission admin.

        A call with the id of an earlier backup returns that one.

        Args:
            backup_id: Name of the folder; empty means the time, such as "20261130T131500Z".
            wait: Whether to return at the end of the backup. It does not depend on the caller.
            timeout: Deadline of each call.

        Raises:
            RuntimeError: The backup failed; nothing of it remains. The same backup_id returns the failure again.
        """
        limit = time_limit_of(timeout, self._calls.options.control_deadline)
        # With an id, a repeated call finds the backup that a lost response began.
        request = backup_pb2.CreateBackupRequest(
            backup_id=backup_id or datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        )
        while True:
            response = await self._calls.run(self._calls.jobs.CreateBackup, request, limit)
            backup: backup_pb2.Backup = response.backup
            if backup.state == backup_pb2.BACKUP_STATE_FAILED:
                raise RuntimeError(
                    f"The backup {backup.backup_id} failed: {backup.error} Call backup again, without a backup_id or "
                    "with a new one."
                )
            if not wait or backup.state == backup_pb2.BACKUP_STATE_COMPLETED:
                return backup
            await sleep(_BACKUP_POLL)

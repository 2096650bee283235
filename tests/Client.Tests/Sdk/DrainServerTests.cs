using ForegSyte.Client.Tests.CommandLine;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class DrainServerTests : IAsyncLifetime
{
    private static readonly DrainServerResponse Draining = new()
    {
        Drain = new DrainStatus
        {
            State = DrainState.Draining,
            RunningJobs = 2,
            PendingJobs = 14,
            ExitsWhenDrained = true,
        },
    };

    private ScriptedServer _server = null!;
    private ForegSyteClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _client = _server.Connect();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task DrainServer_ResponseLost_IsNotRetried()
    {
        // The server may have stopped because of the call, and its successor has the same address.
        _server.Service.Drain.BreakConnection().Answer(Draining);

        await Assert.ThrowsAsync<ForegSyteException>(
            () => _client.DrainServerAsync(exitWhenDrained: true, cancellationToken: Token));

        Assert.Single(_server.Service.Drain.Requests);
    }

    [Fact]
    public async Task DrainServer_WithoutATimeout_SendsNone()
    {
        _server.Service.Drain.Answer(Draining);

        Assert.Equal(Draining.Drain, await _client.DrainServerAsync(cancellationToken: Token));

        Assert.Equal(new DrainServerRequest(), Assert.Single(_server.Service.Drain.Requests));
    }

    [Fact]
    public async Task DrainCommand_WithGraceAndStop_PrintsTheProgress()
    {
        _server.Service.Drain.Answer(Draining);

        var run = await CommandLineRun.OnAsync(_server, "drain", "--grace", "2m", "--stop");

        Assert.Equal(
            (0, "draining: 2 running jobs, 14 pending; the server stops when no job is running\n", ""),
            (run.ExitCode, run.Output, run.Error));
        var request = Assert.Single(_server.Service.Drain.Requests);
        Assert.Equal(
            new DrainServerRequest
            {
                Timeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(2)),
                ExitWhenDrained = true,
            },
            request);
    }

    [Fact]
    public async Task DrainCommand_WithoutThePermission_ExitsWithEight()
    {
        _server.Service.Drain.Fail(Failures.Of(
            StatusCode.PermissionDenied, ErrorReason.PermissionDenied, "This needs the permission admin."));

        var run = await CommandLineRun.OnAsync(_server, "drain");

        Assert.Equal((8, ""), (run.ExitCode, run.Output));
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>A wall clock that jumps while jobs run, with libfaketime (Debian package faketime).</summary>
public sealed class ClockTests(BaselineRun baseline)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("+2h")]
    [InlineData("-2h")]
    public async Task JobService_ClockJumps_CompletesEachJobOnce(string jump)
    {
        var library = Directory.Exists("/usr/lib")
            ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions
            {
                RecurseSubdirectories = true,
                IgnoreInaccessible = true,
                MaxRecursionDepth = 3,
            }).FirstOrDefault()
            : null;
        Assert.SkipWhen(library is null, "libfaketime is not installed (Debian package faketime).");

        using var folder = new TemporaryFolder();
        var clock = folder.File("clock");
        await File.WriteAllTextAsync(clock, "+0", Token);
        await using var service = new RestartableJobService([baseline.Inference.Address]);
        await service.StartAsync(
            null, 1, "env", $"LD_PRELOAD={library}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            $"FAKETIME_TIMESTAMP_FILE={clock}");
        var expected = new ExpectedJobs();
        var caller = new JobCaller(service, expected);
        var entry = (await caller.SubmitAsync(JobRequest.All[0], Token))!;
        var call = new WaitJobRequest { JobId = entry.JobId };
        var before = (await service.Client.WaitJobAsync(call, cancellationToken: Token)).Job;

        await File.WriteAllTextAsync(clock, jump, Token);
        var after = (await caller.SubmitAsync(JobRequest.All[1], Token))!;

        var created = (await service.WaitForEndAsync(after.JobId, Token)).CreatedAt.ToDateTimeOffset();
        Assert.True(
            (created - before.CreatedAt.ToDateTimeOffset()).Duration() > TimeSpan.FromHours(1),
            $"The service's clock did not jump: its jobs were created at {before.CreatedAt} and {created}.");
        var counts = await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
        Assert.Equal(2, counts.Completed);
    }
}

/// <summary>Connections between the services that are reset.</summary>
public sealed class ConnectionTests(BaselineRun baseline)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connection_ResetMidSegment_IsReopenedAndTheJobCompletes()
    {
        await using var proxy = new CuttableProxy(baseline.Inference.Address);
        await using var service = new RestartableJobService([proxy.Address]);
        await service.StartAsync();
        var expected = new ExpectedJobs();
        var caller = new JobCaller(service, expected);
        var cuts = 0;
        for (var jobs = 0; cuts < 3; jobs++)
        {
            Assert.True(jobs < 20, $"20 jobs completed with only {cuts} cuts.");
            var entry = (await caller.SubmitAsync(JobRequest.All[0], Token))!;
            var call = new WaitJobRequest { JobId = entry.JobId };
            Job job;
            do
            {
                job = (await service.Client.WaitJobAsync(call, cancellationToken: Token)).Job;
                if (job.Status == JobStatus.Running && cuts < 3)
                {
                    proxy.Cut();
                    cuts++;
                }

                call.Etag = job.Etag;
            }
            while (job.Status is JobStatus.Pending or JobStatus.Running);
        }

        await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
    }
}

/// <summary>A TCP proxy whose connections can be reset.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _target;
    private readonly Task _accepting;

    public CuttableProxy(Uri target)
    {
        _target = target;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>Address of the proxy.</summary>
    public Uri Address { get; }

    /// <summary>Resets all open connections; the proxy accepts new ones.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
        {
            try
            {
                // Linger 0 sends a reset.
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }
            catch (ObjectDisposedException)
            {
                // It has ended.
                _open.TryRemove(socket, out _);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        Cut();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var near = await _listener.AcceptSocketAsync(_end.Token);
            _ = ForwardAsync(near);
        }
    }

    private async Task ForwardAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _open[near] = true;
        _open[far] = true;
        try
        {
            await far.ConnectAsync(_target.Host, _target.Port, _end.Token);
            await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (SocketException)
        {
            // The target does not listen: the client sees its connection end.
        }
        finally
        {
            _open.TryRemove(near, out _);
            _open.TryRemove(far, out _);
            near.Dispose();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        try
        {
            await using var source = new NetworkStream(from);
            await using var target = new NetworkStream(to);
            await source.CopyToAsync(target);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // Reset, or closed by one side.
        }
    }
}

/// <summary>A full disk and a slow disk.</summary>
public sealed class DiskTests(BaselineRun baseline)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitVideo_FullDisk_IsRefusedUntilThereIsSpace()
    {
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.File("disk"), megabytes: 32);
        await using var service = new RestartableJobService(
            [baseline.Inference.Address], Path.Combine(disk.Path, "data"),
            new Dictionary<string, string> { ["Storage:MinFreeBytes"] = "0" });
        await service.StartAsync();
        var expected = new ExpectedJobs();
        var caller = new JobCaller(service, expected);
        Assert.NotNull(await caller.SubmitAsync(JobRequest.All[0], Token));

        disk.Fill();
        var refused = 0;
        for (var i = 0; i < 20; i++)
        {
            var requestId = Guid.NewGuid();
            var call = JobRequest.All[1].ToCall(requestId);
            var failure = await Assert.ThrowsAsync<RpcException>(
                async () => await service.Client.SubmitVideoAsync(call, cancellationToken: Token));
            Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
            refused++;
        }

        disk.Free();
        Assert.Equal(20, refused);
        Assert.NotNull(await caller.SubmitAsync(JobRequest.All[2], Token));
        var counts = await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
        Assert.Equal(2, counts.Completed);
    }

    [Fact]
    public async Task JobService_KilledOnASlowDisk_LosesNothing()
    {
        var strace = await Cli.Wrap("strace").WithArguments(["-f", "-o", "/dev/null", "true"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Token);
        Assert.SkipUnless(strace.ExitCode == 0, "strace cannot trace here: " + strace.StandardError);

        await using var service = new RestartableJobService([baseline.Inference.Address]);
        string[] slowSync =
        [
            "strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync,syncfs",
            "-e", "inject=fsync,fdatasync,syncfs:delay_enter=250000",
        ];
        await service.StartAsync(null, 1, slowSync);
        var expected = new ExpectedJobs();
        var caller = new JobCaller(service, expected);
        var entry = (await caller.SubmitAsync(JobRequest.All[0], Token))!;
        await service.WaitForEndAsync(entry.JobId, Token);
        Assert.NotNull(await caller.SubmitAsync(JobRequest.All[1], Token));
        var unanswered = caller.SubmitAsync(JobRequest.All[2], Token);
        await service.KillTreeAsync();
        await unanswered;

        await service.StartAsync();
        await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
    }
}

/// <summary>A small file system in memory that can be filled completely.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    /// <summary>Mount point.</summary>
    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts a file system; skips the test if the user may not mount.</summary>
    public static async Task<SmallDisk> MountAsync(string path, int megabytes)
    {
        Directory.CreateDirectory(path);
        var size = string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m");
        var mount = await Cli.Wrap("mount").WithArguments(["-t", "tmpfs", "-o", size, "tmpfs", path])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        Assert.SkipUnless(mount.ExitCode == 0, "mount failed: " + mount.StandardError.Trim());
        return new SmallDisk(path);
    }

    /// <summary>Fills the remaining space.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        for (var block = new byte[1 << 16]; block.Length > 0;)
        {
            try
            {
                file.Write(block);
                file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // No space for a block of this size; try smaller ones.
                block = new byte[block.Length / 2];
            }
        }
    }

    /// <summary>Frees the space.</summary>
    public void Free() => File.Delete(Filler);

    /// <inheritdoc />
    public async ValueTask DisposeAsync() =>
        await Cli.Wrap("umount").WithArguments(["-l", Path]).ExecuteBufferedAsync();
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CliWrap;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>A PostgreSQL server with its database in a folder, on a free port of the loopback.</summary>
internal sealed class PostgresProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _lines = [];
    private readonly Task _running;
    private readonly int _port;

    private PostgresProcess(string folder)
    {
        _port = FreePort();
        var script = Path.Combine(HangfireProgram.Folder, "postgres.sh");
        _running = Cli.Wrap("bash")
            .WithArguments([script, folder, _port.ToString(CultureInfo.InvariantCulture)])
            .WithStandardErrorPipe(PipeTarget.ToDelegate(_lines.Add))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(CancellationToken.None, _stop.Token);
    }

    /// <summary>Connection string of the database.</summary>
    public string ConnectionString => FormattableString.Invariant(
        $"Host=127.0.0.1;Port={_port};Username=peer;Database=postgres;Maximum Pool Size=64;Timeout=60");

    /// <summary>Starts the server and returns when it listens.</summary>
    /// <exception cref="InvalidOperationException">The server did not start; the message says why.</exception>
    public static async Task<PostgresProcess> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var postgres = new PostgresProcess(folder);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeout);
        try
        {
            while (!await postgres.ListensAsync(limit.Token))
            {
                if (postgres._running.IsCompleted)
                {
                    throw new InvalidOperationException($"PostgreSQL did not start: {postgres._lines.LastOrDefault()}");
                }

                await Task.Delay(PollInterval, TimeProvider.System, limit.Token);
            }

            return postgres;
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the server (SIGINT: it closes connections and files).</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // CliWrap reports the cancelled command so.
        }

        _stop.Dispose();
    }

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, _port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

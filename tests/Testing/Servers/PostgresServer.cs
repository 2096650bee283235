using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using Xunit;

namespace ForegSyte.Testing.Servers;

/// <summary>A PostgreSQL server on a free loopback port, with its data in a temporary folder.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>The superuser; the server trusts every connection from the loopback.</summary>
    public const string User = "postgres";

    private const int SigInt = 2;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    private static readonly string[] AsPostgres =
        Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];

    private readonly TemporaryFolder _folder = new();
    private readonly string _programs = Programs()!;
    private ServerProgram? _server;

    private readonly string[] _addresses;

    private PostgresServer(string[] addresses)
    {
        _addresses = ["127.0.0.1", .. addresses];
        Port = ServerPorts.Free();
    }

    /// <summary>Why no server can be started here; null if one can.</summary>
    public static string? MissingReason { get; } =
        Programs() is null ? "PostgreSQL is not installed; eng/setup.sh --test installs it."
        : Environment.IsPrivilegedProcess && !HasPostgresUser()
            ? "There is no user postgres, and root cannot run PostgreSQL."
            : null;

    /// <summary>Folder of PostgreSQL's programs.</summary>
    internal static string ProgramFolder => Programs()!;

    /// <summary>Its folder, deleted when it is disposed.</summary>
    public string Folder => _folder.Path;

    /// <summary>Its port, which it keeps over restarts.</summary>
    public int Port { get; }

    /// <summary>Ids of its processes.</summary>
    public IReadOnlyList<int> Processes => Server.Processes();

    /// <summary>The last lines of its log.</summary>
    public string Output => Server.Output;

    private string Database => _folder.File("data", "db");

    private ServerProgram Server =>
        _server ?? throw new InvalidOperationException("PostgreSQL is not running.");

    /// <summary>Starts a server with an empty database; skips the test where there can be none.</summary>
    public static Task<PostgresServer> StartOrSkipAsync()
    {
        Assert.SkipUnless(MissingReason is null, MissingReason ?? "");
        return StartNewAsync();
    }

    /// <summary>Starts a server with an empty database.</summary>
    /// <exception cref="InvalidOperationException">There can be none; the message says why.</exception>
    /// <param name="addresses">Addresses of this machine at which it also listens.</param>
    public static async Task<PostgresServer> StartNewAsync(params string[] addresses)
    {
        if (MissingReason is not null)
        {
            throw new InvalidOperationException(MissingReason);
        }

        var server = new PostgresServer(addresses);
        try
        {
            await server.InitializeAsync();
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connection string of a database, for Npgsql.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="address">One of its addresses.</param>
    public string ConnectionString(string database = "postgres", string address = "127.0.0.1") =>
        string.Create(CultureInfo.InvariantCulture, $"Host={address};Port={Port};Username={User};Database={database}");

    /// <summary>Creates an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        await QueryAsync($"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Runs a statement with psql.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="database">The database, as a name or a connection string of this class.</param>
    /// <returns>Its rows as lines, with | between the columns.</returns>
    public async Task<string[]> QueryAsync(string sql, string database = "postgres")
    {
        ArgumentNullException.ThrowIfNull(database);
        var name = database.Split("Database=")[^1].Split(';')[0];
        var result = await Cli.Wrap(Path.Combine(_programs, "psql"))
            .WithArguments([
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", User, "-d", name, "-c", sql,
            ])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0
            ? result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : throw new InvalidOperationException($"{sql}: {result.StandardError.Trim()}");
    }

    /// <summary>Starts the server after a stop or a crash and returns when it accepts connections.</summary>
    public async Task StartAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        _server = await ServerProgram.StartAsync(
            [
                .. AsPostgres, Path.Combine(_programs, "postgres"), "-D", Database,
                "-p", Port.ToString(CultureInfo.InvariantCulture),
                "-c", $"listen_addresses={string.Join(',', _addresses)}",
                "-c", "unix_socket_directories=", "-c", "max_connections=300",
            ],
            _folder.File("data"));
        while (true)
        {
            await ServerPorts.WaitAsync(Port, _server, limit.Token);
            try
            {
                await QueryAsync("SELECT 1");
                return;
            }
            catch (InvalidOperationException) when (!limit.IsCancellationRequested && !_server.Exit.IsCompleted)
            {
                // It listens, but still recovers.
                await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
            }
        }
    }

    /// <summary>Stops the server, which ends its connections and writes everything (a "fast" shutdown).</summary>
    public async Task StopAsync()
    {
        await Server.StopAsync(SigInt);
        await Server.DisposeAsync();
    }

    /// <summary>Kills all processes of the server; the next start recovers from its log.</summary>
    public async Task CrashAsync()
    {
        await Server.KillAsync();
        await Server.DisposeAsync();
    }

    /// <summary>Suspends all processes of the server.</summary>
    public void Freeze() => Server.Freeze();

    /// <summary>Resumes the suspended server.</summary>
    public void Continue() => Server.Continue();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task InitializeAsync()
    {
        var data = Directory.CreateDirectory(_folder.File("data")).FullName;
        if (Environment.IsPrivilegedProcess)
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(
                    _folder.Path,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }

            await Cli.Wrap("chown").WithArguments(["postgres:", data]).ExecuteAsync();
        }

        string[] command =
        [
            .. AsPostgres, Path.Combine(_programs, "initdb"), "-D", Database, "-U", User, "--auth=trust", "--no-locale",
            "-E", "UTF8", "--no-sync", "--no-instructions",
        ];
        await Cli.Wrap(command[0]).WithArguments(command[1..]).WithWorkingDirectory(data).ExecuteBufferedAsync();
        await File.AppendAllLinesAsync(
            Path.Combine(Database, "pg_hba.conf"), _addresses.Select(address => $"host all all {address}/24 trust"));
    }

    /// <summary>Folder of the newest installed version; null if there is none.</summary>
    private static string? Programs() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql")
            .Select(version => Path.Combine(version, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "initdb")))
            .Where(folder => File.Exists(Path.Combine(folder, "psql")))
            .OrderBy(folder => int.TryParse(
                Path.GetFileName(Path.GetDirectoryName(folder)), CultureInfo.InvariantCulture, out var version)
                ? version
                : 0)
            .LastOrDefault()
        : null;

    private static bool HasPostgresUser() =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith(User + ":", StringComparison.Ordinal));
}

using System.Globalization;
using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Testing.Servers;

/// <summary>
/// Two PostgreSQL servers with synchronous replication, supervised by Patroni with an etcd of its own, on the loopback.
/// Each member is a process namespace, so that it dies at once, like a machine. Needs root.
/// </summary>
public sealed class PatroniCluster : IAsyncDisposable
{
    private const int Members = 2;

    /// <summary>How long Patroni waits for a leader that is silent: the least that it accepts.</summary>
    private const int LeaderTtlSeconds = 20;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private readonly TemporaryFolder _folder = new();
    private readonly int[] _ports = [.. Enumerable.Range(0, Members).Select(_ => ServerPorts.Free())];
    private readonly ServerProgram?[] _members = new ServerProgram?[Members];
    private ServerProgram? _etcd;
    private int _etcdPort;

    private PatroniCluster()
    {
    }

    /// <summary>Why none can be started here; null if one can.</summary>
    public static string? MissingReason { get; } =
        PostgresServer.MissingReason
        ?? (!Environment.IsPrivilegedProcess ? "Patroni's members need root here."
            : new[] { "/usr/bin/patroni", "/usr/bin/etcd" }.FirstOrDefault(path => !File.Exists(path)) is { } missing
                ? $"{missing} is not installed; eng/setup.sh --cluster installs it."
                : null);

    /// <summary>Connection string of a database on whichever member leads, for Npgsql.</summary>
    /// <param name="database">Name of the database.</param>
    public string ConnectionString(string database) => string.Create(
        CultureInfo.InvariantCulture,
        $"Host={string.Join(',', _ports.Select(port => $"127.0.0.1:{port}"))};Username={PostgresServer.User};")
        + $"Database={database};Target Session Attributes=primary";

    /// <summary>Starts both members and returns when one leads and the other follows it synchronously.</summary>
    /// <exception cref="InvalidOperationException">There can be none; the message says why.</exception>
    public static async Task<PatroniCluster> StartNewAsync()
    {
        if (MissingReason is not null)
        {
            throw new InvalidOperationException(MissingReason);
        }

        var cluster = new PatroniCluster();
        try
        {
            await cluster.StartEtcdAsync();
            for (var index = 0; index < Members; index++)
            {
                await cluster.StartMemberAsync(index);
                await cluster.LeaderAsync();
            }

            await cluster.WaitForStandbyAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        if (await QueryAsync(await LeaderAsync(), $"CREATE DATABASE {name}") is null)
        {
            throw new InvalidOperationException("The leader of Patroni does not answer.");
        }

        return ConnectionString(name);
    }

    /// <summary>Kills the member that leads, with its Patroni (SIGKILL), and returns its index.</summary>
    public async Task<int> KillLeaderAsync()
    {
        var leader = await LeaderAsync();
        await _members[leader]!.DisposeAsync();
        _members[leader] = null;
        return leader;
    }

    /// <summary>Returns when a member leads.</summary>
    /// <returns>Its index.</returns>
    public async Task<int> LeaderAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        while (true)
        {
            for (var index = 0; index < Members; index++)
            {
                if (_members[index] is not null && await QueryAsync(index, "SELECT NOT pg_is_in_recovery()") == "t")
                {
                    return index;
                }
            }

            await DelayAsync(limit.Token);
        }
    }

    /// <summary>Starts a killed member, which gives up what nobody else has and follows the leader.</summary>
    public async Task StartMemberAsync(int index)
    {
        var path = _folder.File($"member{index}.yml");
        var data = _folder.File($"data{index}");
        await File.WriteAllTextAsync(path, string.Create(CultureInfo.InvariantCulture, $$"""
            scope: test
            name: member{{index}}
            restapi: {listen: '127.0.0.1:{{ServerPorts.Free()}}'}
            etcd3: {host: '127.0.0.1:{{_etcdPort}}'}
            bootstrap:
              dcs:
                ttl: {{LeaderTtlSeconds}}
                loop_wait: 1
                retry_timeout: 3
                synchronous_mode: true
                postgresql:
                  use_pg_rewind: true
                  parameters: {max_connections: 200}
              initdb: [{auth: trust}, {encoding: UTF8}, {locale: C}]
              pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
            postgresql:
              listen: 127.0.0.1:{{_ports[index]}}
              connect_address: 127.0.0.1:{{_ports[index]}}
              data_dir: {{data}}
              bin_dir: {{PostgresServer.ProgramFolder}}
              pgpass: {{_folder.File($"pgpass{index}")}}
              authentication:
                superuser: {username: postgres}
                replication: {username: postgres}
                rewind: {username: postgres}
              parameters: {unix_socket_directories: '{{_folder.Path}}'}
            """));
        await Cli.Wrap("chown").WithArguments(["-R", "postgres:", _folder.Path]).ExecuteAsync();
        _members[index] = await ServerProgram.StartAsync(
            [
                "unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
                "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                "env", $"HOME={_folder.Path}", "patroni", path,
            ],
            _folder.Path);
    }

    /// <summary>Returns when a member follows the leader synchronously.</summary>
    public async Task WaitForStandbyAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        while (await QueryAsync(
            await LeaderAsync(),
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1")
        {
            await DelayAsync(limit.Token);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var program in _members.Append(_etcd))
        {
            if (program is not null)
            {
                await program.DisposeAsync();
            }
        }

        _folder.Dispose();
    }

    private async Task StartEtcdAsync()
    {
        _etcdPort = ServerPorts.Free();
        var (client, peer) = ($"http://127.0.0.1:{_etcdPort}", $"http://127.0.0.1:{ServerPorts.Free()}");
        _etcd = await ServerProgram.StartAsync(
            [
                "etcd", "--data-dir", _folder.File("etcd"), "--listen-client-urls", client, "--advertise-client-urls",
                client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
                $"default={peer}",
            ],
            _folder.Path);
        using var limit = new CancellationTokenSource(StartTimeout);
        await ServerPorts.WaitAsync(_etcdPort, _etcd, limit.Token);
        await Cli.Wrap("chmod").WithArguments(["755", _folder.Path]).ExecuteAsync();
    }

    /// <summary>The answer of a member to a statement; null if it does not answer.</summary>
    private async Task<string?> QueryAsync(int index, string sql)
    {
        var result = await Cli.Wrap(Path.Combine(PostgresServer.ProgramFolder, "psql"))
            .WithArguments([
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                "-p", _ports[index].ToString(CultureInfo.InvariantCulture), "-U", PostgresServer.User,
                "-d", "postgres", "-c", sql,
            ])
            .WithEnvironmentVariables(variables => variables
                .Set("PGCONNECT_TIMEOUT", "2").Set("PGOPTIONS", "-c statement_timeout=10s"))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0 ? result.StandardOutput.Trim() : null;
    }

    private async Task DelayAsync(CancellationToken timeLimit)
    {
        try
        {
            await Task.Delay(PollInterval, timeLimit);
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException(
                $"Patroni did not get that far in {StartTimeout}:\n"
                + string.Join('\n', _members.Append(_etcd).Select(program => program?.Output)));
        }
    }
}

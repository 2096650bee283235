using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using Xunit;

namespace ForegSyte.Testing.Servers;

/// <summary>
/// An S3 server: Ceph with one monitor, one object store and one gateway, on free loopback ports, with its data in a
/// temporary folder.
/// </summary>
public sealed class CephServer : IAsyncDisposable
{
    /// <summary>The region of the gateway.</summary>
    public const string Region = "us-east-1";

    /// <summary>Access key of the only user.</summary>
    public const string AccessKey = "test-access-key";

    /// <summary>Secret key of the only user.</summary>
    public const string SecretKey = "test-secret-key";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Programs =
        ["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "curl", "monmaptool", "radosgw", "radosgw-admin"];

    private readonly TemporaryFolder _folder = new();
    private readonly int _monitorPort = ServerPorts.Free();
    private ServerProgram? _monitor;
    private ServerProgram? _store;
    private ServerProgram? _gateway;

    private readonly string[] _addresses;

    private CephServer(string[] addresses)
    {
        _addresses = ["127.0.0.1", .. addresses];
        Port = ServerPorts.Free();
    }

    /// <summary>Why no server can be started here; null if one can.</summary>
    public static string? MissingReason { get; } =
        Programs.Where(program => FindProgram(program) is null).ToArray() is { Length: > 0 } missing
            ? $"{string.Join(", ", missing)}: not installed; eng/setup.sh --test installs Ceph."
            : null;

    /// <summary>Port of the gateway, which it keeps over restarts.</summary>
    public int Port { get; }

    /// <summary>Address of the gateway; buckets are the first part of the path.</summary>
    public Uri Endpoint => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"));

    /// <summary>The last lines of its logs.</summary>
    public string Output => string.Join('\n', _monitor?.Output, _store?.Output, _gateway?.Output);

    /// <summary>Ids of its processes.</summary>
    public IReadOnlyList<int> Processes => [.. Started().SelectMany(program => program.Processes())];

    private string Configuration => _folder.File("ceph.conf");

    private ServerProgram Gateway => _gateway ?? throw new InvalidOperationException("Ceph is not running.");

    /// <summary>Starts a server without buckets; skips the test where there can be none.</summary>
    public static Task<CephServer> StartOrSkipAsync()
    {
        Assert.SkipUnless(MissingReason is null, MissingReason ?? "");
        return StartNewAsync();
    }

    /// <summary>Starts a server without buckets.</summary>
    /// <exception cref="InvalidOperationException">There can be none; the message says why.</exception>
    /// <param name="addresses">Addresses of this machine at which the gateway also listens.</param>
    public static async Task<CephServer> StartNewAsync(params string[] addresses)
    {
        if (MissingReason is not null)
        {
            throw new InvalidOperationException(MissingReason);
        }

        var server = new CephServer(addresses);
        try
        {
            using var limit = new CancellationTokenSource(StartTimeout);
            var store = await server.InitializeAsync();
            await server.StartMonitorAsync(limit.Token);
            await server.RunAsync("ceph", ["osd", "new", store], limit.Token);
            await server.RunAsync("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", store], limit.Token);
            await server.RunAsync("ceph", ["osd", "crush", "add", "osd.0", "1.0", "root=default"], limit.Token);
            await server.StartStoreAsync(limit.Token);
            await server.RunAsync(
                "radosgw-admin",
                [
                    "-n", "client.rgw", "user", "create", "--uid=test", "--display-name=test",
                    $"--access-key={AccessKey}", $"--secret-key={SecretKey}",
                ],
                limit.Token);
            await server.LaunchGatewayAsync(limit.Token);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Settings of a JobService that stores its artifacts in the bucket.</summary>
    /// <param name="bucket">Name of the bucket.</param>
    /// <param name="address">One of the addresses of the gateway.</param>
    public IReadOnlyDictionary<string, string> Settings(
        string bucket, string address = "127.0.0.1") => new Dictionary<string, string>
        {
            ["Storage"] = "S3",
            ["S3:Endpoint"] = new UriBuilder(Endpoint) { Host = address }.Uri.ToString(),
            ["S3:Bucket"] = bucket,
            ["S3:Region"] = Region,
            ["S3:AccessKeyFile"] = _folder.File("access-key"),
            ["S3:SecretKeyFile"] = _folder.File("secret-key"),
            ["S3:PathStyle"] = "true",
        };

    /// <summary>Creates an empty bucket.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> CreateBucketAsync()
    {
        var name = $"test-{Guid.NewGuid():N}";
        await CallAsync("PUT", name);
        return name;
    }

    /// <summary>Makes a signed S3 call without a body.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">Bucket and key, with a query in alphabetical order.</param>
    /// <returns>The body of the answer.</returns>
    public async Task<string> CallAsync(string method, string path)
    {
        var result = await Cli.Wrap("curl")
            .WithArguments([
                "-sS", "--fail-with-body", "-X", method, "--user", $"{AccessKey}:{SecretKey}",
                "--aws-sigv4", $"aws:amz:{Region}:s3", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
                new Uri(Endpoint, path).ToString(),
            ])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0
            ? result.StandardOutput
            : throw new InvalidOperationException($"{method} {path}: {result.StandardError}{result.StandardOutput}");
    }

    /// <summary>Starts all programs after a stop or a crash and returns when the gateway listens.</summary>
    public async Task StartAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        await StartMonitorAsync(limit.Token);
        await StartStoreAsync(limit.Token);
        await LaunchGatewayAsync(limit.Token);
    }

    /// <summary>Starts the gateway after <see cref="StopGatewayAsync"/> and returns when it listens.</summary>
    public async Task StartGatewayAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        await LaunchGatewayAsync(limit.Token);
    }

    /// <summary>Stops the gateway, which is quicker than to stop everything: clients see no difference.</summary>
    public async Task StopGatewayAsync()
    {
        await Gateway.StopAsync();
        await Gateway.DisposeAsync();
        _gateway = null;
    }

    /// <summary>Stops all programs.</summary>
    public async Task StopAsync()
    {
        foreach (var program in Started())
        {
            await program.StopAsync();
            await program.DisposeAsync();
        }

        (_gateway, _store, _monitor) = (null, null, null);
    }

    /// <summary>Kills all programs; objects that were acknowledged survive.</summary>
    public async Task CrashAsync()
    {
        foreach (var program in Started())
        {
            await program.DisposeAsync();
        }

        (_gateway, _store, _monitor) = (null, null, null);
    }

    /// <summary>Suspends the gateway, so that calls get no answer.</summary>
    public void Freeze() => Gateway.Freeze();

    /// <summary>Resumes the suspended gateway.</summary>
    public void Continue() => Gateway.Continue();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        _folder.Dispose();
    }

    private IEnumerable<ServerProgram> Started() =>
        new[] { _gateway, _store, _monitor }.OfType<ServerProgram>();

    /// <summary>Writes the configuration, the keys and the monitor's database.</summary>
    /// <returns>Id of the object store.</returns>
    private async Task<string> InitializeAsync()
    {
        foreach (var name in (string[])["mon", "osd", "rgw", "run"])
        {
            Directory.CreateDirectory(_folder.File(name));
        }

        _folder.WriteSecret("access-key", AccessKey);
        _folder.WriteSecret("secret-key", SecretKey);
        var cluster = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(Configuration, ConfigurationText(cluster));
        var keyring = _folder.File("keyring");
        (string Name, string[] Rights)[] users =
        [
            ("mon.", ["--cap", "mon", "allow *"]),
            ("client.admin", ["--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"]),
            ("client.rgw", ["--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"]),
            ("osd.0", ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"]),
        ];
        foreach (var (index, user) in users.Index())
        {
            string[] create = index == 0 ? ["--create-keyring"] : [];
            await RunAsync("ceph-authtool", [.. create, keyring, "--gen-key", "-n", user.Name, .. user.Rights]);
        }

        var map = _folder.File("monmap");
        var address = string.Create(CultureInfo.InvariantCulture, $"[v2:127.0.0.1:{_monitorPort}]");
        await RunAsync("monmaptool", ["--create", "--fsid", cluster, "--addv", "a", address, map]);
        await RunAsync("ceph-mon", ["--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring]);
        return Guid.NewGuid().ToString();
    }

    private async Task StartMonitorAsync(CancellationToken cancellationToken)
    {
        _monitor = await LaunchAsync("ceph-mon", "-i", "a");
        await UntilAsync(_monitor, ["mon", "stat"], _ => true, cancellationToken);
    }

    private async Task StartStoreAsync(CancellationToken cancellationToken)
    {
        _store = await LaunchAsync("ceph-osd", "-i", "0");
        await UntilAsync(
            _store, ["osd", "stat"], text => text.Contains("1 up", StringComparison.Ordinal), cancellationToken);
    }

    private async Task LaunchGatewayAsync(CancellationToken cancellationToken)
    {
        _gateway = await LaunchAsync("radosgw", "-n", "client.rgw");
        await ServerPorts.WaitAsync(Port, _gateway, cancellationToken);
    }

    private Task<ServerProgram> LaunchAsync(string program, params string[] arguments) =>
        ServerProgram.StartAsync([program, "-c", Configuration, .. arguments, "-f"], _folder.Path);

    private async Task RunAsync(
        string program, string[] arguments, CancellationToken cancellationToken = default)
    {
        string[] all = program is "ceph-authtool" or "monmaptool" ? arguments : ["-c", Configuration, .. arguments];
        var result = await Cli.Wrap(program).WithArguments(all)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.StandardError}");
        }
    }

    /// <summary>Asks the monitor until its answer meets a condition.</summary>
    private async Task UntilAsync(
        ServerProgram program, string[] question, Func<string, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await Cli.Wrap("ceph")
                .WithArguments(["-c", Configuration, "--connect-timeout", "5", .. question])
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(cancellationToken);
            if (answer.ExitCode == 0 && condition(answer.StandardOutput))
            {
                return;
            }

            if (program.Exit.IsCompleted)
            {
                throw new InvalidOperationException($"Ceph has ended: {program.Output}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private string ConfigurationText(string cluster) => string.Create(CultureInfo.InvariantCulture, $"""
        [global]
        fsid = {cluster}
        mon host = v2:127.0.0.1:{_monitorPort}
        public addr = 127.0.0.1
        cluster addr = 127.0.0.1
        keyring = {_folder.File("keyring")}
        paxos propose interval = 0.05
        paxos min wait = 0.01
        mon election timeout = 1
        mon osd min up ratio = 0
        osd heartbeat grace = 5
        osd pool default size = 1
        osd pool default min size = 1
        osd pool default pg num = 8
        osd crush chooseleaf type = 0
        mon allow pool size one = true
        mon pg warn min per osd = 0
        mon max pg per osd = 1000
        run dir = {_folder.File("run")}
        admin socket = {_folder.File("run")}/$name.asok
        log to file = false
        log to stderr = true
        mon cluster log to file = false
        osd objectstore = bluestore
        osd data = {_folder.File("osd")}
        osd memory target = 939524096
        bluestore block size = 4294967296
        bluestore block wal create = false
        bluestore block db create = false
        mon data = {_folder.File("mon")}
        rgw data = {_folder.File("rgw")}
        mon warn on insecure global id reclaim allowed = false
        rgw dynamic resharding = false
        rgw override bucket index max shards = 1
        setuser match path =
        [client.rgw]
        rgw frontends = beast {string.Join(' ', _addresses.Select(address => $"endpoint={address}:{Port}"))}
        rgw thread pool size = 32

        """);

    private static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Append("/usr/sbin")
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}

using ForegSyte.Client.Calls;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Client;

/// <summary>
/// Options of a <see cref="ForegSyteClient"/>. A client copies them, so later changes do not affect it.
/// </summary>
public sealed record ForegSyteClientOptions
{
    /// <summary>
    /// Address of the JobService: <c>http</c> for HTTP/2 without TLS, <c>https</c> for HTTP/2 with TLS,
    /// <c>unix:/path</c> for a Unix domain socket.
    /// </summary>
    /// <value>Default: <c>http://127.0.0.1:5200</c>.</value>
    public Uri Address { get; set; } = new("http://127.0.0.1:5200");

    /// <summary>
    /// Further addresses that serve the same jobs: a server that takes over during a rolling restart, or replicas that
    /// share a database. All must be http, or all https. Servers with separate databases need a client each.
    /// </summary>
    /// <value>Default: none.</value>
    public IReadOnlyList<Uri> Replicas { get; set; } = [];

    /// <summary>How calls are distributed over several servers.</summary>
    /// <value>Default: <see cref="LoadBalancingPolicy.PickFirst"/>.</value>
    public LoadBalancingPolicy LoadBalancing { get; set; }

    /// <summary>
    /// Interval at which <see cref="LoadBalancingPolicy.RoundRobin"/> resolves the host of <see cref="Address"/> again,
    /// to find added servers.
    /// </summary>
    /// <value>Default: 1 minute. At least 15 seconds.</value>
    public TimeSpan DnsRefreshInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Credentials of the client, and the certificate authorities that it trusts.</summary>
    /// <value>Default: no credentials; the certificate authorities of the system.</value>
    public ClientCredentials Credentials { get; set; } = new();

    /// <summary>Deadline of a call that reads, including retries.</summary>
    /// <value>Default: 30 seconds. Greater than zero.</value>
    public TimeSpan ReadDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Deadline of a submission, including retries.</summary>
    /// <value>Default: 5 minutes, enough for 32 MiB at 1 Mbit/s. Greater than zero.</value>
    public TimeSpan SubmitDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Deadline of a submission by URI, including retries. The server answers after it has fetched the whole video.
    /// </summary>
    /// <value>Default: 1 hour, the server's default limit for a fetch. Greater than zero.</value>
    public TimeSpan FetchDeadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Deadline of a call that changes, cancels, retries or deletes a job, including retries.</summary>
    /// <value>Default: 30 seconds. Greater than zero.</value>
    public TimeSpan ControlDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that one WaitJob call asks the server to wait for a change.</summary>
    /// <value>Default: 30 seconds. Greater than zero; the server limits it to 60 seconds.</value>
    public TimeSpan LongPollTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that the deadline of a WaitJob call adds to <see cref="LongPollTimeout"/>.</summary>
    /// <value>Default: 10 seconds. Greater than zero.</value>
    public TimeSpan LongPollGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time limit of a watch whose caller gives none.</summary>
    /// <value>Default: 24 hours. Greater than zero.</value>
    public TimeSpan WatchTimeout { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Longest outage of the server, unavailable or busy, that a watch, an upload or a download survives. The default
    /// covers a restart.
    /// </summary>
    /// <value>Default: 2 minutes. Not negative.</value>
    public TimeSpan MaxOutage { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Maximum number of attempts of a call that returns UNAVAILABLE.</summary>
    /// <value>Default: 5. 1 (no retries) to 20.</value>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// Longest delay before the first retry. It doubles with each further retry; the actual delay is random (full
    /// jitter).
    /// </summary>
    /// <value>Default: 200 milliseconds. Greater than zero.</value>
    public TimeSpan RetryBaseDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest delay between retries, unless the server's RetryInfo asks for more.</summary>
    /// <value>Default: 5 seconds. At least <see cref="RetryBaseDelay"/>.</value>
    public TimeSpan RetryMaxDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum size of a message in bytes, sent or received.</summary>
    /// <value>Default: 40 MiB. Greater than <see cref="MaxInlineBytes"/>.</value>
    public int MaxMessageBytes { get; set; } = 40 * 1024 * 1024;

    /// <summary>
    /// Maximum size in bytes of a video sent inside the message. The server's limit is Submit:MaxInlineBytes.
    /// </summary>
    /// <value>Default: 32 MiB. Greater than zero.</value>
    public int MaxInlineBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Options of uploads, for videos larger than <see cref="MaxInlineBytes"/>.</summary>
    /// <value>Default: parts of 2 MiB, 4 at a time.</value>
    public UploadOptions Uploads { get; set; } = new();

    /// <summary>Timeout of a connection attempt.</summary>
    /// <value>Default: 10 seconds. Greater than zero.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence on a connection during a call after which the client sends a keep-alive ping.</summary>
    /// <value>Default: 60 seconds. At least 10 seconds, so that servers do not take pings for an attack.</value>
    public TimeSpan KeepAlivePingDelay { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Time without an answer to a keep-alive ping after which the client closes the connection.</summary>
    /// <value>Default: 20 seconds. At least 1 second.</value>
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Changes the options of the gRPC channel, after all other settings.</summary>
    /// <value>Default: no changes.</value>
    public Action<GrpcChannelOptions>? ConfigureChannel { get; set; }

    /// <summary>Logger factory of the client and its channel. Keys and tokens are never logged.</summary>
    /// <value>Default: no logging; a client of <c>AddForegSyteClient</c> uses the application's.</value>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Clock of deadlines and delays.</summary>
    /// <value>Default: the system clock.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Random number generator of the jitter. The client locks it.</summary>
    /// <value>Default: a new generator.</value>
    public Random Random { get; set; } = new();

    /// <summary>All addresses, <see cref="Address"/> first.</summary>
    internal IReadOnlyList<Uri> Addresses => [Address, .. Replicas];

    internal string AddressesText => string.Join(", ", Addresses);

    /// <summary>Copies the options, so that the caller cannot change them later.</summary>
    internal ForegSyteClientOptions Copy() => this with
    {
        Replicas = [.. Replicas],
        Credentials = Credentials.Copy(),
        Uploads = Uploads with { },
    };

    /// <summary>Validates every option, and reads the files of the credentials.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        ValidateAddresses();
        Credentials.Validate(Addresses);

        OptionRange.RequireAtLeast(ReadDeadline, TimeSpan.FromTicks(1), nameof(ReadDeadline));
        OptionRange.RequireAtLeast(SubmitDeadline, TimeSpan.FromTicks(1), nameof(SubmitDeadline));
        OptionRange.RequireAtLeast(FetchDeadline, TimeSpan.FromTicks(1), nameof(FetchDeadline));
        OptionRange.RequireAtLeast(ControlDeadline, TimeSpan.FromTicks(1), nameof(ControlDeadline));
        OptionRange.RequireAtLeast(LongPollTimeout, TimeSpan.FromTicks(1), nameof(LongPollTimeout));
        OptionRange.RequireAtLeast(LongPollGrace, TimeSpan.FromTicks(1), nameof(LongPollGrace));
        OptionRange.RequireAtLeast(WatchTimeout, TimeSpan.FromTicks(1), nameof(WatchTimeout));
        OptionRange.RequireAtLeast(MaxOutage, TimeSpan.Zero, nameof(MaxOutage));
        OptionRange.RequireAtLeast(RetryBaseDelay, TimeSpan.FromTicks(1), nameof(RetryBaseDelay));
        OptionRange.RequireAtLeast(RetryMaxDelay, RetryBaseDelay, nameof(RetryMaxDelay));
        OptionRange.RequireAtLeast(DnsRefreshInterval, TimeSpan.FromSeconds(15), nameof(DnsRefreshInterval));
        OptionRange.RequireAtLeast(ConnectTimeout, TimeSpan.FromTicks(1), nameof(ConnectTimeout));
        OptionRange.RequireAtLeast(KeepAlivePingDelay, TimeSpan.FromSeconds(10), nameof(KeepAlivePingDelay));
        OptionRange.RequireAtLeast(KeepAlivePingTimeout, TimeSpan.FromSeconds(1), nameof(KeepAlivePingTimeout));
        OptionRange.RequireBetween(MaxAttempts, 1, 20, nameof(MaxAttempts));
        OptionRange.RequireBetween(MaxInlineBytes, 1, int.MaxValue - 1, nameof(MaxInlineBytes));
        OptionRange.RequireBetween(MaxMessageBytes, MaxInlineBytes + 1, int.MaxValue, nameof(MaxMessageBytes));
        Uploads.Validate(MaxMessageBytes);
    }

    private void ValidateAddresses()
    {
        if (!Enum.IsDefined(LoadBalancing))
        {
            throw new ArgumentException(FormattableString.Invariant(
                $"{nameof(LoadBalancing)} must be {LoadBalancingPolicy.PickFirst} or ")
                + $"{LoadBalancingPolicy.RoundRobin}, not {LoadBalancing}.");
        }

        RequireScheme(Address, nameof(Address), Uri.UriSchemeHttp, Uri.UriSchemeHttps, UnixSockets.Scheme);
        if (Address.Scheme == UnixSockets.Scheme && (Replicas.Count > 0 || LoadBalancing != default))
        {
            throw new ArgumentException(
                $"{nameof(Replicas)} and {nameof(LoadBalancing)} need http or https addresses: a Unix socket is a "
                + "single server.");
        }

        foreach (var replica in Replicas)
        {
            RequireScheme(replica, nameof(Replicas), Address.Scheme);
        }
    }

    private static void RequireScheme(Uri address, string setting, params string[] schemes)
    {
        if (!address.IsAbsoluteUri || !schemes.Contains(address.Scheme))
        {
            throw new ArgumentException(
                $"{setting} must be an address with the scheme {string.Join(" or ", schemes)}, not '{address}'.");
        }
    }
}

/// <summary>How calls are distributed over several servers.</summary>
public enum LoadBalancingPolicy
{
    /// <summary>
    /// All calls go to the first server that accepts a connection, and to the next one if that connection is lost. For
    /// a server that another one replaces, as in a rolling restart.
    /// </summary>
    PickFirst = 0,

    /// <summary>
    /// Calls go to all servers in turn: to every <see cref="ForegSyteClientOptions.Replicas">replica</see> or, without
    /// replicas, to every IP address of the host of <see cref="ForegSyteClientOptions.Address"/>. Only for servers that
    /// share their jobs.
    /// </summary>
    RoundRobin = 1,
}

/// <summary>Validates the options of a registered client when the application starts.</summary>
internal sealed class ForegSyteClientOptionsValidator : IValidateOptions<ForegSyteClientOptions>
{
    public ValidateOptionsResult Validate(string? name, ForegSyteClientOptions options)
    {
        try
        {
            options.Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException failure)
        {
            var client = string.IsNullOrEmpty(name) ? "The ForegSyte client" : $"The ForegSyte client '{name}'";
            return ValidateOptionsResult.Fail($"{client}: {failure.Message}");
        }
    }
}

/// <summary>Range checks whose messages name the option.</summary>
internal static class OptionRange
{
    /// <exception cref="ArgumentException">The value is below the minimum.</exception>
    public static void RequireAtLeast(TimeSpan value, TimeSpan minimum, string name)
    {
        if (value < minimum)
        {
            throw new ArgumentException($"{name} must be at least {minimum}, not {value}.");
        }
    }

    /// <exception cref="ArgumentException">The value is below the minimum.</exception>
    public static void RequireAtLeast(long value, long minimum, string name)
    {
        if (value < minimum)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"{name} must be at least {minimum}, not {value}."));
        }
    }

    /// <exception cref="ArgumentException">The value is out of range.</exception>
    public static void RequireBetween(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
        {
            throw new ArgumentException(FormattableString.Invariant(
                $"{name} must be between {minimum} and {maximum}, not {value}."));
        }
    }
}

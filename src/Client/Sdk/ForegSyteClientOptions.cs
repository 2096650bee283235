using ForegSyte.Client.Calls;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Client;

/// <summary>
/// Settings of a <see cref="ForegSyteClient"/>. Every limit and every time has a name and a default. A client takes a
/// copy: what is changed later, changes nothing of it.
/// </summary>
public sealed record ForegSyteClientOptions
{
    /// <summary>
    /// Where the JobService is. <c>http</c> means HTTP/2 without TLS, <c>https</c> HTTP/2 with TLS, and
    /// <c>unix:/path</c> a Unix domain socket of this machine.
    /// </summary>
    /// <value>Default: <c>http://127.0.0.1:5200</c>.</value>
    public Uri Address { get; set; } = new("http://127.0.0.1:5200");

    /// <summary>
    /// Further addresses under which the same jobs are served: of the server that takes over when one is replaced, or
    /// of replicas that share their database. All are http, or all https. Servers with data of their own do not know
    /// each other's jobs and do not belong in one client.
    /// </summary>
    /// <value>Default: none.</value>
    public IReadOnlyList<Uri> Replicas { get; set; } = [];

    /// <summary>Which of several servers a call goes to.</summary>
    /// <value>Default: <see cref="LoadBalancingPolicy.PickFirst"/>.</value>
    public LoadBalancingPolicy LoadBalancing { get; set; }

    /// <summary>
    /// How often the host of <see cref="Address"/> is looked up again under <see
    /// cref="LoadBalancingPolicy.RoundRobin"/>, so that servers that are added get calls too.
    /// </summary>
    /// <value>Default: 1 minute. At least 15 seconds.</value>
    public TimeSpan DnsRefreshInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Who the client is, and which servers it trusts.</summary>
    /// <value>Default: no credentials; the certificate authorities of the system.</value>
    public ClientCredentials Credentials { get; set; } = new();

    /// <summary>Longest time for a call that reads, its repetitions included.</summary>
    /// <value>Default: 30 seconds. Greater than zero.</value>
    public TimeSpan ReadDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for a submission, its repetitions included.</summary>
    /// <value>Default: 5 minutes, enough for 32 MiB over a slow line. Greater than zero.</value>
    public TimeSpan SubmitDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Longest time for a submission by uri, its repetitions included: the server answers when it has the whole video.
    /// </summary>
    /// <value>Default: 1 hour, as long as a server fetches by default. Greater than zero.</value>
    public TimeSpan FetchDeadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Longest time for a call that cancels, retries or deletes a job, its repetitions included.
    /// </summary>
    /// <value>Default: 30 seconds. Greater than zero.</value>
    public TimeSpan ControlDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one WaitJob call asks the server to wait for a change.</summary>
    /// <value>Default: 30 seconds. Greater than zero; the server cuts what is longer than 60 seconds.</value>
    public TimeSpan LongPollTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How much later than <see cref="LongPollTimeout"/> the deadline of a WaitJob call is.</summary>
    /// <value>Default: 10 seconds. Greater than zero.</value>
    public TimeSpan LongPollGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time to watch one job when the caller gives none, so that no watch lasts for ever.</summary>
    /// <value>Default: 24 hours. Greater than zero.</value>
    public TimeSpan WatchTimeout { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long the server may be away, or busy, during a watch or an upload before that gives up; a restart fits in.
    /// </summary>
    /// <value>Default: 2 minutes. Not negative.</value>
    public TimeSpan MaxOutage { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often a call is made at most when the server answers UNAVAILABLE.</summary>
    /// <value>Default: 5. At least 1, which means that nothing is repeated; at most 20.</value>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// Upper end of the first pause between attempts; it doubles with each attempt, with full jitter.
    /// </summary>
    /// <value>Default: 200 milliseconds. Greater than zero.</value>
    public TimeSpan RetryBaseDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause between attempts that the client chooses by itself.</summary>
    /// <value>Default: 5 seconds. At least <see cref="RetryBaseDelay"/>.</value>
    public TimeSpan RetryMaxDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Largest message in bytes, sent or received.</summary>
    /// <value>Default: 40 MiB. Greater than <see cref="MaxInlineBytes"/>.</value>
    public int MaxMessageBytes { get; set; } = 40 * 1024 * 1024;

    /// <summary>
    /// Largest video in bytes that is sent inside the message; the server's limit is Submit:MaxInlineBytes.
    /// </summary>
    /// <value>Default: 32 MiB. Greater than zero.</value>
    public int MaxInlineBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>How a file is sent that is larger than <see cref="MaxInlineBytes"/>.</summary>
    /// <value>Default: parts of 2 MiB, 4 at a time.</value>
    public UploadOptions Uploads { get; set; } = new();

    /// <summary>How long to wait for a connection to be made.</summary>
    /// <value>Default: 10 seconds. Greater than zero.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Silence on a connection with calls under way after which the client asks whether the server is there.
    /// </summary>
    /// <value>Default: 60 seconds. At least 10 seconds, so that servers do not take it for an attack.</value>
    public TimeSpan KeepAlivePingDelay { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an answer to a keep-alive question may take before the connection is given up.</summary>
    /// <value>Default: 20 seconds. At least 1 second.</value>
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Last word on the channel, for credentials, logging or certificates. Applied after all other settings.
    /// </summary>
    /// <value>Default: nothing is changed.</value>
    public Action<GrpcChannelOptions>? ConfigureChannel { get; set; }

    /// <summary>Where the client and its channel log; keys and tokens are never written.</summary>
    /// <value>
    /// Default: nowhere; a client of <c>AddForegSyteClient</c> logs where its application does.
    /// </value>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The clock of deadlines and pauses.</summary>
    /// <value>Default: the system's clock.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The source of jitter. The client takes a lock around it.</summary>
    /// <value>Default: a new generator with a seed of its own.</value>
    public Random Random { get; set; } = new();

    /// <summary>All addresses, the first one first.</summary>
    internal IReadOnlyList<Uri> Addresses => [Address, .. Replicas];

    /// <summary>The same for people.</summary>
    internal string AddressesText => string.Join(", ", Addresses);

    /// <summary>Settings that nobody else can change.</summary>
    internal ForegSyteClientOptions Copy() => this with
    {
        Replicas = [.. Replicas],
        Credentials = Credentials.Copy(),
        Uploads = Uploads with { },
    };

    /// <summary>Checks every setting; files are read.</summary>
    /// <exception cref="ArgumentException">A setting lies outside its range; the message names it.</exception>
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
                $"{nameof(LoadBalancing)} has to be {LoadBalancingPolicy.PickFirst} or ")
                + $"{LoadBalancingPolicy.RoundRobin}, not {LoadBalancing}.");
        }

        RequireScheme(Address, nameof(Address), Uri.UriSchemeHttp, Uri.UriSchemeHttps, UnixSockets.Scheme);
        if (Address.Scheme == UnixSockets.Scheme && (Replicas.Count > 0 || LoadBalancing != default))
        {
            throw new ArgumentException(
                $"{nameof(Replicas)} and {nameof(LoadBalancing)} need http or https addresses: a Unix socket is one "
                + "server.");
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
                $"{setting} has to be an address with {string.Join(", ", schemes)}, not '{address}'.");
        }
    }
}

using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>The receivers of news about jobs, and the limits of sending it. Section "Webhooks".</summary>
internal sealed class WebhookOptions
{
    public const string Section = "Webhooks";

    /// <summary>
    /// Hosts to which the service sends: a name, or "*.name" for every host below a name. Applies to the addresses of
    /// submissions and to <see cref="Endpoints"/>.
    /// </summary>
    /// <value>None by default: webhooks are refused. At most 1000.</value>
    [MaxLength(1000)]
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Allowed TCP ports.</summary>
    /// <value>443 by default, and 80 with <see cref="AllowHttp"/>.</value>
    public IList<int> AllowedPorts { get; } = [];

    /// <summary>Networks (CIDR) to which the service connects although they are not public.</summary>
    /// <value>None by default.</value>
    public IList<string> AllowedNetworks { get; } = [];

    /// <summary>Whether addresses can begin with http://, so that others on the way can read the messages.</summary>
    /// <value>False by default.</value>
    public bool AllowHttp { get; set; }

    /// <summary>
    /// PEM file of the certificate authorities to trust instead of the system's. Absolute path; read at start.
    /// </summary>
    /// <value>Empty by default: the system's.</value>
    public string CertificateAuthorities { get; set; } = "";

    /// <summary>
    /// File with the secrets that sign messages to addresses of submissions without a tenant. Absolute path; read for
    /// each try.
    /// </summary>
    /// <value>Empty by default: such webhooks are refused unless <see cref="AllowUnsigned"/> is set.</value>
    public string SecretFile { get; set; } = "";

    /// <summary>
    /// The files with the secrets of each tenant, as <see cref="SecretFile"/>. A tenant without one cannot name a
    /// webhook unless <see cref="AllowUnsigned"/> is set; no tenant uses another one's secrets, which would let it
    /// forge messages to the other one's receivers. The start is refused if two tenants, or a tenant and an endpoint,
    /// have the same secret.
    /// </summary>
    /// <value>None by default.</value>
    public IDictionary<string, string> TenantSecretFiles { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether messages for which no secret is configured are sent without a signature.</summary>
    /// <value>False by default.</value>
    public bool AllowUnsigned { get; set; }

    /// <summary>The receivers that hear about jobs whatever their submission says.</summary>
    /// <value>None by default. At most 20.</value>
    [MaxLength(20)]
    public IList<WebhookEndpointOptions> Endpoints { get; } = [];

    /// <summary>The attribute "source" of the CloudEvents, a URI reference that names this installation.</summary>
    /// <value>/foregsyte by default.</value>
    [Required]
    [MaxLength(200)]
    public string Source { get; set; } = "/foregsyte";

    /// <summary>
    /// Maximum size of the job in a message in KiB. Of a longer job the message contains the view BASIC, or only its
    /// id, status and times.
    /// </summary>
    /// <value>4 to 1024; 64 by default.</value>
    [Range(4, 1024)]
    [Limit("KiB", "Maximum size of the job in a message to a webhook; of a longer job it contains fewer fields.")]
    public int MaxJobKibibytes { get; set; } = 64;

    /// <summary>Maximum number of tries of a message.</summary>
    /// <value>1 to 100; 16 by default, over about a day.</value>
    [Range(1, 100)]
    [Limit("tries", "Tries of a message to a webhook; after the last one it is not sent again.")]
    public int MaxTries { get; set; } = 16;

    /// <summary>Back-off before the second try; doubled for each later one.</summary>
    /// <value>10 ms to 1 hour; 5 s by default.</value>
    [TimeRange("00:00:00.010", "01:00:00")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum back-off between two tries, also of one that the receiver asks for with Retry-After.</summary>
    /// <value>10 ms to 7 days; 6 hours by default.</value>
    [TimeRange("00:00:00.010", "7.00:00:00")]
    [Limit("", "Maximum back-off between two tries of a message to a webhook.")]
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Timeout of a try, from the name resolution to the head of the response.</summary>
    /// <value>100 ms to 2 minutes; 15 s by default.</value>
    [TimeRange("00:00:00.100", "00:02:00")]
    [Limit("", "Timeout of a try to send a message to a webhook; after it the try counts as failed.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Timeout of connecting: name resolution, TCP and TLS.</summary>
    /// <value>100 ms to 2 minutes; 5 s by default.</value>
    [TimeRange("00:00:00.100", "00:02:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum size of the head of a response in KiB.</summary>
    /// <value>4 to 1024; 32 by default.</value>
    [Range(4, 1024)]
    public int MaxHeaderKibibytes { get; set; } = 32;

    /// <summary>
    /// Maximum number of concurrent tries. Receivers whose latest try failed get at most half of them together.
    /// </summary>
    /// <value>1 to 256; 16 by default.</value>
    [Range(1, 256)]
    [Limit("tries", "Concurrent tries of messages to webhooks; further ones wait.")]
    public int MaxConcurrent { get; set; } = 16;

    /// <summary>Maximum number of concurrent tries to one host, so that a slow one does not delay others.</summary>
    /// <value>1 to 256; 4 by default.</value>
    [Range(1, 256)]
    [Limit("tries", "Concurrent tries of messages to one host; further ones wait.")]
    public int MaxConcurrentOfHost { get; set; } = 4;

    /// <summary>
    /// Interval in which a node looks for messages that it does not know of: of other nodes that ended, or of a clock
    /// that was set.
    /// </summary>
    /// <value>100 ms to 1 minute; 5 s by default.</value>
    [TimeRange("00:00:00.100", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>A receiver of the configuration. Section "Webhooks:Endpoints:{index}".</summary>
internal sealed class WebhookEndpointOptions
{
    /// <summary>Its name. Unique; messages refer to it.</summary>
    /// <value>Required: 1 to 63 letters, digits, "_" or "-".</value>
    public string Name { get; set; } = "";

    /// <summary>Its address, on a host of <see cref="WebhookOptions.AllowedHosts"/>.</summary>
    /// <value>Required.</value>
    public string Uri { get; set; } = "";

    /// <summary>What it hears about: ended, started.</summary>
    /// <value>ended by default.</value>
    public IList<string> Events { get; } = [];

    /// <summary>File with the secrets that sign its messages. Absolute path; read for each try.</summary>
    /// <value>Required unless <see cref="WebhookOptions.AllowUnsigned"/> is set.</value>
    public string SecretFile { get; set; } = "";

    /// <summary>The tenants whose jobs it hears about.</summary>
    /// <value>Empty by default: all jobs.</value>
    public IList<string> Tenants { get; } = [];

    /// <summary>Its route.</summary>
    public WebhookRoute ToRoute() => new(
        Name, Uri, Hears(WebhookEvent.Started), Events.Count == 0 || Hears(WebhookEvent.Ended),
        Tenants.ToHashSet(StringComparer.Ordinal));

    private bool Hears(WebhookEvent happened) =>
        Events.Contains(happened.ToString(), StringComparer.OrdinalIgnoreCase);
}

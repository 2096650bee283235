using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tenants;

/// <summary>
/// The limits of each tenant. Section "Tenants"; "Tenants:PerTenant:{tenant}:{option}" overrides an option for one
/// tenant.
/// </summary>
internal sealed class TenantOptions
{
    public const string Section = "Tenants";

    private IConfigurationSection? _ownSection;

    /// <summary>
    /// Maximum number of pending jobs of each tenant. Above it SubmitVideo and RetryJob return TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>1 to 1000000; 0, the default, for half of Submit:MaxPendingJobs, or all without authentication.</value>
    [Range(0, 1_000_000)]
    [Limit(
        "jobs", "Maximum number of pending jobs of each tenant, 0 for half of Submit:MaxPendingJobs, and for all of it "
        + "without authentication; above it SubmitVideo and RetryJob are refused with a retry delay.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxPendingJobs { get; set; }

    /// <summary>
    /// Maximum number of jobs of each tenant, in any status. Above it SubmitVideo returns TENANT_QUOTA_EXCEEDED until
    /// the tenant deletes jobs.
    /// </summary>
    /// <value>1 to 1000000000; 0, the default, for no limit.</value>
    [Range(0, 1_000_000_000)]
    [Limit(
        "jobs", "Maximum number of jobs of each tenant in any status, 0 for no limit; above it SubmitVideo is refused "
        + "until the tenant deletes jobs.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxJobs { get; set; }

    /// <summary>
    /// Share of a tenant while several have jobs to run: a tenant of weight 2 gets two places for each one of a tenant
    /// of weight 1.
    /// </summary>
    /// <value>1 to 1000; 1 by default.</value>
    [Range(1, 1000)]
    [Limit("times", "Share of a tenant in places of jobs and segments, in relation to the weights of other tenants.")]
    public int Weight { get; set; } = 1;

    /// <summary>Maximum number of running jobs of each tenant, also while places are free.</summary>
    /// <value>1 to 1000; 0, the default, for the places that other tenants leave free.</value>
    [Range(0, 1000)]
    [Limit("jobs", "Maximum number of running jobs of each tenant, 0 for the server's limit alone; others wait.")]
    public int MaxRunningJobs { get; set; }

    /// <summary>
    /// Maximum time for which a job runs, all attempts since its submission or RetryJob added up; then it fails with
    /// VIDEO_LIMIT_EXCEEDED, and RetryJob continues it. A running job's waits for its turn count, time in the queue and
    /// downtime do not.
    /// </summary>
    /// <value>Up to 30 days; 0, the default, for 1 day, and for no limit without authentication.</value>
    [TimeRange("00:00:00", "30.00:00:00")]
    [Limit(
        "", "Maximum time for which a job runs, all its attempts and their waits for a turn added up; 0 for 1 day, and "
        + "for no limit without authentication. Then the job fails, and RetryJob continues it.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public TimeSpan MaxRunTime { get; set; }

    /// <summary>
    /// Maximum number of frames that a job analyzes, after frame_stride and max_frames. A job with more fails with
    /// VIDEO_LIMIT_EXCEEDED.
    /// </summary>
    /// <value>1 to 50000000, 0 for no limit; 3000000 by default, more than a day at 30 frames per second.</value>
    [Range(0, 50_000_000)]
    [Limit(
        "frames", "Maximum number of frames that a job analyzes, 0 for no limit; a job with more fails.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFrames { get; set; } = 3_000_000;

    /// <summary>Maximum number of concurrent fetches of each tenant; further ones wait.</summary>
    /// <value>
    /// 1 to 256; 0, the default, for half of Sources:MaxConcurrentFetches, or all without authentication.
    /// </value>
    [Range(0, 256)]
    [Limit(
        "videos", "Concurrent fetches of each tenant, 0 for half of Sources:MaxConcurrentFetches, and for all of it "
        + "without authentication; further ones wait.")]
    public int MaxFetches { get; set; }

    /// <summary>
    /// Maximum number of concurrent calls of each tenant, UploadPart among them, excluding long polls and downloads.
    /// Above it calls return TOO_MANY_CALLS.
    /// </summary>
    /// <value>1 to 100000; 0, the default, for half of Calls:MaxRunning, or all without authentication.</value>
    [Range(0, 100_000)]
    [Limit(
        "calls", "Concurrent calls of each tenant, excluding long polls, 0 for half of Calls:MaxRunning, and for all "
        + "of it without authentication; more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxRunningCalls { get; set; }

    /// <summary>Maximum number of concurrent WaitJob calls of each tenant; more get TOO_MANY_CALLS.</summary>
    /// <value>1 to 1000000; 0, the default, for half of Calls:MaxWaiting, or all without authentication.</value>
    [Range(0, 1_000_000)]
    [Limit(
        "calls", "Concurrent WaitJob calls of each tenant, 0 for half of Calls:MaxWaiting, and for all of it without "
        + "authentication; more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxWaitingCalls { get; set; }

    /// <summary>Maximum number of videos that each tenant downloads at the same time over HTTP. Above it downloads
    /// return TOO_MANY_CALLS.</summary>
    /// <value>1 to 100000; 0, the default, for half of Calls:MaxDownloads, or all without authentication.</value>
    [Range(0, 100_000)]
    [Limit(
        "downloads", "Concurrent downloads of each tenant over HTTP, 0 for half of Calls:MaxDownloads, and for all of "
        + "it without authentication; more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxDownloads { get; set; }

    /// <summary>Maximum number of queued GetFrame calls of each tenant; more get TOO_MANY_CALLS.</summary>
    /// <value>1 to 10000; 0, the default, for half of Frames:MaxWaiting, or all without authentication.</value>
    [Range(0, 10_000)]
    [Limit(
        "calls", "Queued GetFrame calls of each tenant, 0 for half of Frames:MaxWaiting, and for all of it without "
        + "authentication; more are refused with a retry delay.",
        Reason = ErrorReason.TooManyCalls)]
    public int MaxWaitingFrames { get; set; }

    /// <summary>
    /// Maximum size in bytes of the videos of each tenant's jobs and of those that its open uploads announced. A video
    /// counts once for each job. Above it CreateUpload and SubmitVideo return TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>
    /// 1 to 1 PiB; 0, the default, for 40 % of the space at the start, and for no limit without authentication.
    /// </value>
    [Range(0L, 1L << 50)]
    [Limit(
        "bytes", "Maximum size of each tenant's videos, once for each job, and of those announced by its open uploads; "
        + "0 for 40 % of the free and used space at the start, and for no limit without "
        + "authentication. Above it CreateUpload and SubmitVideo are refused until the tenant deletes jobs or aborts "
        + "uploads.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public long MaxVideoBytes { get; set; }

    /// <summary>
    /// Maximum size in bytes of the results of each tenant. A job whose results would exceed it fails with
    /// TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>
    /// 1 to 1 PiB; 0, the default, for 10 % of the space at the start, and for no limit without authentication.
    /// </value>
    [Range(0L, 1L << 50)]
    [Limit(
        "bytes", "Maximum size of each tenant's results; 0 for 10 % of the free and used "
        + "space at the start, and for no limit without authentication. A job whose results would exceed it "
        + "fails.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public long MaxResultBytes { get; set; }

    /// <summary>Maximum number of open uploads of each tenant. Above it CreateUpload returns TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>
    /// 1 to 10000; 0, the default, for half of Upload:MaxOpenUploads, and for all of them without authentication.
    /// </value>
    [Range(0, 10_000)]
    [Limit(
        "uploads", "Maximum number of open uploads of each tenant; 0 for half of Upload:MaxOpenUploads, and for all of "
        + "them without authentication. Above it CreateUpload is refused.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxOpenUploads { get; set; }

    /// <summary>
    /// The options of tenants that have their own; an option that is not overridden has the value of all tenants.
    /// Names of tenants differ in case, but configuration keys do not: two tenants that differ only in case cannot both
    /// have options of their own.
    /// </summary>
    public IDictionary<string, TenantOptions> PerTenant { get; } =
        new Dictionary<string, TenantOptions>(StringComparer.Ordinal);

    /// <summary>
    /// The share of a limit of the server that one tenant can use: half, so that something is left for others.
    /// </summary>
    /// <param name="tenant">The tenant; without authentication the only one, which can use all.</param>
    /// <param name="own">Option of the tenant; 0 if it is not set.</param>
    /// <param name="server">Limit of the server.</param>
    public static int ShareOf(string tenant, int own, int server) =>
        own > 0 ? own : tenant.Length == 0 ? server : (server + 1) / 2;

    /// <summary>Full name of the option that sets a limit of these, for errors.</summary>
    /// <param name="option">Its name in this class.</param>
    public string NameOf(string option) =>
        _ownSection is { } own && own.GetSection(option).Value is not null ? own.GetSection(option).Path
            : $"{Section}:{option}";

    /// <summary>Takes the options of a tenant from its section.</summary>
    public void ReadOwn(IConfigurationSection section)
    {
        SettingBinder.Bind(section, this);
        _ownSection = section;
    }

    /// <summary>The limits of a tenant.</summary>
    public TenantOptions For(string tenant) => PerTenant.TryGetValue(tenant, out var own) ? own : this;
}

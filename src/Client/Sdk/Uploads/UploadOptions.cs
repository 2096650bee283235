namespace ForegSyte.Client;

/// <summary>Options of uploads, for videos that are too large for one message.</summary>
public sealed record UploadOptions
{
    private const int MinPartBytes = 1024;

    /// <summary>Size of a part's message without its data.</summary>
    private const int PartOverheadBytes = 1024;

    /// <summary>
    /// Maximum size of a part in bytes; the server may lower it. Larger parts need more memory and longer retries,
    /// smaller ones more calls.
    /// </summary>
    /// <value>Default: 2 MiB. 1 KiB to 8 MiB.</value>
    public int PartBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>
    /// Number of parts sent in parallel. An upload keeps this many parts in memory, and gRPC a copy of each.
    /// </summary>
    /// <value>Default: 4. 1 to 32.</value>
    public int Parallelism { get; set; } = 4;

    /// <summary>Deadline of one attempt to send a part.</summary>
    /// <value>Default: 2 minutes, enough for 2 MiB at 150 kbit/s. Greater than zero.</value>
    public TimeSpan PartDeadline { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Deadline of the submission at the end of an upload, including retries. The server may read the whole video
    /// before it answers.
    /// </summary>
    /// <value>Default: 1 hour. Greater than zero.</value>
    public TimeSpan CompletionDeadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Folder for checkpoints of unfinished uploads, from which the same call resumes in another process; created if
    /// missing. Null keeps none: an upload then survives a restart of the server, but not of this process.
    /// </summary>
    /// <value>Default: <see cref="UserStateFolder"/>.</value>
    public string? StateFolder { get; set; } = UserStateFolder;

    /// <summary>
    /// Folder of the temporary file for a stream that is too large for one message and cannot seek; it must exist. Only
    /// the user can read the file, and it disappears when the call ends, also in a crash.
    /// </summary>
    /// <value>Default: null, the temporary folder of the system (<c>TMPDIR</c>).</value>
    public string? SpoolFolder { get; set; }

    /// <summary>Maximum size in bytes of that file; a larger stream fails with an IOException.</summary>
    /// <value>Default: 64 GiB, the server's default limit for a video. Greater than zero.</value>
    public long MaxSpoolBytes { get; set; } = 64L * 1024 * 1024 * 1024;

    /// <summary>
    /// foregsyte/uploads in <c>XDG_STATE_HOME</c>, by default <c>~/.local/state</c>
    /// (https://specifications.freedesktop.org/basedir-spec/latest/), or in the local application data on Windows. Null
    /// if the user has no home folder.
    /// </summary>
    public static string? UserStateFolder => StateHome is { } home ? Path.Combine(home, "foregsyte", "uploads") : null;

    private static string? StateHome
    {
        get
        {
            // The specification says to ignore a relative path.
            if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { } named && Path.IsPathFullyQualified(named))
            {
                return named;
            }

            var isWindows = OperatingSystem.IsWindows();
            var home = Environment.GetFolderPath(
                isWindows ? Environment.SpecialFolder.LocalApplicationData : Environment.SpecialFolder.UserProfile);
            return home.Length == 0 ? null : isWindows ? home : Path.Combine(home, ".local", "state");
        }
    }

    /// <summary>Validates every option.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    internal void Validate(int maxMessageBytes)
    {
        OptionRange.RequireBetween(PartBytes, MinPartBytes, 8 * 1024 * 1024, "Uploads.PartBytes");
        OptionRange.RequireBetween(
            maxMessageBytes,
            PartBytes + PartOverheadBytes,
            int.MaxValue,
            nameof(ForegSyteClientOptions.MaxMessageBytes));
        OptionRange.RequireBetween(Parallelism, 1, 32, "Uploads.Parallelism");
        OptionRange.RequireAtLeast(PartDeadline, TimeSpan.FromTicks(1), "Uploads.PartDeadline");
        OptionRange.RequireAtLeast(CompletionDeadline, TimeSpan.FromTicks(1), "Uploads.CompletionDeadline");
        OptionRange.RequireAtLeast(MaxSpoolBytes, 1, "Uploads.MaxSpoolBytes");
        RequireAbsolute(StateFolder, "Uploads.StateFolder");
        RequireAbsolute(SpoolFolder, "Uploads.SpoolFolder");
    }

    private static void RequireAbsolute(string? folder, string name)
    {
        if (folder is not null && !Path.IsPathFullyQualified(folder))
        {
            throw new ArgumentException($"{name} must be an absolute path, not '{folder}'.");
        }
    }
}

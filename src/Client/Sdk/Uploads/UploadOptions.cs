namespace ForegSyte.Client;

/// <summary>Settings of uploads: how a file that is too large for a message is sent.</summary>
public sealed record UploadOptions
{
    private const int MinPartBytes = 1024;

    /// <summary>Room that a part takes in its message beside its data.</summary>
    private const int PartOverheadBytes = 1024;

    /// <summary>
    /// Bytes of a part; less where the server takes less. Larger parts cost memory and are longer to repeat, smaller
    /// ones cost calls.
    /// </summary>
    /// <value>Default: 2 MiB. 1 KiB to 8 MiB.</value>
    public int PartBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>
    /// Parts under way at the same time. An upload holds as many parts in memory, and gRPC a copy of each.
    /// </summary>
    /// <value>Default: 4. 1 to 32.</value>
    public int Parallelism { get; set; } = 4;

    /// <summary>Longest time for one attempt to send a part.</summary>
    /// <value>Default: 2 minutes, enough for 2 MiB over a line of 150 kbit/s. Greater than zero.</value>
    public TimeSpan PartDeadline { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Longest time for the submission at the end of an upload, its repetitions included. The server may read the whole
    /// video in it.
    /// </summary>
    /// <value>Default: 1 hour. Greater than zero.</value>
    public TimeSpan CompletionDeadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Folder for notes of unfinished uploads, by which the same call goes on after this process was ended; made where
    /// it is missing. Null keeps none: an upload then survives the server's restarts, not this process's.
    /// </summary>
    /// <value>Default: <see cref="UserStateFolder"/>.</value>
    public string? StateFolder { get; set; } = UserStateFolder;

    /// <summary>
    /// foregsyte/uploads under <c>XDG_STATE_HOME</c>, which is <c>~/.local/state</c> where it is not set
    /// (https://specifications.freedesktop.org/basedir-spec/latest/); under the local application data on Windows. Null
    /// where the user has no home.
    /// </summary>
    public static string? UserStateFolder => StateHome is { } home ? Path.Combine(home, "foregsyte", "uploads") : null;

    private static string? StateHome
    {
        get
        {
            // A relative path is to be ignored, says the specification.
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

    /// <summary>Checks every setting.</summary>
    /// <exception cref="ArgumentException">A setting lies outside its range; the message names it.</exception>
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
        if (StateFolder is { } folder && !Path.IsPathFullyQualified(folder))
        {
            throw new ArgumentException($"Uploads.StateFolder has to be an absolute path, not '{folder}'.");
        }
    }
}

using System.ComponentModel.DataAnnotations;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Files;

/// <summary>
/// Keeps the data from other users of the machine: new folders have the mode 0700 and new files 0600, or 0750 and 0640
/// with <see cref="DataAccess.Group"/>.
/// </summary>
public sealed class DataFileAccess(IOptions<DataAccessOptions> options, ILogger<DataFileAccess> logger)
{
    private const UnixFileMode Permissions = (UnixFileMode)0x1FF;
    private const UnixFileMode Others =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode GroupAccess = UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    private readonly UnixFileMode _denied = options.Value.Access == DataAccess.Group
        ? UnixFileMode.GroupWrite | Others
        : UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | Others;

    /// <summary>
    /// Sets the umask of the process, which applies to every file that it, DuckDB and its child processes create. A
    /// stricter umask stays.
    /// </summary>
    public void ApplyToNewFiles()
    {
        if (!OperatingSystem.IsWindows())
        {
            var inherited = SetUmask((uint)_denied);
            _ = SetUmask((uint)_denied | inherited);
        }
    }

    /// <summary>
    /// Takes the access of others from existing folders and files, and logs each change. What lies below a folder needs
    /// no change: others cannot enter the folder.
    /// </summary>
    /// <param name="paths">The folders and files; missing ones are skipped.</param>
    public void ApplyTo(IEnumerable<string> paths)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var path in paths.Where(Path.Exists))
        {
            var mode = File.GetUnixFileMode(path);
            if (options.Value.Access == DataAccess.Group && Directory.Exists(path)
                && (mode & GroupAccess) != GroupAccess)
            {
                logger.LogWarning(
                    "{Path} is closed to the group (mode {Mode}) despite Data:Access=Group. To give the group access "
                    + "to data of earlier starts, run: chmod -R g+rX {Target}",
                    path, Octal(mode), path);
            }

            var strict = mode & ~_denied;
            if (mode == strict)
            {
                continue;
            }

            var (before, after) = (Octal(mode), Octal(strict));
            try
            {
                File.SetUnixFileMode(path, strict);
                logger.LogWarning(
                    "{Path} was open to other users: its mode is now {After}, not {Before} (Data:Access={Access})",
                    path, after, before, options.Value.Access);
            }
            catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
            {
                logger.LogWarning(
                    "{Path} is accessible to other users (mode {Mode}) and belongs to another user: run chmod {Wanted} "
                    + "{Target}",
                    path, before, after, path);
            }
        }
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)(mode & Permissions), 8).PadLeft(4, '0');

    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint SetUmask(uint mask);
}

/// <summary>Who can read the data. Section "Data".</summary>
public sealed class DataAccessOptions
{
    public const string Section = "Data";

    /// <value>
    /// Users who can read the stored videos, results and the database. Group is for an InferenceService that runs as
    /// another user in the group of the JobService.
    /// </value>
    [EnumDataType(typeof(DataAccess))]
    public DataAccess Access { get; set; } = DataAccess.Owner;
}

/// <summary>Users who can read the data.</summary>
public enum DataAccess
{
    /// <summary>The service's user: folders 0700, files 0600.</summary>
    Owner,

    /// <summary>Also its group: folders 0750, files 0640.</summary>
    Group,
}

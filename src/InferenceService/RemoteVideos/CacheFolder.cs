using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>The folder of the cache of remote videos, which one process takes for itself.</summary>
internal sealed class CacheFolder(RemoteVideoOptions options, DataDirectory dataDirectory, ILogger logger) : IDisposable
{
    private const string LockName = "lock";
    private const string Extension = ".mp4";
    private const UnixFileMode OnlyTheService =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private FileStream? _lock;

    private string FullPath => options.CacheDirectory.Length > 0
        ? CanonicalPath.Resolve(options.CacheDirectory)
        : dataDirectory.File("video_cache");

    /// <summary>Creates the folder and takes it for this process.</summary>
    /// <exception cref="OptionsValidationException">The folder cannot be used; stops the start.</exception>
    public void Take()
    {
        var folder = FullPath;
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder, OnlyTheService);
            }

            Directory.CreateDirectory(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused($"The folder {folder} cannot be created or used. Give its permissions to the service, or "
                + "set another one");
        }

        try
        {
            _lock = new FileStream(
                Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused($"Another process uses the folder {folder}, or the service cannot write to it. Give each "
                + "InferenceService a folder of its own");
        }
    }

    /// <summary>Paths of the sparse files, the least recently used first.</summary>
    public IEnumerable<string> Videos() => Directory.GetFiles(FullPath, "*" + Extension)
        .OrderBy(path => File.GetLastWriteTimeUtc(BlockList.PathOf(path)));

    /// <summary>Deletes the files of the cache that are not known.</summary>
    public void DeleteExcept(IReadOnlySet<string> known)
    {
        foreach (var path in Directory.GetFiles(FullPath).Where(path => IsOurs(path) && !known.Contains(path)))
        {
            logger.LogInformation("Cached video dropped, because its files are not complete: {Path}", path);
            File.Delete(path);
        }
    }

    /// <summary>Logs a warning if the disk has less space than the cache may take.</summary>
    /// <param name="usedBytes">Space that the cache takes already.</param>
    public void CompareWithDisk(long usedBytes)
    {
        var folder = FullPath;
        try
        {
            var room = new DriveInfo(folder).AvailableFreeSpace + usedBytes;
            if (options.CacheBytes > room)
            {
                logger.LogWarning(
                    "Video:CacheBytes is {CacheBytes} bytes, but the disk of {Folder} has room for {Room}: lower the "
                    + "option, or use a larger disk. When the disk is full, videos that no call uses are evicted",
                    options.CacheBytes, folder, room);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            logger.LogWarning(
                "The free space of {Folder} is unknown ({Problem}); check that it has room for Video:CacheBytes, "
                + "{CacheBytes} bytes",
                folder, failure.Message, options.CacheBytes);
        }
    }

    /// <summary>A new name for each entry: an index that is cached under the path never meets other content.</summary>
    public string NewPath(string key) => Path.Combine(
        FullPath,
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16)) + "-"
            + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture) + Extension);

    /// <inheritdoc />
    public void Dispose() => _lock?.Dispose();

    /// <summary>Whether a file is one of the cache, so that a wrong folder loses nothing.</summary>
    private static bool IsOurs(string path) =>
        Path.GetFileName(path).Split('.') is [{ Length: 65 } name, "mp4", ..]
        && name.All(letter => char.IsAsciiHexDigitLower(letter) || letter == '-');

    private static OptionsValidationException Refused(string problem) => new(
        RemoteVideoOptions.Section,
        typeof(RemoteVideoOptions),
        [$"{problem} (option {RemoteVideoOptions.Section}:{nameof(RemoteVideoOptions.CacheDirectory)})."]);
}

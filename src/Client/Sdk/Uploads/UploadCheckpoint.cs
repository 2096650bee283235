using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ForegSyte.Client.Uploads;

/// <summary>State of an unfinished upload, from which another process can resume it.</summary>
/// <param name="Server">Address of the server.</param>
/// <param name="Path">Absolute path of the file.</param>
/// <param name="SizeBytes">Size of the file.</param>
/// <param name="ModifiedAt">Modification time of the file, UTC.</param>
/// <param name="Fingerprint">Hash of samples of the file, see <see cref="VideoFile"/>.</param>
/// <param name="RequestId">
/// Idempotency key of CreateUpload, written before the call, so that a retry by another process returns the same
/// upload.
/// </param>
/// <param name="UploadId">Id of the upload; empty until the server has returned it.</param>
internal sealed record UploadCheckpoint(
    Uri Server, string Path, long SizeBytes, DateTime ModifiedAt, string Fingerprint, string RequestId, string UploadId)
{
    /// <summary>Whether both are of the same server and the same, unchanged file.</summary>
    public bool IsOfSameFile(UploadCheckpoint other) => this with
    {
        RequestId = other.RequestId,
        UploadId = other.UploadId,
    } == other;
}

/// <summary>
/// Stores the checkpoint of one upload: one file for each server and path. The file stays locked while it is open, so
/// two processes never write to one upload; the operating system releases the lock when the process ends.
/// </summary>
internal sealed class UploadCheckpointFile : IDisposable
{
    /// <summary>Age at which abandoned checkpoints are deleted; the server's uploads expire long before.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly FileStream? _file;

    private UploadCheckpointFile(FileStream? file, UploadCheckpoint? latest) => (_file, Latest) = (file, latest);

    /// <summary>Whether checkpoints are kept.</summary>
    public bool IsKept => _file is not null;

    /// <summary>The latest checkpoint; null if it is missing or unreadable.</summary>
    public UploadCheckpoint? Latest { get; private set; }

    /// <summary>
    /// Opens the checkpoint of a file. If the folder is not writable or another process holds the lock, the upload
    /// works without a checkpoint; the progress reports it from <see cref="IsKept"/>.
    /// </summary>
    /// <param name="folder">Folder of the checkpoints; null keeps none.</param>
    /// <param name="server">Address of the server.</param>
    /// <param name="path">Absolute path of the video.</param>
    /// <param name="now">Current time.</param>
    public static UploadCheckpointFile Open(string? folder, Uri server, string path, DateTimeOffset now)
    {
        if (folder is null)
        {
            return new UploadCheckpointFile(null, null);
        }

        try
        {
            CreateFolder(folder);
            DeleteOld(folder, now - Lifetime);
            var file = OpenLocked(Path.Combine(folder, NameOf(server, path)));
            return new UploadCheckpointFile(file, Read(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new UploadCheckpointFile(null, null);
        }
    }

    public void Write(UploadCheckpoint checkpoint)
    {
        Latest = checkpoint;
        if (_file is not null)
        {
            _file.SetLength(0);
            // A single write, so that a killed process leaves all of it or nothing.
            _file.Write(JsonSerializer.SerializeToUtf8Bytes(checkpoint));
            _file.Flush();
        }
    }

    public void Remove()
    {
        Latest = null;
        if (_file is not null)
        {
            _file.SetLength(0);
            File.Delete(_file.Name);
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        if (_file is not null && Latest is null)
        {
            File.Delete(_file.Name);
        }
    }

    private static string NameOf(Uri server, string path)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{server.AbsoluteUri}\n{path}"));
        return $"{Convert.ToHexStringLower(key.AsSpan(0, 16))}.json";
    }

    // Only for the user, as the XDG specification asks: checkpoints contain file names.
    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(
                folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static FileStream OpenLocked(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private static void DeleteOld(string folder, DateTimeOffset before)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.json"))
        {
            if (File.GetLastWriteTimeUtc(path) < before.UtcDateTime)
            {
                File.Delete(path);
            }
        }
    }

    private static UploadCheckpoint? Read(FileStream file)
    {
        if (file.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<UploadCheckpoint>(file);
        }
        catch (JsonException)
        {
            // A crash of the machine cut it off.
            return null;
        }
    }
}

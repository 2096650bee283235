using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// The note of one unfinished upload, in a file of its own, one for each server and path. The file is locked while it
/// is open, so that two processes never write to one upload; the lock goes with the process, however that ends.
/// </summary>
internal sealed class UploadState : IDisposable
{
    /// <summary>Notes that nobody came back for are removed after this; their uploads are long gone.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly FileStream? _file;

    private UploadState(FileStream? file, UploadRecord? record) => (_file, Record) = (file, record);

    /// <summary>Whether notes are kept.</summary>
    public bool IsKept => _file is not null;

    /// <summary>What is noted; null where nothing is, or nothing that can be read.</summary>
    public UploadRecord? Record { get; private set; }

    /// <summary>
    /// Opens the note of a file. Where that cannot be, because the folder cannot be written or another process holds
    /// the note, the upload goes on without: <see cref="IsKept"/> is false, which the progress tells.
    /// </summary>
    /// <param name="folder">Where notes are kept; null for none.</param>
    /// <param name="server">Address of the server.</param>
    /// <param name="path">Absolute path of the video.</param>
    /// <param name="now">The time.</param>
    public static UploadState Open(string? folder, Uri server, string path, DateTimeOffset now)
    {
        if (folder is null)
        {
            return new UploadState(null, null);
        }

        try
        {
            MakeFolder(folder);
            RemoveOld(folder, now - Lifetime);
            var file = OpenLocked(Path.Combine(folder, NameOf(server, path)));
            return new UploadState(file, Read(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new UploadState(null, null);
        }
    }

    /// <summary>Notes it.</summary>
    public void Write(UploadRecord record)
    {
        Record = record;
        if (_file is not null)
        {
            _file.SetLength(0);
            // One write, so that an end of the process leaves all of it or nothing.
            _file.Write(JsonSerializer.SerializeToUtf8Bytes(record));
            _file.Flush();
        }
    }

    /// <summary>Removes the note.</summary>
    public void Remove()
    {
        Record = null;
        if (_file is not null)
        {
            _file.SetLength(0);
            File.Delete(_file.Name);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _file?.Dispose();
        if (_file is not null && Record is null)
        {
            // Nothing came of it.
            File.Delete(_file.Name);
        }
    }

    private static string NameOf(Uri server, string path)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{server.AbsoluteUri}\n{path}"));
        return $"{Convert.ToHexStringLower(key.AsSpan(0, 16))}.json";
    }

    // For the user alone: the notes tell names of files. The specification of XDG asks for these modes.
    private static void MakeFolder(string folder)
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

    private static void RemoveOld(string folder, DateTimeOffset before)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.json"))
        {
            if (File.GetLastWriteTimeUtc(path) < before.UtcDateTime)
            {
                File.Delete(path);
            }
        }
    }

    private static UploadRecord? Read(FileStream file)
    {
        if (file.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<UploadRecord>(file);
        }
        catch (JsonException)
        {
            // Cut off by a crash of the machine: as if there were none.
            return null;
        }
    }
}

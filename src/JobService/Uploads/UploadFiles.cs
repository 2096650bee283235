using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// The files of open uploads: a data file and a journal for each. They lie below the folder of the artifacts, so that a
/// complete upload becomes an artifact without a copy. An upload exists as long as its journal does.
/// </summary>
internal sealed class UploadFiles
{
    private const string DataSuffix = ".data";
    private const string JournalSuffix = ".journal";
    private const string RewrittenSuffix = ".rewritten";

    private readonly string _folder;

    public UploadFiles(IOptions<StorageOptions> options, IOptions<UploadFolder> folder)
    {
        _folder = Path.Combine(CanonicalPath.Resolve(options.Value.Root), folder.Value.Path);
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Path of the data file, which holds each byte at its offset.</summary>
    public string DataOf(Guid uploadId) => Path.Combine(_folder, uploadId + DataSuffix);

    /// <summary>Path of the journal.</summary>
    public string JournalOf(Guid uploadId) => Path.Combine(_folder, uploadId + JournalSuffix);

    /// <summary>Path of a journal that will replace the current one.</summary>
    public string RewrittenJournalOf(Guid uploadId) => JournalOf(uploadId) + RewrittenSuffix;

    /// <summary>Creates the data file of a new upload as a sparse file.</summary>
    /// <exception cref="IOException">The file exists, or the disk is full.</exception>
    public SafeFileHandle CreateData(Guid uploadId, long sizeBytes)
    {
        var file = OpenData(uploadId, FileMode.CreateNew);
        try
        {
            RandomAccess.SetLength(file, sizeBytes);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens the data file of an upload of an earlier process.</summary>
    public SafeFileHandle OpenData(Guid uploadId) => OpenData(uploadId, FileMode.Open);

    /// <summary>The uploads that have a journal.</summary>
    public IReadOnlyList<Guid> List() =>
    [
        .. Directory.EnumerateFiles(_folder, "*" + JournalSuffix)
            .Select(path =>
                Guid.TryParseExact(Path.GetFileNameWithoutExtension(path), "D", out var id) ? id : (Guid?)null)
            .OfType<Guid>(),
    ];

    /// <summary>Removes an upload that was not opened.</summary>
    public void Remove(Guid uploadId)
    {
        RemoveJournal(uploadId);
        File.Delete(DataOf(uploadId));
    }

    /// <summary>Removes the journal; its data file is then abandoned.</summary>
    public void RemoveJournal(Guid uploadId) => File.Delete(JournalOf(uploadId));

    /// <summary>Removes files without an upload. Call it before any upload is opened. Returns their number.</summary>
    public int RemoveAbandoned()
    {
        var files = List().SelectMany(uploadId => new[] { JournalOf(uploadId), DataOf(uploadId) }).ToHashSet();
        var abandoned = Directory.EnumerateFiles(_folder).Where(path => !files.Contains(path)).ToList();
        abandoned.ForEach(File.Delete);
        return abandoned.Count;
    }

    private SafeFileHandle OpenData(Guid uploadId, FileMode mode) => File.OpenHandle(
        DataOf(uploadId), mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
}

/// <summary>Where the uploads of this process lie, below the folder of the artifacts.</summary>
internal sealed class UploadFolder
{
    /// <summary>The folder of a process that has the artifacts to itself.</summary>
    public const string Default = ".uploads";

    /// <summary>The relative path. Processes that share the folder of the artifacts each have their own.</summary>
    public string Path { get; set; } = Default;
}

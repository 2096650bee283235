using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// The files of open uploads: for each its data and its journal, in a folder below that of the artifacts, so that a
/// complete upload becomes an artifact without being copied. An upload is there as long as its journal is.
/// </summary>
internal sealed class UploadFiles
{
    private const string FolderName = ".uploads";
    private const string DataSuffix = ".data";
    private const string JournalSuffix = ".journal";
    private const string RewrittenSuffix = ".rewritten";

    private readonly string _folder;

    public UploadFiles(IOptions<StorageOptions> options)
    {
        _folder = Path.Combine(CanonicalPath.Resolve(options.Value.Root), FolderName);
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The bytes of an upload, at their offsets.</summary>
    public string DataOf(Guid uploadId) => Path.Combine(_folder, uploadId + DataSuffix);

    /// <summary>What is there of them.</summary>
    public string JournalOf(Guid uploadId) => Path.Combine(_folder, uploadId + JournalSuffix);

    /// <summary>A journal that is about to take the place of another.</summary>
    public string RewrittenJournalOf(Guid uploadId) => JournalOf(uploadId) + RewrittenSuffix;

    /// <summary>The uploads that have a journal.</summary>
    public IReadOnlyList<Guid> List() =>
    [
        .. Directory.EnumerateFiles(_folder, "*" + JournalSuffix)
            .Select(path =>
                Guid.TryParseExact(Path.GetFileNameWithoutExtension(path), "D", out var id) ? id : (Guid?)null)
            .OfType<Guid>(),
    ];

    /// <summary>Removes an upload; the journal first, so that one that is half removed is none.</summary>
    public void Remove(Guid uploadId)
    {
        File.Delete(JournalOf(uploadId));
        File.Delete(DataOf(uploadId));
    }

    /// <summary>
    /// Removes the files that belong to no upload; to be called before any is opened. Returns how many there were.
    /// </summary>
    public int RemoveAbandoned()
    {
        var files = List().SelectMany(uploadId => new[] { JournalOf(uploadId), DataOf(uploadId) }).ToHashSet();
        var abandoned = Directory.EnumerateFiles(_folder).Where(path => !files.Contains(path)).ToList();
        abandoned.ForEach(File.Delete);
        return abandoned.Count;
    }
}

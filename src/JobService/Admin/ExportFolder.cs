using System.Buffers;
using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// An exported installation: <see cref="JobsName"/> with a line of JSON for each job, a folder of files named by the
/// SHA-256 of their content, and a manifest, which is written last.
/// </summary>
internal sealed class ExportFolder(string path)
{
    /// <summary>Version of the format.</summary>
    public const int Format = 1;

    /// <summary>Name of the manifest.</summary>
    public const string ManifestName = "manifest.json";

    /// <summary>Name of the file of jobs.</summary>
    public const string JobsName = "jobs.jsonl";

    /// <summary>Name of the folder of files.</summary>
    public const string FilesName = "files";

    /// <summary>Large, since each read of an object storage is a request.</summary>
    private const int BufferBytes = 4 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Path of the file of jobs.</summary>
    public string JobsPath { get; } = Path.Combine(path, JobsName);

    /// <summary>Creates a folder, which must be new or empty.</summary>
    /// <exception cref="AdminException">It is not empty.</exception>
    public static ExportFolder Create(string path)
    {
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new AdminException($"The folder {path} is not empty. Choose a new or empty folder.");
        }

        Directory.CreateDirectory(Path.Combine(path, FilesName));
        return new ExportFolder(path);
    }

    /// <summary>Opens an export and checks its manifest and the file of jobs.</summary>
    /// <exception cref="AdminException">It is incomplete, damaged or of another version.</exception>
    public static async Task<(ExportFolder Folder, ExportManifest Manifest)> OpenAsync(
        string path, CancellationToken cancellationToken)
    {
        var folder = new ExportFolder(path);
        var manifestPath = Path.Combine(path, ManifestName);
        if (!File.Exists(manifestPath) || !File.Exists(folder.JobsPath))
        {
            throw new AdminException(
                $"The folder {path} is not a complete export: it must contain {ManifestName} and {JobsName}.");
        }

        var text = await File.ReadAllTextAsync(manifestPath, cancellationToken);
        var manifest = Parse<ExportManifest>(text, manifestPath);
        if (manifest.Format != Format)
        {
            throw new AdminException(string.Create(
                CultureInfo.InvariantCulture,
                $"{manifestPath} has format {manifest.Format}; this version reads {Format}. Import with the version "
                + $"that exported, or a later one."));
        }

        await using var jobs = File.OpenRead(folder.JobsPath);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(jobs, cancellationToken)) == manifest.JobsSha256
            ? (folder, manifest)
            : throw new AdminException($"{folder.JobsPath} is damaged: its SHA-256 is not that of {ManifestName}.");
    }

    /// <summary>Writes the manifest.</summary>
    public async Task CompleteAsync(ExportManifest manifest, CancellationToken cancellationToken)
    {
        await using (var file = new FileStream(Path.Combine(path, ManifestName), FileMode.CreateNew))
        {
            await JsonSerializer.SerializeAsync(file, manifest, Json, cancellationToken);
            DiskSync.SyncFile(file);
        }

        DiskSync.SyncFolder(path);
    }

    /// <summary>A job as a line.</summary>
    public static string Line(ExportedJob job) => JsonSerializer.Serialize(job, Json);

    /// <summary>The jobs, in the order of the file.</summary>
    /// <exception cref="AdminException">A line is not a job.</exception>
    public async IAsyncEnumerable<ExportedJob> ReadJobsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(JobsPath);
        for (var number = 1; await reader.ReadLineAsync(cancellationToken) is { } line; number++)
        {
            yield return Parse<ExportedJob>(line, $"{JobsPath} line {number.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    /// <summary>Whether the folder has a file.</summary>
    public bool Has(ExportedFile file) =>
        new FileInfo(PathOf(file)) is { Exists: true } found && found.Length == file.Bytes;

    /// <summary>Copies a stream into the folder, once for equal content.</summary>
    public async Task<ExportedFile> AddAsync(Stream content, CancellationToken cancellationToken)
    {
        var part = Path.Combine(path, FilesName, $"{Guid.NewGuid():N}.part");
        await using (var target = new FileStream(part, FileMode.CreateNew))
        {
            var copied = await CopyAsync(content, target, cancellationToken);
            if (!Has(copied))
            {
                DiskSync.SyncFile(target);
                Directory.CreateDirectory(Path.GetDirectoryName(PathOf(copied))!);
                File.Move(part, PathOf(copied), overwrite: true);
            }
            else
            {
                File.Delete(part);
            }

            return copied;
        }
    }

    /// <summary>Copies a file out of the folder and checks it.</summary>
    /// <exception cref="AdminException">It is missing or damaged.</exception>
    public async Task CopyToAsync(ExportedFile file, Stream target, CancellationToken cancellationToken)
    {
        var source = PathOf(file);
        if (!File.Exists(source))
        {
            throw new AdminException($"{source} is missing. Copy the whole export again.");
        }

        await using var content = File.OpenRead(source);
        if (await CopyAsync(content, target, cancellationToken) != file)
        {
            throw new AdminException($"{source} is damaged: size or SHA-256 differ. Copy the export again.");
        }
    }

    private static async Task<ExportedFile> CopyAsync(
        Stream source, Stream target, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long bytes = 0;
            int read;
            while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                bytes += read;
            }

            await target.FlushAsync(cancellationToken);
            return new ExportedFile(Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static T Parse<T>(string text, string name)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, Json) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException failure)
        {
            throw new AdminException($"{name} cannot be read: {failure.Message}", failure);
        }
    }

    private string PathOf(ExportedFile file) => file.Sha256.Length == 64 && file.Sha256.All(char.IsAsciiHexDigitLower)
        ? Path.Combine(path, FilesName, file.Sha256[..2], file.Sha256)
        : throw new AdminException($"{JobsPath} has a file whose name is not a SHA-256.");
}

/// <summary>Describes an export.</summary>
/// <param name="Format">Version of the format.</param>
/// <param name="ExportId">Identifies the export.</param>
/// <param name="ExportedAt">When it was made.</param>
/// <param name="Jobs">Number of jobs.</param>
/// <param name="JobsSha256">SHA-256 of the file of jobs.</param>
internal sealed record ExportManifest(
    int Format, Guid ExportId, DateTimeOffset ExportedAt, long Jobs, string JobsSha256);

/// <summary>A file of an export.</summary>
/// <param name="Sha256">SHA-256 of the content in hexadecimal digits, its name.</param>
/// <param name="Bytes">Size.</param>
internal sealed record ExportedFile(string Sha256, long Bytes);

/// <summary>A finished segment of a job.</summary>
/// <param name="StartFrame">Its first frame.</param>
/// <param name="EndFrame">The frame after its last one.</param>
/// <param name="Attempt">Number of the attempt that ran it.</param>
/// <param name="Response">Its foregsyte.inference.v1.RunPipelineResponse.</param>
internal sealed record ExportedSegment(int StartFrame, int EndFrame, int Attempt, ExportedFile Response);

/// <summary>A job with everything that belongs to it.</summary>
/// <param name="Job">Its row; columns without a value are missing.</param>
/// <param name="Attempts">The rows of its attempts.</param>
/// <param name="FailedSegments">The rows of its failed segments, oldest first.</param>
/// <param name="Video">Its video; null if it is missing.</param>
/// <param name="Results">Its results document.</param>
/// <param name="ResultsIndex">The index of a large document.</param>
/// <param name="Plan">Its plan as <see cref="StoredPlan.ToNumbers"/>; null if it has none.</param>
/// <param name="Segments">Its finished segments.</param>
internal sealed record ExportedJob(
    JsonObject Job, IReadOnlyList<JsonObject> Attempts, IReadOnlyList<JsonObject> FailedSegments, ExportedFile? Video,
    ExportedFile? Results, ExportedFile? ResultsIndex, IReadOnlyList<int>? Plan,
    IReadOnlyList<ExportedSegment> Segments)
{
    /// <summary>Its tracks document; null if it has none.</summary>
    public ExportedFile? Tracks { get; init; }

    /// <summary>The index of a large tracks document.</summary>
    public ExportedFile? TracksIndex { get; init; }

    /// <summary>The rows of a job and its failed segments, without files.</summary>
    public static ExportedJob Of(JobRecord job, IEnumerable<SegmentRun> failed) => new(
        ExportRows.Of(JobColumns.Jobs.Select(column => (column.Name, column.ValueOf(job)))),
        [
            .. job.Attempts.Select(attempt => ExportRows.Of(JobColumns.Attempts.Select(
                column => (column.Name, column.ValueOf(new AttemptRow(job.JobId, attempt)))))),
        ],
        [.. failed.Select(run => ExportRows.Of(FailedSegmentRows.ParametersOf(job.JobId, run)))],
        null, null, null, null, []);

    /// <summary>The record of the job.</summary>
    /// <exception cref="AdminException">A row cannot be read.</exception>
    public JobRecord ToRecord()
    {
        var job = ExportRows.Read(Job, [.. JobColumns.Jobs.Select(TypeOf)], JobRows.ReadJob);
        return job with
        {
            Attempts =
            [
                .. Attempts.Select(attempt => ExportRows.Read(
                    attempt, [.. JobColumns.Attempts.Select(TypeOf)], JobRows.ReadAttempt)),
            ],
        };
    }

    /// <summary>The failed segments.</summary>
    /// <exception cref="AdminException">A row cannot be read.</exception>
    public IEnumerable<SegmentRun> ToFailedSegments() => FailedSegments.Select(
        run => ExportRows.Read(run, FailedSegmentRows.Types, FailedSegmentRows.Read));

    private static (string Name, Type Type) TypeOf<TRow>(Column<TRow> column)
    {
        var type = column.ListOf([]).GetType().GetGenericArguments()[0];
        return (column.Name, Nullable.GetUnderlyingType(type) ?? type);
    }
}

/// <summary>Rows of tables as JSON objects.</summary>
internal static class ExportRows
{
    /// <summary>The row; columns without a value are left out.</summary>
    public static JsonObject Of(IEnumerable<(string Name, object? Value)> cells) => new(cells
        .Where(cell => cell.Value is not null)
        .Select(cell => KeyValuePair.Create(cell.Name, (JsonNode?)JsonSerializer.SerializeToNode(cell.Value))));

    /// <summary>Reads a row as from the database.</summary>
    /// <exception cref="AdminException">It has a wrong value or unknown columns.</exception>
    public static T Read<T>(
        JsonObject row, IReadOnlyList<(string Name, Type Type)> columns, Func<DbDataReader, T> read)
    {
        if (row.FirstOrDefault(cell => columns.All(column => column.Name != cell.Key)).Key is { } unknown)
        {
            throw new AdminException(
                $"The export has the column {unknown}, which this version does not know. Import with the version that "
                + "exported, or a later one.");
        }

        using var table = new DataTable { Locale = CultureInfo.InvariantCulture };
        try
        {
            foreach (var (name, _) in columns)
            {
                table.Columns.Add(name, typeof(object));
            }

            table.Rows.Add([.. columns.Select(column => Value(row[column.Name], column.Type))]);
            using var reader = table.CreateDataReader();
            reader.Read();
            return read(reader);
        }
        catch (Exception failure) when (
            failure is JsonException or FormatException or InvalidCastException or InvalidOperationException
                or ArgumentException or Google.Protobuf.InvalidProtocolBufferException)
        {
            throw new AdminException($"A row of job {row["job_id"]} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>The value as a database gives it; times have no zone.</summary>
    private static object? Value(JsonNode? cell, Type type) => cell?.Deserialize(type) switch
    {
        DateTime instant => DateTime.SpecifyKind(instant, DateTimeKind.Unspecified),
        var value => value,
    };
}

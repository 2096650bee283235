using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A completed job as a file beside its results, so that the database can be made anew from the storage: a
/// foregsyte.v1.Job as canonical JSON. What only the service knows (request_id, leases) is not in it.
/// </summary>
internal static class JobManifest
{
    /// <summary>Writes the sidecar durably. To be called right before the job is completed.</summary>
    /// <param name="storage">Where the job's results are.</param>
    /// <param name="completed">The record as it will be.</param>
    /// <param name="cancellationToken">Leaves nothing behind.</param>
    /// <exception cref="ServiceException">STORAGE_FULL.</exception>
    public static async Task WriteAsync(IStorage storage, JobRecord completed, CancellationToken cancellationToken)
    {
        var json = ForegSyteJson.Formatter.Format(JobManifestMessage.Of(completed)) + "\n";
        await using var artifact = storage.Stage(ArtifactKeys.Sidecar(completed.JobId));
        await artifact.Stream.WriteAsync(Encoding.UTF8.GetBytes(json), cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <summary>Reads the sidecar of a job; null where there is none.</summary>
    /// <exception cref="FormatException">It is not what was written.</exception>
    public static JobRecord? Read(IStorage storage, Guid jobId)
    {
        var key = ArtifactKeys.Sidecar(jobId);
        if (!storage.Exists(key))
        {
            return null;
        }

        using var reader = new StreamReader(storage.OpenRead(key), Encoding.UTF8);
        try
        {
            var record = JobManifestMessage.Read(ForegSyteJson.Parser.Parse<Job>(reader.ReadToEnd()));
            return record.JobId == jobId
                ? record
                : throw new FormatException($"{key} is that of another job, {record.JobId}.");
        }
        catch (Exception failure) when (failure is InvalidProtocolBufferException or InvalidJsonException
            or ArgumentException)
        {
            throw new FormatException($"{key} is no job: {failure.Message}", failure);
        }
    }
}

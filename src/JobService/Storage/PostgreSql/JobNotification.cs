using System.Buffers.Text;
using System.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// The notification of a commit: who made it, whether jobs became runnable, and the jobs. One for each commit, since
/// NOTIFY takes a lock of the whole server.
/// </summary>
/// <param name="Origin">The process that committed.</param>
/// <param name="HasWork">Whether a job became pending.</param>
/// <param name="JobIds">The changed jobs; null if they are too many for a notification.</param>
internal sealed record JobNotification(Guid Origin, bool HasWork, IReadOnlySet<Guid>? JobIds)
{
    /// <summary>The channel of all notifications.</summary>
    public const string Channel = "foregsyte_jobs";

    /// <summary>Number of ids in a notification: PostgreSQL allows 7,999 bytes, and an id takes 22.</summary>
    public const int MaxIds = 350;

    private const int IdLength = 22;
    private const char Work = 'w';
    private const char NoWork = '-';
    private const char AnyJob = '*';

    /// <summary>The notification of a commit.</summary>
    public static JobNotification Of(Guid origin, IReadOnlyList<JobCommit> commits)
    {
        var jobIds = commits.Select(commit => commit.JobId).ToHashSet();
        return new JobNotification(
            origin,
            commits.Any(commit => commit.After is { Status: JobStatus.Pending }),
            jobIds.Count <= MaxIds ? jobIds : null);
    }

    /// <summary>Reads the text of a notification; null if another version wrote it in another form.</summary>
    public static JobNotification? Parse(string text)
    {
        if (text.Length < IdLength + 1 || ReadId(text.AsSpan(0, IdLength)) is not { } origin)
        {
            return null;
        }

        var ids = text.AsSpan(IdLength + 1);
        if (ids is [AnyJob])
        {
            return new JobNotification(origin, text[IdLength] == Work, null);
        }

        var jobIds = new HashSet<Guid>();
        for (; ids.Length >= IdLength; ids = ids[IdLength..])
        {
            if (ReadId(ids[..IdLength]) is not { } jobId)
            {
                return null;
            }

            jobIds.Add(jobId);
        }

        return ids.Length == 0 ? new JobNotification(origin, text[IdLength] == Work, jobIds) : null;
    }

    /// <summary>The text: ids in base64url without padding.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Write(Origin)).Append(HasWork ? Work : NoWork);
        return JobIds is null
            ? text.Append(AnyJob).ToString()
            : text.AppendJoin("", JobIds.Select(Write)).ToString();
    }

    private static string Write(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    private static Guid? ReadId(ReadOnlySpan<char> text)
    {
        var bytes = new byte[16];
        return Base64Url.IsValid(text, out var length) && length == bytes.Length
            && Base64Url.TryDecodeFromChars(text, bytes, out _)
                ? new Guid(bytes, bigEndian: true)
                : null;
    }
}

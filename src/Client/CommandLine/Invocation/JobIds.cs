using ForegSyte.Client;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>The first digits of a job id are enough, if no other job begins with them.</summary>
internal static class JobIds
{
    /// <summary>Minimum number of digits. Fewer select a job by chance.</summary>
    public const int MinDigits = 4;

    private const int DigitsOfId = 32;
    private const int MaxCandidates = 5;

    /// <summary>Returns the whole id; a text that is not the beginning of one is left to the server.</summary>
    /// <exception cref="ForegSyteException">JOB_NOT_FOUND: no job begins with the digits.</exception>
    /// <exception cref="ArgumentException">Several jobs begin with them.</exception>
    public static async Task<string> ResolveAsync(
        ForegSyteClient client, string text, CancellationToken cancellationToken)
    {
        var digits = text.Replace("-", "", StringComparison.Ordinal);
        if (digits.Length is < MinDigits or >= DigitsOfId || !digits.All(char.IsAsciiHexDigit))
        {
            return text;
        }

        var jobs = await client.ListJobsAsync(
            $"job_id = \"{digits}*\"", MaxCandidates + 1, cancellationToken: cancellationToken)
            .Take(MaxCandidates + 1)
            .ToListAsync(cancellationToken);
        return jobs switch
        {
            [] => throw new ForegSyteException(ErrorReason.JobNotFound, $"No job has an id that begins with {text}."),
            [var job] => job.JobId,
            _ => throw new ArgumentException(
                $"Several jobs have an id that begins with {text}: "
                + string.Join(", ", jobs.Take(MaxCandidates).Select(Describe))
                + (jobs.Count > MaxCandidates ? ", …" : "") + ". Give more of its digits."),
        };
    }

    /// <summary>
    /// Shortens the ids: 8 digits, or more until they differ. <see cref="ResolveAsync"/> finds the jobs again.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Shorten(IReadOnlyCollection<string> ids)
    {
        var length = 8;
        while (length < ids.Max(id => id.Length)
            && ids.Select(id => Cut(id, length)).Distinct(StringComparer.Ordinal).Count() < ids.Distinct().Count())
        {
            length++;
        }

        return ids.Distinct().ToDictionary(id => id, id => Cut(id, length).TrimEnd('-'));

        static string Cut(string id, int length) => id[..Math.Min(length, id.Length)];
    }

    private static string Describe(Job job) =>
        $"{job.JobId} ({JobText.Status(job.Status)} {job.DisplayName}".TrimEnd() + ")";
}

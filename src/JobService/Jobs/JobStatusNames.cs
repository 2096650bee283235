using System.Diagnostics.CodeAnalysis;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Jobs;

/// <summary>
/// Maps statuses to their names, such as "PENDING" for JOB_STATUS_PENDING, for the database and for filters.
/// </summary>
internal static class JobStatusNames
{
    private const string Prefix = "JOB_STATUS_";

    private static readonly Dictionary<JobStatus, string> Names = JobReflection.Descriptor
        .FindTypeByName<EnumDescriptor>(nameof(JobStatus)).Values
        .Where(value => value.Number != (int)JobStatus.Unspecified)
        .ToDictionary(value => (JobStatus)value.Number, value => value.Name[Prefix.Length..]);

    private static readonly Dictionary<string, JobStatus> Statuses =
        Names.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.OrdinalIgnoreCase);

    /// <summary>All names, in the order of the proto.</summary>
    public static IReadOnlyCollection<string> All => Names.Values;

    /// <summary>The name of a status; UNSPECIFIED throws.</summary>
    public static string Of(JobStatus status) => Names.TryGetValue(status, out var name)
        ? name
        : throw new ArgumentOutOfRangeException(nameof(status), status, "A job cannot have this status.");

    /// <summary>Parses a name, case-insensitive, with or without the prefix JOB_STATUS_.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out JobStatus? status)
    {
        var name = text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? text[Prefix.Length..] : text;
        status = Statuses.TryGetValue(name, out var found) ? found : null;
        return status is not null;
    }
}

using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tenants;

/// <summary>The errors of calls and jobs above a quota of their tenant.</summary>
internal static class TenantErrors
{
    /// <summary>Another video would exceed Tenants:MaxVideoBytes.</summary>
    public static ServiceException TooManyVideos(string tenant, string option, long bytes, long limit) => Exceeded(
        tenant, option, limit,
        $"{SizeText.Approximate(bytes)} more would exceed the limit of {SizeText.Approximate(limit)} for the videos "
        + $"and open uploads of the tenant \"{tenant}\" (option {option}). Delete jobs with DeleteJob, or abort "
        + "uploads.",
        $"At most {SizeText.Approximate(limit)} of videos and open uploads.",
        ("actualBytes", Text(bytes)));

    /// <summary>The results of a job would exceed Tenants:MaxResultBytes.</summary>
    public static ServiceException TooManyResults(string tenant, string option, long limit) => Exceeded(
        tenant, option, limit,
        $"The results of this job would exceed the limit of {SizeText.Approximate(limit)} for the results of the "
        + $"tenant \"{tenant}\" (option {option}). Delete jobs with DeleteJob, then continue this one with RetryJob.",
        $"At most {SizeText.Approximate(limit)} of results.");

    /// <summary>Another upload would exceed Tenants:MaxOpenUploads.</summary>
    public static ServiceException TooManyUploads(string tenant, string option, int limit) => Exceeded(
        tenant, option, limit,
        $"The tenant \"{tenant}\" has reached its limit of {Text(limit)} open uploads (option {option}). "
        + "Submit or abort some.",
        $"At most {Text(limit)} open uploads.");

    private static ServiceException Exceeded(
        string tenant, string option, long limit, string message, string violation,
        params IEnumerable<(string Key, string Value)> more) =>
        new(ErrorReason.TenantQuotaExceeded, message)
        {
            Metadata = more
                .Concat([("option", option), ("limit", Text(limit)), ("tenant", tenant)])
                .ToDictionary(pair => pair.Item1, pair => pair.Item2),
            Quota = new QuotaViolation($"tenant:{tenant}", violation),
        };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>What a caller is told whose call is not worked on, or not to its end.</summary>
internal static class AdmissionFailures
{
    /// <summary>The service is busy; the caller may come back.</summary>
    /// <param name="option">Name of the option in <see cref="GrpcOptions"/> whose limit was reached.</param>
    /// <param name="limit">The limit in force, with its unit.</param>
    /// <param name="what">What is so, a full sentence.</param>
    /// <param name="retryAfter">When to come back.</param>
    public static ServiceException Busy(string option, string limit, string what, TimeSpan retryAfter) =>
        new(
            ErrorReason.InferenceBusy,
            $"{what} The limit is {limit} (option {Name(option)}). Come back after the retry delay.")
        {
            Metadata = LimitOf(option, limit),
            RetryAfter = retryAfter,
        };

    /// <summary>The caller's deadline passed before the work began.</summary>
    public static ServiceException PastDeadline() => new(
        ErrorReason.DeadlineExceeded,
        "The deadline of the call passed before its turn came; nothing was done for it. Give it a later deadline, or "
        + "send fewer calls at a time.");

    /// <summary>The segment's own time is over.</summary>
    /// <param name="limit"><see cref="GrpcOptions.SegmentTimeLimit"/>.</param>
    public static ServiceException SegmentTooLong(TimeSpan limit)
    {
        var text = Text(limit);
        return new ServiceException(
            ErrorReason.DeadlineExceeded,
            $"The segment takes longer than {text} (option {Name(nameof(GrpcOptions.SegmentTimeLimit))}). Ask for "
            + "fewer frames or a larger stride, or raise the option.")
        {
            Metadata = LimitOf(nameof(GrpcOptions.SegmentTimeLimit), text),
        };
    }

    /// <summary>A time as it is told to people, in seconds.</summary>
    public static string Text(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    private static string Name(string option) => $"{GrpcOptions.Section}:{option}";

    private static Dictionary<string, string> LimitOf(string option, string limit) =>
        new() { ["option"] = Name(option), ["limit"] = limit };
}

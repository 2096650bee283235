using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Stopping;

/// <summary>How a service stops.</summary>
public sealed class StopOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Stop";

    /// <value>How long running calls may go on after the service was told to stop; then they are cancelled.</value>
    [TimeRange("00:00:00", "01:00:00")]
    [Limit(
        "", "Time for running calls to end after the service was told to stop; past it they are cancelled.",
        Reason = ErrorReason.ShuttingDown)]
    public TimeSpan GraceTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <value>How long cancelled calls have to end, after <see cref="GraceTime"/>; then connections are closed.</value>
    [TimeRange("00:00:00.1000000", "00:05:00")]
    [Limit("", "Time for cancelled calls to end after the grace time; past it their connections are closed.")]
    public TimeSpan CancelTime { get; set; } = TimeSpan.FromSeconds(5);
}

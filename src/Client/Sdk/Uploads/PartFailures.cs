using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// Which failures of a part pass. More than AIP-194 lets a client repeat: a part may be written twice, so that it is
/// safe to send again also where nobody knows whether it arrived.
/// </summary>
internal static class PartFailures
{
    /// <summary>The kind of a failure.</summary>
    public static PartFailure KindOf(ForegSyteException failure) => failure switch
    {
        { Reason: ErrorReason.PartChecksumMismatch } => PartFailure.Defect,
        { Reason: ErrorReason.UploadBusy } or { IsRetryable: true } => PartFailure.Outage,
        { Code: StatusCode.DeadlineExceeded } => PartFailure.Outage,
        // A cancellation of the caller's own does not come here: this one is a stream that the other side reset.
        { Code: StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled } => PartFailure.Defect,
        _ => PartFailure.Final,
    };
}

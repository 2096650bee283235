using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Client.Uploads;

/// <summary>Sends the parts of one upload, each until it is there or its limits are used up.</summary>
internal sealed class PartSender(
    string uploadId,
    UploadService.UploadServiceClient service,
    CallRunner calls,
    UploadTally tally,
    ForegSyteClientOptions options)
{
    private TimeProvider Clock => options.TimeProvider;

    /// <summary>Sends a part and gives its buffer back.</summary>
    /// <exception cref="ForegSyteException">
    /// It was refused, the server was away for longer than MaxOutage, or it failed MaxAttempts times.
    /// </exception>
    public async ValueTask SendAsync(VideoPart part, CancellationToken cancellationToken)
    {
        using (part)
        {
            var request = new UploadPartRequest
            {
                UploadId = uploadId,
                Offset = part.Offset,
                Data = UnsafeByteOperations.UnsafeWrap(part.Data),
                Crc32C = Crc32C.Of(part.Data.Span),
            };
            await SendAsync(request, cancellationToken);
            tally.Sent(part.Data.Length);
        }
    }

    private async Task SendAsync(UploadPartRequest request, CancellationToken cancellationToken)
    {
        DateTimeOffset? awaySince = null;
        for (var (failures, defects) = (1, 0); ; failures++)
        {
            try
            {
                var deadline = Clock.GetUtcNow() + options.Uploads.PartDeadline;
                await calls.OnceAsync(
                    deadline, call => service.UploadPartAsync(request, call), cancellationToken);
                return;
            }
            catch (ForegSyteException failure) when (PartFailures.KindOf(failure) is var kind and not PartFailure.Final)
            {
                var now = Clock.GetUtcNow();
                awaySince ??= now;
                defects += kind == PartFailure.Defect ? 1 : 0;
                var delay = calls.DelayAfter(failures, failure.RetryAfter);
                if (defects >= options.MaxAttempts || now + delay - awaySince > options.MaxOutage)
                {
                    throw;
                }

                await Task.Delay(delay, Clock, cancellationToken);
            }
        }
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// Reads a video once, from start to end: yields the missing parts and hashes every byte. So the hash of the video
/// needs no second pass, and reveals a video that changed during the upload.
/// </summary>
internal sealed class PartReader(UploadSource video, UploadProgressTracker progress)
{
    /// <summary>Yields the missing parts in order. The caller disposes them.</summary>
    /// <param name="plan">Parts of the whole video, in order.</param>
    /// <param name="hash">Receives every byte; null reads only the missing parts.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="IOException">The video cannot be read, or became shorter.</exception>
    public async IAsyncEnumerable<VideoPart> ReadAsync(
        IEnumerable<PlannedPart> plan,
        IncrementalHash? hash,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var planned in plan)
        {
            if (planned.IsUploaded && hash is null)
            {
                continue;
            }

            var part = new VideoPart(planned.Offset, planned.Length);
            try
            {
                await video.ReadAsync(planned.Offset, part.Data, cancellationToken);
                hash?.AppendData(part.Data.Span);
            }
            catch
            {
                part.Dispose();
                throw;
            }

            if (planned.IsUploaded)
            {
                progress.AddChecked(planned.Length);
                part.Dispose();
            }
            else
            {
                yield return part;
            }
        }
    }
}

/// <summary>A part of the video in a pooled buffer.</summary>
/// <param name="offset">Offset in the video in bytes.</param>
/// <param name="length">Length in bytes.</param>
internal sealed class VideoPart(long offset, int length) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(length);

    public long Offset => offset;

    public Memory<byte> Data => _buffer.AsMemory(0, length);

    /// <summary>
    /// Returns the buffer to the pool. A cancelled attempt may still be writing it to the socket; the checksum then
    /// fails on the server.
    /// </summary>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}

/// <summary>Sends parts of one upload, each with its own retries.</summary>
internal sealed class PartSender(
    string uploadId,
    UploadService.UploadServiceClient service,
    CallRunner calls,
    UploadProgressTracker progress,
    ForegSyteClientOptions options)
{
    private TimeProvider Clock => options.TimeProvider;

    /// <summary>Sends a part and disposes it.</summary>
    /// <exception cref="ForegSyteException">
    /// The server rejected the part, was unavailable for longer than MaxOutage, or the part failed MaxAttempts times.
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
            progress.AddSent(part.Data.Length);
        }
    }

    private async Task SendAsync(UploadPartRequest request, CancellationToken cancellationToken)
    {
        DateTimeOffset? outageStart = null;
        for (var (failures, defects) = (1, 0); ; failures++)
        {
            try
            {
                var deadline = calls.DeadlineAfter(options.Uploads.PartDeadline);
                await calls.OnceAsync(
                    deadline, call => service.UploadPartAsync(request, call), cancellationToken);
                return;
            }
            catch (ForegSyteException failure) when (KindOf(failure) is var kind and not PartFailureKind.Final)
            {
                var now = Clock.GetUtcNow();
                outageStart ??= now;
                defects += kind == PartFailureKind.Defect ? 1 : 0;
                var delay = calls.DelayAfter(failures, failure.RetryAfter);
                if (defects >= options.MaxAttempts || now + delay - outageStart > options.MaxOutage)
                {
                    throw;
                }

                await Task.Delay(delay, Clock, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Classifies a failure. Parts are retried after more failures than AIP-194 allows, because writing a part twice is
    /// harmless.
    /// </summary>
    private static PartFailureKind KindOf(ForegSyteException failure) => failure switch
    {
        { Reason: ErrorReason.PartChecksumMismatch } => PartFailureKind.Defect,
        { Reason: ErrorReason.UploadBusy } or { Code: StatusCode.Unavailable } or { RetryAfter: not null } =>
            PartFailureKind.Outage,
        { Code: StatusCode.DeadlineExceeded } => PartFailureKind.Outage,
        // The other side reset the stream; a cancellation by the caller is another exception.
        { Code: StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled } => PartFailureKind.Defect,
        _ => PartFailureKind.Final,
    };

    private enum PartFailureKind
    {
        /// <summary>A retry would fail in the same way.</summary>
        Final,

        /// <summary>The server is unavailable or busy: retry up to MaxOutage.</summary>
        Outage,

        /// <summary>A defect, or corruption on the network: retry up to MaxAttempts.</summary>
        Defect,
    }
}

/// <summary>Counts uploaded bytes and reports them one report at a time, although parts finish concurrently.</summary>
internal sealed class UploadProgressTracker(long sizeBytes, IProgress<UploadProgress>? progress)
{
    private readonly Lock _lock = new();
    private UploadProgress _latest = new(UploadStage.Checking, 0, sizeBytes, CanResume: false);
    private long _uploaded;
    private long _checked;
    private long _sent;

    /// <summary>Starts a pass over the parts.</summary>
    /// <param name="bytesUploaded">Bytes that the server has.</param>
    /// <param name="canResume">See <see cref="UploadProgress.CanResume"/>.</param>
    /// <param name="isChecking">Whether the pass reads the uploaded bytes.</param>
    public void Begin(long bytesUploaded, bool canResume, bool isChecking)
    {
        lock (_lock)
        {
            (_uploaded, _checked, _sent) = (bytesUploaded, 0, 0);
            Report(isChecking && bytesUploaded > 0
                ? new UploadProgress(UploadStage.Checking, 0, bytesUploaded, canResume)
                : new UploadProgress(UploadStage.Sending, bytesUploaded, sizeBytes, canResume));
        }
    }

    /// <summary>Adds verified bytes. They are reported until the first part is sent.</summary>
    public void AddChecked(int bytes)
    {
        lock (_lock)
        {
            _checked += bytes;
            if (_latest.Stage == UploadStage.Checking)
            {
                Report(_latest with { BytesDone = _checked });
            }
        }
    }

    public void AddSent(int bytes)
    {
        lock (_lock)
        {
            _sent += bytes;
            Report(new UploadProgress(UploadStage.Sending, _uploaded + _sent, sizeBytes, _latest.CanResume));
        }
    }

    public void Complete()
    {
        lock (_lock)
        {
            Report(new UploadProgress(UploadStage.Completing, sizeBytes, sizeBytes, _latest.CanResume));
        }
    }

    /// <summary>Reports that the upload cannot be resumed.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            Report(_latest with { CanResume = false });
        }
    }

    private void Report(UploadProgress report)
    {
        _latest = report;
        progress?.Report(report);
    }
}

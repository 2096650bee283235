using System.Globalization;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using FrameCall = ForegSyte.Inference.V1.GetFrameRequest;

namespace ForegSyte.Jobs.Frames;

/// <summary>
/// Gets pictures of frames from the InferenceServices, few at a time and tenants in turn, and keeps recent ones in
/// memory.
/// </summary>
internal sealed class FramePictures : IDisposable
{
    /// <summary>Memory of an entry beside its JPEG.</summary>
    private const int EntryBytes = 512;

    private static readonly TimeSpan BusyRetryDelay = TimeSpan.FromSeconds(1);

    private readonly IStorage _storage;
    private readonly IInferenceClient _inference;
    private readonly FrameOptions _options;
    private readonly TimeSpan _timeout;
    private readonly TenantOptions _tenants;
    private readonly TenantPlaces _slots;
    private readonly MemoryCache _recent;

    public FramePictures(
        IStorage storage, IInferenceClient inference, IOptions<FrameOptions> options,
        IOptions<InferenceOptions> inferenceOptions, IOptions<TenantOptions> tenants)
    {
        (_storage, _inference, _options, _tenants) = (storage, inference, options.Value, tenants.Value);
        _timeout = inferenceOptions.Value.FrameTimeout;
        _slots = new TenantPlaces(
            new TenantTurns(tenant => _tenants.For(tenant).Weight, _ => int.MaxValue),
            () => _options.MaxRunning, () => 0, Refuse);
        _recent = new MemoryCache(new MemoryCacheOptions { SizeLimit = _options.CacheBytes });
    }

    /// <summary>Number of calls that wait for an InferenceService.</summary>
    public int Waiting => _slots.Waiting;

    /// <summary>Gets a frame of a job's video.</summary>
    /// <exception cref="ServiceException">
    /// INVALID_FIELD, INVALID_FRAME_RANGE, VIDEO_GONE, INFERENCE_BUSY, TOO_MANY_CALLS, INFERENCE_UNAVAILABLE,
    /// UNDECODABLE_VIDEO, and those of an InferenceService that concern the video.
    /// </exception>
    public async Task<GetFrameResponse> GetAsync(
        JobRecord job, GetFrameRequest request, CancellationToken cancellationToken)
    {
        var wanted = new GetFrameRequest(request) { JobId = "" };

        // Not shared between tenants: a fast answer would tell that another one has the video.
        var key = (job.Tenant, job.VideoSha256 ?? job.InputPath, wanted);
        if (_recent.TryGetValue(key, out GetFrameResponse? known))
        {
            return known!;
        }

        using var slot = await _slots.EnterAsync(job.Tenant, cancellationToken);

        // Another call may have got the same frame while this one waited.
        if (!_recent.TryGetValue(key, out GetFrameResponse? picture))
        {
            picture = await CallAsync(job, request, cancellationToken);
            _recent.Set(key, picture, new MemoryCacheEntryOptions { Size = picture.Jpeg.Length + EntryBytes });
        }

        return picture!;
    }

    /// <inheritdoc />
    public void Dispose() => _recent.Dispose();

    private async Task<GetFrameResponse> CallAsync(
        JobRecord job, GetFrameRequest request, CancellationToken cancellationToken)
    {
        var video = await _storage.GrantReadAsync(job.InputPath, _timeout, cancellationToken);
        var call = new FrameCall
        {
            Video = video.ToSource(job.VideoBytes),
            MaxWidth = request.MaxWidth,
            Box = request.Box,
        };
        if (request.FrameCase == GetFrameRequest.FrameOneofCase.Time)
        {
            call.Time = request.Time;
        }
        else
        {
            call.FrameIndex = request.FrameIndex;
        }

        try
        {
            var frame = await _inference.GetFrameAsync(call, cancellationToken);
            return new GetFrameResponse
            {
                Jpeg = frame.Jpeg,
                FrameIndex = frame.FrameIndex,
                FrameTimestampMs = frame.FrameTimestampMs,
                Width = frame.Width,
                Height = frame.Height,
            };
        }
        catch (InferenceFailedException failed)
        {
            throw await ErrorOfAsync(job, failed, cancellationToken);
        }
    }

    /// <summary>The error for the caller, whose reasons are those of the job's video.</summary>
    public async Task<ServiceException> ErrorOfAsync(
        JobRecord job, InferenceFailedException failed, CancellationToken cancellationToken)
    {
        var failure = failed.Failure;
        if (InferenceFailures.IsUnreadable(failure.Reason)
            && !await _storage.ExistsAsync(job.InputPath, cancellationToken))
        {
            return new ServiceException(
                ErrorReason.VideoGone, $"The video of job {job.JobId} is no longer stored. Submit it again.", failed)
            {
                Metadata = new Dictionary<string, string> { ["jobId"] = job.JobId.ToString() },
            };
        }

        return failure.Reason switch
        {
            _ when InferenceFailures.IsWithoutVideo(failure.Reason) => Unavailable(
                "The InferenceService cannot read the stored videos. Ask the operator; its log has the reason.",
                failed),
            ErrorReason.ShuttingDown => Unavailable(failure.Message, failed),
            ErrorReason.Unimplemented => Unavailable(
                "The InferenceService is of an older version without this call. Ask the operator to update it.",
                failed),
            _ => new ServiceException(failure.Reason, failure.Message, failed)
            {
                Metadata = failure.Metadata,
                FieldViolations = failure.Metadata.TryGetValue("field", out var field)
                    ? [new FieldViolation(field, failure.Message)]
                    : [],
                RetryAfter = failed.RetryAfter,
            },
        };
    }

    private static ServiceException Unavailable(string message, InferenceFailedException failed) =>
        new(ErrorReason.InferenceUnavailable, message, failed) { RetryAfter = failed.RetryAfter ?? BusyRetryDelay };

    /// <summary>The error of a call that waits with too many others: of its tenant, or of all.</summary>
    private ServiceException? Refuse(string tenant, int waitingOfTenant, int waiting)
    {
        var own = _tenants.For(tenant);
        var share = TenantOptions.ShareOf(tenant, own.MaxWaitingFrames, _options.MaxWaiting);
        return waitingOfTenant > share && share < _options.MaxWaiting
            ? TooManyCalls.OfTenant(
                tenant, new TenantCallLimit(share, own.NameOf(nameof(TenantOptions.MaxWaitingFrames))), BusyRetryDelay)
            : waiting > _options.MaxWaiting ? Busy() : null;
    }

    private ServiceException Busy() => new(
        ErrorReason.InferenceBusy,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{_options.MaxWaiting} calls of GetFrame wait already (option Frames:MaxWaiting). Retry after the retry ")
        + "delay.")
    {
        Metadata = new Dictionary<string, string>
        {
            ["option"] = "Frames:MaxWaiting",
            ["limit"] = _options.MaxWaiting.ToString(CultureInfo.InvariantCulture),
        },
        RetryAfter = BusyRetryDelay,
    };
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>
/// An UploadService that keeps uploads in memory and checks every part; what a test scripts comes first. It outlives
/// the <see cref="ScriptedServer"/> that it is given to, as a data folder does.
/// </summary>
public sealed class ScriptedUploadService : UploadService.UploadServiceBase
{
    private readonly ConcurrentDictionary<string, HeldUpload> _uploads = new();
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private int _partsUnderWay;
    private int _mostPartsUnderWay;

    public ScriptedUploadService()
    {
        Create.Always((request, _) => Task.FromResult(
            new CreateUploadResponse { Upload = Begin(request).Describe() }));
        Part.Always((request, _) => Task.FromResult(Take(request)));
        Get.Always((request, _) => Task.FromResult(
            new GetUploadResponse { Upload = Find(request.UploadId).Describe() }));
        Abort.Always((request, _) => _uploads.TryRemove(request.UploadId, out var _)
            ? Task.FromResult(new AbortUploadResponse())
            : throw Failures.UploadNotFound);
    }

    public Script<CreateUploadRequest, CreateUploadResponse> Create { get; } = new();

    public Script<UploadPartRequest, UploadPartResponse> Part { get; } = new();

    public Script<GetUploadRequest, GetUploadResponse> Get { get; } = new();

    public Script<AbortUploadRequest, AbortUploadResponse> Abort { get; } = new();

    /// <summary>Most bytes of a part of the uploads that are made from now on.</summary>
    public int MaxPartBytes { get; set; }

    /// <summary>Most parts that were under way at the same time.</summary>
    public int MostPartsUnderWay => _mostPartsUnderWay;

    /// <summary>The uploads that are open.</summary>
    public IReadOnlyCollection<HeldUpload> Open => [.. _uploads.Values];

    /// <summary>The videos of the jobs, oldest first.</summary>
    public ConcurrentQueue<byte[]> Videos { get; } = new();

    /// <summary>Makes jobs of complete uploads, once for each request_id.</summary>
    public Task<SubmitVideoResponse> SubmitAsync(SubmitVideoRequest request, ServerCallContext context) =>
        Task.FromResult(new SubmitVideoResponse { Job = _jobs.GetOrAdd(request.RequestId, _ => Complete(request)) });

    /// <summary>Takes a part as the real service does, without an answer of its own.</summary>
    public UploadPartResponse Take(UploadPartRequest request)
    {
        Assert.Equal(BitwiseCrc32C.Of(request.Data.Span), request.Crc32C);
        return new UploadPartResponse { ReceivedBytes = Find(request.UploadId).Take(request) };
    }

    public override Task<CreateUploadResponse> CreateUpload(CreateUploadRequest request, ServerCallContext context) =>
        Create.RunAsync(request, context);

    public override async Task<UploadPartResponse> UploadPart(UploadPartRequest request, ServerCallContext context)
    {
        InterlockedMaximum(ref _mostPartsUnderWay, Interlocked.Increment(ref _partsUnderWay));
        try
        {
            return await Part.RunAsync(request, context);
        }
        finally
        {
            Interlocked.Decrement(ref _partsUnderWay);
        }
    }

    public override Task<GetUploadResponse> GetUpload(GetUploadRequest request, ServerCallContext context) =>
        Get.RunAsync(request, context);

    public override Task<AbortUploadResponse> AbortUpload(AbortUploadRequest request, ServerCallContext context) =>
        Abort.RunAsync(request, context);

    private HeldUpload Begin(CreateUploadRequest request)
    {
        var known = _uploads.Values.FirstOrDefault(upload => upload.Request.RequestId == request.RequestId);
        return known ?? _uploads.GetOrAdd(
            Guid.NewGuid().ToString(), id => new HeldUpload(id, request) { MaxPartBytes = MaxPartBytes });
    }

    private HeldUpload Find(string id) =>
        _uploads.TryGetValue(id, out var upload) ? upload : throw Failures.UploadNotFound;

    private Job Complete(SubmitVideoRequest request)
    {
        var upload = Find(request.UploadId);
        if (upload.FirstMissing is not null)
        {
            throw Failures.Of(
                StatusCode.FailedPrecondition, ErrorReason.UploadIncomplete, "Bytes of the upload are missing.");
        }

        _uploads.TryRemove(upload.Id, out _);
        Videos.Enqueue(upload.Bytes);
        var job = SampleJobs.Pending();
        job.VideoSha256 = Convert.ToHexStringLower(SHA256.HashData(upload.Bytes));
        return job;
    }

    private static void InterlockedMaximum(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}

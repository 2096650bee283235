using System.Collections.Concurrent;
using System.Security.Cryptography;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>
/// An UploadService that stores uploads in memory and checks every part, after the scripted responses. It can outlive a
/// <see cref="ScriptedServer"/>, as a data folder does.
/// </summary>
public sealed class ScriptedUploadService : UploadService.UploadServiceBase
{
    private readonly ConcurrentDictionary<string, InMemoryUpload> _uploads = new();
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private int _concurrentParts;
    private int _maxConcurrentParts;

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

    /// <summary>Maximum part size of new uploads; 0 means none.</summary>
    public int MaxPartBytes { get; set; }

    /// <summary>Maximum number of concurrent parts so far.</summary>
    public int MaxConcurrentParts => _maxConcurrentParts;

    /// <summary>Unfinished uploads.</summary>
    public IReadOnlyCollection<InMemoryUpload> Open => [.. _uploads.Values];

    /// <summary>Videos of the jobs, oldest first.</summary>
    public ConcurrentQueue<byte[]> Videos { get; } = new();

    /// <summary>Creates a job from a complete upload, once for each request_id.</summary>
    public Task<SubmitVideoResponse> SubmitAsync(SubmitVideoRequest request, ServerCallContext context) =>
        Task.FromResult(new SubmitVideoResponse { Job = _jobs.GetOrAdd(request.RequestId, _ => Complete(request)) });

    /// <summary>Stores a part, as the real service does.</summary>
    public UploadPartResponse Take(UploadPartRequest request)
    {
        Assert.Equal(BitwiseCrc32C.Of(request.Data.Span), request.Crc32C);
        return new UploadPartResponse { ReceivedBytes = Find(request.UploadId).Take(request) };
    }

    public override Task<CreateUploadResponse> CreateUpload(CreateUploadRequest request, ServerCallContext context) =>
        Create.RunAsync(request, context);

    public override async Task<UploadPartResponse> UploadPart(UploadPartRequest request, ServerCallContext context)
    {
        InterlockedMaximum(ref _maxConcurrentParts, Interlocked.Increment(ref _concurrentParts));
        try
        {
            return await Part.RunAsync(request, context);
        }
        finally
        {
            Interlocked.Decrement(ref _concurrentParts);
        }
    }

    public override Task<GetUploadResponse> GetUpload(GetUploadRequest request, ServerCallContext context) =>
        Get.RunAsync(request, context);

    public override Task<AbortUploadResponse> AbortUpload(AbortUploadRequest request, ServerCallContext context) =>
        Abort.RunAsync(request, context);

    private InMemoryUpload Begin(CreateUploadRequest request)
    {
        var known = _uploads.Values.FirstOrDefault(upload => upload.Request.RequestId == request.RequestId);
        return known ?? _uploads.GetOrAdd(
            Guid.NewGuid().ToString(), id => new InMemoryUpload(id, request) { MaxPartBytes = MaxPartBytes });
    }

    private InMemoryUpload Find(string id) =>
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

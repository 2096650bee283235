using System.Collections.Concurrent;
using System.Security.Cryptography;
using ForegSyte.Jobs.Faults;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>kill -9 of the JobService at each named point of the processing of a job.</summary>
public sealed class CrashPointTests(BaselineRun baseline)
{
    private static readonly JobRequest Asked = JobRequest.All[0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Points =>
    [
        .. Enum.GetValues<CrashPoint>().Except(UploadCrashPointTests.UploadPoints)
            .Except(WebhookCrashPointTests.WebhookPoints)
            .Select(point => point.ToString()),
    ];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task JobService_KilledAtPoint_KeepsAcknowledgedJobs(string name)
    {
        var point = Enum.Parse<CrashPoint>(name);
        await using var service = new RestartableJobService([baseline.Inference.Address]);
        var expected = new ExpectedJobs();

        await service.StartAsync(point);
        await ReachPointAsync(service, point, expected);
        Assert.Equal(RestartableJobService.Killed, await service.Process.Exit.WaitAsync(Wait.Timeout, Token));

        await service.StartAsync();
        var counts = await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
        Assert.Equal(1, counts.Completed + counts.Cancelled + counts.Deleted);
    }

    /// <summary>Makes the calls that lead to the point.</summary>
    private static async Task ReachPointAsync(RestartableJobService service, CrashPoint point, ExpectedJobs expected)
    {
        var caller = new JobCaller(service, expected);
        var entry = await caller.SubmitAsync(Asked, Token);
        if (entry is null || service.Process.Exit.IsCompleted)
        {
            return;
        }

        switch (point)
        {
            case CrashPoint.JobCancelled:
                await caller.CancelAsync(entry, Token);
                break;
            case CrashPoint.JobRetried:
                await caller.CancelAsync(entry, Token);
                await caller.RetryAsync(entry, Token);
                break;
            case CrashPoint.JobDeleted or CrashPoint.ArtifactsDeleted:
                await service.WaitForEndAsync(entry.JobId, Token);
                await caller.DeleteAsync(entry, Token);
                break;
        }
    }
}

/// <summary>
/// kill -9 of the JobService at each named point of an upload with parallel parts: acknowledged parts are kept, and the
/// resumed upload gives one job with the original video.
/// </summary>
public sealed class UploadCrashPointTests(BaselineRun baseline)
{
    /// <summary>Points that only uploads reach.</summary>
    internal static readonly CrashPoint[] UploadPoints =
        [CrashPoint.UploadCreated, CrashPoint.PartWritten, CrashPoint.PartRecorded, CrashPoint.UploadRemoved];

    private const int PartBytes = 20_000;
    private const int ParallelParts = 4;

    private static readonly ByteString Video = ByteString.CopyFrom(File.ReadAllBytes(RepositoryFiles.Pedestrians));

    private readonly string _createId = Guid.NewGuid().ToString();
    private readonly string _submitId = Guid.NewGuid().ToString();
    private readonly ConcurrentBag<long> _acknowledged = [];
    private string? _uploadId;

    public static TheoryData<string, int> Points
    {
        get
        {
            var points = new TheoryData<string, int>
            {
                { nameof(CrashPoint.PartWritten), 3 },
                { nameof(CrashPoint.PartRecorded), 3 },
                { nameof(CrashPoint.VideoWritten), 1 },
                { nameof(CrashPoint.VideoStored), 1 },
                { nameof(CrashPoint.CommitDone), 1 },
                { nameof(CrashPoint.JobQueued), 1 },
            };
            foreach (var point in UploadPoints)
            {
                points.Add(point.ToString(), 1);
            }

            return points;
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Points))]
    public async Task JobService_KilledAtPoint_ResumedUploadGivesOneJob(string name, int passing)
    {
        await using var service = new RestartableJobService([baseline.Inference.Address]);
        await service.StartAsync(Enum.Parse<CrashPoint>(name), passing);
        Assert.Null(await TryUploadAsync(service));
        Assert.Equal(RestartableJobService.Killed, await service.Process.Exit.WaitAsync(Wait.Timeout, Token));

        await service.StartAsync();
        var job = await TryUploadAsync(service);

        Assert.NotNull(job);
        Assert.Equal(job.JobId, Assert.Single(await service.ListAsync(Token)).JobId);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Video.Span)), job.VideoSha256);
        var stored = await File.ReadAllBytesAsync(Path.Combine(service.Storage, job.JobId + ".mp4"), Token);
        Assert.Equal(Video.ToByteArray(), stored);
        Assert.Equal(JobStatus.Completed, (await service.WaitForEndAsync(job.JobId, Token)).Status);
        await AssertStoredFilesAsync(service, job);
    }

    /// <summary>
    /// Creates or finds the upload, sends the missing parts, and submits, all with fixed request ids. Returns null if
    /// the service went down.
    /// </summary>
    private async Task<Job?> TryUploadAsync(RestartableJobService service)
    {
        try
        {
            if (await FindOrCreateAsync(service) is { } upload)
            {
                AssertAcknowledgedPartsExist(upload);
                await SendMissingAsync(service, upload);
            }

            var submit = new SubmitVideoRequest
            {
                UploadId = _uploadId,
                PipelineId = "detect_only",
                Options = new JobOptions { MaxFrames = 2 },
                RequestId = _submitId,
            };
            return (await service.Client.SubmitVideoAsync(submit, cancellationToken: Token)).Job;
        }
        catch (RpcException exception) when (exception.StatusCode
            is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown)
        {
            return null;
        }
    }

    /// <summary>The upload; null if it no longer exists because it was submitted.</summary>
    private async Task<Upload?> FindOrCreateAsync(RestartableJobService service)
    {
        if (_uploadId is null)
        {
            var create = new CreateUploadRequest { SizeBytes = Video.Length, RequestId = _createId };
            var created = (await service.Uploads.CreateUploadAsync(create, cancellationToken: Token)).Upload;
            _uploadId = created.UploadId;
            return created;
        }

        try
        {
            var get = new GetUploadRequest { UploadId = _uploadId };
            return (await service.Uploads.GetUploadAsync(get, cancellationToken: Token)).Upload;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private void AssertAcknowledgedPartsExist(Upload upload) => Assert.All(
        _acknowledged, offset => Assert.Contains(upload.Ranges, range => range.Start <= offset && offset < range.End));

    private async Task SendMissingAsync(RestartableJobService service, Upload upload)
    {
        var missing = Enumerable.Range(0, (Video.Length + PartBytes - 1) / PartBytes).Select(part => part * PartBytes)
            .Where(offset => !upload.Ranges.Any(range => range.Start <= offset && offset < range.End));
        var parallelism = new ParallelOptions { MaxDegreeOfParallelism = ParallelParts, CancellationToken = Token };
        await Parallel.ForEachAsync(missing, parallelism, async (offset, token) =>
        {
            var data = ByteString.CopyFrom(Video.Span[offset..Math.Min(Video.Length, offset + PartBytes)]);
            var part = new UploadPartRequest
            {
                UploadId = upload.UploadId,
                Offset = offset,
                Data = data,
                Crc32C = Crc32C.Of(data.Span),
            };
            await service.Uploads.UploadPartAsync(part, cancellationToken: token);
            _acknowledged.Add(offset);
        });
    }

    /// <summary>The storage contains exactly the files of the job, as soon as the background sweep has run.</summary>
    private static async Task AssertStoredFilesAsync(RestartableJobService service, Job job)
    {
        string[] expected =
        [
            job.JobId + ".mp4", job.JobId + "_job.json", job.JobId + "_results.json", job.JobId + "_tracks.json",
            job.VideoSha256,
        ];
        await Wait.UntilEqualAsync(expected.Order().ToList(), Found);

        List<string> Found() =>
            [.. Directory.GetFiles(service.Storage, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetFileName(path)!)
                .Where(name => name != ".generation")
                .Order()];
    }
}

using System.Security.Cryptography;
using ForegSyte.Jobs.Faults;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// kill -9 of the JobService at each named point of an upload's way: what was acknowledged is there, the caller goes
/// on, and comes to one job with the video as it is.
/// </summary>
public sealed class UploadCrashTests(Undisturbed undisturbed)
{
    /// <summary>Points that only uploads pass.</summary>
    internal static readonly CrashPoint[] OwnPoints =
        [CrashPoint.UploadCreated, CrashPoint.PartWritten, CrashPoint.PartNoted, CrashPoint.UploadRemoved];

    private const int PartBytes = 40_000;

    private static readonly ByteString Video = ByteString.CopyFrom(File.ReadAllBytes(RepositoryFiles.Pedestrians));

    private readonly string _createId = Guid.NewGuid().ToString();
    private readonly string _submitId = Guid.NewGuid().ToString();
    private readonly HashSet<long> _acknowledged = [];
    private string? _uploadId;

    public static TheoryData<string, int> Points
    {
        get
        {
            var points = new TheoryData<string, int>
            {
                { nameof(CrashPoint.PartWritten), 3 },
                { nameof(CrashPoint.PartNoted), 3 },
                { nameof(CrashPoint.VideoWritten), 1 },
                { nameof(CrashPoint.VideoStored), 1 },
                { nameof(CrashPoint.CommitDone), 1 },
                { nameof(CrashPoint.JobQueued), 1 },
            };
            foreach (var point in OwnPoints)
            {
                points.Add(point.ToString(), 1);
            }

            return points;
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Points))]
    public async Task JobService_KilledAt_TheCallerGoesOnAndComesToOneJob(string name, int passing)
    {
        await using var service = new FaultyJobService([undisturbed.Inference.Address]);
        await service.StartAsync(Enum.Parse<CrashPoint>(name), passing);
        Assert.Null(await TryUploadAsync(service));
        Assert.Equal(FaultyJobService.Killed, await service.Process.Exit.WaitAsync(TimeSpan.FromMinutes(1), Token));

        await service.StartAsync();
        var job = await TryUploadAsync(service);

        Assert.NotNull(job);
        Assert.Equal(job.JobId, Assert.Single(await service.ListAsync(Token)).JobId);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Video.Span)), job.VideoSha256);
        Assert.Equal(
            Video.ToByteArray(), await File.ReadAllBytesAsync(Path.Combine(service.Storage, job.InputPath), Token));
        Assert.Equal(JobStatus.Completed, (await service.WaitForEndAsync(job.JobId, Token)).Status);
        await AssertNothingIsLeftAsync(service, job);
    }

    /// <summary>
    /// Does what a caller does that knows its request ids: create, ask what is there, send the rest, submit. Null where
    /// the service went.
    /// </summary>
    private async Task<Job?> TryUploadAsync(FaultyJobService service)
    {
        try
        {
            if (await FindOrCreateAsync(service) is { } upload)
            {
                AssertAcknowledgedIsThere(upload);
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

    /// <summary>The upload; null where it is gone, so that it was submitted.</summary>
    private async Task<Upload?> FindOrCreateAsync(FaultyJobService service)
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

    private void AssertAcknowledgedIsThere(Upload upload) => Assert.All(
        _acknowledged, offset => Assert.Contains(upload.Ranges, range => range.Start <= offset && offset < range.End));

    private async Task SendMissingAsync(FaultyJobService service, Upload upload)
    {
        for (var offset = 0; offset < Video.Length; offset += PartBytes)
        {
            if (upload.Ranges.Any(range => range.Start <= offset && offset < range.End))
            {
                continue;
            }

            var data = ByteString.CopyFrom(Video.Span[offset..Math.Min(Video.Length, offset + PartBytes)]);
            var part = new UploadPartRequest
            {
                UploadId = upload.UploadId,
                Offset = offset,
                Data = data,
                Crc32C = Crc32C.Of(data.Span),
            };
            await service.Uploads.UploadPartAsync(part, cancellationToken: Token);
            _acknowledged.Add(offset);
        }
    }

    /// <summary>The sweep works in the background, so it gets a bounded time.</summary>
    private static async Task AssertNothingIsLeftAsync(FaultyJobService service, Job job)
    {
        string[] expected = [job.JobId + ".mp4", job.JobId + "_job.json", job.JobId + "_results.json", job.VideoSha256];
        for (var look = 0; look < 100 && !Found().SequenceEqual(expected.Order()); look++)
        {
            await Task.Delay(100, Token);
        }

        Assert.Equal(expected.Order(), Found());

        List<string> Found() =>
            [.. Directory.GetFiles(service.Storage, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetFileName(path)!)
                .Where(name => name != ".generation")
                .Order()];
    }
}

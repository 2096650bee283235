using System.Security.Cryptography;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>kill -9 while parts arrive at random moments: what was acknowledged is there, and the rest can be sent.
/// </summary>
public sealed class UploadCrashTests
{
    private const int PartBytes = 256 << 10;
    private const int Callers = 4;
    private const int Kills = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JobService_KilledWhilePartsArrive_HasWhatItAcknowledgedAndTakesTheRest()
    {
        var video = await MakeVideoAsync();
        await using var services = new Installation();
        await services.StartJobServiceAsync();
        string uploadId;
        using (var channel = GrpcChannel.ForAddress(services.JobAddress))
        {
            var create = new CreateUploadRequest
            {
                SizeBytes = video.Length,
                Sha256 = Convert.ToHexStringLower(SHA256.HashData(video)),
            };
            uploadId = (await new UploadService.UploadServiceClient(channel)
                .CreateUploadAsync(create, cancellationToken: Token)).Upload.UploadId;
        }

        var acknowledged = new HashSet<int>();
        for (var kill = 1; kill <= Kills; kill++)
        {
            await SendAsync(services, uploadId, video, acknowledged, killAfter: 2 * kill);
            await services.JobService.DisposeAsync();
            await services.StartJobServiceAsync();
            await AssertThereAsync(services, uploadId, video, acknowledged);
        }

        await SendAsync(services, uploadId, video, acknowledged, killAfter: int.MaxValue);
        using var last = GrpcChannel.ForAddress(services.JobAddress);
        var submit = new SubmitVideoRequest { UploadId = uploadId, PipelineId = "detect_only" };
        var job = (await new JobService.JobServiceClient(last).SubmitVideoAsync(submit, cancellationToken: Token)).Job;
        Assert.Equal(video, await File.ReadAllBytesAsync(Path.Combine(services.Storage, job.InputPath), Token));
        Assert.Empty(Directory.GetFiles(Path.Combine(services.Storage, ".uploads")));
    }

    /// <summary>Sends what is not acknowledged from several callers, and kills the service amid their calls.</summary>
    private static async Task SendAsync(
        Installation services, string uploadId, byte[] video, HashSet<int> acknowledged, int killAfter)
    {
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        var client = new UploadService.UploadServiceClient(channel);
        var offsets = new Queue<int>(
            Enumerable.Range(0, ((video.Length - 1) / PartBytes) + 1).Select(i => i * PartBytes)
                .Where(offset => !acknowledged.Contains(offset)));
        var (gate, answers) = (new Lock(), 0);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync()));

        async Task CallAsync()
        {
            await Task.Yield();
            while (Next() is { } offset && !services.JobService.Exit.IsCompleted)
            {
                try
                {
                    await client.UploadPartAsync(PartOf(uploadId, video, offset), cancellationToken: Token);
                }
                catch (RpcException exception) when (exception.StatusCode
                    is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown)
                {
                    return;
                }

                if (Acknowledge(offset) == killAfter)
                {
                    await services.JobService.KillAsync();
                }
            }
        }

        int? Next()
        {
            lock (gate)
            {
                return offsets.TryDequeue(out var offset) ? offset : null;
            }
        }

        int Acknowledge(int offset)
        {
            lock (gate)
            {
                acknowledged.Add(offset);
                return ++answers;
            }
        }
    }

    private static UploadPartRequest PartOf(string uploadId, byte[] video, int offset)
    {
        var data = ByteString.CopyFrom(video.AsSpan(offset, Math.Min(PartBytes, video.Length - offset)));
        return new UploadPartRequest
        {
            UploadId = uploadId,
            Offset = offset,
            Data = data,
            Crc32C = Crc32C.Of(data.Span),
        };
    }

    private static async Task AssertThereAsync(
        Installation services, string uploadId, byte[] video, IReadOnlySet<int> acknowledged)
    {
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        var upload = (await new UploadService.UploadServiceClient(channel).GetUploadAsync(
            new GetUploadRequest { UploadId = uploadId }, cancellationToken: Token)).Upload;
        Assert.Equal(upload.Ranges.Sum(range => range.End - range.Start), upload.ReceivedBytes);
        Assert.All(acknowledged, offset => Assert.Contains(
            upload.Ranges,
            range => range.Start <= offset && Math.Min(offset + PartBytes, video.Length) <= range.End));
    }

    /// <summary>A clip with a box of some MiB behind it that players pass over.</summary>
    private static async Task<byte[]> MakeVideoAsync()
    {
        var clip = await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, Token);
        var padding = RandomNumberGenerator.GetBytes(6 << 20);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(padding, padding.Length);
        "free"u8.CopyTo(padding.AsSpan(4));
        return [.. clip, .. padding];
    }
}

using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>
/// Uploads with valid, mutated, overlapping and parallel parts, compared with a model: acknowledged parts are stored,
/// refused parts change nothing, and the submitted video is what was sent.
/// </summary>
public sealed class UploadFuzzTests(OutcomeCounts outcomes)
{
    private const string Target = "uploads";

    /// <summary>Uploads in `make test`.</summary>
    private const int QuickUploads = 150;

    /// <summary>Maximum rounds per upload, and maximum parallel parts per round.</summary>
    private const int MaxRounds = 8;

    private const int MaxParts = 4;

    private static readonly ServiceDescriptor Uploads = UploadServiceReflection.Descriptor.Services.Single();

    /// <summary>Reasons with which SubmitVideo may refuse a complete upload.</summary>
    private static readonly string[] VideoReasons = [.. new[]
    {
        ErrorReason.NotAnMp4, ErrorReason.TruncatedMp4, ErrorReason.NoVideoTrack, ErrorReason.NoFrames,
        ErrorReason.UploadContentMismatch,
    }.Select(reason => reason.ToText())];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Uploads_HoweverTheirPartsCome_HoldWhatWasAcknowledgedAndNothingElse()
    {
        await using var services = new Installation();
        await services.StartJobServiceAsync();
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        var clip = await File.ReadAllBytesAsync(
            await Clips.MakeTestPictureAsync(Path.Combine(services.Inbox, "clip.mp4"), 64, 48, frames: 6), Token);

        await Fuzzing.RunAsync(
            Target, outcomes, random => RunAsync(channel, services.Storage, clip, random), QuickUploads);

        await Wait.UntilEqualAsync(
            [], () => Directory.EnumerateFiles(Path.Combine(services.Storage, ".uploads")).ToList());
    }

    private async Task<string> RunAsync(GrpcChannel channel, string storage, byte[] clip, Random random)
    {
        var content = random.Next(3) == 0 ? Mutation.OfBytes(clip, random) : clip;
        if (content.Length == 0)
        {
            return "nothing to send";
        }

        var created = await new UploadService.UploadServiceClient(channel).CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = content.Length, Sha256 = Sha256Of(content, random) },
            cancellationToken: Token);
        var uploadId = created.Upload.UploadId;
        var model = new UploadModel(uploadId, content, hasSha256: created.Upload.Sha256.Length > 0);
        for (var round = random.Next(1, MaxRounds); round > 0; round--)
        {
            await SendRoundAsync(channel, model, content.Length, random);
            await AssertHoldsAsync(channel, uploadId, model);
        }

        if (random.Next(2) == 0)
        {
            await SendAsync(channel, model, [.. Pieces(content.Length).Select(piece => ValidPart(model, piece))]);
        }

        var outcome = await SubmitAsync(channel, storage, uploadId, model);
        if (outcome != RawCall.Ok)
        {
            await AssertHoldsAsync(channel, uploadId, model);
            Assert.Equal(
                RawCall.Ok, await CallAsync(channel, "AbortUpload", new AbortUploadRequest { UploadId = uploadId }));
        }

        Assert.Equal(
            ErrorReason.UploadNotFound.ToText(),
            await CallAsync(channel, "GetUpload", new GetUploadRequest { UploadId = uploadId }));
        return outcome;
    }

    /// <summary>
    /// Sends valid parts in parallel, or one mutated part alone, since its outcome depends on the order.
    /// </summary>
    private Task SendRoundAsync(GrpcChannel channel, UploadModel model, int size, Random random)
    {
        if (random.Next(2) == 0)
        {
            return SendAsync(channel, model, [MutatedPart(model, size, random)]);
        }

        var parts = new byte[random.Next(1, MaxParts + 1)][];
        for (var i = 0; i < parts.Length; i++)
        {
            var offset = random.Next(size);
            parts[i] = ValidPart(model, (offset, random.Next(1, size - offset + 1)));
        }

        return SendAsync(channel, model, parts);
    }

    private async Task SendAsync(GrpcChannel channel, UploadModel model, byte[][] parts)
    {
        var method = Uploads.FindMethodByName("UploadPart");
        var answers = await Task.WhenAll(parts.Select(part => RawCall.MakeAsync(channel, method, part)));
        foreach (var (part, (outcome, answer)) in parts.Zip(answers))
        {
            outcomes.Count("parts of uploads", outcome);
            var request = TryParse(part);
            var isAllowed = request is not null && model.Allows(request);
            Assert.True(
                isAllowed == (outcome == RawCall.Ok),
                $"The model {(isAllowed ? "allows" : "refuses")} the part {request}, and the answer is {outcome}.");
            if (answer is UploadPartResponse)
            {
                model.Keep(request!);
            }
        }

        if (parts.Length == 1 && answers[0].Answer is UploadPartResponse single)
        {
            Assert.Equal(model.ReceivedBytes, single.ReceivedBytes);
        }
    }

    private static byte[] ValidPart(UploadModel model, (int Offset, int Length) piece) =>
        model.Part(piece.Offset, piece.Length).ToByteArray();

    /// <summary>A part with one mutated field or mutated bytes.</summary>
    private static byte[] MutatedPart(UploadModel model, int size, Random random)
    {
        var offset = random.Next(size);
        var part = model.Part(offset, random.Next(1, size - offset + 1));
        switch (random.Next(6))
        {
            case 0:
                part.Crc32C ^= 1u << random.Next(32);
                break;
            case 1:
                part.Offset = random.Next(3) switch { 0 => long.MaxValue, 1 => -1, _ => size };
                break;
            case 2:
                part.Data = ByteString.CopyFrom(Mutation.OfBytes(part.Data.Span, random));
                part.Crc32C = Crc32C.Of(part.Data.Span);
                break;
            case 3:
                part.UploadId = Mutation.OfText(part.UploadId, random);
                break;
            case 4:
                part.ClearCrc32C();
                break;
            default:
                return Mutation.OfBytes(part.ToByteArray(), random);
        }

        return part.ToByteArray();
    }

    private static IEnumerable<(int Offset, int Length)> Pieces(int size)
    {
        var length = Math.Max(1, (size / MaxParts) + 1);
        for (var offset = 0; offset < size; offset += length)
        {
            yield return (offset, Math.Min(length, size - offset));
        }
    }

    private static async Task AssertHoldsAsync(GrpcChannel channel, string uploadId, UploadModel model)
    {
        var (_, answer) = await RawCall.MakeAsync(
            channel, Uploads.FindMethodByName("GetUpload"), new GetUploadRequest { UploadId = uploadId }.ToByteArray());
        var upload = Assert.IsType<GetUploadResponse>(answer).Upload;
        Assert.Equal(model.Ranges(), upload.Ranges);
        Assert.Equal(model.ReceivedBytes, upload.ReceivedBytes);
    }

    private static async Task<string> SubmitAsync(
        GrpcChannel channel, string storage, string uploadId, UploadModel model)
    {
        var jobs = JobServiceReflection.Descriptor.Services.Single();
        var (outcome, answer) = await RawCall.MakeAsync(
            channel,
            jobs.FindMethodByName("SubmitVideo"),
            new SubmitVideoRequest { UploadId = uploadId, PipelineId = "detect_only" }.ToByteArray());
        if (answer is not SubmitVideoResponse submitted)
        {
            Assert.True(
                model.IsComplete == (outcome != ErrorReason.UploadIncomplete.ToText()),
                $"SubmitVideo answered {outcome}; complete: {model.IsComplete}.");
            Assert.True(
                !model.IsComplete || VideoReasons.Contains(outcome), $"SubmitVideo of a complete upload: {outcome}");
            return outcome;
        }

        var jobId = submitted.Job.JobId;
        Assert.Equal(model.Bytes, await File.ReadAllBytesAsync(Path.Combine(storage, $"{jobId}.mp4"), Token));
        await DeleteAsync(new JobService.JobServiceClient(channel), jobId);
        return outcome;
    }

    private static async Task DeleteAsync(JobService.JobServiceClient client, string jobId)
    {
        try
        {
            await client.CancelJobAsync(new CancelJobRequest { JobId = jobId }, cancellationToken: Token);
        }
        catch (RpcException ended) when (ended.StatusCode == StatusCode.FailedPrecondition)
        {
            // The job has already failed, for example because its video is undecodable.
        }

        await client.DeleteJobAsync(new DeleteJobRequest { JobId = jobId }, cancellationToken: Token);
    }

    private static async Task<string> CallAsync(GrpcChannel channel, string method, IMessage request) =>
        (await RawCall.MakeAsync(channel, Uploads.FindMethodByName(method), request.ToByteArray())).Outcome;

    /// <summary>The right hash, none, or a wrong one.</summary>
    private static string Sha256Of(byte[] content, Random random) => random.Next(3) switch
    {
        0 => "",
        1 => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)),
        _ => new string('0', 64),
    };

    private static UploadPartRequest? TryParse(byte[] bytes)
    {
        try
        {
            return UploadPartRequest.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

/// <summary>The expected content of an upload after its acknowledged parts.</summary>
/// <param name="uploadId">The id.</param>
/// <param name="content">The complete video.</param>
/// <param name="hasSha256">Whether CreateUpload gave the hash, so that parts may omit their checksum.</param>
internal sealed class UploadModel(string uploadId, byte[] content, bool hasSha256)
{
    /// <summary>Acknowledged bytes; null for missing ones.</summary>
    private readonly byte?[] _kept = new byte?[content.Length];

    /// <summary>Number of acknowledged bytes.</summary>
    public int ReceivedBytes => _kept.Count(value => value is not null);

    public bool IsComplete => ReceivedBytes == content.Length;

    /// <summary>Acknowledged bytes, with zeros for missing ones.</summary>
    public byte[] Bytes => [.. _kept.Select(value => value ?? 0)];

    /// <summary>Ranges of acknowledged bytes, ascending and separate.</summary>
    public IEnumerable<ByteRange> Ranges()
    {
        for (var start = 0; start < _kept.Length; start++)
        {
            if (_kept[start] is not null)
            {
                var end = Array.IndexOf(_kept, null, start);
                end = end < 0 ? _kept.Length : end;
                yield return new ByteRange { Start = start, End = end };
                start = end;
            }
        }
    }

    /// <summary>A valid part.</summary>
    public UploadPartRequest Part(int offset, int length) => new()
    {
        UploadId = uploadId,
        Offset = offset,
        Data = ByteString.CopyFrom(content, offset, length),
        Crc32C = Crc32C.Of(content.AsSpan(offset, length)),
    };

    /// <summary>Whether a part is acceptable: checksum, range, and no conflict with acknowledged bytes.</summary>
    public bool Allows(UploadPartRequest part) =>
        part.UploadId.Equals(uploadId, StringComparison.OrdinalIgnoreCase)
        && !part.Data.IsEmpty
        && (part.HasCrc32C ? part.Crc32C == Crc32C.Of(part.Data.Span) : hasSha256)
        && part.Offset >= 0 && part.Offset <= content.Length - part.Data.Length
        && !part.Data.Where((value, i) => _kept[part.Offset + i] is { } kept && kept != value).Any();

    /// <summary>Records an acknowledged part.</summary>
    public void Keep(UploadPartRequest part)
    {
        for (var i = 0; i < part.Data.Length; i++)
        {
            _kept[part.Offset + i] = part.Data[i];
        }
    }
}

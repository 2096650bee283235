using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Net.Client;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>
/// Uploads whose parts come honest, changed, torn and several at a time, compared with a model after each: what was
/// acknowledged is there, what was refused has changed nothing, and what is submitted is what was sent.
/// </summary>
public sealed class UploadFuzzTests(Tally tally)
{
    private const string Target = "uploads";

    /// <summary>Uploads in `make test`.</summary>
    private const int QuickUploads = 150;

    /// <summary>Most rounds of parts of an upload, and most parts of a round, which are sent at once.</summary>
    private const int MaxRounds = 8;

    private const int MaxParts = 4;

    private static readonly ServiceDescriptor Uploads = UploadServiceReflection.Descriptor.Services.Single();

    /// <summary>What SubmitVideo may say of a video that came whole.</summary>
    private static readonly string[] FaultsOfVideos = [.. new[]
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
            Target, tally, random => RunAsync(channel, services.Storage, clip, random), QuickUploads);

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(services.Storage, ".uploads")));
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
            await SendAsync(channel, model, [.. Pieces(content.Length).Select(piece => Honest(model, piece))]);
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

    /// <summary>Parts at the same time: one that is not honest goes alone, since the order would tell.</summary>
    private Task SendRoundAsync(GrpcChannel channel, UploadModel model, int size, Random random)
    {
        if (random.Next(2) == 0)
        {
            return SendAsync(channel, model, [Changed(model, size, random)]);
        }

        var parts = new byte[random.Next(1, MaxParts + 1)][];
        for (var i = 0; i < parts.Length; i++)
        {
            var offset = random.Next(size);
            parts[i] = Honest(model, (offset, random.Next(1, size - offset + 1)));
        }

        return SendAsync(channel, model, parts);
    }

    private async Task SendAsync(GrpcChannel channel, UploadModel model, byte[][] parts)
    {
        var method = Uploads.FindMethodByName("UploadPart");
        var answers = await Task.WhenAll(parts.Select(part => RawCall.MakeAsync(channel, method, part)));
        foreach (var (part, (outcome, answer)) in parts.Zip(answers))
        {
            tally.Count("parts of uploads", outcome);
            var request = TryParse(part);
            Assert.Equal(request is not null && model.Allows(request), outcome == RawCall.Ok);
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

    private static byte[] Honest(UploadModel model, (int Offset, int Length) piece) =>
        model.Part(piece.Offset, piece.Length).ToByteArray();

    /// <summary>A part with something wrong, or with something else in the place of what is meant.</summary>
    private static byte[] Changed(UploadModel model, int size, Random random)
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
                part.Crc32C = Protocol.Checksums.Crc32C.Of(part.Data.Span);
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
            Assert.Equal(model.IsComplete, outcome != ErrorReason.UploadIncomplete.ToText());
            Assert.True(!model.IsComplete || FaultsOfVideos.Contains(outcome), outcome);
            return outcome;
        }

        var jobId = submitted.Job.JobId;
        Assert.Equal(model.Bytes, await File.ReadAllBytesAsync(Path.Combine(storage, $"{jobId}.mp4"), Token));
        var client = new JobService.JobServiceClient(channel);
        await client.CancelJobAsync(new CancelJobRequest { JobId = jobId }, cancellationToken: Token);
        await client.DeleteJobAsync(new DeleteJobRequest { JobId = jobId }, cancellationToken: Token);
        return outcome;
    }

    private static async Task<string> CallAsync(GrpcChannel channel, string method, IMessage request) =>
        (await RawCall.MakeAsync(channel, Uploads.FindMethodByName(method), request.ToByteArray())).Outcome;

    /// <summary>The hash, none, or one that is wrong.</summary>
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

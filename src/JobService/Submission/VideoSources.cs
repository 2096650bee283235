using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>Where a submission says that its video is: one case for each field of the oneof.</summary>
internal abstract record VideoReference
{
    private VideoReference()
    {
    }

    /// <summary>The request contains the video.</summary>
    public sealed record Inline(ByteString Content) : VideoReference;

    /// <summary>The server must read or fetch the video.</summary>
    public sealed record Remote(string Uri) : VideoReference;

    /// <summary>The caller uploaded the video in parts.</summary>
    /// <param name="UploadId">The upload.</param>
    /// <param name="VisibleTenant">The only tenant whose uploads the caller can see; null for all tenants.</param>
    public sealed record Upload(Guid UploadId, string? VisibleTenant) : VideoReference;
}

/// <summary>
/// One way in which a video arrives. <see cref="VideoSubmitter"/> calls the methods in this order, each at most once.
/// They refuse a video with a <see cref="ServiceException"/>; disposing the source leaves nothing behind.
/// </summary>
internal interface IVideoSource : IAsyncDisposable
{
    /// <summary>
    /// A text that is equal for repetitions of the same request. Called only for requests with a request_id, and before
    /// the video is read.
    /// </summary>
    ValueTask<string> IdentifyAsync(CancellationToken cancellationToken);

    /// <summary>Checks what is known before the video is moved: its size, and its boxes if they can be read.</summary>
    ValueTask CheckAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes the whole video under a storage key without committing it, and checks what <see cref="CheckAsync"/> could
    /// not.
    /// </summary>
    Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken);

    /// <summary>Removes the source's own copy of the video after the job became durable.</summary>
    void Remove()
    {
        // Only uploads keep a copy.
    }
}

/// <summary>A complete and checked video that is not committed yet.</summary>
/// <param name="Artifact">The bytes.</param>
/// <param name="Sha256">SHA-256 of the bytes, 64 lower-case hexadecimal digits.</param>
internal sealed record StagedVideo(IStagedArtifact Artifact, string Sha256) : IAsyncDisposable
{
    /// <summary>Stages a video. A failure leaves nothing behind.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="key">The key of the video.</param>
    /// <param name="write">Writes the video and returns its SHA-256.</param>
    public static async Task<StagedVideo> WriteAsync(IStorage storage, string key, Func<Stream, Task<string>> write)
    {
        var artifact = storage.Stage(key);
        try
        {
            return new StagedVideo(artifact, await write(artifact.Stream));
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Artifact.DisposeAsync();
}

/// <summary>Opens the source that a submission refers to.</summary>
internal sealed class VideoSources(
    AllowedRoots roots, UploadStore uploads, VideoFetcher fetcher, IStorage storage, VideoChecks checks)
{
    /// <summary>Opens the source without reading the video.</summary>
    /// <exception cref="ServiceException">The source does not exist, or this server does not allow it.</exception>
    public async ValueTask<IVideoSource> OpenAsync(VideoReference reference, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return reference switch
        {
            VideoReference.Inline inline => new InlineSource(inline.Content, storage, checks),
            VideoReference.Remote remote when IsFile(remote.Uri) =>
                new FileSource(remote.Uri, roots.Open(remote.Uri), storage, checks),
            VideoReference.Remote remote =>
                new RemoteSource(remote.Uri, fetcher.Locate(remote.Uri), fetcher, storage, checks),
            VideoReference.Upload upload => new UploadSource(
                upload.UploadId,
                await uploads.TryBeginCompletionAsync(upload.UploadId, upload.VisibleTenant, cancellationToken),
                storage,
                checks),
            _ => throw new UnreachableException(),
        };
    }

    private static bool IsFile(string uri) => uri.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
}

/// <summary>A video inside the request.</summary>
internal sealed class InlineSource(ByteString content, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "content";

    private readonly Lazy<string> _sha256 = new(() => Convert.ToHexStringLower(SHA256.HashData(content.Span)));

    /// <inheritdoc />
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new("sha256:" + _sha256.Value);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireInline(content.Length);
        checks.RequireSize(Field, content.Length);
        using var video = StreamOver(content);
        VideoChecks.RequireMp4(Field, video);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken)
    {
        storage.RequireRoom(content.Length);
        return StagedVideo.WriteAsync(storage, key, async target =>
        {
            await target.WriteAsync(content.Memory, cancellationToken);
            return _sha256.Value;
        });
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A stream over the bytes of the message, without a copy.</summary>
    private static MemoryStream StreamOver(ByteString content) =>
        MemoryMarshal.TryGetArray(content.Memory, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToByteArray(), writable: false);
}

/// <summary>The checks that every video must pass.</summary>
internal sealed class VideoChecks(IOptions<SubmitOptions> options)
{
    /// <summary>What a caller can do with a video that is too large for one message.</summary>
    public const string InlineAlternatives =
        "Upload the video in parts (UploadService) and submit the upload_id, or put the file into a folder of the "
        + "server's option Submit:AllowedRoots and submit its uri, file:///absolute/path.mp4.";

    /// <summary>Refuses a video that is too large for one message.</summary>
    /// <exception cref="ServiceException">MESSAGE_TOO_LARGE.</exception>
    public void RequireInline(long bytes)
    {
        if (bytes > options.Value.MaxInlineBytes)
        {
            throw TooLarge(
                ErrorReason.MessageTooLarge, "content", bytes, options.Value.MaxInlineBytes, "Submit:MaxInlineBytes",
                InlineAlternatives);
        }
    }

    /// <summary>Refuses a video that is larger than Submit:MaxVideoBytes.</summary>
    /// <param name="field">The field of the request that names the video.</param>
    /// <param name="bytes">The size of the video, or its known part.</param>
    /// <exception cref="ServiceException">VIDEO_LIMIT_EXCEEDED.</exception>
    public void RequireSize(string field, long bytes)
    {
        var limit = options.Value.MaxVideoBytes;
        if (bytes > limit)
        {
            throw TooLarge(
                ErrorReason.VideoLimitExceeded, field, bytes, limit, "Submit:MaxVideoBytes",
                "Cut the video into shorter ones.");
        }
    }

    /// <summary>Refuses a file that is not an MP4 with frames, and rewinds the stream.</summary>
    /// <param name="field">The field of the request that names the video.</param>
    /// <param name="video">The whole video; seekable.</param>
    /// <exception cref="ServiceException">EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4, NO_VIDEO_TRACK or NO_FRAMES.
    /// </exception>
    public static void RequireMp4(string field, Stream video)
    {
        Require(field, Mp4Check.Inspect(video));
        video.Position = 0;
    }

    /// <summary>Refuses a file whose first bytes cannot begin an MP4, before the rest of it arrives.</summary>
    /// <param name="field">The field of the request that names the video.</param>
    /// <param name="beginning">The first <see cref="Mp4Check.BeginningBytes"/> bytes.</param>
    /// <exception cref="ServiceException">NOT_AN_MP4.</exception>
    public static void RequireBeginning(string field, ReadOnlySpan<byte> beginning) =>
        Require(field, Mp4Check.InspectBeginning(beginning));

    private static void Require(string field, Mp4CheckResult result)
    {
        if (result.Problem is { } problem)
        {
            throw new ServiceException(problem, result.Message)
            {
                FieldViolations = [new FieldViolation(field, result.Message)],
                Metadata = new Dictionary<string, string> { ["field"] = field, ["detail"] = result.Detail },
            };
        }
    }

    private static ServiceException TooLarge(
        ErrorReason reason, string field, long actual, long limit, string option, string whatToDo) =>
        new(reason, $"The video has {actual} bytes; the limit of {field} is {limit} (option {option}). {whatToDo}")
        {
            FieldViolations = [new FieldViolation(field, $"At most {limit} bytes.")],
            Metadata = new Dictionary<string, string>
            {
                ["option"] = option,
                ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
                ["actualBytes"] = actual.ToString(CultureInfo.InvariantCulture),
            },
        };
}

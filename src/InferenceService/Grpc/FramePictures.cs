using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Frames;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;
using GetFrameResponse = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Inference.Grpc;

/// <summary>Returns single frames as JPEG, from the same decoders as those of segments.</summary>
internal sealed class FramePictures(
    VideoProbe probe,
    FrameSource frames,
    DecoderSelfTest selfTest,
    MemoryBudget memory,
    IOptions<GrpcOptions> options,
    TimeProvider timeProvider)
{
    /// <summary>
    /// Frames that the decoder may decode for later calls. It ends soon if none comes, and a player without a browser's
    /// decoder asks for one frame after the other.
    /// </summary>
    private const int FramesAhead = 250;

    /// <summary>Decodes, scales, cuts out and encodes one frame.</summary>
    /// <exception cref="ServiceException">
    /// INVALID_FIELD, INVALID_FRAME_RANGE; UNDECODABLE_VIDEO: the frame is lost; and those of
    /// <see cref="VideoProbe.ReadAsync(VideoFile, TimeSpan, CancellationToken)"/> and
    /// <see cref="FrameSource.ReadAsync"/>.
    /// </exception>
    public async Task<GetFrameResponse> ReadAsync(
        VideoFile video, GetFrameRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadFetchedAsync(video, request, cancellationToken);
        }
        catch (PartialVideoException)
        {
            await video.Remote!.FetchAllAsync(cancellationToken);
            return await ReadFetchedAsync(video, request, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw AdmissionFailures.NoMemory(options.Value);
        }
        catch (ServiceException failure) when (DecoderSelfTest.Concerns(failure))
        {
            throw await selfTest.JudgeAsync(failure, cancellationToken);
        }
    }

    /// <summary>Checks what can be checked without the video.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public static void Check(GetFrameRequest request)
    {
        if (request.MaxWidth < 0)
        {
            throw ServiceException.InvalidField(
                "max_width", $"max_width must be 0 (the default, {Cutout.DefaultWidth}) or more.", request.MaxWidth);
        }

        if (request.Time is { } time && (time.Seconds < 0 || time.Nanos < 0))
        {
            throw ServiceException.InvalidField("time", "time must be 0 or more.", request.Time);
        }

        if (request.Box is { } box
            && !(float.IsFinite(box.X + box.Y + box.Width + box.Height) && box.Width > 0 && box.Height > 0))
        {
            throw ServiceException.InvalidField("box", "box must have a width and height above 0.");
        }
    }

    private async Task<GetFrameResponse> ReadFetchedAsync(
        VideoFile video, GetFrameRequest request, CancellationToken cancellationToken)
    {
        var index = await probe.ReadAsync(video, options.Value.MaxWaitTime, cancellationToken);
        var frame = FrameOf(index, request);
        var cut = Cutout.Of(index.Info, request);
        var range = new FrameRange { StartFrame = frame, EndFrame = frame + 1 };
        var choice = frames.MemoryOf(index, range, stride: 1, cut.DecodeSize, frames: 1, kept: 0)[0];
        using var share = new SegmentShare(choice, await memory.TakeAsync(
            [choice.Bytes], isBrief: true, options.Value.MaxWaitTime, timeProvider, cancellationToken));
        var decodeTo = request.Box is null ? Math.Min(frame + FramesAhead, index.FrameCount) : 0;
        await foreach (var decoded in frames.ReadAsync(
            video, index, range, stride: 1, decodeTo, cut.DecodeSize, new DecodeMeter(), share, cancellationToken))
        {
            using (decoded)
            {
                return new GetFrameResponse
                {
                    Jpeg = UnsafeByteOperations.UnsafeWrap(JpegPicture.Encode(decoded, cut)),
                    FrameIndex = frame,
                    FrameTimestampMs = decoded.TimestampMs,
                    Width = cut.Width,
                    Height = cut.Height,
                };
            }
        }

        throw Lost(frame);
    }

    private static int FrameOf(VideoIndex index, GetFrameRequest request)
    {
        if (request.FrameCase == GetFrameRequest.FrameOneofCase.Time)
        {
            var milliseconds = (uint)Math.Min(request.Time.ToTimeSpan().TotalMilliseconds, uint.MaxValue);
            return index.ShownAt(milliseconds);
        }

        return request.FrameIndex >= 0 && request.FrameIndex < index.FrameCount
            ? request.FrameIndex
            : throw ServiceException.ForField(
                ErrorReason.InvalidFrameRange,
                "frame_index",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"frame_index must be 0 to {index.FrameCount - 1}, the last frame of the video."),
                request.FrameIndex);
    }

    private static ServiceException Lost(int frame) => new(
        ErrorReason.UndecodableVideo,
        string.Create(
            CultureInfo.InvariantCulture,
            $"Frame {frame} of the video cannot be decoded. Ask for another frame, or check that the video plays."))
    {
        Metadata = new Dictionary<string, string> { ["frame"] = frame.ToString(CultureInfo.InvariantCulture) },
    };
}

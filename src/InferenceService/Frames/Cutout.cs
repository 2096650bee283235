using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;

namespace ForegSyte.Inference.Frames;

/// <summary>What a picture shows of a frame, and the size in which the frame is decoded for it. Pure.</summary>
/// <param name="DecodeSize">Size of the whole frame.</param>
/// <param name="Left">First column of the picture in it.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Width of the picture.</param>
/// <param name="Height">Height of the picture.</param>
internal sealed record Cutout(DecodeSize DecodeSize, int Left, int Top, int Width, int Height)
{
    /// <summary>Width of a picture if the request names none.</summary>
    public const int DefaultWidth = 1280;

    /// <summary>
    /// Maximum width and height of a picture; its JPEG stays below the 4 MiB that gRPC clients accept by default.
    /// </summary>
    public const int MaxSide = 1920;

    /// <summary>The cutout for a request.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD: the box is outside the frame.</exception>
    public static Cutout Of(VideoInfo video, GetFrameRequest request)
    {
        var box = request.Box ?? new BoundingBox { Width = video.Width, Height = video.Height };
        var (left, right) = Clip(box.X, box.Width, video.Width);
        var (top, bottom) = Clip(box.Y, box.Height, video.Height);
        if (left >= right || top >= bottom)
        {
            throw ServiceException.InvalidField(
                "box",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"box must overlap the frame, which has {video.Width}x{video.Height} pixels."));
        }

        var maxWidth = request.MaxWidth == 0
            ? DefaultWidth
            : Math.Min(request.MaxWidth, MaxSide);
        var scale = Math.Min(
            1, Math.Min(maxWidth / (double)(right - left), MaxSide / (double)(bottom - top)));
        var (frameWidth, frameHeight) = (Scaled(video.Width), Scaled(video.Height));
        var (cutLeft, cutTop) = ((int)(left * scale), (int)(top * scale));
        return new Cutout(
            new DecodeSize(frameWidth, frameHeight), cutLeft, cutTop,
            Math.Min(Scaled(right - left), frameWidth - cutLeft), Math.Min(Scaled(bottom - top), frameHeight - cutTop));

        int Scaled(int pixels) => Math.Max(1, (int)Math.Round(pixels * scale));
    }

    /// <summary>The whole pixels that a side of the box touches.</summary>
    private static (int From, int To) Clip(double start, double length, int size) => (
        (int)Math.Clamp(Math.Floor(start), 0, size), (int)Math.Clamp(Math.Ceiling(start + length), 0, size));
}

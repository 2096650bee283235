using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>What holds of every video, wherever it comes from.</summary>
internal sealed class VideoChecks(IOptions<SubmitOptions> options)
{
    /// <summary>How many first bytes tell whether a video may be an MP4.</summary>
    public const int BeginningBytes = Mp4Check.BeginningBytes;

    /// <summary>Largest video in bytes (option Submit:MaxVideoBytes).</summary>
    public long MaxBytes => options.Value.MaxVideoBytes;

    /// <summary>Refuses content that is to come another way.</summary>
    /// <exception cref="ServiceException">MESSAGE_TOO_LARGE.</exception>
    public void RequireInline(long bytes)
    {
        if (bytes > options.Value.MaxInlineBytes)
        {
            throw TooLarge(
                ErrorReason.MessageTooLarge, "content", bytes, options.Value.MaxInlineBytes, "Submit:MaxInlineBytes",
                InlineLimit.OtherWay);
        }
    }

    /// <summary>Refuses a video that is too large.</summary>
    /// <param name="field">The field of the request that is at fault.</param>
    /// <param name="bytes">Size of the video, or what is known of it.</param>
    /// <exception cref="ServiceException">VIDEO_LIMIT_EXCEEDED.</exception>
    public void RequireSize(string field, long bytes)
    {
        if (bytes > MaxBytes)
        {
            throw TooLarge(
                ErrorReason.VideoLimitExceeded, field, bytes, MaxBytes, "Submit:MaxVideoBytes",
                "Cut the video into parts.");
        }
    }

    /// <summary>Refuses what is no MP4 with frames. The stream's position is its beginning afterwards.</summary>
    /// <param name="field">The field of the request that is at fault.</param>
    /// <param name="video">The whole video, seekable.</param>
    /// <exception cref="ServiceException">EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4, NO_VIDEO_TRACK or NO_FRAMES.
    /// </exception>
    public static void RequireMp4(string field, Stream video)
    {
        Require(field, Mp4Check.Inspect(video));
        video.Position = 0;
    }

    /// <summary>Refuses what cannot become an MP4, so that the rest of it need not come.</summary>
    /// <param name="field">The field of the request that is at fault.</param>
    /// <param name="beginning">The first <see cref="BeginningBytes"/> bytes.</param>
    /// <exception cref="ServiceException">NOT_AN_MP4.</exception>
    public static void RequireBeginning(string field, ReadOnlySpan<byte> beginning) =>
        Require(field, Mp4Check.InspectBeginning(beginning));

    private static void Require(string field, Mp4Verdict verdict)
    {
        if (verdict.Problem is { } problem)
        {
            throw new ServiceException(problem, verdict.Message)
            {
                FieldViolations = [new FieldViolation(field, verdict.Message)],
                Metadata = new Dictionary<string, string> { ["field"] = field, ["detail"] = verdict.Detail },
            };
        }
    }

    private static ServiceException TooLarge(
        ErrorReason reason, string field, long actual, long limit, string option, string whatToDo) =>
        new(reason, $"The video has {actual} bytes; {field} takes at most {limit} (option {option}). {whatToDo}")
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

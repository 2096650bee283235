using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

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

    /// <summary>
    /// Refuses a file that is not an MP4 with frames, and rewinds the stream. Returns the defects that do no harm.
    /// </summary>
    /// <param name="field">The field of the request that names the video.</param>
    /// <param name="video">The whole video; seekable.</param>
    /// <exception cref="ServiceException">EMPTY_VIDEO, NOT_AN_MP4, TRUNCATED_MP4, NO_VIDEO_TRACK, NO_FRAMES or
    /// ENCRYPTED_VIDEO.</exception>
    public static IReadOnlyList<Warning> RequireMp4(string field, Stream video)
    {
        var result = Mp4Check.Inspect(video);
        Require(field, result);
        video.Position = 0;
        return result.Warnings;
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

using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Oracle;
using ForegSyte.Media.Tests.Pictures;
using ForegSyte.Media.Tests.Readers;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests;

/// <summary>Compares what the services and the command line make of one clip with what is right.</summary>
/// <param name="clip">The clip.</param>
/// <param name="path">Its file.</param>
/// <param name="truth">The frames, as the oracle saw them before any damage.</param>
/// <param name="start">Seconds from the start of playback to frame 0.</param>
internal sealed partial class ClipCheck(MediaClip clip, string path, ShownFrame[] truth, decimal start)
{
    /// <summary>Players round times to milliseconds, and the clock of a copy is not that of the video.</summary>
    private const decimal TimeTolerance = 0.002m;

    private const int MinHeightWithCaptions = 64;

    private readonly List<string> _problems = [];

    private int Width => clip.Pictures.Width;

    private int Height => clip.Pictures.Height;

    /// <summary>Boxes and captions hide the numbers of small frames.</summary>
    private bool ShowsNumbersInCopy => HasBars && Height >= MinHeightWithCaptions
        && clip.HasNumbers && !clip.BoxesHideNumbers;

    private bool HasBars => NumberedPicture.HasBars(Width, Height);

    /// <summary>Everything that is wrong, a sentence each.</summary>
    public IReadOnlyList<string> Problems => _problems;

    public void Fail(string problem) => _problems.Add(problem);

    /// <summary>A part of a damaged video can be without a single good frame; another one must not fail.</summary>
    public void FailPart(string problem) => Expect(clip.IsDamaged, problem);

    public void CheckSubmission()
    {
        using var file = File.OpenRead(path);
        var result = Mp4Check.Inspect(file);
        Expect(result.Problem == clip.Refused, $"submission: {result.Problem?.ToString() ?? "accepted"} "
            + $"{result.Message}; right: {clip.Refused?.ToString() ?? "accepted"}");
    }

    public void CheckInfo(VideoInfo video, IReadOnlyList<Warning> warnings, int trackId)
    {
        var coded = clip.Pictures.Coded;
        Expect(
            (video.Width, video.Height) == (Width, Height),
            $"size {video.Width}x{video.Height}; right: {Width}x{Height}");
        Expect(video.FrameCount == truth.Length, $"{video.FrameCount} frames; right: {truth.Length}");
        Expect(
            video.RotationDegrees == coded.Degrees && video.Mirrored == coded.Mirrored,
            $"rotation {video.RotationDegrees}, mirrored {video.Mirrored}; right: {coded.Degrees}, {coded.Mirrored}");
        var aspect = video.PixelAspectRatio ?? new PixelAspectRatio();
        Expect(
            (aspect.Width, aspect.Height) == clip.PixelAspect,
            $"pixel ratio {aspect.Width}:{aspect.Height}; right: {clip.PixelAspect}");
        var startSeconds = video.StartTime is { } time ? (decimal)time.ToTimeSpan().TotalSeconds : 0;
        Expect(Math.Abs(startSeconds - start) < 0.001m, $"start time {startSeconds} s; right: {start} s");
        Expect(
            clip.Transfer is null || video.ColorTransfer == clip.Transfer,
            $"transfer \"{video.ColorTransfer}\"; right: \"{clip.Transfer}\"");
        Expect(video.TrackId == trackId, $"track {video.TrackId}; right: {trackId}");
        Expect(
            CountOf(warnings, WarningReason.TimestampsLost) == clip.LostTimestamps,
            $"{CountOf(warnings, WarningReason.TimestampsLost)} lost timestamps; right: {clip.LostTimestamps}");
        Expect(
            CountOf(warnings, WarningReason.TrailingBytes) == clip.TrailingBytes,
            $"{CountOf(warnings, WarningReason.TrailingBytes)} trailing bytes; right: {clip.TrailingBytes}");
    }

    /// <summary>Every frame of the range is delivered, with its number and its time.</summary>
    public void CheckDelivery(Delivery delivery, string what, int from, int to, int stride)
    {
        var wanted = Enumerable.Range(from, to - from).Where(index => index % stride == 0).ToArray();
        var frames = delivery.Frames;
        if (!clip.IsDamaged)
        {
            Expect(
                frames.Select(frame => frame.Index).SequenceEqual(wanted),
                $"{what}: {frames.Count} frames of {wanted.Length}{Missing(wanted, frames)}");
            Expect(frames.All(frame => !frame.IsDamaged), $"{what}: {frames.Count(f => f.IsDamaged)} marked damaged");
        }

        foreach (var frame in frames.Where(frame => frame.Index >= 0 && frame.Index < truth.Length))
        {
            var right = truth[frame.Index];
            var time = Math.Ceiling(Math.Round(1000 * (start + right.Seconds - truth[0].Seconds), 3));
            Expect(
                Math.Abs(frame.TimestampMs - time) <= 1,
                $"{what}: frame {frame.Index} at {frame.TimestampMs} ms; right: {time} ms");
            Expect(
                frame.IsDamaged || frame.Number == right.Number,
                $"{what}: frame {frame.Index} shows {frame.Number?.ToString() ?? "nothing"} and counts as good; "
                + $"right: {right.Number}");
            Expect(
                frame.IsDamaged || !HasBars || clip.IsToneMapped || !frame.Picture.IsOtherThan(right.Picture),
                $"{what}: the picture of frame {frame.Index} is wrong and counts as good");
            Expect(
                clip.IsDamaged || !HasBars || !clip.HasColours || HasRightColours(frame.Picture),
                $"{what}: colours {frame.Picture.LeftPatch} and {frame.Picture.RightPatch}; "
                + $"right: {NumberedPicture.LeftPatch} and {NumberedPicture.RightPatch}");
            Expect(
                clip.LeastWhite is null || frame.Picture.White >= clip.LeastWhite,
                $"{what}: white is {frame.Picture.White}; right: at least {clip.LeastWhite}");
        }

        var accounting = delivery.Accounting;
        Expect(
            accounting.Total == to - from && accounting.Analyzed == frames.Count
                && accounting.Total == accounting.Analyzed + accounting.Skipped + accounting.Failed,
            $"{what}: accounting {accounting}; delivered {frames.Count} of {to - from}");
    }

    /// <summary>
    /// What a plain decode from the start shows right must be analyzed, and counts as good if it is the same picture.
    /// </summary>
    /// <param name="delivery">The whole video.</param>
    /// <param name="plain">A plain decode of the damaged file.</param>
    public void CheckDamage(Delivery delivery, ShownFrame[] plain)
    {
        var byTime = plain.GroupBy(frame => Math.Round(frame.Seconds, 3))
            .ToDictionary(group => group.Key, group => group.Last());
        var falseAlarms = new List<int>();
        foreach (var (index, right) in truth.Index())
        {
            var isGood = byTime.TryGetValue(Math.Round(right.Seconds, 3), out var seen) && seen.Number == right.Number
                && !seen.Picture.IsOtherThan(right.Picture);
            var frame = delivery.Frames.Find(one => one.Index == index);
            Expect(!isGood || frame is not null, $"frame {index} is lost, and a plain decode shows it right");
            if (frame is { IsDamaged: true } && frame.Picture.IsSameAs(right.Picture))
            {
                falseAlarms.Add(index);
            }
        }

        Expect(
            falseAlarms.Count <= clip.FalseAlarms,
            $"{falseAlarms.Count} frames are right and count as damaged: {string.Join(' ', falseAlarms)}");
    }

    /// <summary>Every frame of the copy shows the picture of its time and the box of that frame.</summary>
    public async Task CheckCopyAsync(string copyPath, Delivery delivery)
    {
        var stream = await PlainFfmpeg.StreamAsync(copyPath, 0);
        var turned = Math.Abs(RotationOf(stream)) % 180 == 90;
        var (codedWidth, codedHeight) = (Number(stream["width"]), Number(stream["height"]));
        var (copyWidth, copyHeight) = turned ? (codedHeight, codedWidth) : (codedWidth, codedHeight);
        Expect(
            copyWidth - Width is 0 or 1 && copyHeight - Height is 0 or 1,
            $"copy: {copyWidth}x{copyHeight}; right: {Width}x{Height}");
        var ratio = stream.GetValueOrDefault("sample_aspect_ratio", "1:1");
        Expect(
            ratio == FormattableString.Invariant($"{clip.PixelAspect.Width}:{clip.PixelAspect.Height}"),
            $"copy: pixel ratio {ratio}; right: {clip.PixelAspect}");

        var copy = await PlainFfmpeg.DecodeAsync(copyPath, 0, clip, isCopy: true);
        var indexes = IndexesOf(copy);
        var shown = indexes.ToHashSet();
        var lost = delivery.Frames
            .Where(frame => !frame.IsDamaged && !shown.Contains(frame.Index) && !IsHiddenByTheNext(frame.Index))
            .Select(frame => frame.Index)
            .ToArray();
        Expect(
            lost.Length == 0,
            $"copy: {copy.Length} frames of {truth.Length}; without {string.Join(' ', lost.Take(12))}");
        var analyzed = delivery.Frames.ToDictionary(frame => frame.Index);
        foreach (var (at, index) in indexes.Index())
        {
            if (index is null)
            {
                Expect(false, $"copy: frame {at} at {copy[at].Seconds} s has no time of the video");
                continue;
            }

            if (!analyzed.TryGetValue(index.Value, out var frame))
            {
                continue;
            }

            Expect(
                frame.IsDamaged || !ShowsNumbersInCopy || copy[at].Number == truth[index.Value].Number,
                $"copy: frame {at} shows {copy[at].Number}; right at its time: {truth[index.Value].Number}");
            Expect(
                !HasBars || copy[at].Picture.Place == index % DrawnBox.Places,
                $"copy: frame {at} has the box {copy[at].Picture.Place?.ToString() ?? "of none or several frames"}; "
                + $"right: {index % DrawnBox.Places}");
            Expect(
                clip.IsDamaged || !HasBars || !clip.HasColours || HasRightColours(copy[at].Picture),
                $"copy: colours {copy[at].Picture.LeftPatch} and {copy[at].Picture.RightPatch}");
            Expect(
                clip.LeastWhite is null || copy[at].Picture.White >= clip.LeastWhite,
                $"copy: white is {copy[at].Picture.White}; right: at least {clip.LeastWhite}");
        }
    }

    /// <summary>The frames of the video whose times the frames of the copy have.</summary>
    private int?[] IndexesOf(ShownFrame[] copy)
    {
        if (!ShowsNumbersInCopy)
        {
            return [.. copy.Select(frame => IndexAt(truth[0].Seconds + frame.Seconds - copy[0].Seconds, null))];
        }

        var anchor = copy.Select(frame => (frame.Seconds, Index: Array.FindIndex(
                truth, right => right.Number is not null && right.Number == frame.Number)))
            .FirstOrDefault(pair => pair.Index >= 0, (Seconds: 0m, Index: -1));
        if (anchor.Index < 0)
        {
            Expect(false, "copy: no frame shows a number of the video");
            return new int?[copy.Length];
        }

        var shift = anchor.Seconds - truth[anchor.Index].Seconds;
        return [.. copy.Select(frame => IndexAt(frame.Seconds - shift, frame.Number))];
    }

    private int? IndexAt(decimal seconds, int? number)
    {
        var close = truth.Index().Where(pair => Math.Abs(pair.Item.Seconds - seconds) <= TimeTolerance).ToArray();
        return close.Length == 0
            ? null
            : close.FirstOrDefault(pair => pair.Item.Number == number, close.MinBy(
                pair => Math.Abs(pair.Item.Seconds - seconds))).Index;
    }

    private static long CountOf(IReadOnlyList<Warning> warnings, WarningReason reason) =>
        warnings.Where(warning => warning.Reason == reason).Sum(warning => warning.Count);

    private bool IsHiddenByTheNext(int index) =>
        index + 1 < truth.Length && truth[index + 1].Seconds - truth[index].Seconds < 0.001m;

    private static int RotationOf(IReadOnlyDictionary<string, string> stream) =>
        Rotation().Match(stream.GetValueOrDefault("side_data_list", "")) is { Success: true } match
            ? Number(match.Groups[1].Value)
            : 0;

    [GeneratedRegex("\"rotation\":\\s*(-?\\d+)")]
    private static partial Regex Rotation();

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private bool HasRightColours(SeenPicture picture) =>
        IsNear(picture.LeftPatch, NumberedPicture.LeftPatch) && IsNear(picture.RightPatch, NumberedPicture.RightPatch);

    private bool IsNear((double Red, double Green, double Blue) seen, (byte Red, byte Green, byte Blue) right) =>
        Math.Abs(seen.Red - right.Red) <= clip.ColourTolerance
        && Math.Abs(seen.Green - right.Green) <= clip.ColourTolerance
        && Math.Abs(seen.Blue - right.Blue) <= clip.ColourTolerance;

    private static string Missing(int[] wanted, List<DeliveredFrame> frames)
    {
        var missing = wanted.Except(frames.Select(frame => frame.Index)).Take(12).ToArray();
        return missing.Length == 0 ? "" : $"; without {string.Join(' ', missing)}";
    }

    private void Expect(bool isRight, string problem)
    {
        if (!isRight)
        {
            _problems.Add(problem);
        }
    }
}

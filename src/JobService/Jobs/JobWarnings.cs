using System.Collections;
using System.Globalization;
using ForegSyte.Inference.V1;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// What is wrong with a job's video or results: each reason once with its count, ordered by reason. Immutable; equal if
/// reasons and counts are. The messages follow from both, so that a job has the same ones after every restart.
/// </summary>
internal sealed class JobWarnings : IReadOnlyCollection<KeyValuePair<WarningReason, long>>, IEquatable<JobWarnings>
{
    /// <summary>No warning.</summary>
    public static readonly JobWarnings Empty = new(new SortedList<WarningReason, long>());

    private readonly SortedList<WarningReason, long> _counts;

    /// <summary>Takes warnings in any order; sums those with the same reason and drops those without a count.</summary>
    public JobWarnings(IEnumerable<Warning> warnings)
        : this(Sum(warnings.Select(warning => KeyValuePair.Create(warning.Reason, warning.Count))))
    {
    }

    private JobWarnings(SortedList<WarningReason, long> counts) => _counts = counts;

    public int Count => _counts.Count;

    /// <summary>The warnings of a finished segment: those of the response, and its lost and damaged frames.</summary>
    public static JobWarnings OfSegment(RunPipelineResponse segment) =>
        new JobWarnings(segment.Warnings)
            .With(WarningReason.FramesLost, segment.Frames?.Failed ?? 0)
            .With(WarningReason.FramesDamaged, segment.Frames?.Damaged ?? 0);

    /// <summary>The count of a reason; 0 without such a warning.</summary>
    public long CountOf(WarningReason reason) => _counts.GetValueOrDefault(reason);

    /// <summary>Replaces the count of a reason; 0 removes the warning.</summary>
    public JobWarnings With(WarningReason reason, long count) =>
        CountOf(reason) == count
            ? this
            : new JobWarnings(Sum([.. _counts.Where(pair => pair.Key != reason), KeyValuePair.Create(reason, count)]));

    /// <summary>Adds the warnings of another part of the video, reason by reason.</summary>
    public JobWarnings Plus(JobWarnings other) =>
        other.Count == 0 ? this : Count == 0 ? other : new JobWarnings(Sum(_counts.Concat(other._counts)));

    /// <summary>
    /// Joins with warnings that another check found in the same video: the same defect counts once, with the higher
    /// count.
    /// </summary>
    public JobWarnings Or(JobWarnings other) => other._counts.Aggregate(
        this, (joined, pair) => joined.With(pair.Key, Math.Max(joined.CountOf(pair.Key), pair.Value)));

    /// <summary>The warnings of the file, which the submission finds: TRAILING_BYTES.</summary>
    public JobWarnings OfFile() =>
        Empty.With(WarningReason.TrailingBytes, CountOf(WarningReason.TrailingBytes));

    /// <summary>The warnings as the contract has them.</summary>
    public IEnumerable<Warning> ToMessages() => _counts.Select(pair => new Warning
    {
        Reason = pair.Key,
        Count = pair.Value,
        Message = MessageOf(pair.Key, pair.Value),
    });

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<WarningReason, long>> GetEnumerator() => _counts.GetEnumerator();

    /// <inheritdoc />
    public bool Equals(JobWarnings? other) => other is not null && _counts.SequenceEqual(other._counts);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as JobWarnings);

    /// <inheritdoc />
    public override int GetHashCode() => _counts.Aggregate(0, (hash, pair) => HashCode.Combine(hash, pair));

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static SortedList<WarningReason, long> Sum(IEnumerable<KeyValuePair<WarningReason, long>> counts)
    {
        var sums = new SortedList<WarningReason, long>();
        foreach (var (reason, count) in counts.Where(pair => pair.Value > 0))
        {
            sums[reason] = sums.GetValueOrDefault(reason) + count;
        }

        return sums;
    }

    private static string MessageOf(WarningReason reason, long count) => reason switch
    {
        WarningReason.FramesLost => Text(count, "frame", "frames")
            + " could not be decoded and no results exist for them. If they matter, submit an undamaged copy of the "
            + "video.",
        WarningReason.FramesDamaged => Text(count, "frame", "frames")
            + " could be decoded only with errors, so the results for them can be wrong (FrameResult.damaged). If they "
            + "matter, submit an undamaged copy of the video.",
        WarningReason.TimestampsLost => Text(count, "frame", "frames")
            + " without a timestamp different from that of the frame before: players do not show them, but they are "
            + "analyzed. Nothing to do, unless each frame must have a time of its own.",
        WarningReason.UnsupportedScript => Text(count, "line", "lines")
            + " of text left out, probably in a script that the model cannot read. Use a pipeline whose model reads "
            + "this script.",
        WarningReason.TrailingBytes => Text(count, "byte", "bytes")
            + " after the last box of the file ignored. Nothing to do, unless the video should be longer.",
        _ => Text(count, "defect", "defects") + " of a kind that this version of the JobService does not know.",
    };

    private static string Text(long count, string one, string many) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many)}");
}

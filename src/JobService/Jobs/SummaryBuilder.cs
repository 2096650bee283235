using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// Counts what was found while the frames of a job pass by. Memory does not grow with the video: labels and texts are
/// counted up to a number and a length.
/// </summary>
internal sealed class SummaryBuilder
{
    /// <summary>Most labels in a summary; further ones are left out.</summary>
    public const int MaxLabels = 1_000;

    /// <summary>Most texts in a summary.</summary>
    public const int MaxTexts = 100;

    /// <summary>Most characters of a text in a summary; longer ones are cut, and counted by what is left.</summary>
    public const int MaxTextLength = 256;

    /// <summary>
    /// Different texts that are counted at a time. With at most so many in the video the counts are exact. With more,
    /// the rarest makes room for a new one and hands its count on (Metwally, Agrawal, El Abbadi: Efficient Computation
    /// of Frequent and Top-k Elements in Data Streams, 2005): a text in more than 1/1024 of all readings is sure to be
    /// counted, and no count is too low; it is too high by at most 1/1024 of all readings.
    /// </summary>
    public const int MaxCountedTexts = 1_024;

    private readonly Dictionary<string, int> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _texts = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, int> _rarest = new();
    private readonly FrameAccounting _frames = new();

    /// <summary>Adds what a segment says about its frames.</summary>
    public void Add(FrameAccounting segment)
    {
        _frames.Decoded = checked(_frames.Decoded + segment.Decoded);
        _frames.Analyzed = checked(_frames.Analyzed + segment.Analyzed);
        _frames.Skipped = checked(_frames.Skipped + segment.Skipped);
        _frames.Failed = checked(_frames.Failed + segment.Failed);
        foreach (var (reason, count) in segment.FailedByReason)
        {
            _frames.FailedByReason[reason] = checked(_frames.FailedByReason.GetValueOrDefault(reason) + count);
        }
    }

    /// <summary>Adds what was found in a frame. Each text counts once a frame.</summary>
    public void Add(FrameResult frame)
    {
        if (frame.Result is not { } result)
        {
            return;
        }

        foreach (var detection in result.Detections)
        {
            if (_labels.TryGetValue(detection.Label, out var count))
            {
                _labels[detection.Label] = Increment(count);
            }
            else if (_labels.Count < MaxLabels)
            {
                _labels[detection.Label] = 1;
            }
        }

        foreach (var text in result.TextRegions.Select(region => Shorten(region.Text)).Distinct(StringComparer.Ordinal))
        {
            Count(text);
        }
    }

    /// <summary>
    /// What was found so far. Texts of equal count are in ordinal order, so that a run can be repeated.
    /// </summary>
    public JobSummary Build() => new()
    {
        Frames = _frames.Clone(),
        DetectionsByLabel = { _labels },
        Texts =
        {
            _texts
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key, StringComparer.Ordinal)
                .Take(MaxTexts)
                .Select(pair => new TextCount { Text = pair.Key, FrameCount = pair.Value }),
        },
    };

    private void Count(string text)
    {
        if (_texts.TryGetValue(text, out var count))
        {
            _texts[text] = Increment(count);
            return;
        }

        var start = _texts.Count < MaxCountedTexts ? 1 : Increment(EvictRarest());
        _texts[text] = start;
        _rarest.Enqueue(text, start);
    }

    /// <summary>
    /// Takes the rarest text out and returns its count. The heap has one entry a text, with a count that may be out of
    /// date and then only too low: such an entry is put back with the right one, so a text's turn costs a few steps.
    /// </summary>
    private int EvictRarest()
    {
        while (true)
        {
            _rarest.TryDequeue(out var text, out var counted);
            var count = _texts[text!];
            if (count == counted)
            {
                _texts.Remove(text!);
                return count;
            }

            _rarest.Enqueue(text!, count);
        }
    }

    private static int Increment(int count) => count == int.MaxValue ? count : count + 1;

    private static string Shorten(string text) =>
        text.Length <= MaxTextLength
            ? text
            : text[..(char.IsHighSurrogate(text[MaxTextLength - 1]) ? MaxTextLength - 1 : MaxTextLength)];
}

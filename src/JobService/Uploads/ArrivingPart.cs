namespace ForegSyte.Jobs.Uploads;

/// <summary>A part that is being written; its missing bytes are the writer's alone until it is disposed.</summary>
/// <param name="upload">Its upload.</param>
/// <param name="extent">The whole part.</param>
/// <param name="missing">What of it was not there: what is to be written.</param>
internal sealed class ArrivingPart(OpenUpload upload, Extent extent, IReadOnlyList<Extent> missing) : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The bytes to write.</summary>
    public IReadOnlyList<Extent> Missing => missing;

    /// <summary>The bytes that were there, ascending.</summary>
    public IEnumerable<Extent> Present
    {
        get
        {
            var start = extent.Start;
            foreach (var gap in missing.Append(new Extent(extent.End, extent.End)))
            {
                if (gap.Start > start)
                {
                    yield return new Extent(start, gap.Start);
                }

                start = gap.End;
            }
        }
    }

    /// <summary>Completes when the part is written, or was given up.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether some of these bytes are being written by this part.</summary>
    public bool Writes(Extent other) => missing.Any(other.Overlaps);

    /// <inheritdoc />
    public void Dispose()
    {
        upload.End(this);
        _ended.TrySetResult();
    }
}

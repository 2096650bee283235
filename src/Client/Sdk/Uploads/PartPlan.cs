using ForegSyte.V1;

namespace ForegSyte.Client.Uploads;

/// <summary>Cuts a video into the parts that are there and those that are to be sent.</summary>
internal static class PartPlan
{
    /// <summary>
    /// The whole video in order, without gaps or overlaps. A range that makes no sense (negative, empty, past the end)
    /// counts as not there: sending a part twice does no harm.
    /// </summary>
    /// <param name="sizeBytes">Size of the video.</param>
    /// <param name="partBytes">Most bytes of a part.</param>
    /// <param name="there">What the server has.</param>
    public static IEnumerable<PlannedPart> Of(long sizeBytes, int partBytes, IEnumerable<ByteRange> there)
    {
        var position = 0L;
        foreach (var range in there
            .Where(range => range.Start >= 0 && range.Start < range.End && range.End <= sizeBytes)
            .OrderBy(range => range.Start))
        {
            foreach (var missing in Cut(position, range.Start, partBytes, isThere: false))
            {
                yield return missing;
            }

            foreach (var present in Cut(Math.Max(position, range.Start), range.End, partBytes, isThere: true))
            {
                yield return present;
            }

            position = Math.Max(position, range.End);
        }

        foreach (var missing in Cut(position, sizeBytes, partBytes, isThere: false))
        {
            yield return missing;
        }
    }

    private static IEnumerable<PlannedPart> Cut(long start, long end, int partBytes, bool isThere)
    {
        for (var offset = start; offset < end; offset += partBytes)
        {
            yield return new PlannedPart(offset, (int)Math.Min(partBytes, end - offset), isThere);
        }
    }
}

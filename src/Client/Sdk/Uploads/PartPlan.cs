using ForegSyte.V1;

namespace ForegSyte.Client.Uploads;

/// <summary>A range of the video that the client reads at once.</summary>
/// <param name="Offset">Offset in bytes.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="IsUploaded">Whether the server has the range.</param>
internal readonly record struct PlannedPart(long Offset, int Length, bool IsUploaded);

/// <summary>Divides a video into uploaded parts and missing parts.</summary>
internal static class PartPlan
{
    /// <summary>
    /// Returns parts that cover the video in order, without gaps or overlaps. Invalid ranges (negative, empty, past the
    /// end) count as missing, because sending a part twice is harmless.
    /// </summary>
    /// <param name="sizeBytes">Size of the video.</param>
    /// <param name="partBytes">Maximum size of a part.</param>
    /// <param name="uploaded">Ranges that the server has.</param>
    public static IEnumerable<PlannedPart> Of(long sizeBytes, int partBytes, IEnumerable<ByteRange> uploaded)
    {
        var position = 0L;
        foreach (var range in uploaded
            .Where(range => range.Start >= 0 && range.Start < range.End && range.End <= sizeBytes)
            .OrderBy(range => range.Start))
        {
            foreach (var missing in Divide(position, range.Start, partBytes, isUploaded: false))
            {
                yield return missing;
            }

            foreach (var present in Divide(Math.Max(position, range.Start), range.End, partBytes, isUploaded: true))
            {
                yield return present;
            }

            position = Math.Max(position, range.End);
        }

        foreach (var missing in Divide(position, sizeBytes, partBytes, isUploaded: false))
        {
            yield return missing;
        }
    }

    private static IEnumerable<PlannedPart> Divide(long start, long end, int partBytes, bool isUploaded)
    {
        for (var offset = start; offset < end; offset += partBytes)
        {
            yield return new PlannedPart(offset, (int)Math.Min(partBytes, end - offset), isUploaded);
        }
    }
}

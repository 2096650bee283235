namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Colours of an object in 48 bytes: for the upper and then the lower half of its body a histogram of 8 bins each of
/// luma, blue difference and red difference. The bins of a histogram add up to about 255, or to 0 if nothing was
/// visible.
/// </summary>
internal static class Appearance
{
    /// <summary>Number of bytes.</summary>
    public const int Length = 6 * Bins;

    private const int Bins = 8;

    /// <summary>
    /// Likeness of an appearance and a descriptor, 0 to 1: the mean Bhattacharyya coefficient of their histograms. An
    /// empty histogram is like any other.
    /// </summary>
    public static double Likeness(ReadOnlySpan<double> appearance, ReadOnlySpan<byte> descriptor)
    {
        double all = 0;
        for (var start = 0; start < Length; start += Bins)
        {
            double product = 0, sum = 0, otherSum = 0;
            for (var bin = start; bin < start + Bins; bin++)
            {
                product += Math.Sqrt(appearance[bin] * descriptor[bin]);
                sum += appearance[bin];
                otherSum += descriptor[bin];
            }

            all += sum > 0 && otherSum > 0 ? product / Math.Sqrt(sum * otherSum) : 1;
        }

        return Math.Min(all * Bins / Length, 1);
    }
}

using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// Reads a video once, from its beginning to its end: the parts to send come out, and all that is read goes into the
/// hash. So the hash of the whole costs no second reading, and a file that is changed under way is noticed at the end.
/// </summary>
internal sealed class PartReader(VideoFile file, UploadTally tally)
{
    /// <summary>The parts that are not there yet, in order. The caller disposes them.</summary>
    /// <param name="plan">The whole video in order.</param>
    /// <param name="hash">Takes every byte; null where only what is missing is read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">The file cannot be read, or became shorter.</exception>
    public async IAsyncEnumerable<VideoPart> ReadAsync(
        IEnumerable<PlannedPart> plan,
        IncrementalHash? hash,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var planned in plan)
        {
            if (planned.IsThere && hash is null)
            {
                continue;
            }

            var part = new VideoPart(planned.Offset, planned.Length);
            try
            {
                await file.ReadAsync(planned.Offset, part.Data, cancellationToken);
                hash?.AppendData(part.Data.Span);
            }
            catch
            {
                part.Dispose();
                throw;
            }

            if (planned.IsThere)
            {
                tally.Checked(planned.Length);
                part.Dispose();
            }
            else
            {
                yield return part;
            }
        }
    }
}

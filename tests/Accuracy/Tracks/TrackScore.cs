using ForegSyte.Accuracy.Objects;
using ForegSyte.Jobs.Tracking;

namespace ForegSyte.Accuracy.Tracks;

/// <summary>A box of an object or of a track in one frame.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Id">The object or the track.</param>
/// <param name="Box">Its position.</param>
internal readonly record struct IdentifiedBox(int Frame, string Id, PixelBox Box);

/// <summary>How well tracks follow the objects. A box matches at an intersection over union of at least 0.5.</summary>
/// <param name="Objects">Number of true objects.</param>
/// <param name="Tracks">Number of tracks with a box in a scored frame.</param>
/// <param name="Switches">
/// Identity switches of CLEAR MOT (Bernardin and Stiefelhagen 2008): an object is matched by another track than before.
/// </param>
/// <param name="Missed">Boxes of objects without a track (CLEAR MOT).</param>
/// <param name="Wrong">Boxes of tracks without an object (CLEAR MOT).</param>
/// <param name="Idf1">
/// F1 score of the boxes under the best assignment of tracks to objects (Ristani et al. 2016), 0 to 1.
/// </param>
/// <param name="Hota">Higher order tracking accuracy (Luiten et al. 2021), 0 to 1.</param>
internal sealed record TrackScore(
    int Objects, int Tracks, int Switches, int Missed, int Wrong, double Idf1, double Hota)
{
    /// <summary>Scores tracks against objects.</summary>
    /// <param name="truth">The objects.</param>
    /// <param name="found">
    /// Boxes of the tracks. Left out are those in frames that are not labeled, and those that match an ignored box and
    /// no other.
    /// </param>
    /// <param name="frames">The scored frames; null means all that are labeled.</param>
    public static TrackScore Of(
        TrackTruth truth, IEnumerable<IdentifiedBox> found, IReadOnlyCollection<int>? frames = null)
    {
        var scored = (frames ?? truth.Frames).ToHashSet();
        List<IdentifiedBox> objects = [.. truth.Boxes.Where(box => scored.Contains(box.Frame))];
        var (counted, ignored) = (objects.ToLookup(box => box.Frame), truth.Ignored.ToLookup(box => box.Frame));
        var pairs = new FramePairs(
            objects,
            [.. found.Where(box => scored.Contains(box.Frame)
                && (!Matches(box, ignored[box.Frame]) || Matches(box, counted[box.Frame])))]);
        var (switches, missed, wrong) = ClearMot.Of(pairs);
        return new TrackScore(
            pairs.TruthIds.Length, pairs.FoundIds.Length, switches, missed, wrong, IdentityF1.Of(pairs),
            HigherOrder.Of(pairs));
    }

    private static bool Matches(IdentifiedBox box, IEnumerable<IdentifiedBox> others) =>
        others.Any(other => box.Box.OverlapWith(other.Box) >= ObjectMatching.MinimumOverlap);
}

/// <summary>The boxes of objects and tracks by frame, and the overlap of each pair in a frame.</summary>
internal sealed class FramePairs
{
    public FramePairs(IReadOnlyList<IdentifiedBox> truth, IReadOnlyList<IdentifiedBox> found)
    {
        TruthIds = [.. truth.Select(box => box.Id).Distinct().Order(StringComparer.Ordinal)];
        FoundIds = [.. found.Select(box => box.Id).Distinct().Order(StringComparer.Ordinal)];
        TruthCounts = [.. TruthIds.Select(id => truth.Count(box => box.Id == id))];
        FoundCounts = [.. FoundIds.Select(id => found.Count(box => box.Id == id))];
        var truthByFrame = truth.ToLookup(box => box.Frame);
        var foundByFrame = found.ToLookup(box => box.Frame);
        foreach (var frame in truth.Concat(found).Select(box => box.Frame).Distinct().Order())
        {
            List<IdentifiedBox> rows = [.. truthByFrame[frame]];
            List<IdentifiedBox> columns = [.. foundByFrame[frame]];
            var overlaps = new double[rows.Count, columns.Count];
            for (var row = 0; row < rows.Count; row++)
            {
                for (var column = 0; column < columns.Count; column++)
                {
                    overlaps[row, column] = rows[row].Box.OverlapWith(columns[column].Box);
                }
            }

            Frames.Add(new Frame(
                [.. rows.Select(box => Array.IndexOf(TruthIds, box.Id))],
                [.. columns.Select(box => Array.IndexOf(FoundIds, box.Id))],
                overlaps));
        }
    }

    public string[] TruthIds { get; }

    public string[] FoundIds { get; }

    public int[] TruthCounts { get; }

    public int[] FoundCounts { get; }

    public List<Frame> Frames { get; } = [];

    /// <summary>One frame; Truth and Found are indexes into the ids.</summary>
    internal sealed record Frame(int[] Truth, int[] Found, double[,] Overlaps);
}

/// <summary>Identity switches, misses and wrong boxes (Bernardin and Stiefelhagen 2008, section 2.1.3).</summary>
internal static class ClearMot
{
    private const double MinimumOverlap = ObjectMatching.MinimumOverlap;

    public static (int Switches, int Missed, int Wrong) Of(FramePairs pairs)
    {
        var trackOf = new Dictionary<int, int>();
        var (switches, missed, wrong) = (0, 0, 0);
        foreach (var (truth, found, overlaps) in pairs.Frames)
        {
            // The pair of an earlier frame stays together while it overlaps enough; the others get the closest
            // partners.
            var kept = new int[truth.Length];
            for (var row = 0; row < truth.Length; row++)
            {
                var column = trackOf.TryGetValue(truth[row], out var track) ? Array.IndexOf(found, track) : -1;
                kept[row] = column >= 0 && overlaps[row, column] >= MinimumOverlap && !kept.Take(row).Contains(column)
                    ? column
                    : -1;
            }

            var costs = new double[truth.Length, found.Length];
            for (var row = 0; row < truth.Length; row++)
            {
                for (var column = 0; column < found.Length; column++)
                {
                    costs[row, column] = kept[row] == column
                        || (kept[row] < 0 && !kept.Contains(column) && overlaps[row, column] >= MinimumOverlap)
                        ? 1 - overlaps[row, column]
                        : double.PositiveInfinity;
                }
            }

            var columns = LinearAssignment.Solve(costs, truth.Length + 1);
            for (var row = 0; row < truth.Length; row++)
            {
                if (columns[row] < 0)
                {
                    missed++;
                    continue;
                }

                var track = found[columns[row]];
                switches += trackOf.TryGetValue(truth[row], out var before) && before != track ? 1 : 0;
                trackOf[truth[row]] = track;
            }

            wrong += found.Length - columns.Count(column => column >= 0);
        }

        return (switches, missed, wrong);
    }
}

/// <summary>IDF1 (Ristani et al. 2016, section 3): 2 · IDTP / (boxes of objects + boxes of tracks).</summary>
internal static class IdentityF1
{
    public static double Of(FramePairs pairs)
    {
        var boxes = pairs.TruthCounts.Sum() + pairs.FoundCounts.Sum();
        if (boxes == 0)
        {
            return 1;
        }

        var common = new double[pairs.TruthIds.Length, pairs.FoundIds.Length];
        foreach (var (truth, found, overlaps) in pairs.Frames)
        {
            for (var row = 0; row < truth.Length; row++)
            {
                for (var column = 0; column < found.Length; column++)
                {
                    common[truth[row], found[column]] +=
                        overlaps[row, column] >= ObjectMatching.MinimumOverlap ? 1 : 0;
                }
            }
        }

        return 2 * Assignment.Best(common).Sum(pair => common[pair.Row, pair.Column]) / boxes;
    }
}

/// <summary>
/// HOTA (Luiten et al. 2021, sections 4 and 5): for each overlap alpha of 0.05, 0.10, … 0.95 the root of detection and
/// association accuracy, averaged. Boxes are matched so that the sum of overlaps, weighted by how well the two
/// identities agree over the whole video, is the greatest.
/// </summary>
internal static class HigherOrder
{
    private const int Steps = 19;

    public static double Of(FramePairs pairs)
    {
        var agreement = Agreement(pairs);
        var matches = new double[Steps][,];
        for (var step = 0; step < Steps; step++)
        {
            matches[step] = new double[pairs.TruthIds.Length, pairs.FoundIds.Length];
        }

        foreach (var (truth, found, overlaps) in pairs.Frames)
        {
            var weights = new double[truth.Length, found.Length];
            for (var row = 0; row < truth.Length; row++)
            {
                for (var column = 0; column < found.Length; column++)
                {
                    weights[row, column] = agreement[truth[row], found[column]] * overlaps[row, column];
                }
            }

            foreach (var (row, column) in Assignment.Best(weights))
            {
                for (var step = 0; step < Steps && overlaps[row, column] >= Alpha(step); step++)
                {
                    matches[step][truth[row], found[column]]++;
                }
            }
        }

        return matches.Average(counts => Score(pairs, counts));
    }

    private static double Alpha(int step) => ((step + 1) * 0.05) - 1e-9;

    /// <summary>Share of the boxes of an object and a track that overlap, weighted by the overlaps, 0 to 1.</summary>
    private static double[,] Agreement(FramePairs pairs)
    {
        var sums = new double[pairs.TruthIds.Length, pairs.FoundIds.Length];
        foreach (var (truth, found, overlaps) in pairs.Frames)
        {
            for (var row = 0; row < truth.Length; row++)
            {
                for (var column = 0; column < found.Length; column++)
                {
                    var rivals = -overlaps[row, column];
                    for (var other = 0; other < found.Length; other++)
                    {
                        rivals += overlaps[row, other];
                    }

                    for (var other = 0; other < truth.Length; other++)
                    {
                        rivals += overlaps[other, column];
                    }

                    sums[truth[row], found[column]] += rivals > 0 ? overlaps[row, column] / rivals : 0;
                }
            }
        }

        for (var row = 0; row < pairs.TruthIds.Length; row++)
        {
            for (var column = 0; column < pairs.FoundIds.Length; column++)
            {
                sums[row, column] /= pairs.TruthCounts[row] + pairs.FoundCounts[column] - sums[row, column];
            }
        }

        return sums;
    }

    private static double Score(FramePairs pairs, double[,] matches)
    {
        var (right, association) = (0d, 0d);
        for (var row = 0; row < pairs.TruthIds.Length; row++)
        {
            for (var column = 0; column < pairs.FoundIds.Length; column++)
            {
                var count = matches[row, column];
                right += count;
                association += count * count / (pairs.TruthCounts[row] + pairs.FoundCounts[column] - count);
            }
        }

        var boxes = pairs.TruthCounts.Sum() + pairs.FoundCounts.Sum();
        return boxes == 0 ? 1 : Math.Sqrt(right == 0 ? 0 : right / (boxes - right) * (association / right));
    }
}

/// <summary>Pairs with the greatest sum of weights.</summary>
internal static class Assignment
{
    /// <summary>Pairs of rows and columns; pairs of weight 0 are left out.</summary>
    /// <param name="weights">Weights of rows x columns, at least 0.</param>
    public static List<(int Row, int Column)> Best(double[,] weights)
    {
        var highest = weights.Cast<double>().DefaultIfEmpty().Max();
        var costs = new double[weights.GetLength(0), weights.GetLength(1)];
        for (var row = 0; row < costs.GetLength(0); row++)
        {
            for (var column = 0; column < costs.GetLength(1); column++)
            {
                costs[row, column] = highest - weights[row, column];
            }
        }

        return [.. LinearAssignment.Solve(costs, highest).Index().Where(pair => pair.Item >= 0
            && weights[pair.Index, pair.Item] > 0).Select(pair => (pair.Index, pair.Item))];
    }
}

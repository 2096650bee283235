using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace ForegSyte.Jobs.Search;

/// <summary>
/// The form of texts that searches compare: NFKC with case folding, without spaces, punctuation, control characters and
/// modifier symbols. Pure.
/// </summary>
/// <remarks>
/// The services run without ICU, where .NET normalizes nothing, so the mappings come from the table folding.txt. Marks
/// that stand in another order than the canonical one stay so.
/// </remarks>
internal static class FoldedText
{
    /// <summary>Maximum length in code points; a longer text is cut.</summary>
    public const int MaxLength = 1_000;

    private const int BitsOfSignature = 64;

    private static readonly Lazy<FoldingTable> Table = new(FoldingTable.Load);

    /// <summary>Folds a text.</summary>
    public static string Of(string text)
    {
        var table = Table.Value;
        var runes = new List<Rune>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (table.Folded.TryGetValue(rune.Value, out var folded))
            {
                foreach (var part in folded)
                {
                    Append(runes, part, table);
                }
            }
            else
            {
                Append(runes, rune, table);
            }

            if (runes.Count >= MaxLength)
            {
                break;
            }
        }

        var result = new StringBuilder(runes.Count);
        foreach (var rune in runes.Take(MaxLength))
        {
            result.Append(rune.ToString());
        }

        return result.ToString();
    }

    /// <summary>Number of code points.</summary>
    public static int Length(string text) => text.EnumerateRunes().Count();

    /// <summary>
    /// Hashes of the pairs of neighbouring code points, each once. A text contains another one only if it has all of
    /// its pairs.
    /// </summary>
    public static List<int> Bigrams(string folded)
    {
        var pairs = new List<int>(folded.Length);
        Rune? before = null;
        foreach (var rune in folded.EnumerateRunes())
        {
            if (before is { } first)
            {
                pairs.Add(unchecked((int)(((uint)first.Value * 0x9E3779B1u) ^ ((uint)rune.Value * 0x85EBCA77u))));
            }

            before = rune;
        }

        return [.. pairs.Distinct()];
    }

    /// <summary>A Bloom filter of 64 bits over the pairs.</summary>
    public static long Signature(IEnumerable<int> bigrams)
    {
        var bits = 0UL;
        foreach (var pair in bigrams)
        {
            bits |= 1UL << (int)(unchecked((uint)pair * 0xC2B2AE3Du) / (uint.MaxValue / BitsOfSignature + 1));
        }

        return unchecked((long)bits);
    }

    private static void Append(List<Rune> runes, Rune rune, FoldingTable table)
    {
        if (!Counts(rune))
        {
            return;
        }

        if (runes.Count > 0 && table.Composed.TryGetValue((runes[^1].Value, rune.Value), out var composed))
        {
            runes[^1] = composed;
            return;
        }

        runes.Add(rune);
    }

    private static bool Counts(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.ModifierSymbol
            or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation
            or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation
            or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
            or UnicodeCategory.OtherPunctuation => false,
        _ => true,
    };

    /// <summary>The table of the program.</summary>
    /// <param name="Folded">Code points that change, with what they become.</param>
    /// <param name="Composed">Pairs of code points that become one.</param>
    private sealed record FoldingTable(
        FrozenDictionary<int, Rune[]> Folded, FrozenDictionary<(int First, int Second), Rune> Composed)
    {
        private const string Resource = "ForegSyte.Jobs.Search.folding.txt";

        public static FoldingTable Load()
        {
            using var stream = typeof(FoldedText).Assembly.GetManifestResourceStream(Resource)
                ?? throw new InvalidOperationException($"The program lacks its resource {Resource}.");
            using var reader = new StreamReader(stream);
            var folded = new Dictionary<int, Rune[]>();
            var composed = new Dictionary<(int, int), Rune>();
            while (reader.ReadLine() is { } line)
            {
                if (line[0] == '#')
                {
                    continue;
                }

                var isPair = line[0] == '+';
                int[] values = [.. line[(isPair ? 1 : 0)..]
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(value => int.Parse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
                if (isPair)
                {
                    composed.Add((values[0], values[1]), new Rune(values[2]));
                }
                else
                {
                    folded.Add(values[0], [.. values.Skip(1).Select(value => new Rune(value))]);
                }
            }

            return new FoldingTable(folded.ToFrozenDictionary(), composed.ToFrozenDictionary());
        }
    }
}

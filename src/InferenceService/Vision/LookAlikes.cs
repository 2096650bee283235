using System.Collections.Frozen;

namespace ForegSyte.Inference.Vision;

/// <summary>Characters that look alike in some font.</summary>
internal static class LookAlikes
{
    /// <summary>A character can be in two groups. Upper and lower case are alike.</summary>
    private static readonly string[] Groups =
    [
        "0odqóòôöōǒ", "1il|!jt/[]íìîïīǐ", "5s", "8b", "2z", "6g9q", "aáàâäāǎ", "cç", "eéèêëēě", "nñ", "uúùûüūǔ",
        ".,:;'`’‘·-_—\"“”", "()（）",
    ];

    private static readonly FrozenDictionary<char, int[]> GroupsOf = Groups
        .SelectMany((group, index) => group.Select(character => (character, index)))
        .GroupBy(pair => pair.character, pair => pair.index)
        .ToFrozenDictionary(group => group.Key, group => group.ToArray());

    /// <summary>Whether two characters look alike: 0 and O, l and 1, e and É.</summary>
    public static bool Are(string first, string second)
    {
        var (a, b) = (Folded(first), Folded(second));
        return a == b
            || (GroupsOf.TryGetValue(a, out var groups) && GroupsOf.GetValueOrDefault(b, []).Intersect(groups).Any());
    }

    private static char Folded(string text) => text.Length == 0 ? '\0' : char.ToLowerInvariant(text[0]);
}

/// <summary>
/// Decides between the letter O and the digit 0, which look the same in many fonts, by the other characters of the
/// word. The other reading must have a probability that codes which mix letters and digits, such as number plates,
/// seldom reach; measured with "make accuracy" on words, codes and numbers.
/// </summary>
internal static class ZeroOrO
{
    /// <summary>Minimum probability of the other reading in a word whose kind is clear.</summary>
    public const float Clear = 0.02f;

    /// <summary>The same with only one other digit or two other letters.</summary>
    public const float Short = 0.1f;

    /// <summary>The same in a word that has both 0 and O.</summary>
    public const float Mixed = 0.2f;

    private const int ClearLetters = 3;
    private const int ClearDigits = 2;

    /// <summary>The line with the decisions; a changed character has the probability of both readings.</summary>
    public static LineReading Decide(LineReading line)
    {
        var decided = line.Characters.ToArray();
        for (var start = 0; start < decided.Length; start++)
        {
            var tokenEnd = EndOf(line.Characters, start, static text => !string.IsNullOrWhiteSpace(text));
            var otherDigits = line.Characters.Take(start..tokenEnd).Count(item => item.Text is [>= '1' and <= '9']);
            while (start < tokenEnd)
            {
                var end = EndOf(line.Characters, start, IsWordCharacter);
                DecideWord(decided.AsSpan(start, end - start), otherDigits);
                start = end + 1;
            }
        }

        return decided.SequenceEqual(line.Characters) ? line : new LineReading(decided);
    }

    private static void DecideWord(Span<ReadCharacter> word, int digitsOfToken)
    {
        var (digits, upper, lower, zeros, circles) = (0, 0, 0, 0, 0);
        foreach (var character in word)
        {
            switch (character.Text[0])
            {
                case '0':
                    zeros++;
                    break;
                case 'O' or 'o':
                    circles++;
                    break;
                case var other when char.IsDigit(other):
                    digits++;
                    break;
                case var other:
                    upper += char.IsUpper(other) ? 1 : 0;
                    lower += char.IsUpper(other) ? 0 : 1;
                    break;
            }
        }

        var isNumber = upper + lower == 0 && digits > 0;
        var isWord = upper + lower >= 2 && digitsOfToken == 0;
        if (zeros + circles == 0 || !(isNumber || isWord))
        {
            return;
        }

        var isClear = isNumber ? digits >= ClearDigits : upper + lower >= ClearLetters;
        var minimum = isWord && zeros > 0 && circles > 0 ? Mixed : isClear ? Clear : Short;
        for (var i = 0; i < word.Length; i++)
        {
            var wanted = word[i].Text is not ("0" or "O" or "o") ? null
                : isNumber ? "0"
                : lower == 0 ? "O"
                : i > 0 && upper <= (char.IsUpper(word[0].Text[0]) ? 1 : 0) ? "o"
                : i == 0 && upper == 0 && word[i].Text == "0"
                    ? word[i].ProbabilityOf("O") >= word[i].ProbabilityOf("o") ? "O" : "o"
                : null;
            if (wanted is not null && wanted != word[i].Text && word[i].ProbabilityOf(wanted) is var other
                && other >= minimum)
            {
                word[i] = new ReadCharacter(
                    wanted, word[i].Probability + other, [.. word[i].Others.Where(item => item.Text != wanted)]);
            }
        }
    }

    /// <summary>Whether a character is a digit or a Latin letter, with or without an accent.</summary>
    private static bool IsWordCharacter(string text) => text is [< '\u0250' and var only] && char.IsLetterOrDigit(only);

    private static int EndOf(IReadOnlyList<ReadCharacter> characters, int start, Func<string, bool> belongs)
    {
        while (start < characters.Count && belongs(characters[start].Text))
        {
            start++;
        }

        return start;
    }
}

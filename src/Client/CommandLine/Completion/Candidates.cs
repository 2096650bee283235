using System.CommandLine;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Completion;

/// <summary>The candidates that the commands and options give by themselves.</summary>
internal static class Candidates
{
    private static readonly string[] EndsOfSummary = [". ", ": ", "; "];

    /// <summary>
    /// What the library knows for the word after the line, whatever is typed of it, without what nobody wants there:
    /// options only once a dash is typed, and of their names the long ones.
    /// </summary>
    public static IEnumerable<Candidate> Of(ParseResult parsed, UnfinishedLine line)
    {
        var wantsOptions = line.Word.StartsWith('-');
        return from item in parsed.GetCompletions(line.Before.Length)
               let isOption = item.Label[0] is '-' or '/'
               where isOption ? wantsOptions && item.Label.StartsWith("--", StringComparison.Ordinal) : !wantsOptions
               select new Candidate(item.Label, SummaryOf(item.Detail));
    }

    private static string SummaryOf(string? description)
    {
        var line = SafeText.OneLine(description ?? "");
        var end = EndsOfSummary
            .Select(mark => line.IndexOf(mark, StringComparison.Ordinal))
            .Where(index => index >= 0)
            .DefaultIfEmpty(line.Length)
            .Min();
        return line[..end].TrimEnd('.');
    }
}

using System.Data.Common;
using ForegSyte.Jobs.Search;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>An SQL condition with its parameters.</summary>
/// <param name="Text">The SQL.</param>
/// <param name="Parameters">The parameters.</param>
internal sealed record SqlCondition(string Text, IReadOnlyList<(string Name, object? Value)> Parameters)
{
    /// <summary>The condition that is always met.</summary>
    public static readonly SqlCondition True = new("true", []);

    /// <summary>Both conditions.</summary>
    public SqlCondition And(SqlCondition other) =>
        new($"{Text} AND {other.Text}", [.. Parameters, .. other.Parameters]);
}

/// <summary>How a database writes what a search needs. The rows of texts and objects are named t.</summary>
internal interface ISearchDialect : IFilterDialect
{
    /// <summary>
    /// The rows of a table whose job is in the list in the parameter "numbers", as "t", joined with "ranked", the table
    /// of this list and of the one in the parameter "ranks".
    /// </summary>
    string OfRankedJobs(string table);

    /// <summary>Whether a column is in the list in a parameter.</summary>
    string IsAnyOf(string column, string parameter);

    /// <summary>Whether a folded text equals one.</summary>
    /// <param name="folded">The text.</param>
    /// <param name="isIndexed">Whether to use the index of texts.</param>
    SqlCondition IsText(string folded, bool isIndexed);

    /// <summary>Whether a folded text contains another one.</summary>
    SqlCondition ContainsText(string folded, bool isIndexed);

    /// <summary>A condition that all texts meet that match a pattern, and few others.</summary>
    SqlCondition MayMatch(FuzzyPattern pattern, bool isIndexed);

    /// <summary>A WITH clause, or nothing, and the table "t" with the rows of a table that meet a condition.</summary>
    (string With, string Source) Tracks(string table, string columns, string condition);

    /// <summary>Reads a column with bytes.</summary>
    byte[] Bytes(DbDataReader row, int column);
}

/// <summary>The conditions of searches.</summary>
internal static class SearchSql
{
    /// <summary>The jobs that can have the objects of a search.</summary>
    public static SqlCondition JobsOf(ObjectSearch search, ISearchDialect dialect)
    {
        (TermKind Kind, string Value)[] terms =
        [
            (TermKind.Label, search.Label), (TermKind.Zone, search.ZoneId), (TermKind.Line, search.LineId),
        ];
        var given = terms.Where(term => term.Value.Length > 0).DefaultIfEmpty((Kind: TermKind.Object, Value: ""));
        return given.Aggregate(
            JobsOf(search.Scope, dialect),
            (all, term) => all.And(Has(term.Kind, term.Value, search.MinConfidence, dialect)));
    }

    /// <summary>The jobs that can have the texts of a search.</summary>
    public static SqlCondition JobsOf(TextSearch search, ISearchDialect dialect) =>
        JobsOf(search.Scope, dialect).And(Has(TermKind.Text, "", search.MinConfidence, dialect));

    /// <summary>The objects of a search.</summary>
    public static SqlCondition TracksOf(ObjectSearch search, ISearchDialect dialect)
    {
        var condition = Confidence(search.MinConfidence, dialect);
        if (search.Label.Length > 0)
        {
            condition = condition.And(
                new SqlCondition($"t.label = {dialect.Parameter("label")}", [("label", search.Label)]));
        }

        foreach (var (column, id) in (ReadOnlySpan<(string, string)>)
            [("zones", search.ZoneId), ("lines", search.LineId)])
        {
            if (id.Length > 0)
            {
                condition = condition.And(new SqlCondition(
                    dialect.Contains("t." + column, dialect.Parameter(column)),
                    [(column, IndexedTracks.IdInList(id))]));
            }
        }

        return condition;
    }

    /// <summary>The texts of a search; of a fuzzy one, those that can match.</summary>
    public static SqlCondition TextsOf(
        TextSearch search, FuzzyPattern pattern, ISearchDialect dialect, bool isIndexed) =>
        Confidence(search.MinConfidence, dialect).And(search.Match switch
        {
            TextMatch.Exact => dialect.IsText(search.Folded, isIndexed),
            TextMatch.Fuzzy when pattern.Errors > 0 => dialect.MayMatch(pattern, isIndexed),
            _ => dialect.ContainsText(search.Folded, isIndexed),
        });

    /// <summary>The jobs from a position on.</summary>
    public static SqlCondition From(JobPosition? position, bool isInclusive, ISearchDialect dialect)
    {
        if (position is null)
        {
            return SqlCondition.True;
        }

        var (time, id) = (dialect.Parameter("from_time"), dialect.Parameter("from_id"));
        return new SqlCondition(
            $"s.created_at <= {time} AND (s.created_at < {time} OR s.job_id {(isInclusive ? "<=" : "<")} {id})",
            [("from_time", position.CreatedAt.UtcDateTime), ("from_id", position.JobId)]);
    }

    /// <summary>The tracks after the last one of a page, if the first job is its job.</summary>
    public static SqlCondition AfterTrack(TrackPosition? after, NumberedJob first, ISearchDialect dialect) =>
        after is null || after.Job.JobId != first.Position.JobId
            ? SqlCondition.True
            : new SqlCondition(
                $"(t.number <> {dialect.Parameter("after_job")} OR t.track_id > {dialect.Parameter("after_track")})",
                [("after_job", first.Number), ("after_track", after.TrackId)]);

    private static SqlCondition JobsOf(SearchScope scope, ISearchDialect dialect)
    {
        var condition = SqlCondition.True;
        if (scope.Tenant is { } tenant)
        {
            condition = condition.And(
                new SqlCondition($"s.tenant = {dialect.Parameter("tenant")}", [("tenant", tenant)]));
        }

        if (scope.Filter is { } filter)
        {
            var sql = JobFilterSql.Of(filter, dialect);
            condition = condition.And(new SqlCondition(
                $"s.job_id IN (SELECT job_id FROM jobs WHERE {sql.Condition})", sql.Parameters));
        }

        return condition;
    }

    /// <summary>
    /// The jobs with a term. The empty value, which almost every job has, stands in the statement itself: PostgreSQL
    /// plans a prepared statement without its parameters, and would expect as few jobs as for any other value.
    /// </summary>
    private static SqlCondition Has(TermKind kind, string value, double minConfidence, ISearchDialect dialect)
    {
        var name = "term_" + kind.ToString().ToLowerInvariant();
        List<(string, object?)> parameters = [(name + "_min", minConfidence)];
        var wanted = "''";
        if (value.Length > 0)
        {
            wanted = dialect.Parameter(name);
            parameters.Add((name, value));
        }

        return new SqlCondition(
            $"s.number IN (SELECT number FROM search_terms WHERE kind = {(int)kind} AND value = {wanted} "
            + $"AND max_confidence >= {dialect.Parameter(name + "_min")})",
            parameters);
    }

    private static SqlCondition Confidence(double min, ISearchDialect dialect) =>
        new($"t.confidence >= {dialect.Parameter("min_confidence")}", [("min_confidence", min)]);
}

/// <summary>
/// DuckDB's SQL of searches. It scans all texts, but compares only those whose signature (a Bloom filter of their pairs
/// of characters) has the pairs of the searched text.
/// </summary>
internal sealed class DuckDbSearchDialect : DuckDbDialect, ISearchDialect
{
    /// <inheritdoc />
    public string OfRankedJobs(string table) =>
        $"{table} AS t JOIN (SELECT unnest($numbers) AS number, unnest($ranks) AS rank) AS ranked "
        + "ON t.number = ranked.number";

    /// <inheritdoc />
    public string IsAnyOf(string column, string parameter) => $"{column} IN (SELECT unnest(${parameter}))";

    /// <inheritdoc />
    public SqlCondition IsText(string folded, bool isIndexed) => new(
        "t.signature = $signature AND t.folded = $text",
        [("signature", FoldedText.Signature(FoldedText.Bigrams(folded))), ("text", folded)]);

    /// <inheritdoc />
    public SqlCondition ContainsText(string folded, bool isIndexed) => new(
        "(t.signature & $signature) = $signature AND contains(t.folded, $text)",
        [("signature", FoldedText.Signature(FoldedText.Bigrams(folded))), ("text", folded)]);

    /// <inheritdoc />
    /// <remarks>
    /// An error changes at most two pairs, so each error removes at most two bits. CASE makes DuckDB look for a piece
    /// only in texts whose signature can have it; a conjunction would read and compare all texts.
    /// </remarks>
    public SqlCondition MayMatch(FuzzyPattern pattern, bool isIndexed)
    {
        var signature = FoldedText.Signature(pattern.Bigrams);
        var bits = System.Numerics.BitOperations.PopCount(unchecked((ulong)signature)) - (2 * pattern.Errors);
        List<(string, object?)> parameters =
            [("signature", signature), ("bits", bits), ("min_length", pattern.MinLength)];
        var signatures = new List<string>();
        var pieces = new List<string>();
        foreach (var (i, piece) in pattern.Pieces.Index())
        {
            signatures.Add($"(t.signature & $bits{i}) = $bits{i}");
            pieces.Add($"contains(t.folded, $piece{i})");
            parameters.AddRange([($"bits{i}", FoldedText.Signature(FoldedText.Bigrams(piece))), ($"piece{i}", piece)]);
        }

        return new SqlCondition(
            "bit_count(t.signature & $signature) >= $bits "
            + $"AND CASE WHEN {string.Join(" OR ", signatures)} "
            + $"THEN length(t.folded) >= $min_length AND ({string.Join(" OR ", pieces)}) ELSE false END",
            parameters);
    }

    /// <inheritdoc />
    public (string With, string Source) Tracks(string table, string columns, string condition) =>
        ("", $"(SELECT {columns} FROM {table} t WHERE {condition}) AS t");

    /// <inheritdoc />
    public byte[] Bytes(DbDataReader row, int column)
    {
        using var stream = row.GetStream(column);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>The comparison finds what would mislead a reader, and passes over what differs in every run.</summary>
public sealed class OutputComparisonTests
{
    private const string DocumentedId = "25ae7f49-0744-4acf-8583-fbdb1decb278";
    private const string Id = "f40bcd65-cc2d-49d8-8355-cdee374d57b1";

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("  \"a\":  1", "\"a\": 1")]
    [InlineData("\"at\": \"2026-01-31T10:00:00.5Z\"", "\"at\": \"2027-02-01T00:00:00Z\"")]
    [InlineData("\"queued\": \"0.087273s\"", "\"queued\": \"12.5s\"")]
    [InlineData("\"confidence\": 0.742", "\"confidence\": 0.7421")]
    [InlineData("a\n…\nc", "a\nb\nb\nc")]
    [InlineData("a\n…\nc", "a\nc")]
    [InlineData("…", "")]
    [InlineData("…\nb\n…", "b\na\nb")]
    public void Difference_WhatARunMayPrint_IsNone(string documented, string printed) =>
        Assert.Null(Difference(documented, printed));

    [Theory]
    [InlineData("{}", "")]
    [InlineData("", "{}")]
    [InlineData("\"a\": 1", "\"a\": 2")]
    [InlineData("\"a\": \"5s\"", "\"a\": \"6s\"")]
    [InlineData("\"confidence\": 0.74", "\"confidence\": 0.76")]
    [InlineData("\"status\": \"PENDING\"", "\"status\": \"RUNNING\"")]
    [InlineData("\"jobId\": \"" + DocumentedId + "\"", "\"jobId\": \"1\"")]
    [InlineData("a\n…\nc", "a\nb")]
    [InlineData("a\nc", "a\nb\nc")]
    [InlineData(DocumentedId + "\n" + DocumentedId, Id + "\n11111111-cc2d-49d8-8355-cdee374d57b1")]
    public void Difference_WhatWouldMislead_IsFound(string documented, string printed) =>
        Assert.NotNull(Difference(documented, printed));

    [Fact]
    public void Translate_AfterAnIdAnEtagAndATokenWereSeen_TakesThisRuns()
    {
        var comparison = new OutputComparison();
        Assert.Null(comparison.Difference(
            [$"\"jobId\": \"{DocumentedId}\",", "\"etag\": \"abc\",", "\"nextPageToken\": \"def\""],
            [$"\"jobId\": \"{Id}\",", "\"etag\": \"uvw\",", "\"nextPageToken\": \"xyz\""]));
        Assert.Equal($"get {Id} uvw xyz", comparison.Translate($"get {DocumentedId} abc def"));
    }

    private static string? Difference(string documented, string printed) =>
        new OutputComparison().Difference(Lines(documented), Lines(printed));

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.Split('\n');
}

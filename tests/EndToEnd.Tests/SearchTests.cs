using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The sample's sign and persons are found over all jobs.</summary>
public sealed class SearchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pedestrians_AreFoundByTextAndLabel_UntilTheJobIsDeleted()
    {
        await using var services = new Installation(new Dictionary<string, string>());
        await services.StartAsync();
        await using var client = services.Client();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            new SubmitOptions
            {
                PipelineId = "yolo_ocr",
                Tags = new Dictionary<string, string> { ["camera"] = "north" },
            },
            cancellationToken: Token);
        await client.WaitForCompletionAsync(job.JobId, Wait.Timeout, cancellationToken: Token);

        foreach (var (text, match) in ((string, TextMatch)[])
            [("GATE 07", TextMatch.Contains), ("gate-o7", TextMatch.Fuzzy), ("Gate 07 North", TextMatch.Exact)])
        {
            var request = new SearchTextsRequest { Text = text, Match = match, JobFilter = "tags.camera = north" };
            var found = await Wait.ForAsync(
                () => client.SearchTextsAsync(request, cancellationToken: Token).ToListAsync(Token).AsTask(),
                matches => matches.Count > 0, $"the text {text} is found");
            Assert.All(found, one => Assert.Equal(job.JobId, one.Job.JobId));
            Assert.Contains(found, one => one.Track.Text == "GATE 07 NORTH");
        }

        var byLabel = new SearchTracksRequest { Label = "person" };
        var persons = await client.SearchTracksAsync(byLabel, cancellationToken: Token).ToListAsync(Token);
        Assert.InRange(persons.Count, 7, 8);

        await client.DeleteJobAsync(job.JobId, cancellationToken: Token);
        Assert.Empty(await client.SearchTracksAsync(new SearchTracksRequest(), cancellationToken: Token)
            .ToListAsync(Token));
    }
}

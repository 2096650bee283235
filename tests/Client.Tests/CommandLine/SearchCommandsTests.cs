using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class SearchCommandsTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Tracks_Conditions_AreSentAndAllPagesShown()
    {
        _server.Searches.Tracks.Answer(
            new SearchTracksResponse { Matches = { Match(3, "lobby") }, NextPageToken = "b" },
            new SearchTracksResponse { Matches = { Match(4, "yard\u001b[31m") } });

        var run = await CommandLineRun.OnAsync(
            _server, "search", "tracks", "--label", "person", "--zone", "door", "--line", "gate", "--min-confidence",
            "0.5", "--filter", "tags:camera", "--limit", "7");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            [
                new SearchTracksRequest
                {
                    Label = "person",
                    ZoneId = "door",
                    LineId = "gate",
                    MinConfidence = 0.5f,
                    JobFilter = "tags:camera",
                    PageSize = 8,
                },
                new SearchTracksRequest
                {
                    Label = "person",
                    ZoneId = "door",
                    LineId = "gate",
                    MinConfidence = 0.5f,
                    JobFilter = "tags:camera",
                    PageSize = 8,
                    PageToken = "b",
                },
            ],
            _server.Searches.Tracks.Requests);
        Assert.Contains("person", run.Output, StringComparison.Ordinal);
        Assert.Contains("91%", run.Output, StringComparison.Ordinal);
        Assert.Contains("0:03.4", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_Fuzzy_PrintsJson()
    {
        _server.Searches.Texts.Answer(new SearchTextsResponse
        {
            Matches =
            {
                new TextTrackMatch
                {
                    Job = new MatchedJob { JobId = SampleJobs.Id },
                    Track = new TextTrack { TrackId = 2, Text = "GATE 07" },
                },
            },
        });

        var run = await CommandLineRun.OnAsync(_server, "search", "texts", "gate o7", "--match", "fuzzy", "--json");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            new SearchTextsRequest { Text = "gate o7", Match = TextMatch.Fuzzy, PageSize = 51 },
            Assert.Single(_server.Searches.Texts.Requests));
        var found = SearchTextsResponse.Parser.ParseJson(run.Output);
        Assert.Equal("GATE 07", Assert.Single(found.Matches).Track.Text);
    }

    [Fact]
    public async Task Texts_NoMatch_SaysSo()
    {
        _server.Searches.Texts.Answer(new SearchTextsResponse());

        var run = await CommandLineRun.OnAsync(_server, "search", "texts", "exit");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Nothing found.", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tracks_MoreThanTheLimit_SaysSo()
    {
        _server.Searches.Tracks.Answer(new SearchTracksResponse { Matches = { Match(3, "lobby"), Match(4, "yard") } });

        var run = await CommandLineRun.OnAsync(_server, "search", "tracks", "--limit", "1");

        Assert.Contains("lobby", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("yard", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            "There are more matches than these 1. --limit 10 shows more of them.", run.Error, StringComparison.Ordinal);
    }

    private static TrackMatch Match(int trackId, string name) => new()
    {
        Job = new MatchedJob
        {
            JobId = SampleJobs.Id,
            DisplayName = name,
            CreatedAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch),
        },
        Track = new ObjectTrack
        {
            TrackId = trackId,
            Label = "person",
            Confidence = 0.91f,
            First = new TrackPoint { FrameTimestampMs = 3400 },
            Last = new TrackPoint { FrameTimestampMs = 9900 },
        },
    };
}

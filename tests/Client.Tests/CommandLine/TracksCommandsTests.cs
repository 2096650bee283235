using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class TracksCommandsTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Tracks_Objects_ShowsHowManyAndWhenAndWhere()
    {
        var walker = Track(3, "person", 3400, 9900);
        walker.ZoneVisits.Add(new ZoneVisit { ZoneId = "door", Entries = 2, DurationMs = 2300 });
        walker.LineCrossings.Add(new LineCrossing
        {
            LineId = "gate",
            Direction = CrossingDirection.Left,
            FrameTimestampMs = 4000,
        });
        var live = Track(4, "person", 4_000_000, 4_002_000);
        live.Live = true;
        _server.Service.ObjectTracks.Answer(
            new ListObjectTracksResponse { ObjectTracks = { Track(1, "truck", 0, 9900), walker }, NextPageToken = "b" },
            new ListObjectTracksResponse { ObjectTracks = { live } });

        var run = await CommandLineRun.OnAsync(_server, "tracks", SampleJobs.Id);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("2 persons, 1 truck", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"1 +.*truck +.*91% +.*0:00\.0 +.*0:09\.9 +.*9\.9 +.*42", run.Output);
        Assert.Matches(
            @"0:03\.4 +.*0:09\.9 +.*6\.5 +.*42 +.*door 2\.3 s \(2 entries\), gate to the left at 0:04\.0", run.Output);
        Assert.Matches(@"1:06:40\.0 +.*1:06:42\.0 …", run.Output);
    }

    [Fact]
    public async Task Texts_Tracks_ShowsReadingsAndObject()
    {
        _server.Service.TextTracks.Answer(new ListTextTracksResponse
        {
            TextTracks =
            {
                new TextTrack
                {
                    TrackId = 2,
                    Text = "GATE 07",
                    Confidence = 0.97f,
                    First = new TextPoint(),
                    Last = new TextPoint { FrameTimestampMs = 1200 },
                    FramesSeen = 13,
                    Readings = { Read("GATE 07", 12), Read("GATE O7\u001b[31m", 1) },
                    ObjectTrackId = 9,
                },
            },
        });

        var run = await CommandLineRun.OnAsync(_server, "texts", SampleJobs.Id);

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"2 +.*GATE 07 +.*97% +.*0:00\.0 +.*0:01\.2 +.*1\.2 +.*13 +.*GATE O7.* 9", run.Output);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task Shots_Cuts_ShowsTheirTimes()
    {
        _server.Service.Shots.Answer(new ListShotsResponse
        {
            Shots =
            {
                new Shot { Number = 1, LastFrameIndex = 24, LastTimestampMs = 2400 },
                new Shot
                {
                    Number = 2, FirstFrameIndex = 25, FirstTimestampMs = 2500, LastFrameIndex = 99,
                    LastTimestampMs = 9900,
                },
            },
        });

        var run = await CommandLineRun.OnAsync(_server, "shots", SampleJobs.Id);

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"2 +.*0:02\.5 +.*0:09\.9 +.*7\.4 +.*25 +.*99", run.Output);
    }

    [Theory]
    [InlineData("tracks", "object_tracks", "No objects were tracked.")]
    [InlineData("texts", "text_tracks", "No texts were tracked.")]
    [InlineData("shots", "shots", "No shots were detected.")]
    public async Task AnyList_NothingFound_SaysSoAndHasAnEmptyDocument(string command, string name, string hint)
    {
        _server.Service.ObjectTracks.Answer(new ListObjectTracksResponse(), new ListObjectTracksResponse());
        _server.Service.TextTracks.Answer(new ListTextTracksResponse(), new ListTextTracksResponse());
        _server.Service.Shots.Answer(new ListShotsResponse(), new ListShotsResponse());

        var people = await CommandLineRun.OnAsync(_server, command, SampleJobs.Id);
        var json = await CommandLineRun.OnAsync(_server, command, SampleJobs.Id, "--json");

        Assert.Equal((0, ""), (people.ExitCode, people.Output));
        Assert.Contains(hint, people.Error, StringComparison.Ordinal);
        Assert.Equal($"{{\"{name}\":[]}}\n", json.Output);
    }

    [Fact]
    public async Task Tracks_Json_HasOneMessageForEachTrack()
    {
        _server.Service.ObjectTracks.Answer(
            new ListObjectTracksResponse { ObjectTracks = { Track(1, "truck", 0, 9900), Track(3, "person", 0, 100) } });

        var run = await CommandLineRun.OnAsync(_server, "tracks", SampleJobs.Id, "--json");

        using var document = System.Text.Json.JsonDocument.Parse(run.Output);
        Assert.Equal(
            [1, 3],
            document.RootElement.GetProperty("object_tracks").EnumerateArray()
                .Select(track => track.GetProperty("track_id").GetInt32()));
    }

    [Fact]
    public async Task Get_JobWithTracks_SaysHowManyObjectsZonesAndLinesHad()
    {
        var job = SampleJobs.Completed();
        job.Summary.Labels[0].TrackCount = 7;
        job.Summary.Labels[2].TrackCount = 1;
        (job.Summary.TextTrackCount, job.Summary.ShotCount) = (1, 3);
        job.Summary.Zones.Add(new ZoneSummary { ZoneId = "door", Tracks = { Count("person", 3), Count("bus", 2) } });
        job.Summary.Lines.Add(new LineSummary { LineId = "gate", ToLeft = { Count("person", 4) } });
        _server.Service.Get.Answer(new GetJobResponse { Job = job });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.Matches("Found +7 persons, 1 truck; 1 text; 3 shots", run.Output);
        Assert.Matches("Zone +door: 3 persons, 2 buses", run.Output);
        Assert.Matches("Line +gate: 4 persons to the left, none to the right", run.Output);
        Assert.InRange(
            run.Output.IndexOf("7 persons", StringComparison.Ordinal),
            0,
            run.Output.IndexOf("Detections by label", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_JobWithoutTracks_DoesNotMentionThem()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id);

        Assert.DoesNotContain("Found", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "person", "1 person")]
    [InlineData(2, "person", "2 persons")]
    [InlineData(2, "bus", "2 buses")]
    [InlineData(2, "couch", "2 couches")]
    [InlineData(2, "toothbrush", "2 toothbrushes")]
    [InlineData(2, "mouse", "2 mice")]
    [InlineData(2, "sheep", "2 sheep")]
    [InlineData(2, "berry", "2 berries")]
    [InlineData(2, "donkey", "2 donkeys")]
    [InlineData(2, "Lkw", "2 x Lkw")]
    [InlineData(2, "人", "2 x 人")]
    public void PluralOf_Label_IsEnglishForEnglishLabels(int count, string label, string expected) =>
        Assert.Equal(expected, PluralText.Of(count, label));

    private static TrackCount Count(string label, int count) => new() { Label = label, Count = count };

    private static TextReading Read(string text, int frames) => new() { Text = text, FrameCount = frames };

    private static ObjectTrack Track(int id, string label, uint from, uint to) => new()
    {
        TrackId = id,
        Label = label,
        Confidence = 0.91f,
        First = new TrackPoint { FrameTimestampMs = from },
        Last = new TrackPoint { FrameTimestampMs = to },
        FramesSeen = 42,
    };
}

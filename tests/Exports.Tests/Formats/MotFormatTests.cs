using System.Text;
using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Tracks;
using ForegSyte.V1;

namespace ForegSyte.Exports.Tests.Formats;

/// <summary>Lines of the MOT Challenge, as the evaluator of the accuracy tests reads them.</summary>
public sealed class MotFormatTests
{
    [Fact]
    public async Task Tracks_InTheEvaluator_AreTheTrackedBoxes()
    {
        var results = SampleResults.Tracked();

        var truth = TrackTruth.ParseMotChallenge(await LinesAsync(results, table: null));

        // The evaluator keeps the coordinates of the file, which count from 1.
        Assert.Equal(
            [
                new IdentifiedBox(0, "1", new PixelBox(11.5, 21.25, 30, 60)),
                new IdentifiedBox(1, "1", new PixelBox(13.5, 21.25, 30, 60)),
                new IdentifiedBox(2, "1", new PixelBox(15.5, 21.25, 30, 60)),
            ],
            truth.Boxes);
    }

    [Fact]
    public async Task Tracks_InFramesThatAStrideLeftOut_AreInterpolated()
    {
        var results = new SampleResults
        {
            Frames =
            [
                SampleResults.Frame(0, SampleResults.Found("car", 2, 1, 0, 0, 8, 8, trackId: 2)),
                SampleResults.Frame(2, SampleResults.Found("car", 2, 1, 4, 0, 8, 8, trackId: 2)),
            ],
            ObjectTracks = [new ObjectTrack { TrackId = 2, Label = "car", ClassId = 2 }],
        };

        Assert.Equal(
            ["1,2,1,1,8,8,1,-1,-1,-1", "2,2,3,1,8,8,1,-1,-1,-1", "3,2,5,1,8,8,1,-1,-1,-1"],
            await LinesAsync(results, table: null));
        Assert.Equal(
            ["1,-1,1,1,8,8,1,-1,-1,-1", "3,-1,5,1,8,8,1,-1,-1,-1"], await LinesAsync(results, ExportTable.Detections));
    }

    [Fact]
    public async Task Detections_HaveNoIdAndTheirScore() => Assert.Equal(
        [
            "1,-1,11.5,21.25,30,60,0.875,-1,-1,-1",
            "1,-1,101,201,50.125,40,0.5,-1,-1,-1",
            "3,-1,15.5,21.25,30,60,0.75,-1,-1,-1",
        ],
        await LinesAsync(SampleResults.Tracked(), ExportTable.Detections));

    [Fact]
    public async Task Tracks_OfAnotherLabel_AreLeftOut() =>
        Assert.Empty(await LinesAsync(SampleResults.Tracked(), ExportTable.Tracks, "car"));

    [Fact]
    public async Task Tracks_OfALabel_AreWholeTracks()
    {
        // The detector takes the car of track 2 for a truck in frame 1, and the person of track 1 for a car in frame 0.
        var results = new SampleResults
        {
            Frames =
            [
                SampleResults.Frame(
                    0,
                    SampleResults.Found("car", 2, 1, 0, 0, 1, 1, trackId: 2),
                    SampleResults.Found("car", 2, 1, 8, 8, 1, 1, trackId: 1)),
                SampleResults.Frame(1, SampleResults.Found("truck", 7, 1, 0, 0, 1, 1, trackId: 2)),
            ],
            ObjectTracks =
            [
                new ObjectTrack { TrackId = 1, Label = "person" },
                new ObjectTrack { TrackId = 2, Label = "car", ClassId = 2 },
            ],
        };

        Assert.Equal(
            ["1,2,1,1,1,1,1,-1,-1,-1", "2,2,1,1,1,1,1,-1,-1,-1"],
            await LinesAsync(results, ExportTable.Tracks, "car"));
    }

    [Fact]
    public async Task Tracks_OfAnOldJob_AreNone() => Assert.Empty(await LinesAsync(
        new SampleResults
        {
            Frames = [SampleResults.Frame(0, SampleResults.Found("person", 0, 1, 0, 0, 1, 1, trackId: 0))],
        },
        ExportTable.Tracks));

    private static async Task<string[]> LinesAsync(SampleResults results, ExportTable? table, params string[] labels) =>
        Encoding.UTF8.GetString(await results.ExportAsync(ExportFormat.Mot, table, labels))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

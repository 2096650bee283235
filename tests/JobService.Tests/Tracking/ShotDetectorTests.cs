using ForegSyte.Jobs.Tracking;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>
/// The rules of the detector, on pictures that a test paints. "make accuracy ARGS=shots" measures real clips.
/// </summary>
public sealed class ShotDetectorTests
{
    private delegate int Scene(int column, int row);

    private static readonly Scene Street = (column, row) => 40 + (column * 9) + (row % 3 * 20);
    private static readonly Scene Room = (column, row) => 220 - (row * 14) - (column % 4 * 15);

    [Fact]
    public void Cut_BetweenTwoScenes_EndsAShot()
    {
        var shots = Detect([.. Repeat(Street, 10), .. Repeat(Room, 10)]);

        Assert.Equal(["1: 0-9", "2: 10-19"], shots);
    }

    [Fact]
    public void Shots_HaveIndexesAndTimesOfTheAnalyzedFrames()
    {
        var detector = new ShotDetector(new ShotDetectorOptions());
        var frames = Repeat(Street, 5).Concat(Repeat(Room, 5)).ToList();
        for (var i = 0; i < frames.Count; i++)
        {
            detector.Update(i * 3, (uint)(i * 300) + 7, frames[i]);
        }

        var shots = detector.Finish();

        Assert.Equal(
            [
                new Shot
                {
                    Number = 1, FirstFrameIndex = 0, FirstTimestampMs = 7, LastFrameIndex = 12, LastTimestampMs = 1207,
                },
                new Shot
                {
                    Number = 2, FirstFrameIndex = 15, FirstTimestampMs = 1507, LastFrameIndex = 27,
                    LastTimestampMs = 2707,
                },
            ],
            shots);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Flash_IsNoCut(int frames)
    {
        Scene flash = (_, _) => 255;

        Assert.Equal(
            ["1: 0-29"], Detect([.. Repeat(Street, 10), .. Repeat(flash, frames), .. Repeat(Street, 20 - frames)]));
    }

    [Fact]
    public void Light_SwitchedOff_IsNoCut()
    {
        Scene dark = (column, row) => Street(column, row) / 2;

        Assert.Equal(["1: 0-19"], Detect([.. Repeat(Street, 10), .. Repeat(dark, 10)]));
    }

    [Fact]
    public void Camera_ThatPansByTwoCellsAFrame_IsNoCut()
    {
        var frames = Enumerable.Range(0, 30).Select(step =>
            Paint((column, row) => 128 + (int)(100 * Math.Sin((column + (2 * step)) * 0.9) * Math.Cos(row * 0.7))));

        Assert.Equal(["1: 0-29"], Detect([.. frames]));
    }

    [Fact]
    public void Person_WhoWalksByCloseToTheCamera_IsNoCut()
    {
        var frames = Enumerable.Range(0, 20).Select(step => Paint((column, row) =>
            column >= (step * 3) - 24 && column < (step * 3) - 16 && row > 1 ? 30 : Street(column, row)));

        Assert.Equal(["1: 0-19"], Detect([.. frames]));
    }

    [Fact]
    public void Frames_WithoutASignature_BelongToTheShotAround()
    {
        byte[] none = [];

        Assert.Equal(["1: 0-4"], Detect([none, none, .. Repeat(Street, 2), none]));
        Assert.Equal(
            ["1: 0-6", "2: 7-12"], Detect([.. Repeat(Street, 6), none, .. Repeat(Room, 3), none, .. Repeat(Room, 2)]));
    }

    [Fact]
    public void LastFrames_ThatAreTooFewForAShot_BelongToTheLastShot()
    {
        Assert.Equal(["1: 0-11"], Detect([.. Repeat(Street, 10), .. Repeat(Room, 2)]));
        Assert.Equal(["1: 0-9", "2: 10-12"], Detect([.. Repeat(Street, 10), .. Repeat(Room, 3)]));
        Assert.Empty(Detect([]));
    }

    [Fact]
    public void MinFrames_One_MakesAFlashAShot()
    {
        var shots = Detect(
            [.. Repeat(Street, 10), .. Repeat(Room, 1), .. Repeat(Street, 9)],
            new ShotDetectorOptions { MinFrames = 1 });

        Assert.Equal(["1: 0-9", "2: 10-10", "3: 11-19"], shots);
    }

    [Fact]
    public void MinChange_AboveTheChange_FindsNoCut()
    {
        Scene other = (column, row) => column < 8 ? Street(column, row) : Room(column, row);
        byte[][] frames = [.. Repeat(Street, 10), .. Repeat(other, 10)];
        var change = SignatureChange.Between(frames[0], frames[^1]);

        Assert.Equal(2, Detect(frames, new ShotDetectorOptions { MinChange = change - 0.01 }).Count);
        Assert.Single(Detect(frames, new ShotDetectorOptions { MinChange = change + 0.01 }));
    }

    /// <summary>A tracker of a running job is asked at any time, and a new one is fed again after a restart.</summary>
    [Fact]
    public void Live_AndEndedShots_TogetherAreTheShotsSoFar()
    {
        byte[][] frames = [.. Repeat(Street, 6), .. Repeat(Room, 6), .. Repeat(Street, 6)];
        var detector = new ShotDetector(new ShotDetectorOptions());
        Assert.Empty(detector.Live);
        var ended = new List<Shot>();
        for (var i = 0; i < frames.Length; i++)
        {
            detector.Update(i, (uint)i * 100, frames[i]);
            ended.AddRange(detector.TakeEnded());

            var live = Assert.Single(detector.Live);
            Assert.True(live.Live, "The last shot is not live.");
            Assert.Equal(ended.Count + 1, live.Number);
            Assert.Equal(ended.LastOrDefault()?.LastFrameIndex + 1 ?? 0, live.FirstFrameIndex);
            Assert.InRange(live.LastFrameIndex, i - 2, i);
        }

        ended.AddRange(detector.Finish());
        Assert.Empty(detector.Live);
        Assert.All(ended, shot => Assert.False(shot.Live, "A shot that ended is live."));
        Assert.Equal(Detect(frames), Text(ended));
        Assert.Equal(["1: 0-5", "2: 6-11", "3: 12-17"], Text(ended));
    }

    [Fact]
    public void Change_IsNoneForEqualFramesAndSymmetric()
    {
        var (street, room) = (Paint(Street), Paint(Room));

        Assert.Equal(0, SignatureChange.Between(street, street), 6);
        Assert.Equal(SignatureChange.Between(street, room), SignatureChange.Between(room, street), 6);
        Assert.InRange(SignatureChange.Between(street, room), 0.5, 1);
        Assert.Equal(0, SignatureChange.Between(Paint((_, _) => 9), Paint((_, _) => 9)), 6);
        Assert.Equal(1, SignatureChange.Between(Paint((_, _) => 9), street), 6);
    }

    private static List<string> Detect(byte[][] frames, ShotDetectorOptions? options = null)
    {
        var detector = new ShotDetector(options ?? new ShotDetectorOptions());
        for (var i = 0; i < frames.Length; i++)
        {
            detector.Update(i, (uint)i * 100, frames[i]);
        }

        return Text(detector.Finish());
    }

    private static List<string> Text(IEnumerable<Shot> shots) => [.. shots.Select(shot =>
        FormattableString.Invariant($"{shot.Number}: {shot.FirstFrameIndex}-{shot.LastFrameIndex}"))];

    private static IEnumerable<byte[]> Repeat(Scene scene, int count) => Enumerable.Repeat(Paint(scene), count);

    /// <summary>The signature of a gray picture.</summary>
    private static byte[] Paint(Scene scene)
    {
        var signature = new byte[FrameSignature.Length];
        var cells = FrameSignature.Columns * FrameSignature.Rows;
        var counts = new int[FrameSignature.Bins];
        for (var cell = 0; cell < cells; cell++)
        {
            signature[cell] = (byte)scene(cell % FrameSignature.Columns, cell / FrameSignature.Columns);
            counts[signature[cell] * FrameSignature.Bins / 256]++;
        }

        for (var bin = 0; bin < counts.Length; bin++)
        {
            signature[cells + bin] = (byte)(counts[bin] * 255 / cells);
        }

        signature[cells + FrameSignature.Bins + 8] = signature[cells + (2 * FrameSignature.Bins) + 8] = 255;
        return signature;
    }
}

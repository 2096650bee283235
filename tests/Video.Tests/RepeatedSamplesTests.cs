using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Video.Tests;

/// <summary>Files whose sample table points many times at the same bytes.</summary>
public sealed class RepeatedSamplesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_FramesListedAgainAndAgain_IsRefused()
    {
        var path = await RepeatedSamples.MakeAsync(_folder.File("a.mov"), frames: 10, times: 400);

        var refusal = await Assert.ThrowsAsync<VideoRefusedException>(() => PlainFfprobe.IndexAsync(path));

        Assert.Equal(ErrorReason.NotAnMp4, refusal.Reason);
        Assert.Contains("more than 2 times the", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_SomeFramesListedTwice_HasThem()
    {
        var path = await RepeatedSamples.MakeAsync(_folder.File("a.mov"), frames: 10, times: 2);

        Assert.Equal(20, (await PlainFfprobe.IndexAsync(path)).FrameCount);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Add_FramesWithoutBytes_CountAsOneByteEach(int frames, bool expected)
    {
        var table = new PacketTable(maxPackets: 100, maxBytes: 2);
        var isAccepted = true;
        for (var frame = 0; frame < frames; frame++)
        {
            isAccepted = table.Add("packet|stream_index=0|pts=0|size=0|pos=9|flags=K__");
        }

        Assert.Equal(expected, isAccepted);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Add_FramesOfSeveralTracks_CountTogether(int tracks, bool expected)
    {
        var table = new PacketTable(maxPackets: 100, maxBytes: 20);
        var isAccepted = true;
        for (var track = 0; track < tracks; track++)
        {
            isAccepted = table.Add(FormattableString.Invariant(
                $"packet|stream_index={track}|pts=0|size=10|pos=9|flags=K__"));
        }

        Assert.Equal(expected, isAccepted);
        Assert.Equal(!expected, table.RepeatsBytes);
    }

    [Fact]
    public void Add_FramesThatOverflowANumber_AreRefused()
    {
        var table = new PacketTable(maxPackets: 100);

        Assert.True(table.Add("packet|stream_index=0|pts=0|size=9223372036854775807|flags=K__"), "It fits.");
        Assert.False(table.Add("packet|stream_index=0|pts=1|size=9223372036854775807|flags=K__"), "It does not fit.");
    }
}

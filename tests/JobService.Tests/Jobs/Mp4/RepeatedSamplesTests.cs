using System.Buffers.Binary;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>Files whose sample table points many times at the same bytes.</summary>
public sealed class RepeatedSamplesTests(Mp4Files files) : IClassFixture<Mp4Files>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Inspect_MillionsOfFramesInAFewKilobytes_IsAContradiction()
    {
        var path = await RepeatedSamples.MakeAsync(_folder.File("a.mov"));
        await using var file = File.OpenRead(path);
        Assert.InRange(file.Length, 1, 50_000);

        var result = Mp4Check.Inspect(file);

        Assert.Equal(ErrorReason.NotAnMp4, result.Problem);
        Assert.Contains("more than 2 times the", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_SomeFramesListedTwice_IsAcceptable()
    {
        var path = await RepeatedSamples.MakeAsync(_folder.File("a.mov"), times: 2);
        await using var file = File.OpenRead(path);

        Assert.Equal(Mp4CheckResult.Acceptable, Mp4Check.Inspect(file));
    }

    [Fact]
    public void Inspect_TableOfLargeSizes_IsAContradiction()
    {
        var bytes = files["plain"].ToArray();
        var sizes = bytes.AsSpan().LastIndexOf("stsz"u8) + 16;
        for (var frame = 0; frame < 3; frame++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(sizes + (4 * frame)), bytes.Length);
        }

        Assert.Equal(ErrorReason.NotAnMp4, Inspect(bytes).Problem);
    }

    [Fact]
    public void Inspect_MillionsOfFramesInAFragment_IsAContradiction()
    {
        var bytes = files["fragmented"].ToArray();
        var run = bytes.AsSpan(bytes.AsSpan().IndexOf("trun"u8));
        run[4..8].Clear();
        BinaryPrimitives.WriteInt32BigEndian(run[8..], 4_900_000);

        Assert.Equal(ErrorReason.NotAnMp4, Inspect(bytes).Problem);
    }

    [Fact]
    public async Task Inspect_SeveralTracksThatListTheSameBytes_AreAContradiction()
    {
        var path = await RepeatedSamples.MakeAsync(_folder.File("a.mov"), times: 2);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var movie = bytes.AsSpan().LastIndexOf("moov"u8) - 4;
        var track = bytes.AsSpan().LastIndexOf("trak"u8) - 4;
        var size = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(track));
        byte[] twice = [.. bytes.AsSpan(0, track + size), .. bytes.AsSpan(track)];
        BinaryPrimitives.WriteInt32BigEndian(
            twice.AsSpan(movie), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(movie)) + size);

        Assert.Equal(ErrorReason.NotAnMp4, Inspect(twice).Problem);
    }

    private static Mp4CheckResult Inspect(byte[] bytes) => Mp4Check.Inspect(new MemoryStream(bytes));
}

using System.Buffers.Binary;
using System.Text;
using CsCheck;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>Checks files made by ffmpeg, complete and damaged.</summary>
public sealed class Mp4CheckTests(Mp4Files files) : IClassFixture<Mp4Files>
{
    public static TheoryData<string> CompleteFiles => [.. Mp4Files.Names];

    [Theory]
    [MemberData(nameof(CompleteFiles))]
    public void Inspect_CompleteFile_IsAcceptable(string name) =>
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(files[name]));

    [Theory]
    [MemberData(nameof(CompleteFiles))]
    public void Inspect_CutAtAndBesideEveryBoundary_IsRefused(string name)
    {
        var bytes = files[name];
        var boundaries = Boundaries(bytes);
        Assert.InRange(boundaries.Count, 4, int.MaxValue);
        var firstBox = boundaries[1];
        int[] around = [-9, -1, 0, 1, 7, 8, 9];
        foreach (var cut in boundaries.SelectMany(boundary => around.Select(offset => boundary + offset))
            .Where(cut => cut > 0 && cut < bytes.Length))
        {
            var result = Inspect(bytes[..cut]);
            if (cut < 8)
            {
                Assert.Equal(ErrorReason.NotAnMp4, result.Problem);
            }
            else if (result.Problem is null)
            {
                // Undetectable: a file that ends after the data of its frames, or between complete fragments. A size
                // without a type is trailing bytes.
                var rest = cut - boundaries.Last(boundary => boundary <= cut);
                Assert.InRange(rest, 0, 4);
                Assert.Equal(rest, result.TrailingBytes);
                Assert.Contains("mdat", TypesBefore(bytes, cut));
                Assert.Contains("moov", TypesBefore(bytes, cut));
            }
            else
            {
                Assert.Equal(ErrorReason.TruncatedMp4, result.Problem);
                Assert.Contains("cut off", result.Message, StringComparison.Ordinal);
            }
        }

        Assert.Equal(ErrorReason.TruncatedMp4, Inspect(bytes[..firstBox]).Problem);
    }

    [Fact]
    public void Inspect_FastStartWithoutItsData_IsCutOff()
    {
        var bytes = files["faststart"];
        var types = TypesBefore(bytes, bytes.Length);
        var data = Boundaries(bytes)[types.IndexOf("mdat")];

        Assert.Equal(ErrorReason.TruncatedMp4, Inspect(bytes[..data]).Problem);
    }

    [Fact]
    public void Inspect_NoBytes_IsEmpty() => Assert.Equal(ErrorReason.EmptyVideo, Inspect([]).Problem);

    [Fact]
    public void Inspect_AudioOnly_HasNoVideoTrack() =>
        Assert.Equal(ErrorReason.NoVideoTrack, Inspect(files.AudioOnly).Problem);

    [Fact]
    public void Inspect_SampleCountZero_HasNoFrames()
    {
        var bytes = files["plain"].ToArray();
        var sizes = bytes.AsSpan().LastIndexOf("stsz"u8);
        bytes.AsSpan(sizes + 12, 4).Clear();

        Assert.Equal(ErrorReason.NoFrames, Inspect(bytes).Problem);
    }

    [Theory]
    [InlineData("not a video, but ftyp is in it")]
    [InlineData("1234ftypisom and so on, for more than sixteen bytes")]
    [InlineData("{\"ftyp\": \"isom\", \"moov\": \"mdat\"}")]
    [InlineData("x")]
    [InlineData("\0\0\0\u0018ftyp\0\0\0\0\0\0\0\0isommp42")]
    [InlineData("\0\0\0\0ftypisom\0\0\0\0isommp42")]
    [InlineData("\0\0\0\u0001ftyp\0\0\0\0\0\0\0\u0018isom\0\0\0\0")]
    [InlineData("\0\0\0\u0015ftypisom\0\0\0\0isommp42")]
    public void Inspect_LettersWithoutABox_IsNotAnMp4(string text) =>
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Encoding.Latin1.GetBytes(text)).Problem);

    [Fact]
    public void Inspect_AnotherFirstBox_IsNotAnMp4()
    {
        var bytes = files["plain"];

        Assert.Equal(ErrorReason.NotAnMp4, Inspect(bytes[Boundaries(bytes)[1]..]).Problem);
    }

    [Fact]
    public void Inspect_LargeSizeAndSizeToTheEnd_AreRead()
    {
        var bytes = files["faststart"];
        var types = TypesBefore(bytes, bytes.Length);
        Assert.Equal("mdat", types[^1]);
        var data = Boundaries(bytes)[types.Count - 1];
        var toTheEnd = bytes.ToArray();
        toTheEnd.AsSpan(data, 4).Clear();
        byte[] large =
        [
            .. bytes[..data], 0, 0, 0, 1, .. "mdat"u8, .. BigEndian((ulong)(bytes.Length - data + 8)),
            .. bytes[(data + 8)..],
        ];
        byte[] withUserBox = [.. bytes, 0, 0, 0, 24, .. "uuid"u8, .. new byte[16]];

        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(toTheEnd));
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(large));
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(withUserBox));
        Assert.Equal(ErrorReason.TruncatedMp4, Inspect(large[..^1]).Problem);
        BigEndian(ulong.MaxValue).CopyTo(large, data + 8);
        Assert.Equal(ErrorReason.TruncatedMp4, Inspect(large).Problem);
        BigEndian(15).CopyTo(large, data + 8);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(large).Problem);
    }

    [Fact]
    public void Inspect_ChildLargerThanItsParent_IsAContradiction()
    {
        var bytes = files["plain"].ToArray();
        var media = bytes.AsSpan().IndexOf("mdia"u8);
        bytes[media - 4] = 0x40;

        Assert.Equal(ErrorReason.NotAnMp4, Inspect(bytes).Problem);
    }

    [Fact]
    public void Inspect_EndlessEmptyBoxes_StopsAtTheLimit()
    {
        byte[] start = files["plain"][..Boundaries(files["plain"])[1]];
        byte[] box = [0, 0, 0, 8, .. "free"u8];
        var bytes = new byte[start.Length + (8 * (Mp4Boxes.MaxBoxes + 10))];
        start.CopyTo(bytes, 0);
        for (var at = start.Length; at < bytes.Length; at += 8)
        {
            box.CopyTo(bytes, at);
        }

        Assert.Contains("more than 500000 boxes", Inspect(bytes).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_CompleteFile_ReadsAFewBytes()
    {
        using var stream = new CountedBytes(files["plain"]);

        Assert.Equal(Mp4CheckResult.Acceptable, Mp4Check.Inspect(stream));

        Assert.InRange(stream.BytesRead, 1, 2_000);
    }

    [Fact]
    public void Inspect_AnyChange_IsAResultWithAMessage()
    {
        foreach (var bytes in new[] { files["plain"], files["fragmented"] })
        {
            // Changes of sizes and types in the index are the most effective.
            var movie = bytes.AsSpan().LastIndexOf("moov"u8) - 4;
            var end = Math.Min(bytes.Length, movie + 1_000) - 1;
            var place = Gen.OneOf(Gen.Int[0, 40], Gen.Int[movie, end], Gen.Int[0, bytes.Length - 1]);
            Gen.Select(
                Gen.Select(place, Gen.OneOf(Gen.Byte, Gen.OneOf<byte>(0, 1, 8, 0xFF))).Array[1, 5],
                Gen.Int[0, bytes.Length])
                .Sample((changes, cut) =>
                {
                    var changed = bytes.ToArray();
                    foreach (var (at, value) in changes)
                    {
                        changed[at] = value;
                    }

                    foreach (var result in new[] { Inspect(changed), Inspect(changed[..cut]) })
                    {
                        Assert.Equal(result.Problem is null, result.Message.Length == 0);
                        Assert.DoesNotContain(result.Message, char.IsControl);
                    }
                }, iter: 3_000);
        }
    }

    private static Mp4CheckResult Inspect(byte[] bytes) => Mp4Check.Inspect(new MemoryStream(bytes, writable: false));

    /// <summary>The starts of the top-level boxes, and the end of the file.</summary>
    private static List<int> Boundaries(byte[] bytes)
    {
        var boundaries = new List<int> { 0 };
        while (boundaries[^1] < bytes.Length)
        {
            boundaries.Add(boundaries[^1] + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(boundaries[^1])));
        }

        return boundaries;
    }

    private static List<string> TypesBefore(byte[] bytes, int end) =>
    [
        .. Boundaries(bytes).Where(start => start < end && start < bytes.Length)
            .Select(start => Encoding.Latin1.GetString(bytes, start + 4, 4)),
    ];

    private static byte[] BigEndian(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    private sealed class CountedBytes(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public long BytesRead { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            BytesRead += buffer.Length;
            return base.Read(buffer);
        }
    }
}

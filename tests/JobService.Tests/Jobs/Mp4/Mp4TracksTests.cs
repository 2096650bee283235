using System.Buffers.Binary;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;
using static ForegSyte.Jobs.Tests.Jobs.Mp4.Mp4Builder;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>What the check reads of tracks and fragments: number and size of frames, headers, references.</summary>
public sealed class Mp4TracksTests
{
    [Fact]
    public void Inspect_FramesAtAndOverTwiceTheFile_AreAcceptableAndAContradiction()
    {
        var length = (uint)Clip(Track()).Length;

        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip(Track(frames: 2, frameSize: length))));
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip(Track(frames: 2 * length))));
        var result = Inspect(Clip(Track(frames: (2 * length) + 1)));
        Assert.Equal(ErrorReason.NotAnMp4, result.Problem);
        Assert.StartsWith(
            $"The video is not a valid MP4: its frames together have more than 2 times the {length} bytes of the file, "
            + "so it lists the same bytes many times.",
            result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_TableOfSizes_SumsThem()
    {
        // The table has room for two sizes; a frame without bytes counts as one byte.
        var length = (uint)Clip(Table(2, 1, 1)).Length;

        Assert.Null(Inspect(Clip(Table(2, (2 * length) - 1, 0))).Problem);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Clip(Table(2, 2 * length, 0))).Problem);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Clip(Table(2, 1, 2 * length))).Problem);

        // The rest of the table is missing, or belongs to no frame.
        Assert.Null(Inspect(Clip(Table(1_000, 1, 1))).Problem);
        Assert.Null(Inspect(Clip(Table(1, 1, 2 * length))).Problem);

        static byte[] Table(uint frames, uint first, uint second) => Track(
            sizes: Box("stsz", Number(0), Number(0), Number(frames), Number(first), Number(second)));
    }

    [Fact]
    public void Inspect_CompactTable_CountsEachFrameAsAByte()
    {
        var length = (uint)Clip(Compact(1)).Length;

        Assert.Null(Inspect(Clip(Compact(2 * length))).Problem);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Clip(Compact((2 * length) + 1))).Problem);

        static byte[] Compact(uint frames) =>
            Track(sizes: Box("stz2", Number(0), Number(4), Number(frames)));
    }

    /// <summary>The default size of a fragment's frames follows the fields that the flags announce.</summary>
    [Theory]
    [InlineData(0x10U, 0)]
    [InlineData(0x11U, 8)]
    [InlineData(0x12U, 4)]
    [InlineData(0x18U, 4)]
    [InlineData(0x1BU, 16)]
    public void Inspect_DefaultSizeInAFragment_IsReadBehindTheFieldsBeforeIt(uint flags, int before)
    {
        var length = (uint)Fragments(1, 1).Length;

        Assert.Null(Inspect(Fragments(2, length)).Problem);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Fragments(2, length + 1)).Problem);
        Assert.Null(Inspect(Fragments(2, length + 1, ignored: 0x10)).Problem);
        Assert.Null(Inspect(Fragments(100, length, cut: 4)).Problem);

        byte[] Fragments(uint frames, uint size, int cut = 0, uint ignored = 0)
        {
            byte[] fields = [.. Number(flags & ~ignored), .. Number(1), .. new byte[before], .. Number(size)];
            var header = Box("tfhd", fields[..^cut]);
            var run = Box("trun", Number(0), Number(frames));
            return
            [
                .. FileType(), .. Box("moov", Track(frames: 0)), .. Box("moof", Box("traf", header, run)),
                .. Box("mdat", new byte[100]),
            ];
        }
    }

    [Fact]
    public void Inspect_FramesOfAFragmentWithTheirOwnSizes_DoNotCount()
    {
        Assert.Null(Inspect(Fragment(0x200, 1_000_000)).Problem);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Fragment(0, 1_000_000)).Problem);

        // A frame without a default size counts as one byte; a run that is too short for its count is ignored.
        var length = (uint)Fragment(0, 1).Length;
        Assert.Null(Inspect(Fragment(0, 2 * length)).Problem);
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Fragment(0, (2 * length) + 1)).Problem);
        Assert.Null(Inspect(
            FileType(), Box("moov", Track(frames: 0)),
            Box("moof", Box("traf", Box("trun", Number(0), [255, 255, 255]))),
            Box("mdat")).Problem);

        static byte[] Fragment(uint flags, uint frames) =>
        [
            .. FileType(), .. Box("moov", Track(frames: 0)),
            .. Box("moof", Box("traf", Box("trun", Number(flags), Number(frames)))), .. Box("mdat", new byte[100]),
        ];
    }

    [Fact]
    public void Inspect_EncryptedTrack_NamesItsSampleEntry()
    {
        var result = Inspect(Clip(Track(entry: "encv")));

        Assert.Equal((ErrorReason.EncryptedVideo, "encv"), (result.Problem, result.Detail));
        Assert.Equal(
            "The video is encrypted (sample entry 'encv'), so it cannot be decoded. Send it without encryption (DRM).",
            result.Message);
    }

    /// <summary>
    /// The first track is clear and the second one encrypted; players choose the second one only if the first one is
    /// disabled.
    /// </summary>
    [Theory]
    [InlineData(0x0000_0001U, 24, false)]
    [InlineData(0x0000_0000U, 24, true)]
    [InlineData(0x0000_0006U, 24, true)]
    [InlineData(0x0100_0001U, 32, false)]
    [InlineData(0x0100_0000U, 32, true)]
    [InlineData(0x0000_0000U, 23, false)]
    public void Inspect_DisabledTrack_IsNotTheOneThatPlayersChoose(uint versionAndFlags, int length, bool isRefused)
    {
        var header = Box("tkhd", Number(versionAndFlags), new byte[length - 4]);

        var result = Inspect(Clip([.. Track(header: header), .. Track(2, entry: "encv")]));

        Assert.Equal(isRefused ? ErrorReason.EncryptedVideo : null, result.Problem);
    }

    /// <summary>Track 7 is encrypted, and the chapters of a clear one in a list of ids.</summary>
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(0, 1, false)]
    [InlineData(7, 8, false)]
    [InlineData(8, 9, true)]
    public void Inspect_ChapterPictures_AreInTheFirstReferencesOfATrack(int before, int ids, bool isRefused)
    {
        byte[][] list =
            [.. Enumerable.Range(0, ids).Select(index => Number(index == before ? 7U : 100U)), new byte[3]];
        var chapters = Track(7, entry: "encv");
        var film = Track(1, references: Box("tref", Box("chap", list)));

        Assert.Equal(
            isRefused ? ErrorReason.EncryptedVideo : null, Inspect(Clip([.. chapters, .. film])).Problem);
    }

    [Fact]
    public void Inspect_TrackWithoutAHeader_IsEnabledAndNobodysChapters()
    {
        Assert.Null(Inspect(Clip([.. Track(header: []), .. Track(2, entry: "encv")])).Problem);

        // Three bytes are no id, so they do not name the track whose id is unknown.
        var film = Track(1, references: Box("tref", Box("chap", new byte[3])));
        Assert.Equal(
            ErrorReason.EncryptedVideo, Inspect(Clip([.. Track(header: [], entry: "encv"), .. film])).Problem);
    }

    /// <summary>Track 8 is encrypted; players choose it only if it is the only one with fragments.</summary>
    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void Inspect_EncryptedTrackInOneFragment_IsLookedForInTheFirst(int fragment, bool isRefused)
    {
        byte[] index = [.. FileType(), .. Box("moov", Track(frames: 0), Track(8, frames: 0, entry: "encv"))];
        var before = Enumerable.Repeat(Box("moof"), fragment - 1).SelectMany(box => box).ToArray();

        var result = Inspect(
            index, before, Box("moof", Box("traf", Box("tfhd", Number(0), Number(8)))), Box("mdat"));

        Assert.Equal(isRefused ? ErrorReason.EncryptedVideo : null, result.Problem);
        Assert.Null(Inspect(index, Box("moof", Box("traf", Box("tfhd", Number(0)))), Box("mdat")).Problem);
        Assert.Null(Inspect(
            index, Box("moof", Box("traf", Box("free", Number(0), Number(8)))), Box("mdat")).Problem);
    }

    [Theory]
    [InlineData(0, 16, 12)]
    [InlineData(1, 24, 20)]
    public void Inspect_ChaptersOfEachVersion_AreFoundByTheirId(int version, int length, int idAt)
    {
        var header = new byte[length + 8];
        BinaryPrimitives.WriteUInt32BigEndian(header, ((uint)version << 24) | 1);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(idAt), 7);
        var chapters = Track(header: Box("tkhd", header), entry: "encv");
        var film = Track(1, references: Box("tref", Box("chap", Number(7))));

        Assert.Null(Inspect(Clip([.. chapters, .. film])).Problem);
        Assert.Equal(
            ErrorReason.EncryptedVideo,
            Inspect(Clip([.. chapters, .. Track(1, references: Box("tref", Box("hint", Number(7))))])).Problem);
    }
}

using System.Buffers.Binary;
using System.Text;
using ForegSyte.Jobs.Mp4;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>A video is refused if the track that players choose is encrypted, whatever the scheme.</summary>
public sealed class EncryptedVideoTests(EncryptedFiles files) : IClassFixture<EncryptedFiles>
{
    [Theory]
    [InlineData("Common Encryption", "encv")]
    [InlineData("Common Encryption in fragments", "encv")]
    [InlineData("ISMACryp", "encv")]
    [InlineData("FairPlay", "drmi")]
    [InlineData("a scheme inside a plain sample entry", "avc1")]
    [InlineData("QuickTime", "encv")]
    [InlineData("the second sample entry", "encv")]
    public void Inspect_EncryptedVideo_IsRefused(string scheme, string sampleEntry)
    {
        var clip = new Clip(files["plain"]);
        var result = scheme switch
        {
            "Common Encryption in fragments" => new Clip(files["fragmented"]).Inspect(),
            "ISMACryp" => clip.Rename("cenc", "iAEC").Inspect(),
            "FairPlay" => clip.Rename("encv", "drmi").Rename("sinf", "free").Inspect(),
            "a scheme inside a plain sample entry" => clip.Rename("encv", "avc1").Inspect(),
            "QuickTime" => clip.Rename("isom", "qt  ").Inspect(),
            "the second sample entry" => clip.CopySampleEntry().Rename("encv", "avc1").Rename("sinf", "free").Inspect(),
            _ => clip.Inspect(),
        };

        Assert.Equal((ErrorReason.EncryptedVideo, sampleEntry), (result.Problem, result.Detail));
        Assert.Contains("without encryption", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_TheCase_IsRefused()
    {
        using var video = File.OpenRead(
            Path.Combine(RepositoryFiles.Root, "tests", "Media.Tests", "cases", "c46_cenc.mp4"));

        Assert.Equal(ErrorReason.EncryptedVideo, Mp4Check.Inspect(video).Problem);
    }

    [Fact]
    public void Inspect_DecryptedVideo_IsAcceptable() => Assert.Equal(
        Mp4CheckResult.Acceptable, new Clip(files["plain"]).Decrypt(0).Inspect());

    [Fact]
    public void Inspect_EncryptedSound_IsAcceptable()
    {
        var clip = new Clip(files["with sound"]).Decrypt(0);
        Assert.True(clip.Contains("enca") && clip.Contains("sinf"), "The sound is not encrypted.");

        Assert.Equal(Mp4CheckResult.Acceptable, clip.Inspect());
    }

    [Theory]
    [InlineData("both", true)]
    [InlineData("first", true)]
    [InlineData("second", false)]
    [InlineData("first, which is disabled", false)]
    [InlineData("second, the only enabled one", true)]
    [InlineData("first, both disabled", true)]
    [InlineData("second, both disabled", false)]
    [InlineData("first, which is empty", false)]
    [InlineData("second, the only one with frames", true)]
    [InlineData("first, the chapters of the second", false)]
    public void Inspect_TwoVideoTracks_TheOneThatPlayersChooseCounts(string encrypted, bool isRefused)
    {
        var clip = new Clip(files["two tracks"]).Enable(1);
        _ = encrypted switch
        {
            "both" => clip,
            "first" => clip.Decrypt(1),
            "second" => clip.Decrypt(0),
            "first, which is disabled" => clip.Decrypt(1).Disable(0),
            "second, the only enabled one" => clip.Decrypt(0).Disable(0),
            "first, both disabled" => clip.Decrypt(1).Disable(0).Disable(1),
            "second, both disabled" => clip.Decrypt(0).Disable(0).Disable(1),
            "first, which is empty" => clip.Decrypt(1).Empty(0),
            "second, the only one with frames" => clip.Decrypt(0).Empty(0),
            "first, the chapters of the second" => clip.Decrypt(1).MakeChapters(chapters: 0, of: 1),
            _ => throw new ArgumentOutOfRangeException(nameof(encrypted)),
        };

        Assert.Equal(isRefused ? ErrorReason.EncryptedVideo : null, clip.Inspect().Problem);
    }

    [Theory]
    [InlineData(0, false, true)]
    [InlineData(0, true, false)]
    [InlineData(1, false, false)]
    [InlineData(1, true, true)]
    public void Inspect_TwoTracksInFragments_OneWithoutFragmentsIsEmpty(
        int encrypted, bool isFirstEmpty, bool isRefused)
    {
        var clip = new Clip(files["two tracks in fragments"]).Decrypt(1 - encrypted);
        if (isFirstEmpty)
        {
            clip.DropFragments(track: 1);
        }

        Assert.Equal(isRefused ? ErrorReason.EncryptedVideo : null, clip.Inspect().Problem);
    }

    [Theory]
    [InlineData(0U, true)]
    [InlineData(1U, false)]
    [InlineData(7U, false)]
    [InlineData(8U, true)]
    [InlineData(86U, true)]
    [InlineData(100U, true)]
    [InlineData(0x7FFF_FFFFU, false)]
    [InlineData(uint.MaxValue, false)]
    public void Inspect_SampleEntryOfAWrongSize_IsReadIfItIsABox(uint size, bool isRead)
    {
        var clip = new Clip(files["plain"]);
        clip.Write(clip.At("encv", 0) - 4, size);

        Assert.Equal(isRead ? ErrorReason.EncryptedVideo : null, clip.Inspect().Problem);
        Assert.Equal(Mp4CheckResult.Acceptable, clip.Decrypt(0).Inspect());
    }

    /// <summary>A file whose boxes the tests change; its index is behind its data, so offsets of frames stay.</summary>
    private sealed class Clip(byte[] bytes)
    {
        private byte[] _bytes = bytes.ToArray();

        public Mp4CheckResult Inspect() => Mp4Check.Inspect(new MemoryStream(_bytes, writable: false));

        public bool Contains(string text) => _bytes.AsSpan().IndexOf(Encoding.Latin1.GetBytes(text)) >= 0;

        /// <summary>The offset of the n-th occurrence of a type, counted from 0.</summary>
        public int At(string type, int index)
        {
            var (at, start) = (-1, 0);
            for (; index >= 0; index--)
            {
                at = _bytes.AsSpan(start).IndexOf(Encoding.Latin1.GetBytes(type));
                Assert.True(at >= 0, $"The file has too few boxes '{type}'.");
                at += start;
                start = at + 4;
            }

            return at;
        }

        public void Write(int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(at), value);

        /// <summary>Renames the first box of a type.</summary>
        public Clip Rename(string type, string name)
        {
            Encoding.Latin1.GetBytes(name, _bytes.AsSpan(At(type, 0)));
            return this;
        }

        /// <summary>Gives a track a plain sample entry; the first scheme inside it becomes padding.</summary>
        public Clip Decrypt(int track)
        {
            var entry = At("encv", track);
            "avc1"u8.CopyTo(_bytes.AsSpan(entry));
            var scheme = entry + _bytes.AsSpan(entry).IndexOf("sinf"u8);
            "free"u8.CopyTo(_bytes.AsSpan(scheme));
            return this;
        }

        /// <summary>Sets the flag "enabled" of a track; ffmpeg enables only the first one.</summary>
        public Clip Enable(int track)
        {
            _bytes[At("tkhd", track) + 7] |= 1;
            return this;
        }

        /// <summary>Clears the flag "enabled" of a track.</summary>
        public Clip Disable(int track)
        {
            _bytes[At("tkhd", track) + 7] &= 0xFE;
            return this;
        }

        /// <summary>Sets the number of frames of a track to 0.</summary>
        public Clip Empty(int track)
        {
            Write(At("stsz", track) + 12, 0);
            return this;
        }

        /// <summary>Makes a track the chapters of another one (tref, chap).</summary>
        public Clip MakeChapters(int chapters, int of)
        {
            var id = BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(At("tkhd", chapters) + 16));
            var header = At("tkhd", of) - 4;
            var end = header + BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(header));
            byte[] reference = [0, 0, 0, 20, .. "tref"u8, 0, 0, 0, 12, .. "chap"u8, 0, 0, 0, (byte)id];
            foreach (var parent in new[] { At("moov", 0) - 4, header - 8 })
            {
                Write(parent, BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(parent)) + (uint)reference.Length);
            }

            _bytes = [.. _bytes[..end], .. reference, .. _bytes[end..]];
            return this;
        }

        /// <summary>Adds a copy of the sample entry behind itself.</summary>
        public Clip CopySampleEntry()
        {
            var entry = At("encv", 0) - 4;
            var size = BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(entry));
            foreach (var type in new[] { "moov", "trak", "mdia", "minf", "stbl", "stsd" })
            {
                var parent = At(type, 0) - 4;
                Write(parent, BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(parent)) + (uint)size);
            }

            _bytes = [.. _bytes[..(entry + size)], .. _bytes[entry..]];
            return this;
        }

        /// <summary>Turns the fragments of a track into padding.</summary>
        public void DropFragments(uint track)
        {
            for (var at = _bytes.AsSpan().IndexOf("tfhd"u8); at >= 0;)
            {
                if (BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(at + 8)) == track)
                {
                    "free"u8.CopyTo(_bytes.AsSpan(at - 8));
                }

                var next = _bytes.AsSpan(at + 4).IndexOf("tfhd"u8);
                at = next < 0 ? -1 : at + 4 + next;
            }
        }
    }
}

/// <summary>Encrypted videos made by ffmpeg, one set for each test class.</summary>
public sealed class EncryptedFiles : IAsyncLifetime
{
    private static readonly string[] Picture =
    [
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10", "-frames:v", "20", "-c:v", "libx264", "-pix_fmt", "yuv420p",
        "-g", "5",
    ];

    private static readonly string[] Encryption =
    [
        "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8",
    ];

    private static readonly string[] Fragments = ["-movflags", "frag_keyframe+empty_moov"];

    private readonly Dictionary<string, byte[]> _files = [];

    public byte[] this[string name] => _files[name];

    public async ValueTask InitializeAsync()
    {
        using var folder = new TemporaryFolder();
        string[] twice = [.. Picture, "-map", "0:v", "-map", "0:v"];
        string[] sound =
            ["-f", "lavfi", "-i", "sine=duration=2", .. Picture, "-map", "1:v", "-map", "0:a", "-c:a", "aac"];
        await AddAsync("plain", Picture);
        await AddAsync("fragmented", [.. Picture, .. Fragments]);
        await AddAsync("with sound", sound);
        await AddAsync("two tracks", twice);
        await AddAsync("two tracks in fragments", [.. twice, .. Fragments]);

        async Task AddAsync(string name, string[] arguments)
        {
            var path = folder.File($"{_files.Count}.mp4");
            await Clips.MakeAsync(path, [.. arguments, .. Encryption]);
            _files[name] = await File.ReadAllBytesAsync(path);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

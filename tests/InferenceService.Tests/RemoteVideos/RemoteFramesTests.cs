using ForegSyte.Inference.Tests.Video;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>
/// Segments that are read from a part of a video have the frames of the whole file. Each segment has a cache of its
/// own, so that its file has holes wherever its own fetches left them.
/// </summary>
public sealed class RemoteFramesTests(RemoteClips clips) : IClassFixture<RemoteClips>, IDisposable
{
    private const string Noise = RemoteClips.Noise;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Segments_OfH264WithBFrames_AreThoseOfTheWholeFile() =>
        await CompareAsync(await X264Async("bframes=3:keyint=50:min-keyint=50:scenecut=0"), isPartial: true);

    [Fact]
    public async Task Segments_OfOpenGroupsOfPictures_AreThoseOfTheWholeFile() =>
        await CompareAsync(
            await X264Async("open-gop=1:bframes=3:keyint=50:min-keyint=50:scenecut=0"), isPartial: true);

    [Fact]
    public async Task Segments_OfMoovAtTheBeginning_AreThoseOfTheWholeFile() =>
        await CompareAsync(await X264Async("keyint=50", "-movflags", "+faststart"), isPartial: true);

    [Fact]
    public async Task Segments_OfInterleavedSound_AreThoseOfTheWholeFile() =>
        await CompareAsync(
            await Clips.MakeAsync(
                _folder.File("sound.mp4"),
                "-f", "lavfi", "-i", Noise, "-f", "lavfi", "-i", "sine=frequency=440", "-frames:v", "400",
                "-shortest", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "24", "-g", "50", "-pix_fmt", "yuv420p",
                "-c:a", "aac", "-b:a", "128k"),
            isPartial: true);

    [Fact]
    public async Task Segments_OfHevcWithOpenGroups_AreThoseOfTheWholeFile() =>
        await CompareAsync(await HevcAsync(), isPartial: true);

    [Fact]
    public async Task Segments_OfARotatedVideo_AreThoseOfTheWholeFile()
    {
        var plain = await X264Async("bframes=2:keyint=50");
        var turned = _folder.File("turned.mp4");
        await CompareAsync(
            await Clips.MakeAsync(turned, "-i", plain, "-c", "copy", "-metadata:s:v", "rotate=90"), isPartial: true);
    }

    [Fact]
    public async Task Segments_OfAnEditListThatHidesFrames_AreThoseOfTheWholeFile() =>
        await CompareAsync(
            await Clips.MakeCutAsync(
                _folder.File("cut.mp4"), await X264Async("bframes=3:keyint=50:min-keyint=50:scenecut=0"), "0.5"),
            isPartial: true);

    [Fact]
    public async Task Segments_OfAnEditListThatBeginsLate_AreReadFromTheWholeFile() =>
        await CompareAsync(
            await Clips.MakeCutAsync(
                _folder.File("late.mp4"), await X264Async("bframes=3:keyint=150:min-keyint=150:scenecut=0"), "5"),
            isPartial: false);

    [Fact]
    public async Task Segments_OfFragments_AreReadFromTheWholeFile() =>
        await CompareAsync(
            await X264Async("bframes=3:keyint=50", "-movflags", "frag_keyframe+empty_moov"), isPartial: false);

    [Fact]
    public async Task Segments_OfAnotherCodec_AreReadFromTheWholeFile() =>
        await CompareAsync(
            await Clips.MakeAsync(
                _folder.File("mpeg4.mp4"),
                "-f", "lavfi", "-i", Noise, "-frames:v", "400", "-c:v", "mpeg4", "-q:v", "6", "-g", "50"),
            isPartial: false);

    [Fact]
    public async Task Segments_WithAWideStride_AreThoseOfTheWholeFile() =>
        await CompareAsync(await X264Async("bframes=3:keyint=50"), isPartial: true, stride: 17);

    [Fact]
    public async Task ADamagedFrame_IsFoundInTheWholeFile()
    {
        var path = _folder.File("damaged.mp4");
        File.Copy(await X264Async("bframes=3:keyint=50:min-keyint=50:scenecut=0"), path);
        var index = await new VideoParts().Probe.ReadAsync(
            Inference.Video.VideoFile.Open(path), TestContext.Current.CancellationToken);
        await using (var file = File.OpenWrite(path))
        {
            file.Position = index.PositionOf(212)!.Value + 8;
            await file.WriteAsync(new byte[400], TestContext.Current.CancellationToken);
        }

        await using var server = await ObjectServer.StartAsync(path);
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("damaged"));
        Assert.Equal(await new VideoParts().ReadAsync(path, 200, 250), await remote.ReadAsync(server, 200, 250));
        Assert.Equal(1, remote.Repeats);
        Assert.Equal(new FileInfo(path).Length, server.BytesSent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AHoleInTheFrames_IsNeverDecoded(bool isHevc)
    {
        var path = isHevc ? await HevcAsync() : await X264Async("bframes=3:keyint=50:min-keyint=50:scenecut=0");
        await using var server = await ObjectServer.StartAsync(path);
        await using var remote = await RemoteParts.StartAsync(server, _folder.File("hole"));
        using var video = await remote.OpenAsync(server);
        var cancel = TestContext.Current.CancellationToken;
        var index = await remote.Parts.Probe.ReadAsync(video, cancel);

        // A decoder for frames that nobody fetched, as a wrong plan of the fetch would have it.
        for (var first = 100; first < 350; first += 50)
        {
            var reader = new Inference.Video.FfmpegFrameReader(
                remote.Parts.Tools.Ffmpeg(
                    Inference.Video.FfmpegArguments.Make(
                        remote.Parts.Tools.InputPath(video), index,
                        Inference.Video.DecodePlan.Make(
                            index, new ForegSyte.V1.FrameRange { StartFrame = first, EndFrame = first + 20 }, 1),
                        Inference.Video.DecodeSize.Native.For(320, 240), 2, remote.Parts.Options, []),
                    video),
                index, 2);
            using var buffers = new Inference.Memory.PixelBuffers();
            var size = Inference.Video.DecodeSize.Native.For(320, 240);
            (await reader.ReadAsync(size, buffers, cancel))?.Dispose();
            await reader.WaitForExitAsync();
            Assert.True(reader.HasComplained, $"The decoder took the hole at frame {first} for data.");
            await reader.DisposeAsync();
        }
    }

    private Task<string> HevcAsync() => clips.GetAsync(
        "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
        "open-gop=1:keyint=50:min-keyint=50:bframes=3:qp=24:log-level=none:info=0", "-pix_fmt", "yuv420p", "-tag:v",
        "hvc1");

    private Task<string> X264Async(string options, params string[] more) => clips.GetAsync(
        [
            "-c:v", "libx264", "-preset", "ultrafast", "-qp", "24", "-x264-params", options, "-pix_fmt", "yuv420p",
            .. more,
        ]);

    private async Task CompareAsync(string path, bool isPartial, int stride = 1)
    {
        await using var server = await ObjectServer.StartAsync(path);
        var whole = new VideoParts();
        var local = await whole.Probe.ReadAsync(
            Inference.Video.VideoFile.Open(path), TestContext.Current.CancellationToken);
        List<SeenFrame> all = await whole.ReadAsync(path, stride: stride);
        (int Start, int End)[] segments =
            [(0, 50), (100, 150), (190, 243), (300, 350), (350, local.FrameCount)];
        foreach (var (start, end) in segments.Where(segment => segment.Start < local.FrameCount))
        {
            var before = server.BytesSent;
            await using var remote = await RemoteParts.StartAsync(server, _folder.File($"cache-{start}"));
            var index = await remote.ProbeAsync(server);
            Assert.Equal(local.Info, index.Info);
            Assert.Equal(
                Enumerable.Range(0, local.FrameCount).Select(local.TicksOf),
                Enumerable.Range(0, index.FrameCount).Select(index.TicksOf));
            Assert.Equal(
                Enumerable.Range(0, local.FrameCount).Select(local.PositionOf),
                Enumerable.Range(0, index.FrameCount).Select(index.PositionOf));
            Assert.Equal(local.KeyFrames, index.KeyFrames);

            Assert.Equal(
                all.Where(frame => frame.Index >= start && frame.Index < end),
                await remote.ReadAsync(server, start, end, stride, jobEnd: local.FrameCount));
            Assert.Equal(0, remote.Repeats);
            var fetched = (server.BytesSent - before) / (double)new FileInfo(path).Length;
            Assert.InRange(fetched, 0, isPartial ? 0.7 : 1);
            Assert.True(isPartial || fetched > 0.99, $"Only {fetched:P0} of the file were fetched.");
        }
    }
}

/// <summary>Clips of 400 noisy frames. Each kind is encoded once; tests must not change its file.</summary>
public sealed class RemoteClips : IDisposable
{
    internal const string Noise = "testsrc2=size=320x240:rate=25,noise=alls=30:allf=t";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, Task<string>> _clips = [];

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    /// <summary>The clip that an encoder with these arguments makes.</summary>
    internal Task<string> GetAsync(params string[] encoder)
    {
        var name = string.Join(' ', encoder);
        if (!_clips.TryGetValue(name, out var clip))
        {
            _clips[name] = clip = Clips.MakeAsync(
                _folder.File($"{_clips.Count}.mp4"),
                ["-f", "lavfi", "-i", Noise, "-frames:v", "400", .. encoder]);
        }

        return clip;
    }
}

using CliWrap;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;
using GetFrameResponse = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>Single frames of videos, compared with what FFmpeg's filter "select" returns.</summary>
public sealed class GetFrameTests(RunningService service) : IClassFixture<RunningService>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("bframes=3:keyint=10", 0)]
    [InlineData("bframes=3:keyint=10", 9)]
    [InlineData("bframes=3:keyint=10", 10)]
    [InlineData("bframes=3:keyint=10", 37)]
    [InlineData("bframes=3:keyint=10", 59)]
    [InlineData("open-gop=1:bframes=3:keyint=12:min-keyint=12", 34)]
    public async Task GetFrame_Index_IsTheFrameThatSelectReturns(string options, int frame)
    {
        var path = service.Videos.File($"{options.Length}.mp4");
        if (!File.Exists(path))
        {
            await Clips.MakeX264Async(path, options);
        }

        var response = await GetAsync(path, request => request.FrameIndex = frame);

        Assert.Equal((frame, (uint)frame * 40, 160, 120),
            (response.FrameIndex, response.FrameTimestampMs, response.Width, response.Height));
        var wanted = await PixelsAsync("-i", path, "-vf", $"select=eq(n\\,{frame})", "-frames:v", "1");
        AssertSame(wanted, await DecodeAsync(response));
    }

    [Fact]
    public async Task GetFrame_FramesOneAfterTheOther_AreThoseOfSelect()
    {
        var path = await Clips.MakeX264Async(service.Videos.File("sequence.mp4"), "bframes=3:keyint=30");
        var all = await PixelsAsync("-i", path);
        const int bytes = 160 * 120 * 3;

        for (var frame = 20; frame < 40; frame++)
        {
            var response = await GetAsync(path, request => request.FrameIndex = frame);
            AssertSame(all.AsSpan(frame * bytes, bytes).ToArray(), await DecodeAsync(response));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(999, 9)]
    [InlineData(1000, 10)]
    [InlineData(1050, 10)]
    [InlineData(1_000_000, 29)]
    public async Task GetFrame_Time_IsTheFrameThatPlayersShow(int milliseconds, int frame)
    {
        var path = service.Videos.File("time.mp4");
        if (!File.Exists(path))
        {
            await Clips.MakeTestPictureAsync(path);
        }

        var response = await GetAsync(
            path, request => request.Time = TimeSpan.FromMilliseconds(milliseconds).ToDuration());

        Assert.Equal((frame, (uint)frame * 100), (response.FrameIndex, response.FrameTimestampMs));
    }

    [Theory]
    [InlineData(0, 320, 240)]
    [InlineData(100, 100, 75)]
    [InlineData(5000, 320, 240)]
    public async Task GetFrame_MaxWidth_ShrinksAndNeverEnlarges(int maxWidth, int width, int height)
    {
        var path = await Clips.MakeTestPictureAsync(service.Videos.File($"width{maxWidth}.mp4"), frames: 1);

        var response = await GetAsync(path, request => request.MaxWidth = maxWidth);

        Assert.Equal((width, height), (response.Width, response.Height));
        Assert.Equal(width * height * 3, (await DecodeAsync(response)).Length);
    }

    [Theory]
    [InlineData(10, 20, 50, 40, 0, 50, 40)]
    [InlineData(10, 20, 50, 40, 25, 25, 20)]
    [InlineData(300, 200, 100, 100, 0, 20, 40)]
    [InlineData(-5, 100, 65, 45, 0, 60, 45)]
    [InlineData(10.5f, 20, 50, 40, 0, 51, 40)]
    public async Task GetFrame_Box_ReturnsThatPartOfTheFrame(
        float x, float y, float boxWidth, float boxHeight, int maxWidth, int width, int height)
    {
        var path = service.Videos.File("box.mp4");
        if (!File.Exists(path))
        {
            await Clips.MakeTestPictureAsync(path, frames: 1);
        }

        var response = await GetAsync(path, request =>
        {
            request.Box = new BoundingBox { X = x, Y = y, Width = boxWidth, Height = boxHeight };
            request.MaxWidth = maxWidth;
        });

        Assert.Equal((width, height), (response.Width, response.Height));
        if (maxWidth == 0)
        {
            var crop = $"crop={width}:{height}:{Math.Max(0, (int)x)}:{Math.Max(0, (int)y)}:exact=1";
            var wanted = await PixelsAsync("-i", path, "-vf", $"format=rgb24,{crop}", "-frames:v", "1");
            AssertSame(wanted, await DecodeAsync(response));
        }
    }

    [Fact]
    public async Task GetFrame_RotatedTrack_IsUpright()
    {
        var path = await Clips.MakeRedCornerAsync(service.Videos.File("rotated.mp4"));
        Mp4Surgery.Rotate(path, 90);

        var response = await GetAsync(path, _ => { });

        Assert.Equal((96, 160), (response.Width, response.Height));
        var pixels = await DecodeAsync(response);
        var red = pixels.AsSpan(((16 * 96) + 80) * 3, 3);
        Assert.True(red[0] > 200 && red[1] < 60 && red[2] < 60, "The red square is not in its corner.");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(30)]
    public async Task GetFrame_OutsideTheVideo_IsInvalidFrameRange(int frame)
    {
        var path = await Clips.MakeTestPictureAsync(service.Videos.File($"outside{frame}.mp4"));

        var (reason, failure) = await FailureAsync(path, request => request.FrameIndex = frame);

        Assert.Equal((ErrorReason.InvalidFrameRange, StatusCode.InvalidArgument), (reason, failure.StatusCode));
        Assert.Equal("frame_index must be 0 to 29, the last frame of the video.", failure.Status.Detail);
    }

    [Fact]
    public async Task GetFrame_WrongFields_AreInvalidFields()
    {
        var path = await Clips.MakeTestPictureAsync(service.Videos.File("fields.mp4"), frames: 1);

        Assert.Equal(ErrorReason.InvalidField, (await FailureAsync(path, request => request.MaxWidth = -1)).Reason);
        Assert.Equal(
            ErrorReason.InvalidField,
            (await FailureAsync(path, request => request.Time = TimeSpan.FromSeconds(-1).ToDuration())).Reason);
        Assert.Equal(
            ErrorReason.InvalidField,
            (await FailureAsync(path, request => request.Box = new BoundingBox { Width = 5 })).Reason);
        Assert.Equal(
            ErrorReason.InvalidField,
            (await FailureAsync(
                path, request => request.Box = new BoundingBox { X = 400, Width = 5, Height = 5 })).Reason);
    }

    [Fact]
    public async Task GetFrame_FrameIsDamaged_IsUndecodable()
    {
        var path = await Clips.MakeIndependentFramesAsync(service.Videos.File("damaged.mp4"));
        await Mp4Surgery.EraseFramesAsync(path, 4);

        var (reason, failure) = await FailureAsync(path, request => request.FrameIndex = 4);

        Assert.Equal((ErrorReason.UndecodableVideo, StatusCode.FailedPrecondition), (reason, failure.StatusCode));
        Assert.Equal(5, (await GetAsync(path, request => request.FrameIndex = 5)).FrameIndex);
    }

    [Fact]
    public async Task GetFrame_FileOutsideTheAllowedFolders_IsNotAllowed()
    {
        var (reason, _) = await FailureAsync(RepositoryFiles.Pedestrians, _ => { });

        Assert.Equal(ErrorReason.SourceNotAllowed, reason);
    }

    private async Task<GetFrameResponse> GetAsync(string path, Action<GetFrameRequest> change) =>
        await CallAsync(path, change);

    private async Task<(ErrorReason Reason, RpcException Failure)> FailureAsync(
        string path, Action<GetFrameRequest> change) =>
        await RunningService.FailureOfAsync(CallAsync(path, change));

    private AsyncUnaryCall<GetFrameResponse> CallAsync(string path, Action<GetFrameRequest> change)
    {
        var request = new GetFrameRequest { Video = new VideoSource { Uri = new Uri(path).AbsoluteUri } };
        change(request);
        return service.Client.GetFrameAsync(request, cancellationToken: Cancel);
    }

    private async Task<byte[]> DecodeAsync(GetFrameResponse response)
    {
        var picture = service.Videos.File($"{Guid.NewGuid():N}.jpg");
        await File.WriteAllBytesAsync(picture, response.Jpeg.ToByteArray(), Cancel);
        return await PixelsAsync("-i", picture);
    }

    private static async Task<byte[]> PixelsAsync(params string[] arguments)
    {
        using var pixels = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments([
                "-v", "error", "-nostdin", .. arguments, "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f",
                "rawvideo", "-",
            ])
            .WithStandardOutputPipe(PipeTarget.ToStream(pixels))
            .ExecuteAsync(Cancel);
        return pixels.ToArray();
    }

    /// <summary>
    /// JPEG changes pixels by a few levels; two neighbouring frames of the test picture differ by more.
    /// </summary>
    private static void AssertSame(byte[] wanted, byte[] seen)
    {
        Assert.Equal(wanted.Length, seen.Length);
        var mean = wanted.Zip(seen).Average(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(mean < 6, $"The pictures differ by {mean:0.0} levels on average.");
    }
}

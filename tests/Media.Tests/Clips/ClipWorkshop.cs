using System.Collections.Concurrent;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Media.Tests.Pictures;
using ForegSyte.Testing;

namespace ForegSyte.Media.Tests.Clips;

/// <summary>Makes the clips in a temporary folder; clips made of the same pictures share a raw file.</summary>
public sealed class ClipWorkshop : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<PictureSeries, Lazy<string>> _raw = new();
    private static readonly Lazy<Task<string>> Encoders = new(async () =>
        (await Cli.Wrap("ffmpeg").WithArguments(["-hide_banner", "-encoders"]).ExecuteBufferedAsync()).StandardOutput);

    private int _files;

    /// <summary>A path for a new file.</summary>
    public string NewPath(string extension) =>
        _folder.File(FormattableString.Invariant($"{Interlocked.Increment(ref _files)}.{extension}"));

    public void Dispose() => _folder.Dispose();

    /// <summary>Makes a clip, without its damage; skips the test if FFmpeg has no such encoder.</summary>
    internal async Task<string> MakeAsync(MediaClip clip)
    {
        var path = NewPath(clip.Container);
        await RequireEncodersAsync(clip.Encode);
        if (clip.Make is { } make)
        {
            await make(this, clip, path);
        }
        else
        {
            await FfmpegAsync([.. clip.Before, .. Input(clip.Pictures), .. clip.Encode, path]);
        }

        clip.Edit?.Invoke(path);
        return path;
    }

    /// <summary>Arguments that make the pictures an input of ffmpeg.</summary>
    internal string[] Input(PictureSeries pictures)
    {
        var (width, height) = pictures.CodedSize;
        return
        [
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", FormattableString.Invariant($"{width}x{height}"),
            "-r", pictures.Rate, "-i", _raw.GetOrAdd(pictures, key => new(() => Paint(key))).Value,
        ];
    }

    /// <summary>Runs ffmpeg.</summary>
    internal static async Task FfmpegAsync(params string[] arguments)
    {
        var run = await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-nostdin", "-y", .. arguments])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        Assert.True(run.ExitCode == 0, $"ffmpeg {string.Join(' ', arguments)}: {run.StandardError}");
    }

    /// <summary>Skips the test if FFmpeg lacks an encoder of these arguments.</summary>
    private static async Task RequireEncodersAsync(string[] arguments)
    {
        var known = await Encoders.Value;
        for (var i = 1; i < arguments.Length; i++)
        {
            Assert.SkipUnless(
                !arguments[i - 1].StartsWith("-c:", StringComparison.Ordinal) || arguments[i] == "copy"
                    || known.Contains($" {arguments[i]} ", StringComparison.Ordinal),
                $"The installed FFmpeg has no encoder {arguments[i]}.");
        }
    }

    private string Paint(PictureSeries pictures)
    {
        var path = NewPath("rgb");
        using var file = File.Create(path);
        for (var i = 0; i < pictures.Count; i++)
        {
            file.Write(NumberedPicture.Paint(
                (pictures.First + i) % NumberedPicture.Numbers, pictures.Width, pictures.Height, pictures.Coded,
                pictures.White));
        }

        return path;
    }
}

using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>
/// A decoder that an attacker has taken over: Perl, which every Debian has, runs in place of ffmpeg.
/// </summary>
internal static class HostileDecoder
{
    private const string Perl = "/usr/bin/perl";

    /// <summary>
    /// Runs a Perl script in the sandbox; the script is in the file that the sandbox mounts as the video.
    /// </summary>
    /// <param name="video">Path of the file with the script; made here.</param>
    /// <param name="level">Sandbox level.</param>
    /// <param name="script">The script.</param>
    /// <param name="options">The options; null for the defaults.</param>
    public static async Task<ChildProcessResult> RunAsync(
        string video, SandboxLevel level, string script, VideoOptions? options = null)
    {
        Assert.SkipUnless(File.Exists(Perl), $"{Perl} is not installed.");
        options ??= new VideoOptions();
        options.FfmpegPath = Perl;
        var parts = await VideoParts.AtAsync(level, options);
        await File.WriteAllTextAsync(video, "# A video.\n" + script, TestContext.Current.CancellationToken);
        using var file = VideoFile.Open(video);
        var run = await ChildProcess.RunAsync(
            parts.Tools.Ffmpeg([parts.Tools.InputPath(file)], file), TestContext.Current.CancellationToken);
        Assert.Equal("", run.Errors.ToString());
        return run;
    }
}

using System.Diagnostics;
using System.Security.Cryptography;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The real command line uploads to the real JobService, and both are killed on the way.</summary>
public sealed class CommandLineUploadTests
{
    private const long VideoBytes = 200_000_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_ClientAndServerKilledMidway_TheSameCommandGoesOn()
    {
        using var folder = new TemporaryFolder();
        var video = await Clips.MakeTestPictureAsync(folder.File("video.mp4"));
        await Mp4Surgery.EnlargeAsync(video, VideoBytes, Token);
        await using var services = new Installation();
        await services.StartJobServiceAsync();

        using (var killed = Start(services, folder, video))
        {
            await ReadUntilAsync(killed, "uploading, 2");
            // What is under way is not answered any more.
            services.JobService.Freeze();
            killed.Kill();
            await killed.WaitForExitAsync(Token);
        }

        await services.JobService.KillAsync();
        await services.JobService.DisposeAsync();
        await services.StartJobServiceAsync();
        using var second = Start(services, folder, video);
        var error = await second.StandardError.ReadToEndAsync(Token);
        var jobId = (await second.StandardOutput.ReadToEndAsync(Token)).Trim();
        await second.WaitForExitAsync(Token);

        Assert.True(second.ExitCode == 0, error);
        Assert.Contains("checking the uploaded parts", error, StringComparison.Ordinal);
        await using var client = services.Client();
        var job = await client.GetJobAsync(jobId, Token);
        await using var bytes = File.OpenRead(video);
        Assert.Equal(Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, Token)), job.VideoSha256);
        Assert.Equal((JobStatus.Pending, "video.mp4"), (job.Status, job.DisplayName));
        Assert.Empty(Directory.GetFiles(folder.File("state", "foregsyte", "uploads")));
    }

    private static async Task ReadUntilAsync(Process process, string start)
    {
        string? line;
        do
        {
            line = await process.StandardError.ReadLineAsync(Token);
            Assert.NotNull(line);
        }
        while (!line.StartsWith(start, StringComparison.Ordinal));
    }

    private static Process Start(Installation services, TemporaryFolder folder, string video)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(
            RepositoryFiles.Root, "src", "Client", "CommandLine", "bin",
            output.Parent!.Name, output.Name, "foregsyte.dll");
        var start = new ProcessStartInfo("dotnet", [program, "submit", video, "--pipeline", "detect_only"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FOREGSYTE_SERVER"] = services.JobAddress.ToString();
        start.Environment["XDG_STATE_HOME"] = folder.File("state");
        return Process.Start(start)!;
    }
}

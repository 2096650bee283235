using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;
using Google.Rpc;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>
/// docs/grpcurl.md holds: whoever has buf and reflection, and nothing else, can do everything by hand.
/// </summary>
[Collection(SharedCollection.Name)]
public sealed class BufCurlTests(SharedInstallation shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitAndGet_WithReflectionOnly_Work()
    {
        var video = Path.Combine(shared.Services.Inbox, "curl.mp4");
        File.Copy(RepositoryFiles.Pedestrians, video, overwrite: true);
        var submitted = await CallAsync(
            "JobService/SubmitVideo",
            $$"""{"uri":"file://{{video}}","pipeline_id":"detect_only","options":{"max_frames":1} }""");
        Assert.True(submitted.ExitCode == 0, submitted.StandardError);
        using var job = JsonDocument.Parse(submitted.StandardOutput);
        var jobId = job.RootElement.GetProperty("job").GetProperty("jobId").GetString();

        var read = await CallAsync("JobService/GetJob", $$"""{"job_id":"{{jobId}}"}""");
        Assert.Contains("\"pipelineId\": \"detect_only\"", read.StandardOutput, StringComparison.Ordinal);
        var pipelines = await CallAsync("JobService/ListPipelines", "{}");
        Assert.Contains("\"yolo_ocr\"", pipelines.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BadRequest_WithReflectionOnly_NamesTheFieldAndHasReadableDetails()
    {
        var refused = await CallAsync("JobService/SubmitVideo", """{"content":"AAAA","pipeline_id":"nope"}""");
        Assert.NotEqual(0, refused.ExitCode);
        using var error = JsonDocument.Parse(refused.StandardError);
        Assert.Equal("invalid_argument", error.RootElement.GetProperty("code").GetString());
        Assert.Contains("detect_only", error.RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
        var details = error.RootElement.GetProperty("details").EnumerateArray()
            .ToDictionary(detail => detail.GetProperty("type").GetString()!, detail => BytesOf(detail));
        Assert.Equal("UNKNOWN_PIPELINE", ErrorInfo.Parser.ParseFrom(details["google.rpc.ErrorInfo"]).Reason);
        Assert.Equal(
            "pipeline_id",
            BadRequest.Parser.ParseFrom(details["google.rpc.BadRequest"]).FieldViolations.Single().Field);
    }

    private static byte[] BytesOf(JsonElement detail)
    {
        // buf prints base64 without its padding.
        var text = detail.GetProperty("value").GetString()!;
        return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
    }

    private Task<BufferedCommandResult> CallAsync(string method, string request)
    {
        var buf = Path.Combine(RepositoryFiles.Root, "node_modules", ".bin", "buf");
        Assert.SkipUnless(File.Exists(buf), "buf is not installed; eng/setup.sh --lint installs it.");
        return Cli.Wrap(buf)
            .WithArguments([
                "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", request,
                $"{shared.Services.JobAddress}foregsyte.v1.{method}",
            ])
            .WithWorkingDirectory(RepositoryFiles.Root)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(Token);
    }
}

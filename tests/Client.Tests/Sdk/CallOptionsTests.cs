using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Client.Tests.Sdk.Uploads;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class CallOptionsTests
{
    private static readonly SubmitOptions Submit = new() { PipelineId = "yolo_ocr" };

    private static readonly ForegSyteCallOptions Options = new()
    {
        Timeout = TimeSpan.FromMinutes(7),
        Headers = new Metadata { { "x-route", "blue" } },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Each method of the client with call options, except uploads of whole videos.</summary>
    public static TheoryData<string> Methods { get; } = [.. Calls.Keys];

    private static Dictionary<string, Func<ForegSyteClient, Task>> Calls => new()
    {
        ["GetJob"] = client => client.GetJobAsync("x", callOptions: Options),
        ["WaitJob"] = client => client.WaitJobAsync("x", timeout: TimeSpan.Zero, callOptions: Options),
        ["WatchJob"] = client => client.WaitForCompletionAsync("x", callOptions: Options),
        ["GetResults"] = client => client.GetResultsAsync("x", callOptions: Options).ToListAsync().AsTask(),
        ["FollowResults"] = client => client.FollowResultsAsync("x", callOptions: Options).ToListAsync().AsTask(),
        ["ListJobs"] = client => client.ListJobsAsync(callOptions: Options).ToListAsync().AsTask(),
        ["ListPipelines"] = client => client.ListPipelinesAsync(Options).ToListAsync().AsTask(),
        ["ListErrorReasons"] = client => client.ListErrorReasonsAsync(Options).ToListAsync().AsTask(),
        ["ListNodes"] = client => client.ListNodesAsync(Options).ToListAsync().AsTask(),
        ["UpdateJob"] = client => client.UpdateJobAsync("x", new JobUpdate { Priority = 1 }, callOptions: Options),
        ["CancelJob"] = client => client.CancelJobAsync("x", callOptions: Options),
        ["RetryJob"] = client => client.RetryJobAsync("x", callOptions: Options),
        ["DeleteJob"] = client => client.DeleteJobAsync("x", callOptions: Options),
        ["GetServerInfo"] = client => client.GetServerInfoAsync(Options),
        ["DiagnoseJob"] = client => client.DiagnoseJobAsync("x", Options),
        ["UndrainServer"] = client => client.UndrainServerAsync(Options),
        ["ListTenantUsage"] = client => client.ListTenantUsageAsync(Options).ToListAsync().AsTask(),
        ["CreateBackup"] = client => client.CreateBackupAsync(callOptions: Options),
        ["DrainServer"] = client => client.DrainServerAsync(callOptions: Options),
        ["SubmitVideo by URI"] = client => client.SubmitVideoAsync(new Uri("s3://a/b"), Submit, Options),
        ["SubmitVideo from memory"] = client => client.SubmitVideoAsync(new byte[1], Submit, Options),
        ["SubmitVideo from a stream"] = client => client.SubmitVideoAsync(
            new MemoryStream(new byte[1]), Submit, callOptions: Options),
        ["SubmitFromJob"] = client => client.SubmitFromJobAsync("x", Submit, Options),
        ["SubmitUpload"] = client => client.SubmitUploadAsync("x", Submit, Options),
        ["CreateUpload"] = client => client.CreateUploadAsync(1, callOptions: Options),
        ["UploadPart"] = client => client.UploadPartAsync("x", 0, new byte[1], Options),
        ["GetUpload"] = client => client.GetUploadAsync("x", Options),
        ["AbortUpload"] = client => client.AbortUploadAsync("x", Options),
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Method_CallOptions_SetDeadlineAndHeaders(string method)
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = server.Connect(options => options with { MaxAttempts = 1 });

        // The fake has no response for most methods, so they fail after the server has received the call.
        await Record.ExceptionAsync(() => Calls[method](client));

        var (path, headers) = Assert.Single(server.Calls);
        Assert.EndsWith('/' + method.Split(' ')[0] switch
        {
            "WatchJob" => "WaitJob",
            "GetResults" or "FollowResults" => "GetJobResults",
            "SubmitFromJob" or "SubmitUpload" => "SubmitVideo",
            var name => name,
        }, path, StringComparison.Ordinal);
        Assert.Equal("blue", headers["x-route"]);
        // A long poll adds its 30 s, and gRPC rounds up to minutes.
        Assert.InRange(TimeoutOf(headers), TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(8));
    }

    [Fact]
    public async Task SubmitFile_AsUpload_SendsTheHeadersWithEveryCall()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await using var client = fixture.Server.Connect(options => options with
        {
            Uploads = new UploadOptions { PartBytes = UploadFixture.PartBytes, StateFolder = null },
        });

        await client.SubmitFileAsync(
            fixture.Path,
            Submit with { Transfer = VideoTransfer.Upload },
            callOptions: Options,
            cancellationToken: Token);

        Assert.Equal(
            ["CreateUpload", "ListPipelines", "SubmitVideo", "UploadPart"],
            fixture.Server.Calls.Select(call => call.Path.Split('/')[^1]).Distinct().Order());
        Assert.All(fixture.Server.Calls, call => Assert.Equal("blue", call.Headers.GetValueOrDefault("x-route")));
    }

    [Fact]
    public void Timeout_NotPositive_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ForegSyteCallOptions { Timeout = TimeSpan.Zero });

    /// <summary>The header grpc-timeout, for example "7M" or "419999m".</summary>
    private static TimeSpan TimeoutOf(Dictionary<string, string> headers)
    {
        var text = headers["grpc-timeout"];
        var value = long.Parse(text[..^1], System.Globalization.CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(value),
            'M' => TimeSpan.FromMinutes(value),
            'S' => TimeSpan.FromSeconds(value),
            'm' => TimeSpan.FromMilliseconds(value),
            'u' => TimeSpan.FromMicroseconds(value),
            var unit => throw new InvalidOperationException($"The unit '{unit}' of grpc-timeout is unknown."),
        };
    }
}

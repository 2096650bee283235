using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Security;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>Which pages may call from a browser.</summary>
public sealed class BrowserTests
{
    private const string Console = "https://console.example.org";
    private static readonly (string, string) HttpPort = ("Listen:HttpPort", "0");
    private static readonly (string, string) Allowed = ("Http:AllowedOrigins:0", Console);

    [Fact]
    public async Task Page_OfAnAllowedOrigin_MayAskAndReadTheAnswer()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), HttpPort, Allowed);
        using var caller = new HttpCaller(service.HttpAddress);

        var preflight = await PreflightAsync(caller, Console);
        var answer = await caller.GetAsync("/v1/jobs", ("Origin", Console));
        var error = await caller.GetAsync("/v1/jobs/x", ("Origin", Console));

        Assert.Equal(204, preflight.Status);
        Assert.Equal(Console, preflight.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("GET,POST,PUT,DELETE", preflight.Headers["Access-Control-Allow-Methods"]);
        Assert.Equal(
            "Authorization,Content-Type,x-api-key,grpc-timeout", preflight.Headers["Access-Control-Allow-Headers"]);
        answer.Read<ListJobsResponse>();
        Assert.Equal(Console, answer.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("Retry-After", answer.Headers["Access-Control-Expose-Headers"]);
        Assert.DoesNotContain("Access-Control-Allow-Credentials", answer.Headers.Keys);
        Assert.Equal(ErrorReason.InvalidField, error.ReadError().Reason);
        Assert.Equal(Console, error.Headers["Access-Control-Allow-Origin"]);
    }

    [Theory]
    [InlineData("https://evil.example.org")]
    [InlineData("http://console.example.org")]
    [InlineData("https://console.example.org:8443")]
    [InlineData("null")]
    public async Task Page_OfAnotherOrigin_IsRefusedAndChangesNothing(string origin)
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), HttpPort, Allowed);
        using var caller = new HttpCaller(service.HttpAddress);
        var job = await service.SubmitAsync();

        var preflight = await PreflightAsync(caller, origin);

        // What a page may send without a preflight: no body, or one that a form has.
        var cancel = await caller.SendAsync(
            "POST", $"/v1/jobs/{job.JobId}:cancel", content: null, ("Origin", origin));

        Assert.DoesNotContain("Access-Control-Allow-Origin", preflight.Headers.Keys);
        var refusal = cancel.ReadError();
        Assert.Equal((ErrorReason.PermissionDenied, origin), (refusal.Reason, refusal.Info.Metadata["origin"]));
        Assert.DoesNotContain("Access-Control-Allow-Origin", cancel.Headers.Keys);
        Assert.Equal(JobStatus.Pending, (await service.GetAsync(job.JobId)).Status);
    }

    [Fact]
    public async Task Page_OfTheServiceItself_MayCall()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing(), HttpPort);
        using var caller = new HttpCaller(service.HttpAddress);

        var own = service.HttpAddress.GetLeftPart(UriPartial.Authority);

        var answer = await caller.GetAsync("/v1/jobs", ("Origin", own));

        answer.Read<ListJobsResponse>();
    }

    [Fact]
    public async Task Name_ThatWasMadeToPointHere_IsRefusedWhereNobodyNeedsCredentials()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing(), HttpPort);
        using var caller = new HttpCaller(service.HttpAddress);

        var rebound = await caller.GetAsync("/v1/jobs", ("Host", "evil.example.org"));

        Assert.Equal(ErrorReason.PermissionDenied, rebound.ReadError().Reason);
        (await caller.GetAsync("/v1/jobs", ("Host", "localhost:80"))).Read<ListJobsResponse>();
        (await caller.GetAsync("/v1/jobs", ("Host", "[::1]:80"))).Read<ListJobsResponse>();
    }

    [Fact]
    public async Task Name_OfAnyKind_IsTakenWhereCredentialsAreNeeded()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings, HttpPort]);
        using var caller = new HttpCaller(service.HttpAddress, setup.Callers["read"]);

        (await caller.GetAsync("/v1/jobs", ("Host", "foregsyte.example.org"))).Read<ListJobsResponse>();
    }

    [Theory]
    [InlineData("*")]
    [InlineData("console.example.org")]
    [InlineData("https://console.example.org/")]
    [InlineData("https://console.example.org/page")]
    [InlineData("ftp://console.example.org")]
    public async Task Start_NoOrigin_IsRefused(string origin)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => RunningJobService.StartAsync(
            RunningJobService.NotServing(), HttpPort, ("Http:AllowedOrigins:0", origin)));

        Assert.Contains("Http:AllowedOrigins has to have origins", failure.Message, StringComparison.Ordinal);
    }

    private static Task<HttpReply> PreflightAsync(HttpCaller caller, string origin) => caller.SendAsync(
        "OPTIONS", "/v1/jobs", content: null, ("Origin", origin), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type,x-api-key"));
}

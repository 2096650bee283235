using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class SubmitUriTests
{
    private static readonly SubmitOptions Options = new() { PipelineId = "yolo_ocr" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("file:///videos/a%20b.mp4")]
    [InlineData("https://videos.example:8443/a%20b.mp4?signature=x%2Fy%3D")]
    [InlineData("s3://videos/2026/a%20b%23.mp4")]
    public async Task SubmitVideo_ByUri_SendsTheUriAsItIs(string uri)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new Uri(uri), Options, Token);

        Assert.Equal(uri, Assert.Single(server.Service.Submit.Requests).Uri);
    }

    [Fact]
    public async Task SubmitVideo_ByUri_HasTheTimeThatAFetchTakes()
    {
        await using var server = await ScriptedServer.StartAsync();
        var deadline = DateTime.MinValue;
        server.Service.Submit.Always((_, context) =>
        {
            deadline = context.Deadline;
            return Task.FromResult(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        });
        await using var client = server.Connect(
            options => options with
            {
                SubmitDeadline = TimeSpan.FromMinutes(1),
                FetchDeadline = TimeSpan.FromHours(3),
            });

        await client.SubmitVideoAsync(new Uri("https://videos.example/a.mp4"), Options, Token);

        var time = deadline - TimeProvider.System.GetUtcNow().UtcDateTime;
        Assert.InRange(time, TimeSpan.FromHours(2), TimeSpan.FromHours(3));
    }
}

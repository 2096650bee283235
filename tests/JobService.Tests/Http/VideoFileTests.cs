using System.Net;
using System.Security.Cryptography;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>GET /v1/jobs/{job_id}/video: the submitted file, with ranges and conditions as browsers use them.</summary>
public sealed class VideoFileTests : IAsyncLifetime
{
    private const int Size = 694_879;
    private const long LargeSize = 200L << 20;

    private static readonly (string, string) HttpPort = ("Listen:HttpPort", "0");

    private RunningJobService _service = null!;
    private HttpClient _client = null!;
    private string _path = "";
    private string _file = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] Video => RunningJobService.Video.ToByteArray();

    private static string ETag => $"\"{Convert.ToHexStringLower(SHA256.HashData(Video))}\"";

    private ConcurrencyLimitInterceptor Limits => _service.Services.GetRequiredService<ConcurrencyLimitInterceptor>();

    public ValueTask InitializeAsync() => StartAsync();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Get_WithoutRange_IsTheWholeVideo()
    {
        using var response = await SendAsync("GET");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Video, await response.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(
            ("video/mp4", Size, "bytes", ETag, "nosniff"),
            (response.Content.Headers.ContentType?.ToString(), response.Content.Headers.ContentLength,
                Header(response, "Accept-Ranges"), Header(response, "ETag"),
                Header(response, "X-Content-Type-Options")));
        Assert.Equal("no-cache, private", Header(response, "Cache-Control"));
        var disposition = response.Content.Headers.ContentDisposition;
        Assert.Equal(("attachment", "Вход_ 7.mp4"), (disposition?.DispositionType, disposition?.FileNameStar));
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=100-199", 100, 100)]
    [InlineData("bytes=694000-", 694_000, 879)]
    [InlineData("bytes=-5", Size - 5, 5)]
    [InlineData("bytes=0-999999999", 0, Size)]
    [InlineData("bytes=-999999999", 0, Size)]
    [InlineData("bytes=694878-694878", 694_878, 1)]
    public async Task Get_Range_IsThatPart(string range, int start, int length)
    {
        using var response = await SendAsync("GET", ("Range", range));

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal($"bytes {start}-{start + length - 1}/{Size}", Header(response, "Content-Range"));
        Assert.Equal(Video[start..(start + length)], await response.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal((length, ETag), (response.Content.Headers.ContentLength, Header(response, "ETag")));
    }

    [Theory]
    [InlineData("bytes=694879-")]
    [InlineData("bytes=694879-694880")]
    [InlineData("bytes=-0")]
    public async Task Get_RangeBehindTheEnd_IsNotSatisfiable(string range)
    {
        using var response = await SendAsync("GET", ("Range", range));

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Equal($"bytes */{Size}", Header(response, "Content-Range"));
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData("bytes=0-1,4-5")]
    [InlineData("bytes=5-1")]
    [InlineData("bytes=a-b")]
    [InlineData("frames=0-1")]
    [InlineData("bytes=99999999999999999999-")]
    public async Task Get_RangeThatIsNotOneRange_IsTheWholeVideo(string range)
    {
        using var response = await SendAsync("GET", ("Range", range));

        Assert.Equal((HttpStatusCode.OK, Size), (response.StatusCode, response.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task Get_Conditions_AreThoseOfHttp()
    {
        var part = ("Range", "bytes=0-9");
        using var same = await SendAsync("GET", part, ("If-Range", ETag));
        using var other = await SendAsync("GET", part, ("If-Range", "\"other\""));
        using var known = await SendAsync("GET", ("If-None-Match", ETag));
        using var changed = await SendAsync("GET", ("If-Match", "\"other\""));

        Assert.Equal(
            [HttpStatusCode.PartialContent, HttpStatusCode.OK, HttpStatusCode.NotModified,
                HttpStatusCode.PreconditionFailed],
            new[] { same, other, known, changed }.Select(response => response.StatusCode));
    }

    [Fact]
    public async Task Head_HasTheHeadersAlone()
    {
        using var response = await SendAsync("HEAD", ("Range", "bytes=0-9"));

        Assert.Equal(
            (HttpStatusCode.OK, Size, "bytes", ETag),
            (response.StatusCode, response.Content.Headers.ContentLength, Header(response, "Accept-Ranges"),
                Header(response, "ETag")));
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData("GET", "", 404, ErrorReason.JobNotFound)]
    [InlineData("GET", "?offset=5", 400, ErrorReason.InvalidField)]
    [InlineData("GET", "?max_bytes=5", 400, ErrorReason.InvalidField)]
    [InlineData("GET", "?range=5", 400, ErrorReason.InvalidField)]
    [InlineData("POST", "", 405, ErrorReason.Unimplemented)]
    [InlineData("DELETE", "", 405, ErrorReason.Unimplemented)]
    public async Task InvalidRequest_IsRefusedWithJson(string verb, string query, int status, ErrorReason reason)
    {
        using var caller = new HttpCaller(_service.HttpAddress);
        var path = reason == ErrorReason.JobNotFound ? $"/v1/jobs/{Guid.NewGuid()}/video" : _path;

        var reply = await caller.SendAsync(verb, path + query, content: null);

        Assert.Equal((status, reason), (reply.Status, reply.ReadError().Reason));
        Assert.Equal(status == 405 ? "GET, HEAD" : null, reply.Headers.GetValueOrDefault("Allow"));
    }

    [Fact]
    public async Task FileIsMissing_IsVideoGone()
    {
        File.Delete(_file);
        using var caller = new HttpCaller(_service.HttpAddress);

        Assert.Equal(ErrorReason.VideoGone, (await caller.GetAsync(_path)).ReadError().Reason);
        using var head = await SendAsync("HEAD");
        Assert.Equal(HttpStatusCode.BadRequest, head.StatusCode);
    }

    [Fact]
    public async Task LargeVideo_ReaderThatStops_LosesItsSlot()
    {
        await RestartAsync(
            ("Calls:MaxDownloads", "1"), ("Connections:MinDataRate", "1048576"), ("Connections:DataGrace", "00:00:02"));
        using var caller = new HttpCaller(_service.HttpAddress);
        using var stuck = await SendAsync("GET");
        Assert.Equal(LargeSize, stuck.Content.Headers.ContentLength);
        Assert.Equal(1, Limits.Downloads);

        // The body is not read, so the download waits for its reader; other calls are served.
        var refused = await caller.GetAsync(_path);
        (await caller.GetAsync("/v1/jobs")).Read<ListJobsResponse>();

        Assert.Equal((429, ErrorReason.TooManyCalls), (refused.Status, refused.ReadError().Reason));
        Assert.Equal("Calls:MaxDownloads", refused.ReadError().Info.Metadata["option"]);
        await Wait.UntilNoneAsync(
            () => Limits.Downloads == 0 ? null : "The slot is taken.", "the server disconnects the reader");
        await Assert.ThrowsAnyAsync<Exception>(() => stuck.Content.ReadAsByteArrayAsync(Cancellation));
        using var next = await SendAsync("GET", ("Range", "bytes=-3"));
        Assert.Equal(HttpStatusCode.PartialContent, next.StatusCode);
    }

    [Fact]
    public async Task LargeVideo_WhileTheServiceStops_IsCutOffAfterTheGraceTime()
    {
        await RestartAsync(("Stop:GraceTime", "00:00:00"));
        using var stuck = await SendAsync("GET");

        await _service.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHost>().StopAsync(Cancellation);

        await Assert.ThrowsAnyAsync<Exception>(() => stuck.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(0, Limits.Downloads);
    }

    [Fact]
    public async Task LargeVideo_OfADeletedJob_IsSentToItsEnd()
    {
        await RestartAsync();
        using var response = await SendAsync("GET");
        await using var body = await response.Content.ReadAsStreamAsync(Cancellation);
        File.Delete(_file);

        var buffer = new byte[1 << 20];
        long received = 0;
        while (await body.ReadAsync(buffer, Cancellation) is > 0 and var read)
        {
            received += read;
        }

        Assert.Equal(LargeSize, received);
    }

    /// <summary>Starts the service again with a video that no socket buffers.</summary>
    private async Task RestartAsync(params (string, string)[] settings)
    {
        await DisposeAsync();
        await StartAsync(settings);
        using var file = File.OpenWrite(_file);
        file.SetLength(LargeSize);
    }

    private async ValueTask StartAsync(params (string, string)[] settings)
    {
        _service = await RunningJobService.StartAsync(RunningJobService.NotServing(), [HttpPort, .. settings]);
        _client = new HttpClient { BaseAddress = _service.HttpAddress };
        var request = RunningJobService.Request();
        request.DisplayName = "Вход/ 7";
        var job = (await _service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        _path = $"/v1/jobs/{job.JobId}/video";
        _file = _service.PathOf(ArtifactKeys.Video(Guid.Parse(job.JobId)));
    }

    /// <summary>Sends a request and returns after the headers of the response.</summary>
    private async Task<HttpResponseMessage> SendAsync(string verb, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), _path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value), $"{name} is not a valid header.");
        }

        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.Concat(response.Content.Headers)
            .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(header => string.Join(", ", header.Value))
            .SingleOrDefault();
}
